/* Arrow types as types of DuckDB. */
#ifndef PQPUSH_DUCKDB_TYPE_H
#define PQPUSH_DUCKDB_TYPE_H

#include "host.h"

/* The kinds of Arrow columns, by what has to be done to copy them. */
typedef enum column_kind {
    KIND_NONE, /* DuckDB has no such type */
    KIND_NULL,
    KIND_BOOLEAN,
    KIND_SAME, /* stored in the same way in both */
    KIND_HALF,
    KIND_DECIMAL,
    KIND_SCALED, /* a count of something else */
    KIND_INTERVAL,
    KIND_STRING,
    KIND_BYTES, /* of one length */
    KIND_UUID,
    KIND_STRUCT,
    KIND_LIST,
    KIND_LARGE_LIST,
    KIND_ARRAY,
} column_kind;

typedef struct column_form {
    column_kind kind;
    duckdb_type type; /* of flat columns */
    uint32_t width;   /* bytes of an Arrow value; elements of an array */
    int64_t times;    /* KIND_SCALED: DuckDB's count is Arrow's times this */
    int64_t per;      /* divided by this */
    uint8_t digits;   /* of a decimal */
    uint8_t scale;
} column_form;

column_form form_of(const struct ArrowSchema *schema);
/* Owned by the caller; NULL where DuckDB has no such type. */
duckdb_logical_type make_type(const struct ArrowSchema *schema);

#endif
