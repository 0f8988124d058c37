#include "expression.h"

#include <string.h>

DUCKDB_V2_EXPRESSION_TYPE kind_of(expression node) {
    DUCKDB_V2_EXPRESSION_TYPE kind = KIND(INVALID);
    duckdb_v2_expression_get_type(node, &kind, NULL);
    return kind;
}

idx_t child_count(expression node) {
    idx_t count = 0;
    duckdb_v2_expression_get_child_count(node, &count, NULL);
    return count;
}

expression child(expression node, idx_t index) {
    expression found = NULL;
    duckdb_v2_expression_get_child(node, index, &found, NULL);
    return found;
}

DUCKDB_V2_LOGICAL_TYPE_ID type_of(expression node) {
    duckdb_v2_logical_type_handle type = NULL;
    DUCKDB_V2_LOGICAL_TYPE_ID id = DUCKDB_V2_LOGICAL_TYPE_ID_INVALID;
    if (is_ok(duckdb_v2_expression_get_return_type(node, &type, NULL))) {
        duckdb_v2_logical_type_get_id(type, &id, NULL);
    }
    duckdb_v2_logical_type_destroy(&type);
    return id;
}

static bool append_name(column_path *path, const char *name, size_t length) {
    bool is_first = path->length == 0;
    bool has_room = path->length + length + 1 <= sizeof path->text;
    if (has_room && !is_first) {
        path->text[path->length++] = '.';
    }
    if (has_room) {
        memcpy(path->text + path->length, name, length);
        path->length += length;
    }
    return has_room;
}

static bool append_column(const columns *columns, expression node, column_path *path) {
    idx_t reference;
    idx_t column;
    if (!is_ok(duckdb_v2_expression_column_ref_get_index(node, &reference, NULL)) ||
        !is_ok(duckdb_v2_table_function_filter_pushdown_get_column_index(columns->info, reference, &column, NULL)) ||
        column >= (idx_t)columns->schema->n_children) {
        return false;
    }
    const char *name = columns->schema->children[column]->name;
    return append_name(path, name, strlen(name));
}

/* A field of a struct is a call of a function with the struct and the name. A dot in a name would be taken for another
 * field. */
static bool append_field(const columns *columns, expression node, column_path *path);

static bool append_path(const columns *columns, expression node, column_path *path) {
    switch (node == NULL ? KIND(INVALID) : kind_of(node)) {
    case KIND(BOUND_COLUMN_REF): return append_column(columns, node, path);
    case KIND(BOUND_FUNCTION): return append_field(columns, node, path);
    default: return false;
    }
}

static bool append_field(const columns *columns, expression node, column_path *path) {
    duckdb_v2_identifier_t function;
    duckdb_v2_str field;
    duckdb_v2_value_handle value = NULL;
    bool is_appended = is_ok(duckdb_v2_expression_function_get_name(node, &function, NULL)) &&
                       function.len == strlen("struct_extract") &&
                       memcmp(function.ptr, "struct_extract", function.len) == 0 && child_count(node) == 2 &&
                       append_path(columns, child(node, 0), path) &&
                       is_ok(duckdb_v2_expression_constant_get_value(child(node, 1), &value, NULL)) &&
                       is_ok(duckdb_v2_value_get_varchar(value, &field, NULL)) &&
                       memchr(field.ptr, '.', field.len) == NULL && append_name(path, field.ptr, field.len);
    duckdb_v2_value_destroy(&value);
    return is_appended;
}

bool column_of(const columns *columns, expression node, column_path *path) {
    path->length = 0;
    return append_path(columns, node, path);
}
