/* pqpush.h: decodes Parquet files without doing I/O.
 *
 * Generated from src/ffi by `cargo build --features header`; edit there.
 *
 * THE LOOP
 *   The host owns the file. pqpush says which byte ranges it needs, takes the bytes, and hands out Arrow batches
 *   through the Arrow C Data Interface:
 *
 *     for (;;) {
 *       pqpush_event event = {.struct_size = sizeof event};
 *       struct ArrowArray batch;
 *       if (pqpush_decoder_try_decode(decoder, &event, &batch, &err) != PQPUSH_OK) break;       // err says why
 *       if (event.kind == PQPUSH_EVENT_FINISHED) break;
 *       if (event.kind == PQPUSH_EVENT_BATCH) { use(&batch); batch.release(&batch); continue; }
 *       for (size_t i = 0; i < event.range_count; i++)                                          // NEEDS_DATA
 *         read_and_push(decoder, event.ranges[i]);
 *     }
 *
 *   The decoder is made from the metadata of the file, and that comes out of a loop of the same shape with a
 *   pqpush_metadata_decoder.
 *
 * ERRORS
 *   A function that can fail returns a pqpush_status: 0 is PQPUSH_OK, negative is an error. Its last parameter, `err`,
 *   may be NULL; if not, it is written on every path: NULL on success, on failure an error that the caller frees with
 *   pqpush_error_free. On failure every other out parameter is NULL, zero or released. There is no "last error" of a
 *   thread. A NULL where a value is needed is PQPUSH_ERR_INVALID_ARGUMENT. An error of the file stays: later calls on
 *   that decoder return it again. A defect of the library is PQPUSH_ERR_INTERNAL with its text, and from then on the
 *   handle answers PQPUSH_ERR_POISONED; nothing unwinds into the host.
 *
 * MEMORY
 *   Owned: the caller frees it, with the function that the description names. Borrowed: it belongs to somebody else,
 *   and the description says until when it may be used. Consumed: it belongs to the library from the call on, also
 *   where the call fails. Every _free does nothing for NULL. {NULL, 0} is a legal empty string, slice or list.
 *
 * THREADS
 *   Functions that take a `const` handle may run on many threads at the same time. Functions that take another handle
 *   need it for themselves: a call beside another one, or from within one, gets PQPUSH_ERR_BUSY and does nothing. Any
 *   handle may be used from, and freed on, any thread. The release callbacks of pushed bytes and of Arrow data may run
 *   on any thread, also after the decoder was freed. The library starts no threads and does no I/O.
 *
 * CALLBACKS
 *   They travel as function, user_data and release. release(user_data) runs exactly once, on every path, also where the
 *   call that was given it fails. Callbacks must not unwind.
 *
 * STRUCTS THAT GROW
 *   begin with struct_size, which the host sets to the sizeof of the struct. Zero is the default of every field. Fields
 *   are only ever appended. A field that the library does not know and that is not zero is PQPUSH_ERR_UNSUPPORTED; a
 *   struct_size smaller than the struct of its first release is PQPUSH_ERR_INVALID_ARGUMENT. Of a struct that the
 *   library fills, it writes struct_size bytes at most.
 */
#ifndef PQPUSH_H
#define PQPUSH_H

#include <stddef.h>
#include <stdint.h>

/** Release that this header is of: the first number of its version. */
#define PQPUSH_VERSION_MAJOR @MAJOR@
/** The second number. */
#define PQPUSH_VERSION_MINOR @MINOR@
/** The third number. */
#define PQPUSH_VERSION_PATCH @PATCH@
/** All three with dots between them. */
#define PQPUSH_VERSION_STRING "@VERSION@"
/** All three in one number, which is larger for a later release. */
#define PQPUSH_VERSION_NUMBER (PQPUSH_VERSION_MAJOR * 10000 + PQPUSH_VERSION_MINOR * 100 + PQPUSH_VERSION_PATCH)
/** Version of the ABI, which is the suffix of the SONAME. */
#define PQPUSH_ABI_VERSION @ABI@

#ifdef __cplusplus
extern "C" {
#endif

/* The structs of the Arrow C Data Interface and the Arrow C Stream Interface, as the Arrow project defines them. */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */
