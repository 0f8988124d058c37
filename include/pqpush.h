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
#define PQPUSH_VERSION_MAJOR 0
/** The second number. */
#define PQPUSH_VERSION_MINOR 1
/** The third number. */
#define PQPUSH_VERSION_PATCH 0
/** All three with dots between them. */
#define PQPUSH_VERSION_STRING "0.1.0"
/** All three in one number, which is larger for a later release. */
#define PQPUSH_VERSION_NUMBER (PQPUSH_VERSION_MAJOR * 10000 + PQPUSH_VERSION_MINOR * 100 + PQPUSH_VERSION_PATCH)
/** Version of the ABI, which is the suffix of the SONAME. */
#define PQPUSH_ABI_VERSION 0

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

/* ---- Version --------------------------------------------------------------------------------------------------- */

/**
 * The version of the library that is loaded, such as "0.1.0".
 *
 * Returns: a static string, never NULL.
 * Threads: any.
 * Since: 0.1.0
 */
const char *pqpush_version_string(void);

/**
 * The version as a number: MAJOR * 10000 + MINOR * 100 + PATCH. Equal to PQPUSH_VERSION_NUMBER where the header and
 * the loaded library are of one release.
 *
 * Threads: any.
 * Since: 0.1.0
 */
uint32_t pqpush_version_number(void);

/**
 * The version of the ABI, which is the suffix of the SONAME. A host that loads the library by hand compares it with
 * PQPUSH_ABI_VERSION before it calls anything else.
 *
 * Threads: any.
 * Since: 0.1.0
 */
uint32_t pqpush_abi_version(void);

/* ---- Status ---------------------------------------------------------------------------------------------------- */

/**
 * The status codes. The thousands say who is at fault: 1 the caller, 2 the file, 3 a missing feature, 4 resources,
 * 5 a callback of the host, 9 the library. Numbers are never reused.
 */
typedef enum pqpush_status_code {
  /** Done. */
  PQPUSH_OK = 0,
  /** The call is wrong: a NULL, an unknown column, bad UTF-8, a number out of range, contradicting bytes. */
  PQPUSH_ERR_INVALID_ARGUMENT = -1001,
  /** The call is wrong now: a push after FINISHED. */
  PQPUSH_ERR_INVALID_STATE = -1002,
  /** Another call on the same handle is under way, on another thread or further up this call stack. Nothing was done. */
  PQPUSH_ERR_BUSY = -1003,
  /** An earlier call on this handle ended in PQPUSH_ERR_INTERNAL. Free the handle. */
  PQPUSH_ERR_POISONED = -1004,
  /** The bytes are not a Parquet file. */
  PQPUSH_ERR_NOT_PARQUET = -2001,
  /** The file ends inside something. */
  PQPUSH_ERR_TRUNCATED = -2002,
  /** The bytes contradict the format or themselves. */
  PQPUSH_ERR_CORRUPT = -2003,
  /** A page does not match its checksum. */
  PQPUSH_ERR_CHECKSUM = -2004,
  /** A codec, encoding, type, option, function or encryption that this build lacks. The message names it. */
  PQPUSH_ERR_UNSUPPORTED = -3001,
  /** The file is encrypted, and the key is missing or wrong. */
  PQPUSH_ERR_KEY = -3002,
  /** Memory could not be allocated. */
  PQPUSH_ERR_OUT_OF_MEMORY = -4001,
  /** A limit of the options, or a built-in one, would be passed. */
  PQPUSH_ERR_LIMIT = -4002,
  /** A callback of the host said no; what it said is in the message. */
  PQPUSH_ERR_CALLBACK = -5001,
  /** A defect of the library. The handle is poisoned; the message is worth a report. */
  PQPUSH_ERR_INTERNAL = -9001,
} pqpush_status_code;

/**
 * What a call came to: PQPUSH_OK (0), or one of the negative codes of pqpush_status_code. Progress is never a status;
 * pqpush_decoder_try_decode tells it in a pqpush_event.
 */
typedef int32_t pqpush_status;

/**
 * The name of a status code, such as "PQPUSH_ERR_CORRUPT".
 *
 * Parameters: `status`: any number.
 * Returns: a static string, never NULL; "PQPUSH_ERR_UNKNOWN" for a number that is no status code.
 * Threads: any.
 * Since: 0.1.0
 */
const char *pqpush_status_name(int32_t status);

/* ---- Errors ---------------------------------------------------------------------------------------------------- */

/** What went wrong and where in the file. Owned by the caller that was given it; never changes. */
typedef struct pqpush_error pqpush_error;

/**
 * The status code of the error: the one that the failed call returned.
 *
 * Parameters: `err`: an error, or NULL.
 * Returns: the code; PQPUSH_OK for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
int32_t pqpush_error_code(const pqpush_error *err);

/**
 * What happened, in words: UTF-8, ending in NUL, with the column, row group and file offset where they are known.
 *
 * Parameters: `err`: an error, or NULL.
 * Returns: a string, never NULL; empty for NULL.
 * Memory: borrowed; it lives as long as `err`.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
const char *pqpush_error_message(const pqpush_error *err);

/**
 * Byte offset in the file at which it went wrong.
 *
 * Parameters: `err`: an error, or NULL.
 * Returns: the offset; -1 where it is not known, and for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
int64_t pqpush_error_file_offset(const pqpush_error *err);

/**
 * Ordinal of the row group in which it went wrong.
 *
 * Parameters: `err`: an error, or NULL.
 * Returns: the ordinal; -1 where it is not known, and for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
int64_t pqpush_error_row_group(const pqpush_error *err);

/**
 * Ordinal of the leaf column in which it went wrong.
 *
 * Parameters: `err`: an error, or NULL.
 * Returns: the ordinal; -1 where it is not known, and for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
int64_t pqpush_error_column(const pqpush_error *err);

/**
 * Frees an error.
 *
 * Parameters: `err`: an error, or NULL, which does nothing.
 * Memory: `err` and its message are gone.
 * Threads: any.
 * Since: 0.1.0
 */
void pqpush_error_free(pqpush_error *err);

/* ---- Bytes and strings ----------------------------------------------------------------------------------------- */

/** Bytes of the file: `length` bytes from `offset`. */
typedef struct pqpush_range {
  /** First byte. */
  uint64_t offset;
  /** Number of bytes. */
  uint64_t length;
} pqpush_range;

/** A borrowed string: UTF-8, not NUL-terminated. `{NULL, 0}` is the empty string, and as an answer "there is none". */
typedef struct pqpush_str {
  /** The bytes; NULL only where `length` is 0. */
  const char *data;
  /** Number of bytes. */
  size_t length;
} pqpush_str;

/* ---- Events ---------------------------------------------------------------------------------------------------- */

/** The kinds of pqpush_event. */
typedef enum pqpush_event_kind {
  /** Bytes are missing. Push some or all of `ranges`, then call again. */
  PQPUSH_EVENT_NEEDS_DATA = 1,
  /** A batch was written. */
  PQPUSH_EVENT_BATCH = 2,
  /** Everything was delivered; every further call says so again. */
  PQPUSH_EVENT_FINISHED = 3,
  /**
   * Only with PQPUSH_SCAN_ROW_GROUP_EVENTS: all rows of the row group were handed out (with PQPUSH_SCAN_FILL_BATCHES
   * some may wait for more), and the next one was not begun. Call again.
   */
  PQPUSH_EVENT_ROW_GROUP_END = 4,
} pqpush_event_kind;

/** What one try_decode call came to. Set `struct_size` to sizeof(pqpush_event) before the call; the rest is written. */
typedef struct pqpush_event {
  /** Bytes of this struct that the host knows. */
  size_t struct_size;
  /** One of pqpush_event_kind; 0 where the call failed. */
  int32_t kind;
  /** Zero. */
  uint32_t reserved;
  /**
   * NEEDS_DATA: the bytes that are missing; ascending, disjoint, merged as the options say. Borrowed from the
   * handle: pushes leave them alone, the next try_decode and the free end them.
   */
  const pqpush_range *ranges;
  /** Number of `ranges`. */
  size_t range_count;
  /** BATCH: rows of the batch. */
  uint64_t row_count;
  /** BATCH: the row group that its rows come from, -1 where there are several. ROW_GROUP_END: the row group. */
  int64_t row_group;
} pqpush_event;

/* ---- Metadata -------------------------------------------------------------------------------------------------- */

/** Bits of pqpush_metadata_options.flags. */
typedef enum pqpush_metadata_flags {
  /**
   * Read a footer in plain text of an encrypted file without verifying its signature, which takes the footer key. For
   * hosts that have the keys of some columns only, and know by other means that the file was not changed.
   */
  PQPUSH_METADATA_UNVERIFIED_FOOTER = 1,
} pqpush_metadata_flags;

/**
 * The metadata of one file: footer, schema, page index. It never changes, and any number of threads may use it at the
 * same time; each reference that pqpush_metadata_clone or a decoder gave out is freed by pqpush_metadata_free.
 */
typedef struct pqpush_metadata pqpush_metadata;

/**
 * Decodes the metadata of one file. Owned by one caller, used by one thread at a time, freed by
 * pqpush_metadata_decoder_free.
 */
