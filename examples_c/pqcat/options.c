#include "options.h"

#include "file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char help_text[] =
    "usage: pqcat FILE [options]\n"
    "Prints the rows of a Parquet file.\n"
    "\n"
    "  --columns A,B.C     only these columns, by dotted path; a comma inside a name is written \\,\n"
    "  --where SQL         only rows for which this is true, such as \"a >= 5 AND b.c LIKE 'x%'\"\n"
    "  --limit N           at most N rows\n"
    "  --offset N          without the first N rows\n"
    "  --row-groups 0,2    only these row groups, in this order\n"
    "  --footer-key HEX    the key of an encrypted file: of its footer, and of columns that have none of their own\n"
    "  --column-key A.B=HEX   the key of one column; can be given again\n"
    "  --aad-prefix TEXT   the AAD prefix of an encrypted file that does not store it\n"
    "  --format FORMAT     table (the default), csv or jsonl\n"
    "  --schema            print columns and types instead of rows\n"
    "  --meta              print row groups, column chunks and key-value metadata instead of rows\n"
    "  --count             print the number of rows, from the metadata alone unless there is --where\n"
    "  --explain           print what would be read, and why the rest is not, instead of rows\n"
    "  --stats             after the rows, print on stderr what was read and left out\n"
    "  --progress          draw a progress bar on stderr at once; without it, one is drawn when a read takes more\n"
    "                      than a second, stderr is a terminal and stdout is not\n"
    "  -h, --help          print this text\n"
    "  --version           print the version of pqcat and of the library\n"
    "\n"
    "table: columns as wide as the first rows need. On a terminal, strings are cut and columns left out so that lines\n"
    "       fit; elsewhere, all columns are there, and strings are cut at 40 characters. Numbers are never cut.\n"
    "csv:   RFC 4180, lines end in CR LF; NULL is an empty field, the empty string is \"\".\n"
    "jsonl: one object a line. Integers and decimals are exact numbers; NaN, Infinity and -Infinity are strings.\n"
    "All:   dates, times and durations as ISO 8601 (a timestamp with a zone in UTC), binary as hex digits, bytes that\n"
    "       are not UTF-8 as U+FFFD; structs, lists and maps as JSON.\n"
    "\n"
    "Exit status: 0 done, 1 the file or a read is at fault, 2 the command line is.\n";

#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
static int usage_error(const char *format, ...) {
    va_list arguments;
    fputs("pqcat: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("; see pqcat --help\n", stderr);
    return EXIT_USAGE;
}

/* Decimal digits up to `end`, at most `most`. */
static bool parse_number(const char *digits, const char *end, uint64_t most, uint64_t *out) {
    *out = 0;
    for (const char *at = digits; at < end; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (*at < '0' || *at > '9' || *out > (most - digit) / 10) {
            return false;
        }
        *out = *out * 10 + digit;
    }
    return end > digits;
}

/* Splits "a,b\,c" into "a" and "b,c". A list given twice replaces the first one. */
static int parse_columns(options *out, const char *list) {
    size_t length = strlen(list);
    free(out->columns);
    free(out->column_names);
    out->columns = allocate_array(length + 1, sizeof *out->columns);
    out->column_names = allocate(length + 1);
    out->has_columns = true;
    char *write = out->column_names;
    pqpush_str *column = out->columns;
    column->data = write;
    for (const char *read = list; *read != '\0'; read++) {
        if (*read == ',') {
            (++column)->data = write;
        } else {
            read += read[0] == '\\' && read[1] == ',';
            *write++ = *read;
            column->length++;
        }
    }
    out->column_count = (size_t)(column - out->columns) + 1;
    for (size_t i = 0; i < out->column_count; i++) {
        if (out->columns[i].length == 0) {
            return usage_error("--columns has an empty name");
        }
    }
    return -1;
}

static int parse_row_groups(options *out, const char *list) {
    free(out->row_groups);
    out->row_groups = allocate_array(strlen(list) + 1, sizeof *out->row_groups);
    out->row_group_count = 0;
    out->has_row_groups = true;
    for (const char *at = list;; at++) {
        const char *end = at + strcspn(at, ",");
        uint64_t number;
        if (!parse_number(at, end, UINT32_MAX, &number)) {
            return usage_error("--row-groups wants numbers with commas between them, not '%s'", list);
        }
        out->row_groups[out->row_group_count++] = (uint32_t)number;
        if (*end == '\0') {
            return -1;
        }
        at = end;
    }
}

static int parse_format(options *out, const char *name) {
    static const char *const names[] = {"table", "csv", "jsonl"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, names[i]) == 0) {
            out->format = (output_format)i;
            return -1;
        }
    }
    return usage_error("--format is table, csv or jsonl, not '%s'", name);
}

