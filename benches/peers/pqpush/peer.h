/* What the parts of the peer share: jobs, scans, digests, clocks. */
#ifndef PEER_H
#define PEER_H

#include <pqpush.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOST_COLUMNS = 64, MOST_LEAVES = 256, MOST_ITERATIONS = 4096 };

/* One order of the runner, taken apart. The strings point into its line. */
typedef struct job {
    const char *task;
    const char *path;
    const char *sql; /* NULL: no predicate */
    pqpush_str columns[MOST_COLUMNS];
    size_t column_count; /* 0: all columns */
    bool views;
    bool by_demand; /* push what is asked for, else the whole file at once */
    size_t threads;
    size_t least_iterations;
    double budget_ms;
    const uint8_t *data; /* the file, in memory */
    size_t length;
} job;

typedef struct leaf_digest {
    char path[48];
    uint64_t count, sum, extra;
} leaf_digest;

/* Sums over the values of each leaf column: they do not depend on the order of rows. */
typedef struct digest {
    leaf_digest leaves[MOST_LEAVES];
    size_t leaf_count;
} digest;

/* Prints an error of the library as the answer to the order, and frees it. Returns false. */
bool tell(pqpush_error *error);

/* Parses the footer of the job's file, by the ranges that the library asks for. */
bool open_metadata(const job *job, int32_t page_index, pqpush_metadata **out);

/* Makes a decoder and drains it; every batch is added to `into`, where that is not NULL, and released. */
bool scan(const job *job, digest *into, uint64_t *out_rows);

/* Drains a decoder that was made. */
bool drain(const job *job, pqpush_decoder *decoder, const struct ArrowSchema *schema, digest *into, uint64_t *out_rows);

/* The scan of the job on so many threads, which share a plan and live on for the next scan. Each stays on one of the cores
 * that the process may use, the calling one too. */
bool scan_on_threads(const job *job, uint64_t *out_rows);

/* The options of the scan; `*out_predicate` is freed by the caller, after the decoder or plan was made. */
bool scan_options(const job *job, pqpush_scan_options *options, pqpush_predicate **out_predicate);

void add_to_digest(digest *into, const struct ArrowSchema *schema, const struct ArrowArray *batch);

#endif