typedef struct pqpush_metadata_decoder pqpush_metadata_decoder;

/** The key of one leaf column. */
typedef struct pqpush_column_key {
  /** Dotted path of the leaf column. */
  pqpush_str column;
  /** The AES key: 16, 24 or 32 bytes. */
  const uint8_t *key;
  /** Number of bytes of `key`. */
  size_t key_length;
} pqpush_column_key;

/** How to read the metadata. Zero is the default of every field. */
typedef struct pqpush_metadata_options {
  /** Bytes of this struct that the host knows: sizeof(pqpush_metadata_options). */
  size_t struct_size;
  /** Bytes of the tail of the file to ask for first. Default 64 KiB. */
  uint64_t footer_size_hint;
  /** The page index: 0: read where the file has one; 1: never; 2: required of every column chunk. */
  int32_t page_index;
  /** Bits of pqpush_metadata_flags. */
  uint32_t flags;
  /** Footer and page index larger than this are refused with PQPUSH_ERR_LIMIT. Default 256 MiB. */
  uint64_t max_metadata_bytes;
  /**
   * The key of an encrypted or signed footer, and of the columns that are encrypted with it: an AES key of 16, 24 or
   * 32 bytes, copied. {NULL, 0}: none. Keys are not looked at for a file that is not encrypted, and every copy is
   * wiped when it is freed.
   */
  const uint8_t *footer_key;
  /** Number of bytes of `footer_key`. */
  size_t footer_key_length;
  /**
   * The keys of columns, copied; for a column that is not in the file they have no effect. A column whose key is
   * missing or wrong is PQPUSH_ERR_KEY when it is read, and only then.
   */
  const pqpush_column_key *column_keys;
  /** Number of `column_keys`. */
  size_t column_key_count;
  /** The AAD prefix that the file was written under, copied: needed where the file does not store it. {NULL, 0}: none. */
  const uint8_t *aad_prefix;
  /** Number of bytes of `aad_prefix`. */
  size_t aad_prefix_length;
  /**
   * Finds the keys that are not given, by the key metadata that the file has for them. Writes the key to `out_key`,
   * which has room for 32 bytes, and its length to `*out_key_length`, which is 0 and stays so where there is no such
   * key. Anything but 0 is a failure, told with the number as PQPUSH_ERR_CALLBACK: of the footer at once, of a column
   * when it is read. It is called within pqpush_metadata_decoder_try_decode, once for each different key metadata,
   * and must not unwind. NULL: only given keys.
   */
  int (*key_retriever)(void *user_data,
                       const uint8_t *key_metadata,
                       size_t key_metadata_length,
                       uint8_t *out_key,
                       size_t *out_key_length);
  /** Handed to `key_retriever` and `release_user_data`. */
  void *user_data;
  /**
   * Runs exactly once, when no key is looked for any more: within the call that is given these options where it fails,
   * else within the pqpush_metadata_decoder_try_decode that finishes or fails, or the pqpush_metadata_decoder_free. May
   * be NULL.
   */
  void (*release_user_data)(void *user_data);
} pqpush_metadata_options;

/**
 * Makes the decoder of the metadata of one file.
 *
 * Parameters: `file_length`: bytes of the file; `options`: how to read, borrowed for the call; NULL: the defaults;
 * `out_decoder`: the new decoder.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_UNSUPPORTED for an option of a later version;
 * PQPUSH_ERR_NOT_PARQUET for a file too short to be one.
 * Memory: `*out_decoder` is owned by the caller and freed by pqpush_metadata_decoder_free; NULL on failure. Keys are
 * copied, and options->user_data is consumed: options->release_user_data(user_data) runs exactly once, on every path on
 * which options->struct_size says that there is one.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_decoder_new(uint64_t file_length,
                                          const pqpush_metadata_options *options,
                                          pqpush_metadata_decoder **out_decoder,
                                          pqpush_error **err);

/**
 * Gives the decoder bytes of the file, which it copies. Any bytes, asked for or not, in any order and cut at any place:
 * a whole small file in one call is as good as the ranges asked for.
 *
 * Parameters: `decoder`; `offset`: of the first byte in the file; `data`, `length`: the bytes, {NULL, 0} for none.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT for bytes past the end of the file or that contradict bytes pushed
 * before, which changes nothing; PQPUSH_ERR_INVALID_STATE after FINISHED; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED; the
 * error that the decoder stands at.
 * Memory: `data` is borrowed for the call.
 * Threads: one at a time for one decoder.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_decoder_push(pqpush_metadata_decoder *decoder,
                                           uint64_t offset,
                                           const uint8_t *data,
                                           size_t length,
                                           pqpush_error **err);

/**
 * Lends the decoder bytes of the file, which it does not copy, otherwise as pqpush_metadata_decoder_push. Of a wide file,
 * whose footer takes many megabytes, it saves most of the time of opening. A whole file in memory can be lent in one call.
 *
 * Parameters: `decoder`; `offset`: of the first byte in the file; `data`, `length`: the bytes, {NULL, 0} for none;
 * `release`, `user_data`: release(user_data) gives the bytes back; a NULL `release` says that they stay for ever.
 * Returns: as pqpush_metadata_decoder_push.
 * Memory: the bytes stay readable and unchanged until release(user_data), which runs exactly once, on every path: within
 * the call where it fails or the bytes were there already, else when neither the decoder nor the metadata need them. The
 * metadata keep the footer, and so the bytes, where all of it is in the bytes and they are no more than four times as long;
 * then that is when the metadata and all that was made of it were freed.
 * Threads: one at a time for one decoder. `release` may run on any thread that calls this library.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_decoder_push_borrowed(pqpush_metadata_decoder *decoder,
                                                    uint64_t offset,
                                                    const uint8_t *data,
                                                    size_t length,
                                                    void (*release)(void *user_data),
                                                    void *user_data,
                                                    pqpush_error **err);

/**
 * One step: says which bytes are missing, or hands out the metadata. Call it until FINISHED.
 *
 * Parameters: `decoder`; `out_event`: its `struct_size` set, the rest is written; its kind is NEEDS_DATA or FINISHED;
 * `out_metadata`: written with FINISHED, NULL otherwise.
 * Returns: PQPUSH_OK with an event; an error of the file (NOT_PARQUET, TRUNCATED, CORRUPT, UNSUPPORTED, KEY, LIMIT) or of
 * the key retriever (CALLBACK), which every later call on the decoder returns again; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED.
 * Memory: `*out_metadata` is owned by the caller, freed by pqpush_metadata_free, and outlives the decoder. The ranges of
 * the event are borrowed until the next pqpush_metadata_decoder_try_decode or pqpush_metadata_decoder_free.
 * Threads: one at a time for one decoder.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_decoder_try_decode(pqpush_metadata_decoder *decoder,
                                                 pqpush_event *out_event,
                                                 pqpush_metadata **out_metadata,
                                                 pqpush_error **err);

/**
 * Frees a decoder. The metadata that it gave out lives on. Within a call on the same decoder, from a callback, it does
 * nothing.
 *
 * Parameters: `decoder`: a decoder, or NULL, which does nothing.
 * Threads: any, once no other thread uses the decoder.
 * Since: 0.1.0
 */
void pqpush_metadata_decoder_free(pqpush_metadata_decoder *decoder);

/**
 * One more reference to the same metadata.
 *
 * Parameters: `metadata`: a reference, or NULL, which gives NULL.
 * Returns: the new reference.
 * Memory: owned by the caller, freed by pqpush_metadata_free.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_metadata *pqpush_metadata_clone(const pqpush_metadata *metadata);

/**
 * Gives up one reference; the last one frees the metadata. Decoders made from it live on.
 *
 * Parameters: `metadata`: a reference, or NULL, which does nothing.
 * Threads: any.
 * Since: 0.1.0
 */
void pqpush_metadata_free(pqpush_metadata *metadata);

/**
 * Rows of the file.
 *
 * Parameters: `metadata`, or NULL.
 * Returns: the number of rows; 0 for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
uint64_t pqpush_metadata_row_count(const pqpush_metadata *metadata);

/**
 * Row groups of the file.
 *
 * Parameters: `metadata`, or NULL.
 * Returns: the number of row groups; 0 for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
size_t pqpush_metadata_row_group_count(const pqpush_metadata *metadata);

/**
 * Leaf columns of the file: what its row groups have a chunk for. A group is counted by its leaves.
 *
 * Parameters: `metadata`, or NULL.
 * Returns: the number of leaf columns; 0 for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
size_t pqpush_metadata_column_count(const pqpush_metadata *metadata);

/**
 * The Arrow schema of all columns of the file: a struct whose children are the top-level columns. It is that of a
 * decoder with default options; one with others may have another: pqpush_decoder_schema.
 *
 * Parameters: `metadata`; `out_schema`: written without looking at what it held.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_UNSUPPORTED for a type that Arrow lacks, and for a name
 * that C cannot hold; PQPUSH_ERR_LIMIT for a schema nested too deeply.
 * Memory: `*out_schema` is owned by the caller, who releases it, and outlives the metadata; released on failure.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_schema(const pqpush_metadata *metadata,
                                     struct ArrowSchema *out_schema,
                                     pqpush_error **err);

/* ---- What the metadata says ------------------------------------------------------------------------------------ */

