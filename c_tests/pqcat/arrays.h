/* Arrow arrays and schemas put together by hand, for the tests of what pqcat prints. Nothing here owns memory: the
 * release callbacks are NULL, and nobody calls them. */
#ifndef PQCAT_TEST_ARRAYS_H
#define PQCAT_TEST_ARRAYS_H

#include "arrow_type.h"

#include <stdio.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* One field and its values. `children` is NULL or has child_count fields. */
typedef struct column {
    struct ArrowSchema schema;
    struct ArrowArray array;
} column;

#define SCHEMA(format_, name_) {.format = (format_), .name = (name_), .flags = ARROW_FLAG_NULLABLE}
#define BUFFERS(...)                                                                                                   \
    .n_buffers = (int64_t)COUNT(((const void *[]){__VA_ARGS__})), .buffers = (const void *[]) {                        \
        __VA_ARGS__                                                                                                    \
    }

/* A column of the named format; the rest are its buffers, the validity bitmap (NULL: no nulls) first. */
#define COLUMN(format_, name_, length_, ...)                                                                           \
    {SCHEMA(format_, name_), {.length = (length_), .null_count = -1, BUFFERS(__VA_ARGS__)}}

/* Makes the columns the children of parent. The pointer lists have room for them. */
static inline void adopt(column *parent, column *const *children, size_t count, struct ArrowSchema **schemas,
                         struct ArrowArray **arrays) {
    for (size_t i = 0; i < count; i++) {
        schemas[i] = &children[i]->schema;
        arrays[i] = &children[i]->array;
    }
    parent->schema.children = schemas;
    parent->array.children = arrays;
    parent->schema.n_children = parent->array.n_children = (int64_t)count;
}

static int failures = 0;

static inline void expect_text(const char *what, const char *got, size_t length, const char *expected) {
    if (length != strlen(expected) || (length > 0 && memcmp(got, expected, length) != 0)) {
        fprintf(stderr, "%s\n  expected: %s\n  got:      %.*s\n", what, expected, (int)length, got);
        failures++;
    }
}

#endif
