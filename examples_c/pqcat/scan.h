/* What the command line asks of a scan, as options of the library. */
#ifndef PQCAT_SCAN_H
#define PQCAT_SCAN_H

#include "file.h"
#include "options.h"

typedef struct scan {
    pqpush_scan_options options;
    pqpush_predicate *predicate; /* of --where; NULL without it */
    const pqpush_predicate *predicates[1];
} scan;

/* Returns 0, or the exit status of a told error. scan_end is due on every path. */
int scan_begin(scan *self, const parquet_file *file, const options *options);
void scan_end(scan *self);

/* --explain: what would be read and what not, and why. Returns 0 or the exit status of a told error. */
int scan_explain(const parquet_file *file, const options *options);

/* --stats: what was done, as lines on stderr. */
void scan_print_stats(const pqpush_decoder *decoder);

#endif