/** Bits of pqpush_column_chunk_info.flags. */
typedef enum pqpush_column_chunk_flags {
  /** The file has an offset index of the chunk: where each page lies. */
  PQPUSH_COLUMN_CHUNK_OFFSET_INDEX = 1,
  /** The file has a column index of the chunk: bounds of each page. */
  PQPUSH_COLUMN_CHUNK_COLUMN_INDEX = 2,
  /** The file has a bloom filter of the chunk. */
  PQPUSH_COLUMN_CHUNK_BLOOM_FILTER = 4,
  /** The pages are encrypted. */
  PQPUSH_COLUMN_CHUNK_ENCRYPTED = 8,
} pqpush_column_chunk_flags;

/** One row group. */
typedef struct pqpush_row_group_info {
  /** Bytes of this struct that the host knows; set it before the call. */
  size_t struct_size;
  /** Rows. */
  uint64_t row_count;
  /** Bytes of all its column chunks in the file. */
  uint64_t compressed_bytes;
  /** The same before compression, as the file says. */
  uint64_t uncompressed_bytes;
  /** Where the first of its column chunks begins; 0 where it has none. */
  uint64_t file_offset;
} pqpush_row_group_info;

/** One leaf column. The texts are borrowed from the metadata. */
typedef struct pqpush_column_info {
  /** Bytes of this struct that the host knows; set it before the call. */
  size_t struct_size;
  /** Dotted path, the way pqpush_scan_options.columns names it. */
  pqpush_str path;
  /** Logical type with its parameters, such as "DECIMAL(15,2)"; empty where there is none. */
  pqpush_str logical_type;
  /** How values are stored, by the number of the format: pqpush_physical_type_name. */
  int32_t physical_type;
  /** Bytes of a value of FIXED_LEN_BYTE_ARRAY; 0 for other types. */
  uint32_t type_length;
  /** Number of optional and repeated elements on the path; 0: no nulls. */
  uint32_t max_definition_level;
  /** Number of repeated elements on the path; 0: at most one value a row. */
  uint32_t max_repetition_level;
} pqpush_column_info;

/** One leaf column of one row group. */
typedef struct pqpush_column_chunk_info {
  /** Bytes of this struct that the host knows; set it before the call. */
  size_t struct_size;
  /** Values, nulls included. */
  uint64_t value_count;
  /** Bytes of its pages in the file, with their headers. */
  uint64_t compressed_bytes;
  /** The same before compression. */
  uint64_t uncompressed_bytes;
  /** Where its first page begins. */
  uint64_t file_offset;
  /** Where its dictionary page begins; -1 where it has none. */
  int64_t dictionary_page_offset;
  /** Where its first data page begins. */
  int64_t data_page_offset;
  /** Bit n is set where a page uses the encoding with number n of the format: pqpush_encoding_name. */
  uint64_t encodings;
  /** How pages are compressed, by the number of the format: pqpush_codec_name. */
  int32_t codec;
  /** Bits of pqpush_column_chunk_flags. */
  uint32_t flags;
  /** Where its bloom filter begins; -1 where it has none. */
  int64_t bloom_filter_offset;
  /** Bytes of its bloom filter; 0 where it has none or the file does not say. */
  uint64_t bloom_filter_length;
} pqpush_column_chunk_info;

/**
 * What the metadata says about one row group.
 *
 * Parameters: `metadata`; `row_group`: its ordinal; `out_info`: its `struct_size` set, the rest is written.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an ordinal that the file does not have; PQPUSH_ERR_CORRUPT
 * where the footer says what cannot be of one of its column chunks, which are read here.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_row_group(const pqpush_metadata *metadata,
                                        size_t row_group,
                                        pqpush_row_group_info *out_info,
                                        pqpush_error **err);

/**
 * What the metadata says about one leaf column.
 *
 * Parameters: `metadata`; `column`: its ordinal; `out_info`: its `struct_size` set, the rest is written.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an ordinal that the file does not have.
 * Memory: the texts are borrowed from the metadata.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_column(const pqpush_metadata *metadata,
                                     size_t column,
                                     pqpush_column_info *out_info,
                                     pqpush_error **err);

/**
 * The ordinal of a leaf column.
 *
 * Parameters: `metadata`; `path`: its dotted path, all of it; `out_column`: the ordinal.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also where no leaf column has this path; of several, the first.
 * Memory: `path` is borrowed for the call; `*out_column` is 0 on failure.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_find_column(const pqpush_metadata *metadata,
                                          pqpush_str path,
                                          size_t *out_column,
                                          pqpush_error **err);

/**
 * What the metadata says about one leaf column of one row group.
 *
 * Parameters: `metadata`; `row_group`, `column`: the ordinals; `out_info`: its `struct_size` set, the rest is written.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an ordinal that the file does not have; PQPUSH_ERR_CORRUPT
 * where the footer says what cannot be of the chunk, which is read when it is first asked for.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_column_chunk(const pqpush_metadata *metadata,
                                           size_t row_group,
                                           size_t column,
                                           pqpush_column_chunk_info *out_info,
                                           pqpush_error **err);

/**
 * Number of entries of the key-value metadata.
 *
 * Parameters: `metadata`, or NULL.
 * Returns: the number; 0 for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
size_t pqpush_metadata_key_value_count(const pqpush_metadata *metadata);

/**
 * One entry of the key-value metadata, in file order. Keys may repeat.
 *
 * Parameters: `metadata`; `index`: of the entry; `out_key`, `out_value`: the texts; a value that is absent is {NULL, 0}.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an index that the file does not have.
 * Memory: the texts are borrowed from the metadata; {NULL, 0} on failure. They may hold NUL bytes.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_key_value(const pqpush_metadata *metadata,
                                        size_t index,
                                        pqpush_str *out_key,
                                        pqpush_str *out_value,
                                        pqpush_error **err);

/**
 * The application that wrote the file, in its own words.
 *
 * Parameters: `metadata`, or NULL.
 * Returns: the text; {NULL, 0} where the file does not say, and for NULL.
 * Memory: borrowed from the metadata.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_str pqpush_metadata_created_by(const pqpush_metadata *metadata);

/**
 * The version of the Parquet format that the file says it follows: 1 or 2.
 *
 * Parameters: `metadata`, or NULL.
 * Returns: the version; 0 for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
int32_t pqpush_metadata_format_version(const pqpush_metadata *metadata);

/**
 * The name that the Parquet format gives a compression codec, such as "ZSTD".
 *
 * Parameters: `codec`: its number in the format, as in pqpush_column_chunk_info.codec.
 * Returns: a static string, never NULL; "UNKNOWN" for a number that the format does not define.
 * Threads: any.
 * Since: 0.1.0
 */
const char *pqpush_codec_name(int32_t codec);

/**
 * The name that the Parquet format gives an encoding, such as "RLE_DICTIONARY".
 *
 * Parameters: `encoding`: its number in the format: the position of a bit of pqpush_column_chunk_info.encodings.
 * Returns: a static string, never NULL; "UNKNOWN" for a number that the format does not define.
 * Threads: any.
 * Since: 0.1.0
 */
const char *pqpush_encoding_name(int32_t encoding);

/**
 * The name that the Parquet format gives a physical type, such as "BYTE_ARRAY".
 *
 * Parameters: `physical_type`: its number in the format, as in pqpush_column_info.physical_type.
 * Returns: a static string, never NULL; "UNKNOWN" for a number that the format does not define.
 * Threads: any.
 * Since: 0.1.0
 */
const char *pqpush_physical_type_name(int32_t physical_type);

/* ---- Statistics ------------------------------------------------------------------------------------------------ */

/** Bits of pqpush_sorting_info.flags. */
typedef enum pqpush_sorting_flags {
  /** Largest first. */
  PQPUSH_SORTING_DESCENDING = 1,
  /** Nulls before all values. */
  PQPUSH_SORTING_NULLS_FIRST = 2,
} pqpush_sorting_flags;

/** What the rows of a row group are sorted by. */
typedef struct pqpush_sorting_info {
  /** Bytes of this struct that the host knows; set it before the call. */
  size_t struct_size;
  /** Ordinal of the leaf column. */
  uint64_t column;
  /** Bits of pqpush_sorting_flags. */
  uint32_t flags;
  /** Zero. */
  uint32_t reserved;
} pqpush_sorting_info;

