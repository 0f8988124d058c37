/* check.h: what every test of the C ABI needs: assertions that print both sides and end the test, files in memory, and
 * the loop. A test is one program; its argument is the directory that make_fixtures wrote to. */
#ifndef PQPUSH_CHECK_H
#define PQPUSH_CHECK_H

#include <pqpush.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))
#define CHECK_INT(found, expected) check_int(__FILE__, __LINE__, #found, (int64_t)(found), (int64_t)(expected))
#define CHECK_TEXT(found, expected) check_text(__FILE__, __LINE__, #found, (found), (expected))
#define CHECK_STR(found, expected) check_str(__FILE__, __LINE__, #found, (found), (expected))
/* The call fails with this status, and the error says the same; the error is freed. `err` is the name to use for it. */
#define CHECK_FAILS(expected, call)                                                                                    \
  do {                                                                                                                 \
    pqpush_error *err = CHECK_UNSET;                                                                                   \
    CHECK_INT(call, expected);                                                                                         \
    check_error(__FILE__, __LINE__, err, expected, NULL);                                                              \
  } while (0)
/* The same, and the message has this text in it. */
#define CHECK_FAILS_WITH(expected, text, call)                                                                         \
  do {                                                                                                                 \
    pqpush_error *err = CHECK_UNSET;                                                                                   \
    CHECK_INT(call, expected);                                                                                         \
    check_error(__FILE__, __LINE__, err, expected, text);                                                              \
  } while (0)
