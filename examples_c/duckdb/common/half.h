/* DuckDB has no float16: halves become floats. */
#ifndef PQPUSH_DUCKDB_HALF_H
#define PQPUSH_DUCKDB_HALF_H

#include "host.h"

float half_to_float(uint16_t half);

bool has_halves(const struct ArrowSchema *schema);
/* Puts floats in the place of halves, wherever they are in an array of the schema. False where memory is short. */
bool widen_halves(const struct ArrowSchema *schema, struct ArrowArray *array);

#endif
