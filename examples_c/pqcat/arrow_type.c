#include "arrow_type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 1000 }; /* the walks over types and values are recursive */

typedef struct simple_type {
    const char *format;
    const char *name;
    type_kind kind;
    int width;
    int fraction_digits;
} simple_type;

static const simple_type simple_types[] = {
    {"n", "null", TYPE_NULL, 0, 0},
    {"b", "bool", TYPE_BOOL, 0, 0},
    {"c", "int8", TYPE_INT, 1, 0},
    {"C", "uint8", TYPE_UINT, 1, 0},
    {"s", "int16", TYPE_INT, 2, 0},
    {"S", "uint16", TYPE_UINT, 2, 0},
    {"i", "int32", TYPE_INT, 4, 0},
    {"I", "uint32", TYPE_UINT, 4, 0},
    {"l", "int64", TYPE_INT, 8, 0},
    {"L", "uint64", TYPE_UINT, 8, 0},
    {"e", "float16", TYPE_FLOAT, 2, 0},
    {"f", "float32", TYPE_FLOAT, 4, 0},
    {"g", "float64", TYPE_FLOAT, 8, 0},
    {"u", "utf8", TYPE_UTF8, 4, 0},
    {"U", "large_utf8", TYPE_UTF8, 8, 0},
    {"vu", "utf8_view", TYPE_UTF8, 0, 0},
    {"z", "binary", TYPE_BINARY, 4, 0},
    {"Z", "large_binary", TYPE_BINARY, 8, 0},
    {"vz", "binary_view", TYPE_BINARY, 0, 0},
    {"tdD", "date32", TYPE_DATE_DAYS, 4, 0},
    {"tdm", "date64", TYPE_DATE_MILLIS, 8, 0},
    {"tts", "time32[s]", TYPE_TIME, 4, 0},
    {"ttm", "time32[ms]", TYPE_TIME, 4, 3},
    {"ttu", "time64[us]", TYPE_TIME, 8, 6},
    {"ttn", "time64[ns]", TYPE_TIME, 8, 9},
    {"tDs", "duration[s]", TYPE_DURATION, 8, 0},
    {"tDm", "duration[ms]", TYPE_DURATION, 8, 3},
    {"tDu", "duration[us]", TYPE_DURATION, 8, 6},
    {"tDn", "duration[ns]", TYPE_DURATION, 8, 9},
    {"tiM", "interval[months]", TYPE_INTERVAL_MONTHS, 4, 0},
    {"tiD", "interval[day_time]", TYPE_INTERVAL_DAY_TIME, 8, 0},
    {"tin", "interval[month_day_nano]", TYPE_INTERVAL_MONTH_DAY_NANO, 16, 0},
    {"+s", "struct", TYPE_STRUCT, 0, 0},
    {"+l", "list", TYPE_LIST, 4, 0},
    {"+L", "large_list", TYPE_LIST, 8, 0},
    {"+m", "map", TYPE_MAP, 4, 0},
};

static bool parse_simple(const char *format, arrow_type *out) {
    for (size_t i = 0; i < sizeof simple_types / sizeof *simple_types; i++) {
        const simple_type *known = &simple_types[i];
        if (strcmp(known->format, format) == 0) {
            out->kind = known->kind;
            out->width = known->width;
            out->fraction_digits = known->fraction_digits;
            return true;
        }
    }
    return false;
}

/* "tsu:Europe/Paris": the unit, and the zone after the colon. */
static bool parse_timestamp(const char *format, arrow_type *out) {
    static const char units[] = "smun";
    const char *unit = strchr(units, format[2]);
    if (format[2] == '\0' || unit == NULL || format[3] != ':') {
        return false;
    }
    out->kind = TYPE_TIMESTAMP;
    out->width = 8;
    out->fraction_digits = 3 * (int)(unit - units);
    out->zone = format[4] != '\0' ? format + 4 : NULL;
    return true;
}

/* "d:38,2" or "d:38,2,128": precision, scale and bits. */
static bool parse_decimal(const char *format, arrow_type *out) {
    int bits = 128;
    if (sscanf(format, "d:%d,%d,%d", &out->precision, &out->scale, &bits) < 2) {
        return false;
    }
    out->kind = TYPE_DECIMAL;
    out->width = bits / 8;
    return (bits == 32 || bits == 64 || bits == 128 || bits == 256) && abs(out->scale) <= 1000;
}

/* "w:16" and "+w:3": bytes and items. */
static bool parse_sized(const char *digits, type_kind kind, arrow_type *out) {
    char *end;
    out->kind = kind;
    out->width = strtol(digits, &end, 10);
    return end != digits && *end == '\0' && out->width >= 0 && out->width <= INT32_MAX;
}

static bool parse_format(const char *format, arrow_type *out) {
    if (strncmp(format, "ts", 2) == 0) {
        return parse_timestamp(format, out);
    }
    if (strncmp(format, "d:", 2) == 0) {
        return parse_decimal(format, out);
    }
    if (strncmp(format, "w:", 2) == 0) {
        return parse_sized(format + 2, TYPE_FIXED_BINARY, out);
    }
    if (strncmp(format, "+w:", 3) == 0) {
        return parse_sized(format + 3, TYPE_FIXED_LIST, out);
    }
    return parse_simple(format, out);
}