/**
 * What the file says about the values of a leaf column, as a struct array: one row for each row group, in file order.
 * Its children, by position and name:
 * - 0 min, 1 max: of the column's type in pqpush_metadata_schema; no value that is neither null nor NaN lies outside
 * - 2 min_is_exact, 3 max_is_exact: Boolean; the bound is equal to a value of the column
 * - 4 null_count, 5 distinct_count, 6 nan_count: UInt64
 * - 7 row_count: UInt64, never null
 * - 8 unencoded_bytes: UInt64; bytes of BYTE_ARRAY values before any encoding
 * - 9 value_count: UInt64, never null; values and nulls: in lists, more or fewer than rows
 * - 10 repetition_levels, 11 definition_levels: List of UInt64; how many entries have each level, from 0 up
 *
 * Only what can be relied on is told, by the rules of the format for column orders, deprecated bounds, NaN and signed
 * zeros; null where the file does not say, or where it cannot be relied on. A later version may append children.
 *
 * Parameters: `metadata`; `column`: ordinal of the leaf column; `string_type`: as in pqpush_scan_options, for the bounds;
 * `out_array`, `out_schema`: written without looking at what they held.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a column that the file does not have; PQPUSH_ERR_UNSUPPORTED
 * for one that cannot be decoded; PQPUSH_ERR_CORRUPT where the footer says what cannot be of one of its chunks.
 * Memory: both are owned by the caller, who releases them, and outlive the metadata; released on failure.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_column_statistics(const pqpush_metadata *metadata,
                                                size_t column,
                                                int32_t string_type,
                                                struct ArrowArray *out_array,
                                                struct ArrowSchema *out_schema,
                                                pqpush_error **err);

/**
 * What the page index says about the values of a leaf column, as a struct array: one row for each data page, in file
 * order. Row groups whose chunk has no offset index have no rows here; pages without a column index have no bounds.
 * Children 0 to 8 are those of pqpush_metadata_column_statistics, of which 2, 3 and 5 are always null; then
 * - 9 row_group: UInt64; ordinal of the row group
 * - 10 first_row: UInt64; row of the row group that the page begins with
 * - 11 file_offset: UInt64; where the page begins
 * - 12 compressed_bytes: UInt64; its bytes in the file, with its header
 * - 13 repetition_levels, 14 definition_levels: List of UInt64; how many entries have each level, from 0 up
 *
 * Parameters: `metadata`; `column`: ordinal of the leaf column; `string_type`: as in pqpush_scan_options, for the bounds;
 * `out_array`, `out_schema`: written without looking at what they held.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a column that the file does not have; PQPUSH_ERR_UNSUPPORTED
 * for one that cannot be decoded; PQPUSH_ERR_CORRUPT where the footer says what cannot be of one of its chunks.
 * Memory: both are owned by the caller, who releases them, and outlive the metadata; released on failure.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_page_statistics(const pqpush_metadata *metadata,
                                              size_t column,
                                              int32_t string_type,
                                              struct ArrowArray *out_array,
                                              struct ArrowSchema *out_schema,
                                              pqpush_error **err);

/**
 * Number of columns that the file says the rows of a row group are sorted by.
 *
 * Parameters: `metadata`, or NULL; `row_group`: its ordinal.
 * Returns: the number; 0 where the file does not say, for an ordinal that it does not have, and for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
size_t pqpush_metadata_sorting_column_count(const pqpush_metadata *metadata, size_t row_group);

/**
 * A column that the rows of a row group are sorted by, where the columns with a lower index are equal.
 *
 * Parameters: `metadata`; `row_group`: its ordinal; `index`: from 0; `out_info`: its `struct_size` set, the rest is
 * written.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an ordinal or index that the file does not have.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_sorting_column(const pqpush_metadata *metadata,
                                             size_t row_group,
                                             size_t index,
                                             pqpush_sorting_info *out_info,
                                             pqpush_error **err);

/**
 * Hands the key-value metadata of one column chunk to the host, pair by pair, in file order. Keys may repeat.
 *
 * Parameters: `metadata`; `row_group`, `column`: the ordinals; `visit`: called for each pair, on this thread, before the
 * call returns; a value that is absent is {NULL, 0}. Anything but 0 ends the walk; it must not unwind; `user_data`:
 * handed to it.
 * Returns: PQPUSH_OK, also where `visit` ended the walk; PQPUSH_ERR_INVALID_ARGUMENT, also for an ordinal that the file
 * does not have; PQPUSH_ERR_CORRUPT where the footer says what cannot be of the chunk.
 * Memory: the texts are borrowed for the call of `visit`. They may hold NUL bytes.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_metadata_column_chunk_key_values(const pqpush_metadata *metadata,
                                                      size_t row_group,
                                                      size_t column,
                                                      int (*visit)(void *user_data, pqpush_str key, pqpush_str value),
                                                      void *user_data,
                                                      pqpush_error **err);

/* ---- Bloom filters --------------------------------------------------------------------------------------------- */

/** What a bloom filter says of a value. */
typedef enum pqpush_bloom_verdict {
  /** No row of the chunk has it. */
  PQPUSH_BLOOM_NO = 0,
  /** A row of the chunk may have it. */
  PQPUSH_BLOOM_MAYBE = 1,
} pqpush_bloom_verdict;

/**
 * The bloom filter of one column chunk. It never changes, and any number of threads may use it at the same time. Freed by
 * pqpush_bloom_filter_free.
 */
typedef struct pqpush_bloom_filter pqpush_bloom_filter;

/**
 * Decodes the bloom filter of one column chunk. Owned by one caller, used by one thread at a time, freed by
 * pqpush_bloom_filter_decoder_free.
 */
typedef struct pqpush_bloom_filter_decoder pqpush_bloom_filter_decoder;

/**
 * Makes the decoder of the bloom filter of one column chunk. Whether it has one, pqpush_column_chunk_info.flags says.
 *
 * Parameters: `metadata`; `row_group`, `column`: the ordinals; `out_decoder`: the new decoder.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a chunk without a bloom filter and for an ordinal that the
 * file does not have; PQPUSH_ERR_UNSUPPORTED for a chunk that lies in another file; PQPUSH_ERR_KEY for one that
 * is encrypted and whose key is missing or wrong; PQPUSH_ERR_CORRUPT where the filter does not lie in the file, and
 * where the footer says what cannot be of the chunk.
 * Memory: `*out_decoder` is owned by the caller and freed by pqpush_bloom_filter_decoder_free; NULL on failure. It keeps
 * the metadata alive.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_bloom_filter_decoder_new(const pqpush_metadata *metadata,
                                              size_t row_group,
                                              size_t column,
                                              pqpush_bloom_filter_decoder **out_decoder,
                                              pqpush_error **err);

/**
 * Gives the decoder bytes of the file, which it copies. Any bytes, asked for or not, in any order and cut at any place.
 *
 * Parameters: `decoder`; `offset`: of the first byte in the file; `data`, `length`: the bytes, {NULL, 0} for none.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT for bytes past the end of the file or that contradict bytes pushed
 * before, which changes nothing; PQPUSH_ERR_INVALID_STATE after FINISHED; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED; the
 * error that the decoder stands at.
 * Memory: `data` is borrowed for the call.
 * Threads: one at a time for one decoder.
 * Since: 0.1.0
 */
pqpush_status pqpush_bloom_filter_decoder_push(pqpush_bloom_filter_decoder *decoder,
                                               uint64_t offset,
                                               const uint8_t *data,
                                               size_t length,
                                               pqpush_error **err);

/**
 * One step: says which bytes are missing, or hands out the filter. Call it until FINISHED.
 *
 * Parameters: `decoder`; `out_event`: its `struct_size` set, the rest is written; its kind is NEEDS_DATA or FINISHED;
 * `out_filter`: written with FINISHED, NULL otherwise.
 * Returns: PQPUSH_OK with an event; an error of the file (CORRUPT, UNSUPPORTED), which every later call on the decoder
 * returns again; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED.
 * Memory: `*out_filter` is owned by the caller, freed by pqpush_bloom_filter_free, and outlives the decoder. The ranges of
 * the event are borrowed until the next pqpush_bloom_filter_decoder_try_decode or pqpush_bloom_filter_decoder_free.
 * Threads: one at a time for one decoder.
 * Since: 0.1.0
 */
pqpush_status pqpush_bloom_filter_decoder_try_decode(pqpush_bloom_filter_decoder *decoder,
                                                     pqpush_event *out_event,
                                                     pqpush_bloom_filter **out_filter,
                                                     pqpush_error **err);

/**
 * Frees a decoder. The filter that it gave out lives on.
 *
 * Parameters: `decoder`: a decoder, or NULL, which does nothing.
 * Threads: any, once no other thread uses the decoder.
 * Since: 0.1.0
 */
void pqpush_bloom_filter_decoder_free(pqpush_bloom_filter_decoder *decoder);

