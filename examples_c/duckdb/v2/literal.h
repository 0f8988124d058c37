/* Constants of a query as Arrow arrays, which pqpush takes as literals. */
#ifndef PQPUSH_DUCKDB_LITERAL_H
#define PQPUSH_DUCKDB_LITERAL_H

#include "host.h"

/* Makes an array of values of one type, and its schema. False, with nothing to release, where one of them is null, where
 * they differ in type, or where the type is none that pqpush compares as DuckDB does. */
bool make_literals(const duckdb_v2_value_handle *values, size_t count, struct ArrowArray *out_array,
                   struct ArrowSchema *out_schema);

/* The value true. */
void make_true(struct ArrowArray *out_array, struct ArrowSchema *out_schema);

#endif
