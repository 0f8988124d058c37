/* Expressions of DuckDB: their parts, and the columns that they name. */
#ifndef PQPUSH_DUCKDB_EXPRESSION_H
#define PQPUSH_DUCKDB_EXPRESSION_H

#include "filter.h"

typedef duckdb_v2_expression_handle expression;

#define KIND(NAME) DUCKDB_V2_EXPRESSION_TYPE_##NAME

DUCKDB_V2_EXPRESSION_TYPE kind_of(expression node);
idx_t child_count(expression node);
expression child(expression node, idx_t index);
DUCKDB_V2_LOGICAL_TYPE_ID type_of(expression node);

/* What the column references of a filter mean. */
typedef struct columns {
    pushdown_info info;
    const struct ArrowSchema *schema;
} columns;

/* The dotted path of a column. */
typedef struct column_path {
    char text[512];
    size_t length;
} column_path;

/* False where a node is anything but a column or a field of one. */
bool column_of(const columns *columns, expression node, column_path *path);

static inline pqpush_str text_of(const column_path *path) {
    return (pqpush_str){path->text, path->length};
}

#endif
