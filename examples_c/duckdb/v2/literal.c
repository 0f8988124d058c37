#include "literal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the release callbacks free: everything stands in one block, with the bytes of strings in a second one. */
typedef struct storage {
    const void *buffers[3];
    uint8_t *fixed;
    char *bytes;
} storage;

static void release_array(struct ArrowArray *array) {
    storage *storage = array->private_data;
    free(storage->fixed);
    free(storage->bytes);
    free(storage);
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
    free(schema->private_data);
    schema->release = NULL;
}

/* A value of any type with a fixed width, as Arrow stores it. */
typedef union scalar {
    bool boolean;
    float narrow_float;
    double wide_float;
    duckdb_v2_hugeint_t huge;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
} scalar;

/* How Arrow writes a type; `width` is 0 for strings. */
typedef struct arrow_form {
    DUCKDB_V2_LOGICAL_TYPE_ID id;
    const char *format;
    size_t width;
} arrow_form;

#define TYPE(NAME) DUCKDB_V2_LOGICAL_TYPE_ID_##NAME

static const arrow_form forms[] = {
    {TYPE(BOOLEAN), "b", 1},           {TYPE(TINYINT), "c", 1},          {TYPE(SMALLINT), "s", 2},
    {TYPE(INTEGER), "i", 4},           {TYPE(BIGINT), "l", 8},           {TYPE(UTINYINT), "C", 1},
    {TYPE(USMALLINT), "S", 2},         {TYPE(UINTEGER), "I", 4},         {TYPE(UBIGINT), "L", 8},
    {TYPE(FLOAT), "f", 4},             {TYPE(DOUBLE), "g", 8},           {TYPE(DATE), "tdD", 4},
    {TYPE(TIME), "ttu", 8},            {TYPE(TIME_NS), "ttn", 8},        {TYPE(TIMESTAMP_SEC), "tss:", 8},
    {TYPE(TIMESTAMP_MS), "tsm:", 8},   {TYPE(TIMESTAMP), "tsu:", 8},     {TYPE(TIMESTAMP_NS), "tsn:", 8},
    {TYPE(TIMESTAMP_TZ), "tsu:UTC", 8}, {TYPE(TIMESTAMP_TZ_NS), "tsn:UTC", 8}, {TYPE(DECIMAL), "d:", 16},
    {TYPE(VARCHAR), "u", 0},           {TYPE(BLOB), "z", 0},
};

static const arrow_form *form_of(DUCKDB_V2_LOGICAL_TYPE_ID id) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (forms[i].id == id) {
            return &forms[i];
        }
    }
    return NULL;
}

/* NaN has another order in DuckDB than in pqpush. */
static bool is_ordered(DUCKDB_V2_LOGICAL_TYPE_ID id, const scalar *value) {
    return !(id == TYPE(FLOAT) && isnan(value->narrow_float)) && !(id == TYPE(DOUBLE) && isnan(value->wide_float));
}

static DUCKDB_V2_ERROR get_time(duckdb_v2_value_handle value, DUCKDB_V2_LOGICAL_TYPE_ID id, scalar *out) {
    switch (id) {
    case TYPE(DATE): return duckdb_v2_value_get_date(value, &out->i32, NULL);
    case TYPE(TIME): return duckdb_v2_value_get_time(value, &out->i64, NULL);
    case TYPE(TIME_NS): return duckdb_v2_value_get_time_ns(value, &out->i64, NULL);
    case TYPE(TIMESTAMP_SEC): return duckdb_v2_value_get_timestamp_sec(value, &out->i64, NULL);
    case TYPE(TIMESTAMP_MS): return duckdb_v2_value_get_timestamp_ms(value, &out->i64, NULL);
    case TYPE(TIMESTAMP): return duckdb_v2_value_get_timestamp(value, &out->i64, NULL);
    case TYPE(TIMESTAMP_NS): return duckdb_v2_value_get_timestamp_ns(value, &out->i64, NULL);
    case TYPE(TIMESTAMP_TZ): return duckdb_v2_value_get_timestamp_tz(value, &out->i64, NULL);
    default: return duckdb_v2_value_get_timestamp_tz_ns(value, &out->i64, NULL);
    }
}

static DUCKDB_V2_ERROR get_fixed(duckdb_v2_value_handle value, DUCKDB_V2_LOGICAL_TYPE_ID id, scalar *out) {
    uint8_t width;
    uint8_t scale;
    switch (id) {
    case TYPE(BOOLEAN): return duckdb_v2_value_get_bool(value, &out->boolean, NULL);
    case TYPE(TINYINT): return duckdb_v2_value_get_tinyint(value, &out->i8, NULL);
    case TYPE(SMALLINT): return duckdb_v2_value_get_smallint(value, &out->i16, NULL);
    case TYPE(INTEGER): return duckdb_v2_value_get_int(value, &out->i32, NULL);
    case TYPE(BIGINT): return duckdb_v2_value_get_bigint(value, &out->i64, NULL);
    case TYPE(UTINYINT): return duckdb_v2_value_get_utinyint(value, &out->u8, NULL);
    case TYPE(USMALLINT): return duckdb_v2_value_get_usmallint(value, &out->u16, NULL);
    case TYPE(UINTEGER): return duckdb_v2_value_get_uint(value, &out->u32, NULL);
    case TYPE(UBIGINT): return duckdb_v2_value_get_ubigint(value, &out->u64, NULL);
    case TYPE(FLOAT): return duckdb_v2_value_get_float(value, &out->narrow_float, NULL);
    case TYPE(DOUBLE): return duckdb_v2_value_get_double(value, &out->wide_float, NULL);
    case TYPE(DECIMAL): return duckdb_v2_value_get_decimal(value, &out->huge, &width, &scale, NULL);
    default: return get_time(value, id, out);
    }
}