/**
 * Looks for any of some values: NO where no row of the chunk has one of them. Nulls are not looked for.
 *
 * Parameters: `filter`; `values`, `values_schema`: an Arrow array of one or more values and its schema. It is to be of the
 * column's type; of integers, of floating-point numbers, and of strings and binaries any type will do, of decimals any
 * precision, of timestamps any zone; `out_verdict`: one of pqpush_bloom_verdict.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for values of another kind than the column's.
 * Memory: `values` and `values_schema` are consumed, on every path; `*out_verdict` is MAYBE on failure.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_bloom_filter_check(const pqpush_bloom_filter *filter,
                                        struct ArrowArray *values,
                                        struct ArrowSchema *values_schema,
                                        int32_t *out_verdict,
                                        pqpush_error **err);

/**
 * Looks for an integer: NO where no row of the chunk has it.
 *
 * Parameters: `filter`: of a column of integers, or of what is stored as such: dates, times, timestamps, decimals (the
 * number without its point); `value`; `out_verdict`: one of pqpush_bloom_verdict.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a column of another kind.
 * Memory: `*out_verdict` is MAYBE on failure.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_bloom_filter_check_int64(const pqpush_bloom_filter *filter,
                                              int64_t value,
                                              int32_t *out_verdict,
                                              pqpush_error **err);

/**
 * Looks for a floating-point number: NO where no row of the chunk has it. Zeros of either sign are equal; a NaN may be
 * anywhere.
 *
 * Parameters: `filter`: of a column of FLOAT or DOUBLE; `value`; `out_verdict`: one of pqpush_bloom_verdict.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a column of another kind.
 * Memory: `*out_verdict` is MAYBE on failure.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_bloom_filter_check_double(const pqpush_bloom_filter *filter,
                                               double value,
                                               int32_t *out_verdict,
                                               pqpush_error **err);

/**
 * Looks for a string or binary: NO where no row of the chunk has it.
 *
 * Parameters: `filter`: of a column of BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY; `data`, `length`: the bytes as they are stored,
 * {NULL, 0} for the empty string; `out_verdict`: one of pqpush_bloom_verdict.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a column of another kind.
 * Memory: `data` is borrowed for the call; `*out_verdict` is MAYBE on failure.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_bloom_filter_check_bytes(const pqpush_bloom_filter *filter,
                                              const uint8_t *data,
                                              size_t length,
                                              int32_t *out_verdict,
                                              pqpush_error **err);

/**
 * Frees a filter.
 *
 * Parameters: `filter`: a filter, or NULL, which does nothing.
 * Threads: any, once no other thread uses the filter.
 * Since: 0.1.0
 */
void pqpush_bloom_filter_free(pqpush_bloom_filter *filter);

/* ---- Predicates ------------------------------------------------------------------------------------------------ */

/** Comparisons. */
typedef enum pqpush_comparison {
  /** Equal. */
  PQPUSH_EQ = 0,
  /** Not equal. */
  PQPUSH_NE = 1,
  /** Less than. */
  PQPUSH_LT = 2,
  /** Less than or equal. */
  PQPUSH_LE = 3,
  /** Greater than. */
  PQPUSH_GT = 4,
  /** Greater than or equal. */
  PQPUSH_GE = 5,
} pqpush_comparison;

/**
 * A condition on rows. It never changes, and any number of decoders and threads may use it at the same time.
 *
 * Columns are named by dotted path, and have to be leaf columns outside of lists. They are looked up, and literals made
 * values of their types, when a decoder is made: pqpush_decoder_new answers PQPUSH_ERR_INVALID_ARGUMENT where that is
 * not possible, naming the column and both types.
 *
 * Logic is that of SQL: a comparison with null is neither true nor false, also under NOT, OR and IN, and a row is kept
 * where the predicate is true. Strings and binaries compare by unsigned bytes, false is less than true, zeros of either
 * sign are equal. NaN is not less than, equal to or greater than anything, itself included: of comparisons only
 * PQPUSH_NE holds for it.
 */
typedef struct pqpush_predicate pqpush_predicate;

/** What is known of one column of some rows, for pqpush_predicate_callbacks.eval_stats. */
typedef struct pqpush_column_bounds {
  /** Bytes of this struct that the library knows. */
  size_t struct_size;
  /** Lower bound of the values that are neither null nor NaN, an array of length 1, borrowed; NULL where not known. */
  struct ArrowArray *min;
  /** Upper bound, likewise. */
  struct ArrowArray *max;
  /** Schema of the column, and so of the bounds; borrowed. */
  const struct ArrowSchema *schema;
  /** Nulls; -1 where not known. */
  int64_t null_count;
  /** Rows. */
  uint64_t row_count;
} pqpush_column_bounds;

/**
 * A host's own predicate. The functions may be called on any thread that uses a decoder with it, also at the same time;
 * they must not unwind.
 */
typedef struct pqpush_predicate_callbacks {
  /** Bytes of this struct that the host knows: sizeof(pqpush_predicate_callbacks). */
  size_t struct_size;
  /** Handed to each function. */
  void *user_data;
  /**
   * Owns `rows`, a struct array of the columns in the order in which they were named, and sets `*out_keep`, which is
   * released before, to a Boolean array of as many rows; null drops the row. `schema` is that of `rows`, borrowed.
   * Anything but 0 is a failure.
   */
  int (*eval_rows)(void *user_data,
                   const struct ArrowSchema *schema,
                   struct ArrowArray *rows,
                   struct ArrowArray *out_keep);
  /** Sets `*out_verdict` to 0 (keep), or to 1 (skip) where no row can match. Anything but 0 is a failure. May be NULL. */
  int (*eval_stats)(void *user_data, const pqpush_column_bounds *columns, size_t count, int32_t *out_verdict);
  /**
   * Runs exactly once, when nothing uses the callbacks any more, also where the call that is given them fails. May
   * be NULL.
   */
  void (*release)(void *user_data);
} pqpush_predicate_callbacks;

/**
 * Compares a column with a literal.
 *
 * The literal is made a value of the column's type without loss, or refused: a number a number of the same value, a date or
 * time one of another unit, a string a binary. A decimal stands for the nearest floating-point number, a floating-point
 * number for the decimal that it is written as; a date for its midnight; a timestamp without a zone is in UTC where the
 * column is; a string may be a written date or timestamp.
 *
 * Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `literal`, `literal_schema`: an Arrow array of
 * length 1 and its schema; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: `literal` and `literal_schema` are consumed, on every path; `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_compare(pqpush_str column,
                                       int32_t op,
                                       struct ArrowArray *literal,
                                       struct ArrowSchema *literal_schema,
                                       pqpush_predicate **out,
                                       pqpush_error **err);

/**
 * Compares a column with an integer, as pqpush_predicate_compare does.
 *
 * Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `value`; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_compare_int64(pqpush_str column,
                                             int32_t op,
                                             int64_t value,
                                             pqpush_predicate **out,
                                             pqpush_error **err);

/**
 * Compares a column with a floating-point number, as pqpush_predicate_compare does.
 *
 * Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `value`; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_compare_double(pqpush_str column,
                                              int32_t op,
                                              double value,
                                              pqpush_predicate **out,
                                              pqpush_error **err);

/**
 * Compares a column with a string, as pqpush_predicate_compare does.
 *
 * Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `value`; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: `value` is borrowed for the call; `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_compare_string(pqpush_str column,
                                              int32_t op,
                                              pqpush_str value,
                                              pqpush_predicate **out,
                                              pqpush_error **err);

/**
 * Keeps rows whose value is one of a list. With a null in the list the rows whose value is not in it are neither kept nor
 * dropped by a NOT around it, as in SQL; a list without values keeps no row.
 *
 * Parameters: `column`: dotted path; `values`, `values_schema`: an Arrow array and its schema; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: `values` and `values_schema` are consumed, on every path; `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_in(pqpush_str column,
                                  struct ArrowArray *values,
                                  struct ArrowSchema *values_schema,
                                  pqpush_predicate **out,
                                  pqpush_error **err);

/**
 * Keeps rows whose value is null.
 *
 * Parameters: `column`: dotted path; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_is_null(pqpush_str column, pqpush_predicate **out, pqpush_error **err);

/**
 * Keeps rows whose value, a string or binary, begins with a prefix.
 *
 * Parameters: `column`: dotted path; `prefix`; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: `prefix` is borrowed for the call; `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_starts_with(pqpush_str column,
                                           pqpush_str prefix,
                                           pqpush_predicate **out,
                                           pqpush_error **err);

/**
 * Keeps rows whose value, a string or binary, matches an SQL LIKE pattern: `%` is any text, `_` one character (one
 * byte of a binary); a backslash before one of them, or before a backslash, makes it stand for itself.
 *
 * Parameters: `column`: dotted path; `pattern`; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a backslash before anything else.
 * Memory: `pattern` is borrowed for the call; `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_like(pqpush_str column,
                                    pqpush_str pattern,
                                    pqpush_predicate **out,
                                    pqpush_error **err);

/**
 * Keeps rows for which every operand is true: all rows where there is no operand.
 *
 * Parameters: `operands`, `count`: the predicates; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: the operands are consumed, on every path; `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_and(pqpush_predicate **operands,
                                   size_t count,
                                   pqpush_predicate **out,
                                   pqpush_error **err);

/**
 * Keeps rows for which an operand is true: none where there is no operand.
 *
 * Parameters: `operands`, `count`: the predicates; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: the operands are consumed, on every path; `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_or(pqpush_predicate **operands,
                                  size_t count,
                                  pqpush_predicate **out,
                                  pqpush_error **err);

/**
 * Keeps rows for which the operand is false: not those for which it is neither true nor false.
 *
 * Parameters: `operand`: the predicate; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: the operand is consumed, on every path; `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_not(pqpush_predicate *operand, pqpush_predicate **out, pqpush_error **err);

/**
 * Reads a condition in SQL, as it stands behind WHERE: comparisons of a column with a literal, IN, BETWEEN, LIKE,
 * IS [NOT] NULL, AND, OR, NOT, parentheses. Names of columns are case-sensitive, and in double quotes where they are not
 * plain words. Literals: 5, -0.05 (a decimal), 1e3 (a double), 'text', X'00ff', TRUE, FALSE, NULL, DATE '1994-01-31',
 * TIME '12:30:00', TIMESTAMP '1994-01-31 12:30:00.5', and with Z or +02:00 behind it an instant in UTC.
 *
 * Parameters: `sql`: the condition; `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, and the message says at which character.
 * Memory: `sql` is borrowed for the call; `*out` is owned by the caller, NULL on failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_parse(pqpush_str sql,
                                     pqpush_predicate **out,
                                     pqpush_error **err);

/**
 * Frees a predicate. Decoders that use it keep what they need of it.
 *
 * Parameters: `predicate`: a predicate, or NULL, which does nothing.
 * Threads: any.
 * Since: 0.1.0
 */
