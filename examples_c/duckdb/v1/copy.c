#include "copy.h"
#include "type.h"

#include <stdlib.h>
#include <string.h>

/* What is copied: rows of an array, counted with its offset. */
typedef struct rows {
    const struct ArrowSchema *schema;
    const struct ArrowArray *from;
    int64_t first;
    int64_t count;
    column_form form;
} rows;

static bool is_null(const rows *rows, int64_t row) {
    const uint8_t *validity = rows->from->n_buffers > 0 ? rows->from->buffers[0] : NULL;
    int64_t at = rows->first + row;
    return rows->form.kind == KIND_NULL ||
           (validity != NULL && rows->from->null_count != 0 && (validity[at / 8] >> (at % 8) & 1) == 0);
}

static void copy_nulls(duckdb_vector to, const rows *rows, const bool *hidden) {
    uint64_t *validity = NULL;
    for (int64_t row = 0; row < rows->count; row++) {
        if (is_null(rows, row) || (hidden != NULL && hidden[row])) {
            if (validity == NULL) {
                duckdb_vector_ensure_validity_writable(to);
                validity = duckdb_vector_get_validity(to);
            }
            duckdb_validity_set_row_invalid(validity, (idx_t)row);
        }
    }
}

static float half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = half >> 10 & 0x1f;
    uint32_t fraction = half & 0x3ff;
    uint32_t bits = sign | (exponent + 112) << 23 | fraction << 13;
    float value;
    if (exponent == 0) { /* zero or subnormal: so many 2^-24 */
        value = (float)fraction / 16777216.0f;
        return sign == 0 ? value : -value;
    }
    if (exponent == 0x1f) {
        bits = sign | 0x7f800000 | fraction << 13;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int64_t floor_scale(int64_t count, const column_form *form) {
    int64_t product = count * form->times;
    return product / form->per - (product % form->per < 0);
}

static int64_t read_integer(const uint8_t *from, uint32_t width) {
    int32_t narrow;
    int64_t wide;
    memcpy(&narrow, from, sizeof narrow);
    if (width == sizeof narrow) {
        return narrow;
    }
    memcpy(&wide, from, sizeof wide);
    return wide;
}

/* Durations have a count, intervals months, days and nanoseconds. */
static duckdb_interval read_interval(const uint8_t *from, const column_form *form) {
    duckdb_interval interval = {0, 0, 0};
    if (form->width == 16) {
        memcpy(&interval.months, from, 4);
        memcpy(&interval.days, from + 4, 4);
        from += 8;
    }
    interval.micros = floor_scale(read_integer(from, 8), form);
    return interval;
}

/* DuckDB stores a decimal in as few bytes as its digits need, Arrow in as many as it likes; both little-endian. */
static void copy_decimal(uint8_t *to, const uint8_t *from, const column_form *form, idx_t row) {
    uint32_t width = form->digits <= 4 ? 2 : form->digits <= 9 ? 4 : form->digits <= 18 ? 8 : 16;
    uint8_t extended[32];
    memset(extended, from[form->width - 1] >= 0x80 ? 0xff : 0, sizeof extended);
    memcpy(extended, from, form->width);
    memcpy(to + row * width, extended, width);
}

/* DuckDB's UUID is a number whose upper bit is turned round, so that it sorts like the bytes. */
static duckdb_hugeint read_uuid(const uint8_t *from) {
    uint64_t upper = 0;
    duckdb_hugeint number = {0, 0};
    for (int i = 0; i < 8; i++) {
        upper = upper << 8 | from[i];
        number.lower = number.lower << 8 | from[i + 8];
    }
    number.upper = (int64_t)(upper ^ UINT64_C(1) << 63);
    return number;
}

static void copy_string(duckdb_vector to, const rows *rows, int64_t row) {
    const uint8_t *view = (const uint8_t *)rows->from->buffers[1] + 16 * (rows->first + row);
    int32_t parts[4]; /* length, prefix, buffer, offset in it */
    memcpy(parts, view, sizeof parts);
    const char *bytes = (const char *)view + 4;
    if (parts[0] > 12) {
        bytes = (const char *)rows->from->buffers[2 + parts[2]] + parts[3];
    }
    duckdb_vector_assign_string_element_len(to, (idx_t)row, bytes, (idx_t)parts[0]);
}

static void copy_value(duckdb_vector to, void *data, const rows *rows, int64_t row) {
    const column_form *form = &rows->form;
    int64_t at = rows->first + row;
    const uint8_t *values = rows->from->buffers[1];
    const uint8_t *from = values + at * form->width;
    uint16_t half;
    switch (form->kind) {
    case KIND_BOOLEAN: ((bool *)data)[row] = values[at / 8] >> (at % 8) & 1; break;
    case KIND_HALF:
        memcpy(&half, from, sizeof half);
        ((float *)data)[row] = half_to_float(half);
        break;
    case KIND_DECIMAL: copy_decimal(data, from, form, (idx_t)row); break;
    case KIND_SCALED: ((int64_t *)data)[row] = floor_scale(read_integer(from, form->width), form); break;
    case KIND_INTERVAL: ((duckdb_interval *)data)[row] = read_interval(from, form); break;
    case KIND_STRING: copy_string(to, rows, row); break;
    case KIND_BYTES:
        duckdb_vector_assign_string_element_len(to, (idx_t)row, (const char *)from, form->width);
        break;
    case KIND_UUID: ((duckdb_hugeint *)data)[row] = read_uuid(from); break;
    default: break;
    }
}

static void copy_flat(duckdb_vector to, const rows *rows) {
    void *data = duckdb_vector_get_data(to);
    const column_form *form = &rows->form;
    if (form->kind == KIND_SAME && rows->count > 0) {
        const uint8_t *values = rows->from->buffers[1];
        memcpy(data, values + rows->first * form->width, (size_t)rows->count * form->width);
        return;
    }
    for (int64_t row = 0; row < rows->count; row++) {
        if (!is_null(rows, row)) {
            copy_value(to, data, rows, row);
        }
    }
}

/* Fields of a null struct are null: DuckDB looks at them without looking at the struct. */
static bool copy_struct(duckdb_vector to, const rows *rows, const bool *hidden) {
    bool *nulls = calloc((size_t)rows->count + 1, sizeof *nulls);
    bool is_copied = nulls != NULL;
    for (int64_t row = 0; is_copied && row < rows->count; row++) {
        nulls[row] = is_null(rows, row) || (hidden != NULL && hidden[row]);
    }
    for (int64_t i = 0; is_copied && i < rows->schema->n_children; i++) {
        is_copied = copy_column(duckdb_struct_vector_get_child(to, (idx_t)i), rows->schema->children[i],
                                rows->from->children[i], rows->first, rows->count, nulls);
    }
    free(nulls);
    return is_copied;
}

static int64_t offset_at(const rows *rows, int64_t row) {
    const void *offsets = rows->from->buffers[1];
    int64_t at = rows->first + row;
    return rows->form.kind == KIND_LARGE_LIST ? ((const int64_t *)offsets)[at] : ((const int32_t *)offsets)[at];
}

static bool copy_list(duckdb_vector to, const rows *rows) {
    int64_t begin = rows->count == 0 ? 0 : offset_at(rows, 0);
    int64_t end = rows->count == 0 ? 0 : offset_at(rows, rows->count);
    duckdb_list_entry *entries = duckdb_vector_get_data(to);
    for (int64_t row = 0; row < rows->count; row++) {
        int64_t start = offset_at(rows, row);
        entries[row].offset = (uint64_t)(start - begin);
        entries[row].length = (uint64_t)(offset_at(rows, row + 1) - start);
    }
    if (duckdb_list_vector_reserve(to, (idx_t)(end - begin)) == DuckDBError ||
        duckdb_list_vector_set_size(to, (idx_t)(end - begin)) == DuckDBError) {
        return false;
    }
    return copy_column(duckdb_list_vector_get_child(to), rows->schema->children[0], rows->from->children[0], begin,
                       end - begin, NULL);
}

bool copy_column(duckdb_vector to, const struct ArrowSchema *schema, const struct ArrowArray *from, int64_t first,
                 int64_t count, const bool *hidden) {
    rows rows = {schema, from, from->offset + first, count, form_of(schema)};
    copy_nulls(to, &rows, hidden);
    switch (rows.form.kind) {
    case KIND_STRUCT: return copy_struct(to, &rows, hidden);
    case KIND_LIST:
    case KIND_LARGE_LIST: return copy_list(to, &rows);
    case KIND_ARRAY:
        return copy_column(duckdb_array_vector_get_child(to), schema->children[0], from->children[0],
                           rows.first * rows.form.width, count * rows.form.width, NULL);
    default: copy_flat(to, &rows); return true;
    }
}
