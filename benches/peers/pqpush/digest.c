/* The digest of batches, as the runner wants it of every peer: for each leaf column, named by its place in the schema, the
 * number of its values and two sums over them. Strings: of bytes, and of bytes times their place in the string.
 * Timestamps count in microseconds, doubles by their bits, decimals by their lowest 64 bits; lists add a leaf of lengths. */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct visit {
    digest *into;
    size_t next; /* the leaf that comes next; they come in the same order for every row */
    bool is_naming;
} visit;

static bool is_valid(const struct ArrowArray *array, int64_t at) {
    const uint8_t *validity = array->n_buffers > 0 ? array->buffers[0] : NULL;
    return validity == NULL || (validity[at / 8] >> (at % 8) & 1);
}

static leaf_digest *leaf_at(visit *visit, const char *path) {
    if (visit->next == MOST_LEAVES) {
        fputs("pqpush peer: too many columns for a digest\n", stderr);
        exit(1);
    }
    leaf_digest *leaf = &visit->into->leaves[visit->next++];
    if (visit->is_naming) {
        snprintf(leaf->path, sizeof leaf->path, "%s", path);
        visit->into->leaf_count = visit->next;
    }
    return leaf;
}

static void add_text(leaf_digest *leaf, const uint8_t *text, int64_t length) {
    leaf->count++;
    for (int64_t i = 0; i < length; i++) {
        leaf->sum += text[i];
        leaf->extra += text[i] * (uint64_t)(i + 1);
    }
}

static void add_view(leaf_digest *leaf, const struct ArrowArray *array, int64_t at) {
    const uint8_t *view = (const uint8_t *)array->buffers[1] + at * 16;
    int32_t length, where[2];
    memcpy(&length, view, sizeof length);
    memcpy(where, view + 8, sizeof where);
    add_text(leaf, length <= 12 ? view + 4 : (const uint8_t *)array->buffers[2 + where[0]] + where[1], length);
}

static int64_t floor_div(int64_t value, int64_t by) {
    return value / by - (value % by < 0);
}

/* The value of a fixed-width column as the digest counts it. */
static uint64_t number(const struct ArrowArray *array, const char *format, int64_t at) {
    const void *values = array->buffers[1];
    int64_t wide[2];
    switch (format[0]) {
    case 'b': return ((const uint8_t *)values)[at / 8] >> (at % 8) & 1;
    case 'c': return (uint64_t)((const int8_t *)values)[at];
    case 'C': return ((const uint8_t *)values)[at];
    case 's': return (uint64_t)((const int16_t *)values)[at];
    case 'S': return ((const uint16_t *)values)[at];
    case 'i': return (uint64_t)((const int32_t *)values)[at];
    case 'I': case 'f': return ((const uint32_t *)values)[at];
    case 'l': case 'L': case 'g': return ((const uint64_t *)values)[at];
    case 'd': memcpy(wide, (const uint8_t *)values + at * 16, sizeof wide); return (uint64_t)wide[0];
    default: break;
    }
    if (strcmp(format, "tdD") == 0) {
        return (uint64_t)((const int32_t *)values)[at];
    }
    if (strncmp(format, "ts", 2) == 0) {
        int64_t time = ((const int64_t *)values)[at];
        return (uint64_t)(format[2] == 'n' ? floor_div(time, 1000) : format[2] == 'm' ? time * 1000 : time);
    }
    fprintf(stderr, "pqpush peer: no digest of a column of format %s\n", format);
    exit(1);
}

static void visit_value(visit *visit, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row,
                        bool is_live, const char *path);

static void visit_children(visit *visit, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row,
                           bool is_live, const char *path) {
    char child[48] = "";
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (visit->is_naming) {
            snprintf(child, sizeof child, "%s%s%d", path, *path == '\0' ? "" : ".", (int)i);
        }
        visit_value(visit, schema->children[i], array->children[i], row, is_live, child);
    }
}

/* A list visits its leaves once for every element, and once without a value to step over or name them. */
static void visit_list(visit *visit, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t at,
                       bool is_live, const char *path) {
    leaf_digest *lengths = leaf_at(visit, path);
    size_t first = visit->next;
    const int32_t *offsets = array->buffers[1];
    if (is_live) {
        lengths->count++;
        lengths->sum += (uint64_t)(offsets[at + 1] - offsets[at]);
        for (int32_t element = offsets[at]; element < offsets[at + 1]; element++) {
            visit->next = first;
            visit_children(visit, schema, array, element, true, path);
        }
    }
    visit->next = first;
    visit_children(visit, schema, array, 0, false, path);
}

static void visit_value(visit *visit, const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row,
                        bool is_live, const char *path) {
    const char *format = schema->format;
    int64_t at = array->offset + row;
    is_live = is_live && is_valid(array, at);
    if (strcmp(format, "+s") == 0) {
        visit_children(visit, schema, array, at, is_live, path);
    } else if (format[0] == '+') {
        visit_list(visit, schema, array, at, is_live, path);
    } else {
        leaf_digest *leaf = leaf_at(visit, path);
        if (!is_live) {
            return;
        }
        if (format[0] == 'v') {
            add_view(leaf, array, at);
        } else if (format[0] == 'u' || format[0] == 'z') {
            const int32_t *offsets = array->buffers[1];
            add_text(leaf, (const uint8_t *)array->buffers[2] + offsets[at], offsets[at + 1] - offsets[at]);
        } else {
            leaf->count++;
            leaf->sum += number(array, format, at);
        }
    }
}

void add_to_digest(digest *into, const struct ArrowSchema *schema, const struct ArrowArray *batch) {
    for (int64_t row = 0; row < batch->length; row++) {
        visit visit = {.into = into, .is_naming = row == 0};
        visit_children(&visit, schema, batch, batch->offset + row, true, "");
    }
}
