/* An ArrowSchema taken apart once, so that printing a value needs no parsing of format strings. */
#ifndef PQCAT_ARROW_TYPE_H
#define PQCAT_ARROW_TYPE_H

#include "pqpush.h"
#include "text.h"

#include <stdbool.h>

/* What may be long, and may be cut in a table, comes after what may not. */
typedef enum type_kind {
    TYPE_NULL,
    TYPE_BOOL,
    TYPE_INT,
    TYPE_UINT,
    TYPE_FLOAT,
    TYPE_DECIMAL,
    TYPE_DATE_DAYS,
    TYPE_DATE_MILLIS,
    TYPE_TIME,
    TYPE_TIMESTAMP,
    TYPE_DURATION,
    TYPE_INTERVAL_MONTHS,
    TYPE_INTERVAL_DAY_TIME,
    TYPE_INTERVAL_MONTH_DAY_NANO,
    TYPE_UTF8,
    TYPE_BINARY,
    TYPE_FIXED_BINARY,
    TYPE_STRUCT,
    TYPE_LIST,
    TYPE_FIXED_LIST,
    TYPE_MAP
} type_kind;

typedef struct arrow_type {
    type_kind kind;
    /* Bytes of a value; of an offset (4 or 8) for TYPE_UTF8, TYPE_BINARY, TYPE_LIST and TYPE_MAP, where 0 means views;
     * items of a value for TYPE_FIXED_LIST. */
    int64_t width;
    int precision, scale;     /* TYPE_DECIMAL */
    int fraction_digits;      /* of a second, by the unit: 0, 3, 6 or 9 */
    const char *zone;         /* TYPE_TIMESTAMP: NULL without a zone */
    const char *name;         /* of the field; never NULL */
    bool nullable;
    size_t child_count;
    struct arrow_type *children;
    struct arrow_type *dictionary; /* of the values; this type is then that of the indexes. NULL if there is none */
} arrow_type;

/* Takes schema apart. The type borrows from the schema, which must outlive it. False for a type that pqcat cannot print
 * or that is nested too deep; *out is then empty, and `problem` says what it was. */
bool arrow_type_parse(const struct ArrowSchema *schema, arrow_type *out, text *problem);
void arrow_type_free(arrow_type *type);

/* Appends the name of the type as Arrow writes it: int64, timestamp[us, UTC], list<item: utf8>. */
void arrow_type_name(text *out, const arrow_type *type);

/* Numbers are aligned to the right. */
bool arrow_type_is_number(const arrow_type *type);

#endif
