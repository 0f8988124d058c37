/* What all threads of a scan share: a plan for each file, and the tasks of all plans in their order. */
#ifndef PQPUSH_DUCKDB_PLAN_H
#define PQPUSH_DUCKDB_PLAN_H

#include "file.h"

#include <stdatomic.h>

typedef struct predicate_list {
    pqpush_predicate **items;
    size_t count;
} predicate_list;

/* What is known when the query is bound. */
typedef struct bound_scan {
    file_list files;
    struct ArrowSchema schema; /* of the first file, which the others are read as */
    bool has_clear_names;      /* else all columns are read, and none is filtered */
    const predicate_list *predicates;
    uint64_t batch_rows; /* 0: as many as pqpush likes */
    void *call;          /* of the variant */
} bound_scan;

/* The schema and the list of files are the scan's; the rest is not. */
void free_bound_scan(bound_scan *bound);

/* Reads the schema of the first file, in the types that DuckDB takes. */
bool read_bound_schema(bound_scan *bound, error_slot slot);

/* Whether each file can be scanned with the predicate: pqpush may know the function but not for that column. */
bool can_apply(const bound_scan *bound, const pqpush_predicate *predicate);

typedef struct task {
    size_t file;
    size_t index; /* in the plan of the file */
} task;

typedef struct shared_scan {
    const bound_scan *bound;
    pqpush_plan **plans; /* one for each file */
    task *tasks;
    size_t task_count;
    struct ArrowSchema schema; /* of the columns that are read, in the order of the file */
    size_t *places;            /* which of them each column that DuckDB wants is */
    size_t column_count;
    atomic_size_t next_task;
    atomic_size_t done_tasks;
} shared_scan;

/* The next task for a thread; NULL where none is left. Its ordinal is that of its rows. */
const task *take_task(shared_scan *shared, size_t *out_ordinal);

/* Plans the scan of the columns whose ordinals stand in `wanted`. NULL where it fails. */
shared_scan *plan_scan(const bound_scan *bound, const size_t *wanted, size_t count, error_slot slot);
void free_shared_scan(void *shared);

#endif
