/* Values of Arrow arrays into vectors of DuckDB. */
#ifndef PQPUSH_DUCKDB_COPY_H
#define PQPUSH_DUCKDB_COPY_H

#include "host.h"

/* Copies `count` values of an array from `first` on to the beginning of a vector of the type that make_type made. Rows for
 * which `hidden` is true are null whatever the array says; it may be NULL. False where memory is short. */
bool copy_column(duckdb_vector to, const struct ArrowSchema *schema, const struct ArrowArray *from, int64_t first,
                 int64_t count, const bool *hidden);

#endif
