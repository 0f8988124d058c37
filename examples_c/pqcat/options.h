/* The command line of pqcat. */
#ifndef PQCAT_OPTIONS_H
#define PQCAT_OPTIONS_H

#include "keys.h"
#include "pqpush.h"
#include "printer.h"

#include <stdbool.h>

typedef enum action { ACTION_ROWS, ACTION_SCHEMA, ACTION_META, ACTION_COUNT, ACTION_EXPLAIN } action;

typedef struct options {
    const char *path;
    action action;
    output_format format;
    bool show_progress;
    bool show_stats;
    const char *where; /* SQL; NULL: all rows */
    bool has_limit;
    uint64_t limit;
    uint64_t offset;
    bool has_columns;
    size_t column_count;
    pqpush_str *columns;
    char *column_names; /* what the columns point into */
    bool has_row_groups;
    size_t row_group_count;
    uint32_t *row_groups;
    decryption_keys keys;
} options;

/* Returns -1 to go on, or the exit status of a program that has nothing more to do: 0 after --help and --version, 2
 * after a wrong command line, whose message has been written. options_free is due on every path. */
int options_parse(options *out, int argc, char **argv);
void options_free(options *self);

#endif
