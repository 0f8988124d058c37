/* What all threads of a scan share: a plan for each file, and the tasks of all plans in their order. */
#ifndef PQPUSH_DUCKDB_PLAN_H
#define PQPUSH_DUCKDB_PLAN_H

#include "scan.h"

#include <stdatomic.h>

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

/* Plans the scan of the columns whose ordinals stand in `wanted`. NULL where it fails. */
shared_scan *plan_scan(const bound_scan *bound, const size_t *wanted, size_t count, error_slot slot);
void free_shared_scan(void *shared);

#endif