static int parse_count(const char *option, const char *digits, uint64_t *out) {
    if (!parse_number(digits, digits + strlen(digits), UINT64_MAX, out)) {
        return usage_error("%s wants a number, not '%s'", option, digits);
    }
    return -1;
}

static int set_action(options *out, action action) {
    if (out->action != ACTION_ROWS && out->action != action) {
        return usage_error("only one of --schema, --meta, --count and --explain can be given");
    }
    out->action = action;
    return -1;
}

static int parse_option_with_value(options *out, const char *option, const char *value) {
    if (strcmp(option, "--columns") == 0) {
        return parse_columns(out, value);
    }
    if (strcmp(option, "--where") == 0) {
        out->where = value;
        return -1;
    }
    if (strcmp(option, "--limit") == 0) {
        out->has_limit = true;
        return parse_count(option, value, &out->limit);
    }
    if (strcmp(option, "--offset") == 0) {
        return parse_count(option, value, &out->offset);
    }
    if (strcmp(option, "--row-groups") == 0) {
        return parse_row_groups(out, value);
    }
    if (strcmp(option, "--aad-prefix") == 0) {
        out->keys.aad_prefix = value;
        return -1;
    }
    if (strcmp(option, "--footer-key") == 0) {
        return keys_set_footer(&out->keys, value) ? -1 : usage_error("--footer-key wants 32, 48 or 64 hex digits");
    }
    if (strcmp(option, "--column-key") == 0) {
        bool is_key = keys_add_column(&out->keys, value);
        return is_key ? -1 : usage_error("--column-key wants a column, '=', and 32, 48 or 64 hex digits");
    }
    return parse_format(out, value);
}

static bool is_any_of(const char *argument, const char *const *names) {
    while (*names != NULL && strcmp(argument, *names) != 0) {
        names++;
    }
    return *names != NULL;
}

static int parse_option(options *out, const char *option) {
    if (strcmp(option, "--schema") == 0) {
        return set_action(out, ACTION_SCHEMA);
    }
    if (strcmp(option, "--meta") == 0) {
        return set_action(out, ACTION_META);
    }
    if (strcmp(option, "--count") == 0) {
        return set_action(out, ACTION_COUNT);
    }
    if (strcmp(option, "--explain") == 0) {
        return set_action(out, ACTION_EXPLAIN);
    }
    if (strcmp(option, "--stats") == 0) {
        out->show_stats = true;
        return -1;
    }
    if (strcmp(option, "--progress") == 0) {
        out->show_progress = true;
        return -1;
    }
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
        fputs(help_text, stdout);
        return 0;
    }
    if (strcmp(option, "--version") == 0) {
        printf("pqcat %s (libpqpush %s)\n", PQPUSH_VERSION_STRING, pqpush_version_string());
        return 0;
    }
    return usage_error("unknown option '%s'", option);
}

/* One argument that is an option, and its value: after '=' or the next argument. */
static int parse_argument(options *out, int argc, char **argv, int *at) {
    static const char *const with_value[] = {"--columns",    "--where",      "--limit",      "--offset",     "--row-groups",
                                             "--format",     "--footer-key", "--column-key", "--aad-prefix", NULL};
    const char *argument = argv[*at];
    char option[16] = {0};
    size_t length = strcspn(argument, "=");
    memcpy(option, argument, length < sizeof option ? length : 0);
    if (!is_any_of(option, with_value)) {
        return parse_option(out, argument);
    }
    if (argument[length] == '=') {
        return parse_option_with_value(out, option, argument + length + 1);
    }
    if (*at + 1 >= argc) {
        return usage_error("%s wants a value", option);
    }
    return parse_option_with_value(out, option, argv[++*at]);
}

static int take_path(options *out, const char *path) {
    if (out->path != NULL) {
        return usage_error("one FILE at a time, not '%s' and '%s'", out->path, path);
    }
    out->path = path;
    return -1;
}

int options_parse(options *out, int argc, char **argv) {
    bool options_ended = false;
    *out = (options){.action = ACTION_ROWS, .format = FORMAT_TABLE};
    for (int at = 1; at < argc; at++) {
        int exit_status = -1;
        if (!options_ended && strcmp(argv[at], "--") == 0) {
            options_ended = true;
        } else if (!options_ended && argv[at][0] == '-' && argv[at][1] != '\0') {
            exit_status = parse_argument(out, argc, argv, &at);
        } else {
            exit_status = take_path(out, argv[at]);
        }
        if (exit_status >= 0) {
            return exit_status;
        }
    }
    return out->path != NULL ? -1 : usage_error("no FILE was given");
}

void options_free(options *self) {
    free(self->columns);
    free(self->column_names);
    free(self->row_groups);
    keys_free(&self->keys);
}