static bool fill_fixed(const duckdb_v2_value_handle *values, size_t count, const arrow_form *form, storage *storage) {
    storage->fixed = calloc(count, form->width);
    for (size_t i = 0; storage->fixed != NULL && i < count; i++) {
        scalar value;
        if (!is_ok(get_fixed(values[i], form->id, &value)) || !is_ordered(form->id, &value)) {
            return false;
        }
        if (form->id == TYPE(BOOLEAN)) {
            storage->fixed[i / 8] |= (uint8_t)(value.boolean << (i % 8));
        } else {
            memcpy(storage->fixed + i * form->width, &value, form->width);
        }
    }
    storage->buffers[1] = storage->fixed;
    return storage->fixed != NULL;
}

static bool fill_strings(const duckdb_v2_value_handle *values, size_t count, const arrow_form *form, storage *storage) {
    int32_t *offsets = calloc(count + 1, sizeof *offsets);
    storage->fixed = (uint8_t *)offsets;
    storage->bytes = malloc(1);
    for (size_t i = 0; offsets != NULL && storage->bytes != NULL && i < count; i++) {
        duckdb_v2_str text;
        DUCKDB_V2_ERROR code = form->id == TYPE(VARCHAR) ? duckdb_v2_value_get_varchar(values[i], &text, NULL)
                                                         : duckdb_v2_value_get_blob(values[i], &text, NULL);
        size_t end = (size_t)offsets[i] + (is_ok(code) ? text.len : 0);
        char *bytes = is_ok(code) && end < INT32_MAX ? realloc(storage->bytes, end + 1) : NULL;
        if (bytes == NULL) {
            return false;
        }
        storage->bytes = bytes;
        memcpy(bytes + offsets[i], text.ptr, text.len);
        offsets[i + 1] = (int32_t)end;
    }
    storage->buffers[1] = offsets;
    storage->buffers[2] = storage->bytes;
    return offsets != NULL && storage->bytes != NULL;
}

/* The type of all values; false where they have none in common that can be told to pqpush. */
static bool common_type(const duckdb_v2_value_handle *values, size_t count, duckdb_v2_logical_type_handle *out) {
    bool is_common = count > 0 && is_ok(duckdb_v2_value_get_logical_type(values[0], out, NULL));
    for (size_t i = 0; is_common && i < count; i++) {
        duckdb_v2_logical_type_handle type = NULL;
        bool is_null = true;
        bool is_equal = false;
        is_common = is_ok(duckdb_v2_value_is_null(values[i], &is_null, NULL)) && !is_null &&
                    is_ok(duckdb_v2_value_get_logical_type(values[i], &type, NULL)) &&
                    is_ok(duckdb_v2_logical_type_is_equal(*out, type, &is_equal, NULL)) && is_equal;
        duckdb_v2_logical_type_destroy(&type);
    }
    return is_common;
}

static bool make_schema(const arrow_form *form, duckdb_v2_value_handle value, struct ArrowSchema *out) {
    char *format = malloc(16);
    duckdb_v2_hugeint_t ignored;
    uint8_t width = 0;
    uint8_t scale = 0;
    if (format == NULL) {
        return false;
    }
    strcpy(format, form->format);
    if (form->id == TYPE(DECIMAL) &&
        is_ok(duckdb_v2_value_get_decimal(value, &ignored, &width, &scale, NULL))) {
        snprintf(format, 16, "d:%u,%u", (unsigned)width, (unsigned)scale);
    }
    *out = (struct ArrowSchema){.format = format, .name = "", .release = release_schema, .private_data = format};
    return true;
}

static bool make_array(const duckdb_v2_value_handle *values, size_t count, const arrow_form *form,
                       struct ArrowArray *out) {
    storage *own = calloc(1, sizeof *own);
    if (own == NULL) {
        return false;
    }
    *out = (struct ArrowArray){.length = (int64_t)count,
                               .n_buffers = form->width == 0 ? 3 : 2,
                               .buffers = own->buffers,
                               .release = release_array,
                               .private_data = own};
    bool is_made = form->width == 0 ? fill_strings(values, count, form, own) : fill_fixed(values, count, form, own);
    if (!is_made) {
        release_array(out);
    }
    return is_made;
}

bool make_literals(const duckdb_v2_value_handle *values, size_t count, struct ArrowArray *out_array,
                   struct ArrowSchema *out_schema) {
    duckdb_v2_logical_type_handle type = NULL;
    DUCKDB_V2_LOGICAL_TYPE_ID id = TYPE(INVALID);
    const arrow_form *form = NULL;
    if (common_type(values, count, &type) && is_ok(duckdb_v2_logical_type_get_id(type, &id, NULL))) {
        form = form_of(id);
    }
    duckdb_v2_logical_type_destroy(&type);
    if (form == NULL || !make_array(values, count, form, out_array)) {
        return false;
    }
    if (!make_schema(form, values[0], out_schema)) {
        release_array(out_array);
        return false;
    }
    return true;
}

static void release_nothing(struct ArrowArray *array) {
    array->release = NULL;
}

static void release_no_schema(struct ArrowSchema *schema) {
    schema->release = NULL;
}

void make_true(struct ArrowArray *out_array, struct ArrowSchema *out_schema) {
    static const uint8_t bits = 1;
    static const void *buffers[] = {NULL, &bits};
    *out_array = (struct ArrowArray){.length = 1, .n_buffers = 2, .buffers = buffers, .release = release_nothing};
    *out_schema = (struct ArrowSchema){.format = "b", .name = "", .release = release_no_schema};
}
