/* One value of an Arrow array as text: for people and CSV, or as JSON. */
#ifndef PQCAT_CELL_H
#define PQCAT_CELL_H

#include "arrow_type.h"

/* `index` counts from the array's own offset, everywhere below. */

/* Whether the value is null, by its validity bit, its type, or the dictionary entry that it points to. */
bool cell_is_null(const arrow_type *type, const struct ArrowArray *array, int64_t index);

/* Appends a value that is not null. Strings as they are (bytes that are not UTF-8 as U+FFFD), binary as hex digits,
 * structs, lists and maps as JSON. */
void cell_append_text(text *out, const arrow_type *type, const struct ArrowArray *array, int64_t index);

/* Appends a value, null or not, as JSON: integers and decimals as exact numbers; floats as numbers, but NaN, Infinity
 * and -Infinity as strings; dates, times, intervals as ISO 8601 strings; binary as a string of hex digits; maps as
 * objects. */
void cell_append_json(text *out, const arrow_type *type, const struct ArrowArray *array, int64_t index);

/* Appends "name" as a JSON string. */
void append_json_string(text *out, const char *data, size_t length);

#endif
