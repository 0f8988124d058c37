#include "cell.h"

#include "scalar.h"

#include <inttypes.h>
#include <string.h>

static bool bit_at(const void *bits, int64_t index) {
    return ((const uint8_t *)bits)[index / 8] >> (index % 8) & 1;
}

/* The bytes of value `index` in a buffer of values of `width` bytes. */
static const uint8_t *value_at(const struct ArrowArray *array, int buffer, int64_t width, int64_t index) {
    return (const uint8_t *)array->buffers[buffer] + (index + array->offset) * width;
}

/* Values need not be aligned: buffers may point into the file's bytes. */
static int64_t load_int(const uint8_t *from, int64_t width) {
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    switch (width) {
    case 1:
        memcpy(&i8, from, 1);
        return i8;
    case 2:
        memcpy(&i16, from, 2);
        return i16;
    case 4:
        memcpy(&i32, from, 4);
        return i32;
    default:
        memcpy(&i64, from, 8);
        return i64;
    }
}

static uint64_t load_uint(const uint8_t *from, int64_t width) {
    uint64_t bits = (uint64_t)load_int(from, width);
    return width < 8 ? bits & ((UINT64_C(1) << (8 * width)) - 1) : bits;
}

static double load_float(const uint8_t *from, int64_t width) {
    float single;
    double value;
    if (width == 2) {
        return half_to_double((uint16_t)load_uint(from, 2));
    }
    if (width == 4) {
        memcpy(&single, from, 4);
        return (double)single;
    }
    memcpy(&value, from, 8);
    return value;
}

/* Where a value of variable length begins and ends; for lists, in items of the child. */
static void load_bounds(const arrow_type *type, const struct ArrowArray *array, int64_t index, int64_t *begin,
                        int64_t *end) {
    const uint8_t *offsets = value_at(array, 1, type->width, index);
    *begin = load_int(offsets, type->width);
    *end = load_int(offsets + type->width, type->width);
}

/* Views are 16 bytes: a length, and up to 12 bytes inline or else a prefix, a buffer index and an offset. */
static const uint8_t *view_at(const struct ArrowArray *array, int64_t index, size_t *out_length) {
    const uint8_t *view = value_at(array, 1, 16, index);
    *out_length = (size_t)load_int(view, 4);
    if (*out_length <= 12) {
        return view + 4;
    }
    return (const uint8_t *)array->buffers[2 + load_int(view + 8, 4)] + load_int(view + 12, 4);
}

/* The bytes of a utf8, binary or fixed-size binary value. */
static const uint8_t *bytes_at(const arrow_type *type, const struct ArrowArray *array, int64_t index,
                               size_t *out_length) {
    if (type->kind == TYPE_FIXED_BINARY) {
        *out_length = (size_t)type->width;
        return value_at(array, 1, type->width, index);
    }
    if (type->width == 0) {
        return view_at(array, index, out_length);
    }
    int64_t begin;
    int64_t end;
    load_bounds(type, array, index, &begin, &end);
    *out_length = (size_t)(end - begin);
    /* an array of empty values may come without a data buffer */
    return *out_length > 0 ? (const uint8_t *)array->buffers[2] + begin : (const uint8_t *)"";
}

static int64_t dictionary_entry(const arrow_type *type, const struct ArrowArray *array, int64_t index) {
    const uint8_t *value = value_at(array, 1, type->width, index);
    return type->kind == TYPE_UINT ? (int64_t)load_uint(value, type->width) : load_int(value, type->width);
}

bool cell_is_null(const arrow_type *type, const struct ArrowArray *array, int64_t index) {
    if (type->kind == TYPE_NULL) {
        return true;
    }
    if (array->buffers[0] != NULL && array->null_count != 0 && !bit_at(array->buffers[0], index + array->offset)) {
        return true;
    }
    if (type->dictionary == NULL) {
        return false;
    }
    return cell_is_null(type->dictionary, array->dictionary, dictionary_entry(type, array, index));
}

static void append_temporal(text *out, const arrow_type *type, const uint8_t *value) {
    int64_t number = load_int(value, type->width);
    int64_t rest;
    switch (type->kind) {
    case TYPE_DATE_DAYS:
        append_date(out, number);
        break;
    case TYPE_DATE_MILLIS:
        rest = number % 86400000;
        append_date(out, number / 86400000 - (rest < 0));
        break;
    case TYPE_TIME:
        append_time(out, number, type->fraction_digits);
        break;
    case TYPE_TIMESTAMP:
        append_timestamp(out, number, type->fraction_digits, type->zone != NULL);
        break;
    case TYPE_DURATION:
        append_duration(out, number, type->fraction_digits);
        break;
    case TYPE_INTERVAL_MONTHS:
        append_months(out, (int32_t)number);
        break;
    case TYPE_INTERVAL_DAY_TIME:
        append_day_time(out, (int32_t)load_int(value, 4), (int32_t)load_int(value + 4, 4));
        break;
    default: /* TYPE_INTERVAL_MONTH_DAY_NANO */
        append_month_day_nano(out, (int32_t)load_int(value, 4), (int32_t)load_int(value + 4, 4),
                              load_int(value + 8, 8));
    }
}

