/* What Go cannot say to C by itself: function pointers are called and taken here, and Arrow data is made in memory of C. */
#ifndef PQPUSH_GO_BRIDGE_H
#define PQPUSH_GO_BRIDGE_H

#include <pqpush.h>

#include <stdint.h>

/* Lends bytes that malloc gave; the library frees them. */
pqpush_status bridge_push(pqpush_decoder *decoder, uint64_t offset, void *data, size_t length, pqpush_error **err);

void bridge_release_array(struct ArrowArray *array);
void bridge_release_schema(struct ArrowSchema *schema);

/* A flat array of `length` values and its schema, which own copies of everything. `format` says the type. `fixed` are values
 * of one width or bits, or, where there is a `text`, 64-bit offsets. False where memory is short. */
int bridge_flat_array(const char *format, const void *fixed, size_t fixed_size, const void *text, size_t text_size,
                      int64_t length, struct ArrowArray *out, struct ArrowSchema *out_schema);

/* user_data of callbacks: memory of C that holds a handle of Go. NULL where memory is short. */
void *bridge_handle_new(uintptr_t handle);

/* Sets the functions that Go exports, and `user_data` from bridge_handle_new. */
void bridge_set_key_retriever(pqpush_metadata_options *options, void *user_data);
pqpush_status bridge_predicate(const pqpush_str *columns, size_t count, void *user_data, pqpush_predicate **out,
                               pqpush_error **err);

#endif