void pqpush_predicate_free(pqpush_predicate *predicate);

/**
 * Keeps rows that a function of the host keeps. Where it fails, or answers with anything but as many Booleans as there are
 * rows, the decoder ends with PQPUSH_ERR_CALLBACK, and the message has the function and the number that it returned.
 *
 * Parameters: `columns`, `column_count`: dotted paths, at least one; `callbacks`: the functions, borrowed for the call;
 * `out`: the new predicate.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_UNSUPPORTED for fields past the ones of this version.
 * Memory: callbacks->user_data is consumed: release(user_data) runs exactly once, on every path on which
 * callbacks->struct_size says that there is a release; `*out` is owned by the caller, NULL on
 * failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_predicate_callback(const pqpush_str *columns,
                                        size_t column_count,
                                        const pqpush_predicate_callbacks *callbacks,
                                        pqpush_predicate **out,
                                        pqpush_error **err);

/* ---- Scan options ---------------------------------------------------------------------------------------------- */

/** Bits of pqpush_scan_options.flags. */
typedef enum pqpush_scan_flags {
  /** `limit` counts, also where it is 0. */
  PQPUSH_SCAN_LIMIT = 1,
  /**
   * Verify the checksum of every page that is decoded, where its header has one. A page that does not match it is
   * PQPUSH_ERR_CHECKSUM.
   */
  PQPUSH_SCAN_VERIFY_CHECKSUMS = 2,
  /** Do not leave out row groups by the statistics of their column chunks, nor predicates in row groups. */
  PQPUSH_SCAN_NO_STATS_PRUNING = 4,
  /** Do not leave out pages by the column index. */
  PQPUSH_SCAN_NO_PAGE_PRUNING = 8,
  /** Do not use bloom filters. Else those that can rule out a row group are asked for before anything else of it. */
  PQPUSH_SCAN_NO_BLOOM = 16,
  /**
   * Append the int64 column "row_number": which row of the file each is, counted from 0 over all row groups. Refused
   * where a column of that name is read.
   */
  PQPUSH_SCAN_ROW_NUMBERS = 32,
  /**
   * Append the int64 column "row_group_index": ordinal of the row group that each row comes from. Refused where a
   * column of that name is read.
   */
  PQPUSH_SCAN_ROW_GROUP_INDEX = 64,
  /**
   * Fill batches across row groups, by copying; the event's row_group is then -1 where rows of several are in one
   * batch. For predicates that leave a few rows of each row group.
   */
  PQPUSH_SCAN_FILL_BATCHES = 128,
  /**
   * Take no notice of the Arrow schema that the writer of the file left in its metadata, "ARROW:schema". Else it decides
   * where `schema` and `string_type` do not, as far as it fits: large and view types, names of time zones, time units
   * and durations, widths of decimals, large lists and lists of one length, names and metadata of fields.
   */
  PQPUSH_SCAN_IGNORE_ARROW_SCHEMA = 256,
  /**
   * Tell the end of each row group by the event PQPUSH_EVENT_ROW_GROUP_END, before the next row group is begun: there
   * pqpush_decoder_reconfigure can be called.
   */
  PQPUSH_SCAN_ROW_GROUP_EVENTS = 512,
} pqpush_scan_flags;

/** So many rows to read or to pass over. */
typedef struct pqpush_row_run {
  /** Number of rows. */
  uint64_t row_count;
  /** 1: read them, 0: pass over them. */
  uint32_t select;
  /** Zero. */
  uint32_t reserved;
} pqpush_row_run;

/** Which rows of one row group to read. */
typedef struct pqpush_row_group_selection {
  /** Ordinal of the row group. */
  uint32_t row_group;
  /** Zero. */
  uint32_t reserved;
  /** Runs of its rows, one behind the other; they cover them all. */
  const pqpush_row_run *runs;
  /** Number of `runs`. */
  size_t run_count;
} pqpush_row_group_selection;

/** What to decode and how. Zero is the default of every field. */
typedef struct pqpush_scan_options {
  /** Bytes of this struct that the host knows; pqpush_scan_options_init sets it. */
  size_t struct_size;
  /** Rows of a batch at most; a batch holds fewer only at the end of a row group or of the scan. Default 8192. */
  uint64_t batch_rows;
  /**
   * The columns by dotted path; a group's path takes all its leaves. NULL: all columns. Not NULL and a count of 0:
   * no columns, only rows. Batches have them in schema order.
   */
  const pqpush_str *columns;
  /** Number of `columns`. */
  size_t column_count;
  /** The row groups, read in this order, each at most once. NULL: all in file order. Not NULL and a count of 0: none. */
  const uint32_t *row_groups;
  /** Number of `row_groups`. */
  size_t row_group_count;
  /** Which rows of the chosen row groups, one run behind the other; they cover them all. NULL: all. */
  const pqpush_row_run *row_selection;
  /** Number of `row_selection`. */
  size_t row_selection_count;
  /**
   * Predicates, all of which a row has to satisfy; borrowed for the call, what decoders
   * need of them is kept alive inside. Their columns need not be among `columns`.
   */
  const pqpush_predicate *const *predicates;
  /** Number of `predicates`. */
  size_t predicate_count;
  /** Rows to pass over first, counted after the predicates. */
  uint64_t offset;
  /** Rows to hand out at most. UINT64_MAX, and 0 without PQPUSH_SCAN_LIMIT: no limit. */
  uint64_t limit;
  /**
   * 0: Utf8 and Binary, or what the ARROW:schema of the file asks for; 1: LargeUtf8 and LargeBinary; 2: Utf8View and
   * BinaryView.
   */
  int32_t string_type;
  /**
   * 0: expand dictionaries, except where `schema` asks for them; 1: keep strings and binaries that the file stores with
   * a dictionary as Arrow dictionaries with int32 keys. Values that the file stores without one are appended to the
   * dictionary of their batch, which may so have duplicates.
   */
  int32_t dictionary;
  /**
   * The wanted Arrow schema, a struct whose children stand for the columns of their names, in the order of the file;
   * borrowed for the call. NULL: the file's own. Fields of structs go by name too, elements of lists and entries of
   * maps by place. A column without a field is read as if there were no schema. What cannot hold every value of a
   * column, such as a narrower integer, a coarser time unit or a field without nulls, and a field of which the file
   * has nothing are PQPUSH_ERR_INVALID_ARGUMENT of pqpush_decoder_new; a single value that does not fit into a type
   * that fits in general is PQPUSH_ERR_CORRUPT when it is met. Names, nullability and metadata of fields given, and
   * the metadata of the schema, are those of the output.
   */
  const struct ArrowSchema *schema;
  /**
   * Bytes that NEEDS_DATA may ask for and the decoder hold at a time; more only where a single page is larger. 0: no
   * bound.
   */
  uint64_t max_buffered_bytes;
  /** Ranges that lie at most so many bytes apart are asked for as one. 0: only adjacent ones. */
  uint64_t coalesce_gap;
  /** Bytes of decoded filter columns kept for the output. Default 100 MiB. */
  uint64_t predicate_cache_bytes;
  /**
   * How unselected rows between selected ones of a page are passed over: 0: short gaps are decoded and dropped, long
   * ones jumped over, what is short depending on the column; 1: runs: every gap is jumped over; 2: bitmap: gaps are
   * decoded and dropped, except very long ones. What is read is the same.
   */
  int32_t selection_policy;
  /** Bits of pqpush_scan_flags. */
  uint32_t flags;
  /**
   * Instead of `row_selection`: a Boolean array, true for the rows to read, with one value for each row of the chosen row
   * groups. Null is false. Borrowed for the call, not released. NULL: all rows.
   */
  const struct ArrowArray *row_bitmap;
  /**
   * Instead of both: selections within single chosen row groups, each of them named at most once. Row groups that are
   * not named are read whole. NULL: all rows.
   */
  const pqpush_row_group_selection *row_group_selections;
  /** Number of `row_group_selections`. */
  size_t row_group_selection_count;
} pqpush_scan_options;

/**
 * Sets every field to its default, and `struct_size` to the size given.
 *
 * Parameters: `options`: NULL does nothing; `struct_size`: sizeof(pqpush_scan_options) as the host was compiled; a size
 * that no release can have does nothing.
 * Memory: `struct_size` bytes of `options` are written.
 * Threads: any.
 * Since: 0.1.0
 */
void pqpush_scan_options_init(pqpush_scan_options *options, size_t struct_size);

/* ---- Decoder --------------------------------------------------------------------------------------------------- */

/** The decoder of one scan. Owned by one caller, used by one thread at a time, freed by pqpush_decoder_free. */
typedef struct pqpush_decoder pqpush_decoder;

/** What a decoder has done so far. Counts never fall. What this version does not do yet is counted as 0. */
typedef struct pqpush_metrics {
  /** Bytes of this struct that the host knows; set it before the call. */
  size_t struct_size;
  /** Rows of the chosen row groups. */
  uint64_t rows_total;
  /** Rows that row-group statistics ruled out. */
  uint64_t rows_pruned_by_stats;
  /** Rows that the page index ruled out. */
  uint64_t rows_pruned_by_pages;
  /** Rows that bloom filters ruled out. */
  uint64_t rows_pruned_by_bloom;
  /** Rows that a predicate was evaluated on and refused. */
  uint64_t rows_filtered;
  /** Rows handed out. */
  uint64_t rows_out;
  /** Row groups chosen. */
  uint64_t row_groups_total;
  /** Of them: ruled out whole. */
  uint64_t row_groups_pruned;
  /** Data pages met so far, of the columns that are read. */
  uint64_t pages_total;
  /** Of them: passed over without decompressing. */
  uint64_t pages_skipped;
  /** Pages that were decompressed, dictionary pages among them. */
  uint64_t pages_decompressed;
  /** Bytes asked for. */
  uint64_t bytes_requested;
  /** Bytes pushed. */
  uint64_t bytes_pushed;
  /** Bytes that came out of decompression. */
  uint64_t bytes_decompressed;
  /** Batches handed out. */
  uint64_t batches;
  /** Column chunks that the output needed and a predicate had decoded. */
  uint64_t cache_hits;
  /** Column chunks that were decoded again for the output after a predicate had decoded them: always 0. */
  uint64_t cache_misses;
  /** Most bytes of values decoded for predicates that waited for the output. */
  uint64_t cache_peak_bytes;
  /** Most pushed bytes that were held. */
  uint64_t buffered_peak_bytes;
  /** Rows that dictionaries ruled out: they had no value that a predicate keeps. */
  uint64_t rows_pruned_by_dictionary;
} pqpush_metrics;

/**
 * Makes the decoder of one scan.
 *
 * Parameters: `metadata`: of the file; the decoder keeps a reference of its own. `options`: what to decode and how,
 * borrowed for the call; NULL: every row of every column. `out_decoder`: the new decoder.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT for an option that is wrong, such as an unknown column;
 * PQPUSH_ERR_UNSUPPORTED for an option or a column type that this version lacks; PQPUSH_ERR_CORRUPT.
 * Memory: `*out_decoder` is owned by the caller and freed by pqpush_decoder_free; NULL on failure.
 * Threads: any, at the same time, also with the same `metadata`.
 * Since: 0.1.0
 */
pqpush_status pqpush_decoder_new(const pqpush_metadata *metadata,
                                 const pqpush_scan_options *options,
                                 pqpush_decoder **out_decoder,
                                 pqpush_error **err);

/**
 * The schema of the batches: a struct whose children are the output columns. It changes with pqpush_decoder_reconfigure.
 *
 * Parameters: `decoder`; `out_schema`: written without looking at what it held.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_UNSUPPORTED for a name that C cannot hold.
 * Memory: `*out_schema` is owned by the caller, who releases it, and outlives the decoder; released on failure.
 * Threads: any, at the same time, also while another thread uses the decoder.
 * Since: 0.1.0
 */
pqpush_status pqpush_decoder_schema(const pqpush_decoder *decoder,
                                    struct ArrowSchema *out_schema,
                                    pqpush_error **err);

/**
 * Gives the decoder bytes of the file, which it copies as far as it still needs them. Any bytes, asked for or not, in
 * any order and cut at any place.
 *
 * Parameters: `decoder`; `offset`: of the first byte in the file; `data`, `length`: the bytes, {NULL, 0} for none.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT for bytes past the end of the file or that contradict bytes pushed
 * before, which changes nothing; PQPUSH_ERR_INVALID_STATE after FINISHED; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED; the
 * error that the decoder stands at.
 * Memory: `data` is borrowed for the call. Views may point into the copy, which stays as long as their batches.
 * Threads: one at a time for one decoder.
 * Since: 0.1.0
 */
pqpush_status pqpush_decoder_push(pqpush_decoder *decoder,
                                  uint64_t offset,
                                  const uint8_t *data,
                                  size_t length,
                                  pqpush_error **err);

/**
 * Lends the decoder bytes of the file, which it does not copy. Batches may point into them: views, and values of one
 * width that lie there as arrays have them. A whole file in memory can be lent in one call.
 *
 * Parameters: `decoder`; `offset`: of the first byte in the file; `data`, `length`: the bytes, {NULL, 0} for none;
 * `release`, `user_data`: release(user_data) gives the bytes back; a NULL `release` says that they stay for ever.
 * Returns: as pqpush_decoder_push.
 * Memory: the bytes stay readable and unchanged until release(user_data), which runs exactly once, on every path:
 * within the call where it fails or nothing of the bytes is needed, else when the decoder and every batch that points
 * into them are done with them, which may be after pqpush_decoder_free.
 * Threads: one at a time for one decoder. `release` may run on any thread that calls this library or releases a batch.
 * A call of it into the same decoder gets PQPUSH_ERR_BUSY while the decoder is in a call.
 * Since: 0.1.0
 */
pqpush_status pqpush_decoder_push_borrowed(pqpush_decoder *decoder,
                                           uint64_t offset,
                                           const uint8_t *data,
                                           size_t length,
                                           void (*release)(void *user_data),
                                           void *user_data,
                                           pqpush_error **err);

/**
 * One step: says which bytes are missing, or hands out a batch, or says that all is done. Call it until FINISHED.
 *
 * Parameters: `decoder`; `out_event`: its `struct_size` set, the rest is written; `out_batch`: written without looking
 * at what it held.
 * Returns: PQPUSH_OK with an event; an error of the file (NOT_PARQUET, TRUNCATED, CORRUPT, CHECKSUM, UNSUPPORTED,
 * LIMIT), which every later call on the decoder returns again; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_BUSY;
 * PQPUSH_ERR_POISONED.
 * Memory: with BATCH, `*out_batch` is a struct array owned by the caller, who releases it; it outlives the decoder and
 * the metadata, and its children can be moved out. With anything else its release is NULL. The ranges of the event are
 * borrowed until the next pqpush_decoder_try_decode or pqpush_decoder_free.
 * Threads: one at a time for one decoder.
 * Since: 0.1.0
 */
pqpush_status pqpush_decoder_try_decode(pqpush_decoder *decoder,
                                        pqpush_event *out_event,
                                        struct ArrowArray *out_batch,
                                        pqpush_error **err);

/**
 * Pushed bytes that the decoder holds, as of the last call that ended.
 *
 * Parameters: `decoder`: a decoder, or NULL.
 * Returns: the number of bytes; 0 for NULL.
 * Threads: any, at the same time, also while another thread uses the decoder.
 * Since: 0.1.0
 */
uint64_t pqpush_decoder_buffered_bytes(const pqpush_decoder *decoder);

/**
 * Frees a decoder. Batches and schemas that it gave out live on. Within a call on the same decoder, from a callback,
 * it does nothing.
 *
 * Parameters: `decoder`: a decoder, or NULL, which does nothing.
 * Threads: any, once no other thread uses the decoder.
 * Since: 0.1.0
 */
void pqpush_decoder_free(pqpush_decoder *decoder);

/**
 * What will be asked for after what the last event asked for: for a host that wants to read ahead. Row group by row group
 * in the order in which they are read, ascending within each; nothing that is held or was asked for. Push it at any time:
 * it is kept, and not asked for.
 *
 * With predicates it is, of row groups not begun, what the first predicate reads, or bloom filters that come before:
 * what else is needed nobody knows yet. A limit or a dictionary may make it needless. With max_buffered_bytes it is no
 * more than fits beside what is held and was asked for.
 *
 * Parameters: `decoder`; `max_bytes`: bytes of all ranges together at most, the last of them is cut; `out_ranges`,
 * `out_count`: the ranges, none where nothing is known to come.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED; the error that the decoder stands
 * at.
 * Memory: `*out_ranges` is borrowed: pushes leave it alone, the next pqpush_decoder_upcoming_ranges and the free end it;
 * NULL on failure.
 * Threads: one at a time for one decoder.
 * Since: 0.1.0
 */
pqpush_status pqpush_decoder_upcoming_ranges(pqpush_decoder *decoder,
                                             uint64_t max_bytes,
                                             const pqpush_range **out_ranges,
                                             size_t *out_count,
                                             pqpush_error **err);

