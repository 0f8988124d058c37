#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A copy of a schema owns its format, its children and their list. The rest belongs to the schema that it was copied from,
 * which the outermost copy keeps. */
typedef struct copy {
    char format[64];
    struct ArrowSchema original; /* of the outermost one, else released */
} copy;

static void release_copy(struct ArrowSchema *schema) {
    copy *own = schema->private_data;
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i] != NULL && schema->children[i]->release != NULL) {
            schema->children[i]->release(schema->children[i]);
        }
        free(schema->children[i]);
    }
    free(schema->children);
    if (own->original.release != NULL) {
        own->original.release(&own->original);
    }
    free(own);
    schema->release = NULL;
}

/* The column chunks of a file have the order of the leaves of its schema. */
typedef struct walk {
    const pqpush_metadata *metadata;
    size_t leaf;
} walk;

static bool is_int96(const walk *walk) {
    pqpush_column_info info = {.struct_size = sizeof info};
    return pqpush_metadata_column(walk->metadata, walk->leaf, &info, NULL) == PQPUSH_OK &&
           strcmp(pqpush_physical_type_name(info.physical_type), "INT96") == 0;
}

static bool is_enum(const walk *walk) {
    pqpush_column_info info = {.struct_size = sizeof info};
    return pqpush_metadata_column(walk->metadata, walk->leaf, &info, NULL) == PQPUSH_OK &&
           info.logical_type.length == strlen("ENUM") && memcmp(info.logical_type.data, "ENUM", 4) == 0;
}

static void choose_format(const walk *walk, const char *format, char *out, size_t size) {
    int digits;
    int scale;
    int bits;
    if (strcmp(format, "u") == 0 || strcmp(format, "U") == 0) {
        snprintf(out, size, "vu");
    } else if (strcmp(format, "z") == 0 || strcmp(format, "Z") == 0) {
        snprintf(out, size, is_enum(walk) ? "vu" : "vz");
    } else if (strcmp(format, "tdm") == 0) {
        snprintf(out, size, "tdD");
    } else if (strncmp(format, "tss:", 4) == 0 || strncmp(format, "tsm:", 4) == 0 ||
               (strncmp(format, "tsn:", 4) == 0 && is_int96(walk))) {
        snprintf(out, size, "tsu:%s", format + 4);
    } else if (sscanf(format, "d:%d,%d,%d", &digits, &scale, &bits) >= 2 && digits <= 38) {
        snprintf(out, size, "d:%d,%d,%d", digits, scale, digits <= 9 ? 32 : digits <= 18 ? 64 : 128);
    } else {
        snprintf(out, size, "%s", format);
    }
}

/* Looks for bytes in the metadata of a field: a count, then keys and values, each with its length before it. */
static bool metadata_has(const char *metadata, const char *text) {
    int32_t count = 0;
    bool is_found = false;
    if (metadata != NULL) {
        memcpy(&count, metadata, sizeof count);
        metadata += sizeof count;
    }
    for (int32_t i = 0; i < 2 * count && !is_found; i++) {
        int32_t length;
        memcpy(&length, metadata, sizeof length);
        metadata += sizeof length;
        for (int32_t at = 0; !is_found && at + (int32_t)strlen(text) <= length; at++) {
            is_found = memcmp(metadata + at, text, strlen(text)) == 0;
        }
        metadata += length;
    }
    return is_found;
}

bool has_clear_names(const struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        const char *name = schema->children[i]->name;
        for (int64_t before = 0; before < i; before++) {
            if (strcmp(schema->children[before]->name, name) == 0) {
                return false;
            }
        }
        if (strchr(name, '.') != NULL) {
            return false;
        }
    }
    return true;
}

bool has_extension(const struct ArrowSchema *schema, const char *name) {
    return metadata_has(schema->metadata, name);
}

static bool is_refused(const struct ArrowSchema *schema) {
    bool is_shredded = false;
    for (int64_t i = 0; i < schema->n_children; i++) {
        is_shredded = is_shredded || strcmp(schema->children[i]->name, "typed_value") == 0;
    }
    return (is_shredded && has_extension(schema, "arrow.parquet.variant")) ||
           (has_extension(schema, "geoarrow.wkb") && metadata_has(schema->metadata, "\"edges\""));
}

static bool copy_schema(walk *walk, const struct ArrowSchema *from, struct ArrowSchema *to) {
    copy *own = calloc(1, sizeof *own);
    *to = (struct ArrowSchema){.name = from->name, .metadata = from->metadata, .flags = from->flags};
    if (own == NULL) {
        return false;
    }
    to->private_data = own;
    to->release = release_copy;
    to->format = own->format;
    if (is_refused(from)) {
        to->metadata = NULL;
    }
    choose_format(walk, from->format, own->format, sizeof own->format);
    to->children = calloc((size_t)from->n_children + 1, sizeof(struct ArrowSchema *));
    bool is_copied = to->children != NULL;
    for (int64_t i = 0; is_copied && i < from->n_children; i++) {
        to->children[i] = calloc(1, sizeof *to->children[i]);
        to->n_children = i + 1;
        is_copied = to->children[i] != NULL && copy_schema(walk, from->children[i], to->children[i]);
    }
    walk->leaf += from->n_children == 0;
    if (!is_copied) {
        to->release(to);
    }
    return is_copied;
}

bool read_schema(const pqpush_metadata *metadata, struct ArrowSchema *out, pqpush_error **err) {
    struct ArrowSchema original;
    walk walk = {metadata, 0};
    if (pqpush_metadata_schema(metadata, &original, err) != PQPUSH_OK) {
        return false;
    }
    if (!copy_schema(&walk, &original, out)) {
        original.release(&original);
        return false;
    }
    ((copy *)out->private_data)->original = original;
    return true;
}
