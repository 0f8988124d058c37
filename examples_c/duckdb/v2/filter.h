/* Filters of a query as predicates of pqpush. */
#ifndef PQPUSH_DUCKDB_FILTER_H
#define PQPUSH_DUCKDB_FILTER_H

#include "host.h"

typedef duckdb_v2_table_function_filter_pushdown_info_handle pushdown_info;

/* The predicate that keeps the rows that the filter keeps, and, where it is not exact, some more; NULL where pqpush has
 * none. `schema` has the columns as they were declared to DuckDB. */
pqpush_predicate *make_predicate(pushdown_info info, const struct ArrowSchema *schema,
                                 duckdb_v2_expression_handle filter, bool *out_is_exact);

#endif