/**
 * Goes on with the same scan under other options from here on: columns, predicates, types, batches, buffers. Which rows
 * are chosen stays as it was: `options` have no row groups, no selection, offset or limit. What is left of offset and limit
 * counts what the new predicates keep. Bytes that were pushed ahead and are still needed are kept.
 *
 * It can be called between two row groups: before the first pqpush_decoder_try_decode, and after one that answered
 * PQPUSH_EVENT_ROW_GROUP_END, which the flag PQPUSH_SCAN_ROW_GROUP_EVENTS asks for. Without the flag it can be called
 * after the last batch of a row group, where the decoder could know that it was the last. With
 * PQPUSH_SCAN_FILL_BATCHES it can be called only where no rows wait for more.
 *
 * Parameters: `decoder`; `options`: as for pqpush_decoder_new, borrowed for the call.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_STATE elsewhere, and after FINISHED; as pqpush_decoder_new. Where it fails, the
 * scan goes on as it was.
 * Threads: one at a time for one decoder.
 * Since: 0.1.0
 */
pqpush_status pqpush_decoder_reconfigure(pqpush_decoder *decoder,
                                         const pqpush_scan_options *options,
                                         pqpush_error **err);

/**
 * What the decoder has done so far, as of the last call that ended.
 *
 * Parameters: `decoder`; `out_metrics`: its `struct_size` set, the rest is written.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Threads: any, at the same time, also while another thread uses the decoder, and after it failed.
 * Since: 0.1.0
 */
pqpush_status pqpush_decoder_metrics(const pqpush_decoder *decoder,
                                     pqpush_metrics *out_metrics,
                                     pqpush_error **err);

/* ---- Plans: one scan on several threads ------------------------------------------------------------------------ */

/** One scan, planned and cut into tasks. It never changes, and any number of threads may use it at the same time. */
typedef struct pqpush_plan pqpush_plan;

/** One task of a plan. */
typedef struct pqpush_task {
  /** Bytes of this struct that the host knows; set it before the call. */
  size_t struct_size;
  /**
   * Ordinal of the row group; UINT64_MAX where the task is the whole plan, because offset or limit count what predicates
   * keep.
   */
  uint64_t row_group;
  /** First row, counted in the row group. */
  uint64_t first_row;
  /** Rows from there on that the task covers, read or not. */
  uint64_t row_count;
  /**
   * Bytes that its decoder asks for at most, without those that `coalesce_gap` adds. Pages on the border of two tasks
   * count for both.
   */
  uint64_t byte_size;
  /**
   * Rows of those covered that are read: the rows of its batches where there are no predicates, else the most that there
   * can be.
   */
  uint64_t selected_rows;
} pqpush_task;

/**
 * Plans a scan: leaves out what the footer and the page index rule out, and cuts the rest into tasks of about
 * `target_rows` rows. The tasks together read exactly the rows of the scan, in the order of the tasks; none is empty. A
 * task has rows of one row group. Large row groups are cut where pages begin in the column that takes most bytes; without
 * offset index behind a multiple of batch_rows, and then each task reads its chunks from the front. The last of several
 * row groups is cut into tasks of half as many rows: threads that take task after task end at about the same time then.
 * Offset and limit are distributed over the tasks; together with predicates they make the plan one task.
 *
 * Parameters: `metadata`: of the file; the plan keeps a reference of its own. `options`: as for pqpush_decoder_new,
 * borrowed for the call. `target_rows`: rows of a task, about; 0: a task for each row group. `out_plan`: the new plan.
 * Returns: as pqpush_decoder_new.
 * Memory: `*out_plan` is owned by the caller and freed by pqpush_plan_free; NULL on failure.
 * Threads: any, at the same time, also with the same `metadata`.
 * Since: 0.1.0
 */
pqpush_status pqpush_plan_new(const pqpush_metadata *metadata,
                              const pqpush_scan_options *options,
                              uint64_t target_rows,
                              pqpush_plan **out_plan,
                              pqpush_error **err);

/**
 * Number of tasks of a plan.
 *
 * Parameters: `plan`: a plan, or NULL.
 * Returns: the number, 0 where no row is left to read; 0 for NULL.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
size_t pqpush_plan_task_count(const pqpush_plan *plan);

/**
 * One task of a plan.
 *
 * Parameters: `plan`; `index`: of the task; `out_task`: its `struct_size` set, the rest is written.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an index that is too large.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_plan_task(const pqpush_plan *plan,
                               size_t index,
                               pqpush_task *out_task,
                               pqpush_error **err);

/**
 * Makes the decoder of one task. It needs nothing of the other tasks, and can be used on any thread. Its metrics count the
 * task.
 *
 * Parameters: `plan`; `index`: of the task; `out_decoder`: the new decoder.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an index that is too large.
 * Memory: `*out_decoder` is owned by the caller and freed by pqpush_decoder_free; it may outlive the plan. NULL on
 * failure. A decoder that is freed leaves up to 8 MiB of what the thread does not keep to the next one of the plan; a
 * plan that has no decoders any more keeps that of as many as it had at a time until it is freed.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_plan_decoder(const pqpush_plan *plan,
                                  size_t index,
                                  pqpush_decoder **out_decoder,
                                  pqpush_error **err);

/**
 * What a plan reads, and why it does not read the rest, in words for people: the predicates, a line for each row group,
 * and below it one for each column that is read, with its bytes and pages. The text may change with any release.
 *
 * Parameters: `plan`; `out_text`: the text.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: the text is borrowed and lives as long as the plan; {NULL, 0} on failure.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_plan_explain(const pqpush_plan *plan, pqpush_str *out_text, pqpush_error **err);

/**
 * The rows that a plan reads: those chosen, without those that statistics rule out. As row_selection of other
 * options for the same row groups it spares a later scan that work. Where there are no predicates, offset and limit are in
 * it.
 *
 * Parameters: `plan`; `out_runs`, `out_count`: runs of rows to read and to pass over, one behind the other, which cover
 * the chosen row groups in their order.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Memory: `*out_runs` is borrowed and lives as long as the plan; NULL on failure.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_plan_row_selection(const pqpush_plan *plan,
                                        const pqpush_row_run **out_runs,
                                        size_t *out_count,
                                        pqpush_error **err);

/**
 * What was found out when the plan was made: rows and row groups chosen, and those of them that statistics rule out. What
 * decoders do is counted by pqpush_decoder_metrics.
 *
 * Parameters: `plan`; `out_metrics`: its `struct_size` set, the rest is written.
 * Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
 * Threads: any, at the same time.
 * Since: 0.1.0
 */
pqpush_status pqpush_plan_metrics(const pqpush_plan *plan,
                                  pqpush_metrics *out_metrics,
                                  pqpush_error **err);

/**
 * Frees a plan. Decoders made from it live on.
 *
 * Parameters: `plan`: a plan, or NULL, which does nothing.
 * Threads: any, once no other thread uses the plan.
 * Since: 0.1.0
 */
void pqpush_plan_free(pqpush_plan *plan);

/* ---- Streams --------------------------------------------------------------------------------------------------- */

/** A file that the host reads when it is called. The functions must not unwind. */
typedef struct pqpush_source {
  /** Bytes of this struct that the host knows: sizeof(pqpush_source). */
  size_t struct_size;
  /** Bytes of the file. */
  uint64_t file_length;
  /** Handed to each function. */
  void *user_data;
  /**
   * Reads `count` ranges, ascending and disjoint, each whole to its place in `out`. Anything but 0 is a failure. Called
   * within pqpush_stream_open and the get_next of the stream only, on their thread.
   */
  int (*read_ranges)(void *user_data, const pqpush_range *ranges, uint8_t *const *out, size_t count);
  /**
   * Runs exactly once, when nothing uses the source any more: within pqpush_stream_open where that fails, else within
   * the release of the stream. May be NULL.
   */
  void (*release)(void *user_data);
} pqpush_source;

/**
 * Opens a file as a stream of batches, for a host that would rather be called for bytes. Reads the metadata, so that a
 * file that cannot be read and options that do not fit it are refused here.
 *
 * As the Arrow C Stream Interface says, the stream is used by one thread at a time, may be moved to another, and may be
 * released before its end; its batches live on. Its functions return 0 or an errno: EINVAL for a wrong call, ENOMEM
 * where memory is short, EBUSY for a call within a call (of read_ranges on its own stream), EIO for everything else. Then
 * get_last_error has the status name and the message, up to the next call on the stream. An error of get_next is final:
 * it comes again.
 *
 * How much is read at a time is up to `options->max_buffered_bytes`; without it, all that is needed of a row group.
 *
 * Parameters: `source`: the file, borrowed for the call; `options`: as for pqpush_decoder_new, borrowed for the call;
 * `out_stream`: written without looking at what it held.
 * Returns: PQPUSH_OK; as pqpush_metadata_decoder_try_decode and pqpush_decoder_new; PQPUSH_ERR_CALLBACK where read_ranges
 * fails, with the number that it returned in the message.
 * Memory: source->user_data is consumed: release(user_data) runs exactly once, on every path on which
 * source->struct_size says that there is a release; `*out_stream` is owned by the caller, who releases it; released on
 * failure.
 * Threads: any.
 * Since: 0.1.0
 */
pqpush_status pqpush_stream_open(const pqpush_source *source,
                                 const pqpush_scan_options *options,
                                 struct ArrowArrayStream *out_stream,
                                 pqpush_error **err);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* PQPUSH_H */
