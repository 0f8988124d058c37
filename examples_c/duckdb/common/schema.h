/* The Arrow types in which a file is read for DuckDB. */
#ifndef PQPUSH_DUCKDB_SCHEMA_H
#define PQPUSH_DUCKDB_SCHEMA_H

#include "host.h"

/* The schema of a file, in other types where DuckDB takes those better:
 * - strings and binaries as views, whose lengths no batch can pass, and which are most like DuckDB's own;
 * - enums as strings, dates as days;
 * - timestamps in microseconds, DuckDB's TIMESTAMP, unless they are stored in nanoseconds;
 * - decimals of at most 38 digits in 128 bits;
 * - extension types that DuckDB's importer refuses as what they are stored as: variants that are shredded, geography. */
bool read_schema(const pqpush_metadata *metadata, struct ArrowSchema *out, pqpush_error **err);

/* Whether each column can be told by its name: two columns may share one, and a dot may be part of it. */
bool has_clear_names(const struct ArrowSchema *schema);

/* Whether a field says of itself that it is of this extension type. */
bool has_extension(const struct ArrowSchema *schema, const char *name);

#endif