/* A number: true when it can stand in JSON as it is. */
static bool append_number(text *out, const arrow_type *type, const struct ArrowArray *array, int64_t index) {
    const uint8_t *value = value_at(array, 1, type->width, index);
    if (type->kind == TYPE_INT) {
        text_format(out, "%" PRId64, load_int(value, type->width));
    } else if (type->kind == TYPE_UINT) {
        text_format(out, "%" PRIu64, load_uint(value, type->width));
    } else if (type->kind == TYPE_DECIMAL) {
        append_decimal(out, value, (int)type->width, type->scale);
    } else {
        return append_finite(out, load_float(value, type->width), (int)type->width);
    }
    return true;
}

void cell_append_text(text *out, const arrow_type *type, const struct ArrowArray *array, int64_t index) {
    const uint8_t *bytes;
    size_t length;
    if (type->dictionary != NULL) {
        cell_append_text(out, type->dictionary, array->dictionary, dictionary_entry(type, array, index));
        return;
    }
    switch (type->kind) {
    case TYPE_NULL:
        break;
    case TYPE_BOOL:
        text_string(out, bit_at(array->buffers[1], index + array->offset) ? "true" : "false");
        break;
    case TYPE_INT:
    case TYPE_UINT:
    case TYPE_FLOAT:
    case TYPE_DECIMAL:
        if (!append_number(out, type, array, index)) {
            append_not_finite(out, load_float(value_at(array, 1, type->width, index), type->width));
        }
        break;
    case TYPE_UTF8:
        bytes = bytes_at(type, array, index, &length);
        text_utf8(out, (const char *)bytes, length);
        break;
    case TYPE_BINARY:
    case TYPE_FIXED_BINARY:
        bytes = bytes_at(type, array, index, &length);
        text_hex(out, bytes, length);
        break;
    case TYPE_STRUCT:
    case TYPE_LIST:
    case TYPE_FIXED_LIST:
    case TYPE_MAP:
        cell_append_json(out, type, array, index);
        break;
    default:
        append_temporal(out, type, value_at(array, 1, type->width, index));
    }
}

void append_json_string(text *out, const char *data, size_t length) {
    size_t size;
    text_char(out, '"');
    for (size_t at = 0; at < length; at += size) {
        uint32_t c = utf8_next(data + at, length - at, &size);
        if (c == '"' || c == '\\') {
            text_char(out, '\\');
            text_char(out, (char)c);
        } else if (c == '\n' || c == '\t' || c == '\r') {
            text_string(out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
        } else if (c < 0x20) {
            text_format(out, "\\u%04x", (unsigned)c);
        } else {
            utf8_append(out, c);
        }
    }
    text_char(out, '"');
}

static void append_json_quoted(text *out, const arrow_type *type, const struct ArrowArray *array, int64_t index) {
    text plain = {NULL, 0, 0};
    cell_append_text(&plain, type, array, index);
    append_json_string(out, plain.data, plain.length);
    text_free(&plain);
}

static void append_json_struct(text *out, const arrow_type *type, const struct ArrowArray *array, int64_t index) {
    text_char(out, '{');
    for (size_t i = 0; i < type->child_count; i++) {
        const arrow_type *field = &type->children[i];
        text_string(out, i > 0 ? "," : "");
        append_json_string(out, field->name, strlen(field->name));
        text_char(out, ':');
        cell_append_json(out, field, array->children[i], index + array->offset);
    }
    text_char(out, '}');
}

static void append_json_list(text *out, const arrow_type *type, const struct ArrowArray *array, int64_t index) {
    int64_t begin = (index + array->offset) * type->width;
    int64_t end = begin + type->width;
    if (type->kind == TYPE_LIST) {
        load_bounds(type, array, index, &begin, &end);
    }
    text_char(out, '[');
    for (int64_t item = begin; item < end; item++) {
        text_string(out, item > begin ? "," : "");
        cell_append_json(out, &type->children[0], array->children[0], item);
    }
    text_char(out, ']');
}

static void append_json_map(text *out, const arrow_type *type, const struct ArrowArray *array, int64_t index) {
    const arrow_type *entry_type = &type->children[0];
    const struct ArrowArray *entries = array->children[0];
    int64_t begin;
    int64_t end;
    load_bounds(type, array, index, &begin, &end);
    text_char(out, '{');
    for (int64_t entry = begin; entry < end; entry++) {
        text_string(out, entry > begin ? "," : "");
        append_json_quoted(out, &entry_type->children[0], entries->children[0], entry + entries->offset);
        text_char(out, ':');
        cell_append_json(out, &entry_type->children[1], entries->children[1], entry + entries->offset);
    }
    text_char(out, '}');
}

void cell_append_json(text *out, const arrow_type *type, const struct ArrowArray *array, int64_t index) {
    if (cell_is_null(type, array, index)) {
        text_string(out, "null");
        return;
    }
    if (type->dictionary != NULL) {
        cell_append_json(out, type->dictionary, array->dictionary, dictionary_entry(type, array, index));
        return;
    }
    switch (type->kind) {
    case TYPE_BOOL:
        cell_append_text(out, type, array, index);
        break;
    case TYPE_INT:
    case TYPE_UINT:
    case TYPE_FLOAT:
    case TYPE_DECIMAL:
        if (!append_number(out, type, array, index)) {
            append_json_quoted(out, type, array, index);
        }
        break;
    case TYPE_STRUCT:
        append_json_struct(out, type, array, index);
        break;
    case TYPE_LIST:
    case TYPE_FIXED_LIST:
        append_json_list(out, type, array, index);
        break;
    case TYPE_MAP:
        append_json_map(out, type, array, index);
        break;
    default:
        append_json_quoted(out, type, array, index);
    }
}