/* Lists have one child, maps one that is a struct of two. */
static bool has_right_children(const arrow_type *type) {
    switch (type->kind) {
    case TYPE_LIST:
    case TYPE_FIXED_LIST:
        return type->child_count == 1;
    case TYPE_MAP:
        return type->child_count == 1 && type->children[0].kind == TYPE_STRUCT && type->children[0].child_count == 2;
    default:
        return true;
    }
}

static bool parse_at_depth(const struct ArrowSchema *schema, arrow_type *out, text *problem, int depth) {
    *out = (arrow_type){.kind = TYPE_NULL,
                        .name = schema->name != NULL ? schema->name : "",
                        .nullable = (schema->flags & ARROW_FLAG_NULLABLE) != 0};
    if (depth > MAX_DEPTH) {
        text_format(problem, "nested more than %d levels deep", MAX_DEPTH);
        return false;
    }
    if (!parse_format(schema->format, out)) {
        text_format(problem, "Arrow format \"%s\" is not known to pqcat", schema->format);
        return false;
    }
    out->children = allocate_array((size_t)schema->n_children, sizeof *out->children);
    for (int64_t i = 0; i < schema->n_children; i++) {
        out->child_count++;
        if (!parse_at_depth(schema->children[i], &out->children[i], problem, depth + 1)) {
            return false;
        }
    }
    if (!has_right_children(out)) {
        text_format(problem, "Arrow format \"%s\" with wrong children", schema->format);
        return false;
    }
    if (schema->dictionary != NULL) {
        out->dictionary = allocate_array(1, sizeof *out->dictionary);
        return parse_at_depth(schema->dictionary, out->dictionary, problem, depth + 1);
    }
    return true;
}

bool arrow_type_parse(const struct ArrowSchema *schema, arrow_type *out, text *problem) {
    if (parse_at_depth(schema, out, problem, 0)) {
        return true;
    }
    arrow_type_free(out);
    return false;
}

void arrow_type_free(arrow_type *type) {
    for (size_t i = 0; i < type->child_count; i++) {
        arrow_type_free(&type->children[i]);
    }
    free(type->children);
    if (type->dictionary != NULL) {
        arrow_type_free(type->dictionary);
        free(type->dictionary);
    }
    *type = (arrow_type){.name = ""};
}

static void append_children(text *out, const arrow_type *type) {
    text_char(out, '<');
    for (size_t i = 0; i < type->child_count; i++) {
        const arrow_type *child = &type->children[i];
        text_string(out, i > 0 ? ", " : "");
        text_string(out, child->name);
        text_string(out, ": ");
        arrow_type_name(out, child);
    }
    text_char(out, '>');
}

static void append_simple_name(text *out, const arrow_type *type) {
    for (size_t i = 0; i < sizeof simple_types / sizeof *simple_types; i++) {
        const simple_type *known = &simple_types[i];
        if (known->kind == type->kind && known->width == type->width &&
            known->fraction_digits == type->fraction_digits) {
            text_string(out, known->name);
        }
    }
}

static void append_map_name(text *out, const arrow_type *type) {
    text_string(out, "map<");
    arrow_type_name(out, &type->children[0].children[0]);
    text_string(out, ", ");
    arrow_type_name(out, &type->children[0].children[1]);
    text_char(out, '>');
}

void arrow_type_name(text *out, const arrow_type *type) {
    static const char *const units[] = {"s", "ms", "us", "ns"};
    if (type->dictionary != NULL) {
        text_string(out, "dictionary<");
        append_simple_name(out, type);
        text_string(out, ", ");
        arrow_type_name(out, type->dictionary);
        text_char(out, '>');
        return;
    }
    switch (type->kind) {
    case TYPE_DECIMAL:
        text_format(out, "decimal%d(%d,%d)", (int)type->width * 8, type->precision, type->scale);
        break;
    case TYPE_TIMESTAMP:
        text_format(out, "timestamp[%s%s", units[type->fraction_digits / 3], type->zone != NULL ? ", " : "");
        text_string(out, type->zone != NULL ? type->zone : "");
        text_char(out, ']');
        break;
    case TYPE_FIXED_BINARY:
        text_format(out, "fixed_size_binary[%d]", (int)type->width);
        break;
    case TYPE_FIXED_LIST:
        text_format(out, "fixed_size_list[%d]", (int)type->width);
        append_children(out, type);
        break;
    case TYPE_MAP:
        append_map_name(out, type);
        break;
    default:
        append_simple_name(out, type);
        if (type->kind == TYPE_STRUCT || type->kind == TYPE_LIST) {
            append_children(out, type);
        }
    }
}

bool arrow_type_is_number(const arrow_type *type) {
    const arrow_type *values = type->dictionary != NULL ? type->dictionary : type;
    return values->kind == TYPE_INT || values->kind == TYPE_UINT || values->kind == TYPE_FLOAT ||
           values->kind == TYPE_DECIMAL;
}
