#include "type.h"
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct named_form {
    const char *format; /* the beginning of it, where it ends in a colon */
    column_form form;
} named_form;

static const named_form forms[] = {
    {"n", {KIND_NULL, DUCKDB_TYPE_INTEGER, 0, 0, 0, 0, 0}},
    {"b", {KIND_BOOLEAN, DUCKDB_TYPE_BOOLEAN, 0, 0, 0, 0, 0}},
    {"c", {KIND_SAME, DUCKDB_TYPE_TINYINT, 1, 0, 0, 0, 0}},
    {"s", {KIND_SAME, DUCKDB_TYPE_SMALLINT, 2, 0, 0, 0, 0}},
    {"i", {KIND_SAME, DUCKDB_TYPE_INTEGER, 4, 0, 0, 0, 0}},
    {"l", {KIND_SAME, DUCKDB_TYPE_BIGINT, 8, 0, 0, 0, 0}},
    {"C", {KIND_SAME, DUCKDB_TYPE_UTINYINT, 1, 0, 0, 0, 0}},
    {"S", {KIND_SAME, DUCKDB_TYPE_USMALLINT, 2, 0, 0, 0, 0}},
    {"I", {KIND_SAME, DUCKDB_TYPE_UINTEGER, 4, 0, 0, 0, 0}},
    {"L", {KIND_SAME, DUCKDB_TYPE_UBIGINT, 8, 0, 0, 0, 0}},
    {"e", {KIND_HALF, DUCKDB_TYPE_FLOAT, 2, 0, 0, 0, 0}},
    {"f", {KIND_SAME, DUCKDB_TYPE_FLOAT, 4, 0, 0, 0, 0}},
    {"g", {KIND_SAME, DUCKDB_TYPE_DOUBLE, 8, 0, 0, 0, 0}},
    {"vu", {KIND_STRING, DUCKDB_TYPE_VARCHAR, 16, 0, 0, 0, 0}},
    {"vz", {KIND_STRING, DUCKDB_TYPE_BLOB, 16, 0, 0, 0, 0}},
    {"tdD", {KIND_SAME, DUCKDB_TYPE_DATE, 4, 0, 0, 0, 0}},
    {"tts", {KIND_SCALED, DUCKDB_TYPE_TIME, 4, 1000000, 1, 0, 0}},
    {"ttm", {KIND_SCALED, DUCKDB_TYPE_TIME, 4, 1000, 1, 0, 0}},
    {"ttu", {KIND_SAME, DUCKDB_TYPE_TIME, 8, 0, 0, 0, 0}},
    {"ttn", {KIND_SCALED, DUCKDB_TYPE_TIME, 8, 1, 1000, 0, 0}},
    {"tsu:", {KIND_SAME, DUCKDB_TYPE_TIMESTAMP, 8, 0, 0, 0, 0}},
    {"tsn:", {KIND_SAME, DUCKDB_TYPE_TIMESTAMP_NS, 8, 0, 0, 0, 0}},
    {"tDs", {KIND_INTERVAL, DUCKDB_TYPE_INTERVAL, 8, 1000000, 1, 0, 0}},
    {"tDm", {KIND_INTERVAL, DUCKDB_TYPE_INTERVAL, 8, 1000, 1, 0, 0}},
    {"tDu", {KIND_INTERVAL, DUCKDB_TYPE_INTERVAL, 8, 1, 1, 0, 0}},
    {"tDn", {KIND_INTERVAL, DUCKDB_TYPE_INTERVAL, 8, 1, 1000, 0, 0}},
    {"tin", {KIND_INTERVAL, DUCKDB_TYPE_INTERVAL, 16, 1, 1000, 0, 0}},
    {"+s", {KIND_STRUCT, DUCKDB_TYPE_STRUCT, 0, 0, 0, 0, 0}},
    {"+l", {KIND_LIST, DUCKDB_TYPE_LIST, 0, 0, 0, 0, 0}},
    {"+L", {KIND_LARGE_LIST, DUCKDB_TYPE_LIST, 0, 0, 0, 0, 0}},
    {"+m", {KIND_LIST, DUCKDB_TYPE_MAP, 0, 0, 0, 0, 0}},
};

