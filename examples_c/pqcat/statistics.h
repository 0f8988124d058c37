/* What --meta shows of the values of a row group: bounds and counts, indexes, bloom filters, order. */
#ifndef PQCAT_STATISTICS_H
#define PQCAT_STATISTICS_H

#include "arrow_type.h"
#include "file.h"

/* What the file says about the values of one leaf column. */
typedef struct column_statistics {
    struct ArrowArray array; /* one row for each row group; released where the library cannot tell */
    struct ArrowSchema schema;
    arrow_type type;
    uint64_t *page_counts; /* by row group: pages of the page index */
} column_statistics;

/* The statistics of all leaf columns, which statistics_free frees. */
column_statistics *statistics_load(const parquet_file *file);
void statistics_free(const parquet_file *file, column_statistics *statistics);

/* Prints them for one row group. Returns 0 or the exit status of a told error. */
int print_statistics(const parquet_file *file, const column_statistics *statistics, size_t row_group);

#endif
