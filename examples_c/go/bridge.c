#include "bridge.h"

#include <stdlib.h>
#include <string.h>

/* Exported by callback.go. */
extern int goRetrieveKey(uintptr_t handle, uint8_t *key_metadata, size_t length, uint8_t *out_key, size_t *out_length);
extern int goKeepRows(uintptr_t handle, struct ArrowSchema *schema, struct ArrowArray *rows, struct ArrowArray *out_keep);
extern void goDropHandle(uintptr_t handle);

pqpush_status bridge_push(pqpush_decoder *decoder, uint64_t offset, void *data, size_t length, pqpush_error **err) {
    return pqpush_decoder_push_borrowed(decoder, offset, data, length, free, data, err);
}

void bridge_release_array(struct ArrowArray *array) {
    if (array->release != NULL) {
        array->release(array);
    }
}

void bridge_release_schema(struct ArrowSchema *schema) {
    if (schema->release != NULL) {
        schema->release(schema);
    }
}

/* ---- Arrow data ---- */

typedef struct flat {
    const void *buffers[3];
    uint64_t bytes[]; /* aligned: fixed, then text */
} flat;

static void release_flat(struct ArrowArray *array) {
    free(array->private_data);
    array->release = NULL;
}

static void release_format(struct ArrowSchema *schema) {
    free(schema->private_data);
    schema->release = NULL;
}

int bridge_flat_array(const char *format, const void *fixed, size_t fixed_size, const void *text, size_t text_size,
                      int64_t length, struct ArrowArray *out, struct ArrowSchema *out_schema) {
    int has_text = format[0] == 'U' || format[0] == 'Z';
    flat *owned = malloc(sizeof *owned + fixed_size + text_size + 1);
    char *its_format = malloc(strlen(format) + 1);
    if (owned == NULL || its_format == NULL) {
        free(owned);
        free(its_format);
        return 0;
    }
    char *place = (char *)owned->bytes;
    if (fixed_size > 0) {
        memcpy(place, fixed, fixed_size);
    }
    if (text_size > 0) {
        memcpy(place + fixed_size, text, text_size);
    }
    strcpy(its_format, format);
    owned->buffers[0] = NULL;
    owned->buffers[1] = place;
    owned->buffers[2] = place + fixed_size;
    *out = (struct ArrowArray){.length = length,
                               .n_buffers = has_text ? 3 : 2,
                               .buffers = owned->buffers,
                               .release = release_flat,
                               .private_data = owned};
    *out_schema = (struct ArrowSchema){
        .format = its_format, .flags = ARROW_FLAG_NULLABLE, .release = release_format, .private_data = its_format};
    return 1;
}

/* ---- callbacks ---- */

void *bridge_handle_new(uintptr_t handle) {
    uintptr_t *place = malloc(sizeof *place);
    if (place != NULL) {
        *place = handle;
    }
    return place;
}

static void drop_handle(void *user_data) {
    goDropHandle(*(uintptr_t *)user_data);
    free(user_data);
}

static int retrieve_key(void *user_data, const uint8_t *key_metadata, size_t length, uint8_t *out_key, size_t *out_length) {
    return goRetrieveKey(*(uintptr_t *)user_data, (uint8_t *)key_metadata, length, out_key, out_length);
}

static int keep_rows(void *user_data, const struct ArrowSchema *schema, struct ArrowArray *rows, struct ArrowArray *out_keep) {
    return goKeepRows(*(uintptr_t *)user_data, (struct ArrowSchema *)schema, rows, out_keep);
}

void bridge_set_key_retriever(pqpush_metadata_options *options, void *user_data) {
    options->key_retriever = retrieve_key;
    options->release_user_data = drop_handle;
    options->user_data = user_data;
}

pqpush_status bridge_predicate(const pqpush_str *columns, size_t count, void *user_data, pqpush_predicate **out,
                               pqpush_error **err) {
    pqpush_predicate_callbacks callbacks = {.struct_size = sizeof callbacks,
                                            .user_data = user_data,
                                            .eval_rows = keep_rows,
                                            .release = drop_handle};
    return pqpush_predicate_callback(columns, count, &callbacks, out, err);
}