/* The call succeeds and writes NULL to `err`. */
#define CHECK_OK(call)                                                                                                 \
  do {                                                                                                                 \
    pqpush_error *err = CHECK_UNSET;                                                                                   \
    pqpush_status check_status = (call);                                                                               \
    check_ok(__FILE__, __LINE__, #call, check_status, err);                                                            \
  } while (0)
/* Where a call has to write: not NULL, and nothing that may be used. */
#define CHECK_UNSET ((void *)(uintptr_t)8)

static inline _Noreturn void check_failed(const char *file, int line, const char *what) {
  fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
  exit(1);
}

static inline void check_int(const char *file, int line, const char *what, int64_t found, int64_t expected) {
  if (found != expected) {
    fprintf(stderr, "%s:%d: %s is %" PRId64 ", expected %" PRId64 "\n", file, line, what, found, expected);
    exit(1);
  }
}

static inline void check_text(const char *file, int line, const char *what, const char *found, const char *expected) {
  if (found == NULL || strcmp(found, expected) != 0) {
    fprintf(stderr, "%s:%d: %s is \"%s\", expected \"%s\"\n", file, line, what, found ? found : "NULL", expected);
    exit(1);
  }
}

static inline void check_str(const char *file, int line, const char *what, pqpush_str found, const char *expected) {
  if (found.data == NULL || found.length != strlen(expected) || memcmp(found.data, expected, found.length) != 0) {
    fprintf(stderr, "%s:%d: %s is \"%.*s\", expected \"%s\"\n", file, line, what, (int)found.length,
            found.data ? found.data : "", expected);
    exit(1);
  }
}

static inline void check_error(const char *file, int line, pqpush_error *err, int32_t expected, const char *text) {
  if (err == NULL || err == CHECK_UNSET) {
    check_failed(file, line, "the call failed and left no error");
  }
  check_int(file, line, "pqpush_error_code(err)", pqpush_error_code(err), expected);
  if (pqpush_error_message(err)[0] == '\0' || (text != NULL && strstr(pqpush_error_message(err), text) == NULL)) {
    fprintf(stderr, "%s:%d: the message is \"%s\"\n", file, line, pqpush_error_message(err));
    exit(1);
  }
  pqpush_error_free(err);
}

static inline void check_ok(const char *file, int line, const char *what, pqpush_status status, pqpush_error *err) {
  if (status != PQPUSH_OK) {
    fprintf(stderr, "%s:%d: %s: %s: %s\n", file, line, what, pqpush_status_name(status), pqpush_error_message(err));
    exit(1);
  }
  if (err != NULL) {
    check_failed(file, line, "err is not NULL after a call that succeeded");
  }
}

static inline pqpush_str str(const char *text) { return (pqpush_str){text, strlen(text)}; }

/* ---- files ---- */

typedef struct bytes {
  uint8_t *data;
  size_t length;
} bytes;

/* A fixture in memory of its exact size, so that a read past the end is found. */
static inline bytes load(const char *directory, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  CHECK(fseek(file, 0, SEEK_END) == 0);
  bytes loaded = {NULL, (size_t)ftell(file)};
  loaded.data = malloc(loaded.length);
  CHECK(loaded.data != NULL && fseek(file, 0, SEEK_SET) == 0);
  CHECK(fread(loaded.data, 1, loaded.length, file) == loaded.length);
  fclose(file);
  return loaded;
}

static inline const char *fixtures(int argc, char **argv) { return argc > 1 ? argv[1] : "target/c-fixtures"; }

/* ---- the loop ---- */

static inline void push_ranges(pqpush_decoder *decoder, const pqpush_event *event, bytes file) {
  uint64_t end = 0;
  CHECK(event->range_count > 0);
  for (size_t i = 0; i < event->range_count; i++) {
    pqpush_range range = event->ranges[i];
    CHECK(range.length > 0 && (i == 0 || range.offset > end) && range.offset + range.length <= file.length);
    end = range.offset + range.length;
    CHECK_OK(pqpush_decoder_push(decoder, range.offset, file.data + range.offset, (size_t)range.length, &err));
  }
}

/* Metadata by answering what is asked for; an error ends the test. */
static inline pqpush_metadata *read_metadata(bytes file) {
  pqpush_metadata_decoder *decoder = CHECK_UNSET;
  CHECK_OK(pqpush_metadata_decoder_new(file.length, NULL, &decoder, &err));
  for (;;) {
    pqpush_event event = {.struct_size = sizeof event};
    pqpush_metadata *metadata = CHECK_UNSET;
    CHECK_OK(pqpush_metadata_decoder_try_decode(decoder, &event, &metadata, &err));
    if (event.kind == PQPUSH_EVENT_FINISHED) {
      CHECK(metadata != NULL);
      pqpush_metadata_decoder_free(decoder);
      return metadata;
    }
    CHECK_INT(event.kind, PQPUSH_EVENT_NEEDS_DATA);
    CHECK(metadata == NULL && event.range_count > 0);
    for (size_t i = 0; i < event.range_count; i++) {
      pqpush_range range = event.ranges[i];
      CHECK_OK(pqpush_metadata_decoder_push(decoder, range.offset, file.data + range.offset, (size_t)range.length, &err));
    }
  }
}

static inline pqpush_decoder *new_decoder(const pqpush_metadata *metadata, const pqpush_scan_options *options) {
  pqpush_decoder *decoder = CHECK_UNSET;
  CHECK_OK(pqpush_decoder_new(metadata, options, &decoder, &err));
  return decoder;
}

/* The next batch, its ranges answered from `file`; false at the end. */
static inline bool next_batch(pqpush_decoder *decoder, bytes file, struct ArrowArray *out_batch) {
  for (;;) {
    pqpush_event event = {.struct_size = sizeof event};
    CHECK_OK(pqpush_decoder_try_decode(decoder, &event, out_batch, &err));
    if (event.kind == PQPUSH_EVENT_BATCH) {
      CHECK_INT(event.row_count, out_batch->length);
      return true;
    }
    CHECK(out_batch->release == NULL);
    if (event.kind == PQPUSH_EVENT_FINISHED) {
      return false;
    }
    push_ranges(decoder, &event, file);
  }
}

/* Value `row` of a child that is an int64 column without nulls. */
static inline int64_t int64_at(const struct ArrowArray *array, int64_t row) {
  return ((const int64_t *)array->buffers[1])[array->offset + row];
}

static inline bool is_valid(const struct ArrowArray *array, int64_t row) {
  const uint8_t *validity = array->buffers[0];
  int64_t bit = array->offset + row;
  return validity == NULL || (validity[bit / 8] >> (bit % 8) & 1);
}

#endif