static bool is_format(const char *pattern, const char *format) {
    size_t length = strlen(pattern);
    bool is_open = pattern[length - 1] == ':';
    return strncmp(format, pattern, length) == 0 && (is_open || format[length] == '\0');
}

static column_form decimal_form(int digits, int scale, int bits) {
    column_form form = {.kind = digits <= 38 ? KIND_DECIMAL : KIND_NONE,
                        .type = DUCKDB_TYPE_DECIMAL,
                        .width = (uint32_t)bits / 8,
                        .digits = (uint8_t)digits,
                        .scale = (uint8_t)scale};
    return form;
}

column_form form_of(const struct ArrowSchema *schema) {
    const char *format = schema->format;
    column_form form = {.kind = KIND_NONE};
    int numbers[3] = {0, 0, 128};
    if (sscanf(format, "d:%d,%d,%d", &numbers[0], &numbers[1], &numbers[2]) >= 2) {
        return decimal_form(numbers[0], numbers[1], numbers[2]);
    }
    if (sscanf(format, "w:%d", &numbers[0]) == 1) {
        bool is_uuid = numbers[0] == 16 && has_extension(schema, "arrow.uuid");
        form.kind = is_uuid ? KIND_UUID : KIND_BYTES;
        form.type = is_uuid ? DUCKDB_TYPE_UUID : DUCKDB_TYPE_BLOB;
        form.width = (uint32_t)numbers[0];
        return form;
    }
    if (sscanf(format, "+w:%d", &numbers[0]) == 1) {
        form.kind = KIND_ARRAY;
        form.width = (uint32_t)numbers[0];
        return form;
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (is_format(forms[i].format, format)) {
            form = forms[i].form;
        }
    }
    if (strncmp(format, "ts", 2) == 0 && format[4] != '\0') { /* a time zone: DuckDB counts microseconds */
        form.type = DUCKDB_TYPE_TIMESTAMP_TZ;
        form.kind = KIND_SCALED;
        form.times = 1;
        form.per = format[2] == 'n' ? 1000 : 1;
    }
    return form;
}

static duckdb_logical_type make_struct_type(const struct ArrowSchema *schema) {
    size_t count = (size_t)schema->n_children;
    duckdb_logical_type *types = calloc(count + 1, sizeof *types);
    const char **names = calloc(count + 1, sizeof *names);
    bool is_made = types != NULL && names != NULL && count > 0;
    for (size_t i = 0; is_made && i < count; i++) {
        names[i] = schema->children[i]->name;
        types[i] = make_type(schema->children[i]);
        is_made = types[i] != NULL;
    }
    duckdb_logical_type type = is_made ? duckdb_create_struct_type(types, names, count) : NULL;
    for (size_t i = 0; types != NULL && i < count; i++) {
        duckdb_destroy_logical_type(&types[i]);
    }
    free(types);
    free(names);
    return type;
}

/* A list, a list of one length, or a map, which is a list of keys and values. */
static duckdb_logical_type make_list_type(const struct ArrowSchema *schema, const column_form *form) {
    const struct ArrowSchema *child = schema->children[0];
    bool is_map = form->type == DUCKDB_TYPE_MAP;
    duckdb_logical_type first = make_type(is_map ? child->children[0] : child);
    duckdb_logical_type second = is_map ? make_type(child->children[1]) : NULL;
    duckdb_logical_type type = NULL;
    if (first != NULL && is_map && second != NULL) {
        type = duckdb_create_map_type(first, second);
    } else if (first != NULL && !is_map) {
        type = form->kind == KIND_ARRAY ? duckdb_create_array_type(first, form->width) : duckdb_create_list_type(first);
    }
    duckdb_destroy_logical_type(&first);
    duckdb_destroy_logical_type(&second);
    return type;
}

duckdb_logical_type make_type(const struct ArrowSchema *schema) {
    column_form form = form_of(schema);
    switch (form.kind) {
    case KIND_NONE: return NULL;
    case KIND_DECIMAL: return duckdb_create_decimal_type(form.digits, form.scale);
    case KIND_STRUCT: return make_struct_type(schema);
    case KIND_LIST:
    case KIND_LARGE_LIST:
    case KIND_ARRAY: return make_list_type(schema, &form);
    default: return duckdb_create_logical_type(form.type);
    }
}
