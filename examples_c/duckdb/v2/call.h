/* Calls of the function. DuckDB may copy the plan of a call, as for a WITH query that is used twice, and it may make one of
 * two scans with equal arguments without looking at the filters that each of them accepted. Each call therefore has an id
 * among its arguments, which its copies share, and what is known of them together stands here. */
#ifndef PQPUSH_DUCKDB_CALL_H
#define PQPUSH_DUCKDB_CALL_H

#include "plan.h"

typedef struct scan_call {
    duckdb_v2_hugeint_t id;
    size_t copies;             /* that are alive; guarded by a lock of the module */
    predicate_list predicates; /* a plan that is copied when it has filters has them in all copies */
    struct scan_call *next;
} scan_call;

/* The call with this id, which has one more copy from now on. NULL where memory is short. */
scan_call *enter_call(duckdb_v2_hugeint_t id);
void leave_call(scan_call *call);
/* Filters are for a plan without copies: those of another copy may differ. */
bool is_alone(const scan_call *call);
/* Owns the predicate, unless memory is short. */
bool keep_predicate(scan_call *call, pqpush_predicate *predicate);

#endif
