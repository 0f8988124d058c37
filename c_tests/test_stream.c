/* Streams: a file read by a callback of the host, as an ArrowArrayStream. table.parquet has the ids 0 to 999 in order, in
 * row groups of 400, 400 and 200 rows. */
#include "check.h"

#include <errno.h>
#include <pthread.h>

/* A host's file. */
typedef struct host {
  bytes file;
  int calls, releases;
  int fails_at; /* this call fails; 0: none does */
  uint64_t bytes_read, most_at_once;
  struct ArrowArrayStream *re_enters;
} host;

static int read_ranges(void *user_data, const pqpush_range *ranges, uint8_t *const *out, size_t count) {
  host *self = user_data;
  uint64_t at_once = 0;
  self->calls++;
  if (self->calls == self->fails_at) {
    return 42;
  }
  CHECK(count > 0);
  for (size_t i = 0; i < count; i++) {
    CHECK(ranges[i].length > 0 && ranges[i].offset + ranges[i].length <= self->file.length);
    CHECK(i == 0 || ranges[i - 1].offset + ranges[i - 1].length <= ranges[i].offset);
    memcpy(out[i], self->file.data + ranges[i].offset, (size_t)ranges[i].length);
    at_once += ranges[i].length;
  }
  self->bytes_read += at_once;
  self->most_at_once = at_once > self->most_at_once ? at_once : self->most_at_once;
  if (self->re_enters != NULL) {
    struct ArrowArray batch;
    CHECK_INT(self->re_enters->get_next(self->re_enters, &batch), EBUSY);
    CHECK(batch.release == NULL);
    self->re_enters->release(self->re_enters); /* does nothing now */
    CHECK(self->re_enters->release != NULL);
  }
  return 0;
}

static void count_release(void *user_data) { ((host *)user_data)->releases++; }

static pqpush_source source_of(host *self) {
  return (pqpush_source){.struct_size = sizeof(pqpush_source),
                         .file_length = self->file.length,
                         .user_data = self,
                         .read_ranges = read_ranges,
                         .release = count_release};
}

static struct ArrowArrayStream opened(host *self, const pqpush_scan_options *options) {
  struct ArrowArrayStream stream;
  memset(&stream, 0xAB, sizeof stream);
  pqpush_source source = source_of(self);
  CHECK_OK(pqpush_stream_open(&source, options, &stream, &err));
  memset(&source, 0xAB, sizeof source); /* it was borrowed for the call only */
  CHECK(stream.release != NULL);
  CHECK_INT(self->releases, 0);
  return stream;
}

/* Rows up to the end; the sum of the ids is checked. */
static int64_t read_rows(struct ArrowArrayStream *stream) {
  int64_t rows = 0;
  for (;;) {
    struct ArrowArray batch;
    memset(&batch, 0xAB, sizeof batch);
    CHECK_INT(stream->get_next(stream, &batch), 0);
    CHECK(stream->get_last_error(stream) == NULL);
    if (batch.release == NULL) {
      return rows;
    }
    for (int64_t row = 0; row < batch.length; row++) {
      CHECK_INT(int64_at(batch.children[0], row), rows + row);
    }
    rows += batch.length;
    batch.release(&batch);
  }
}

static void a_file_is_read(bytes file) {
  host self = {.file = file};
  struct ArrowArrayStream stream = opened(&self, NULL);
  struct ArrowSchema schema;
  CHECK_INT(stream.get_schema(&stream, &schema), 0);
  CHECK_INT(schema.n_children, 5);
  CHECK_TEXT(schema.children[1]->name, "name");
  schema.release(&schema);
  CHECK_INT(read_rows(&stream), 1000);
  CHECK_INT(read_rows(&stream), 0); /* the end lasts */
  CHECK(self.bytes_read < 2 * file.length);
  CHECK_INT(self.releases, 0);
  stream.release(&stream);
  CHECK(stream.release == NULL);
  CHECK_INT(self.releases, 1);
}

static void options_count(bytes file) {
  host self = {.file = file};
  const pqpush_str id = str("id");
  pqpush_scan_options options = {.struct_size = sizeof options,
                                 .columns = &id,
                                 .column_count = 1,
                                 .limit = 700,
                                 .max_buffered_bytes = 1000,
                                 .flags = PQPUSH_SCAN_ROW_GROUP_EVENTS};
  struct ArrowArrayStream stream = opened(&self, &options);
  uint64_t of_metadata = self.most_at_once;
  self.most_at_once = 0;
  CHECK_INT(read_rows(&stream), 700);
  CHECK(of_metadata > 0 && self.most_at_once > 0 && self.most_at_once < 8000);
  stream.release(&stream);
  CHECK_INT(self.releases, 1);
}

static void a_stream_is_released_early_and_batches_live_on(bytes file) {
  host self = {.file = file};
  pqpush_scan_options options = {.struct_size = sizeof options, .batch_rows = 100};
  struct ArrowArrayStream stream = opened(&self, &options), moved;
  struct ArrowArray batch;
  CHECK_INT(stream.get_next(&stream, &batch), 0);
  moved = stream; /* as Arrow allows */
  stream.release = NULL;
  moved.release(&moved);
  CHECK_INT(self.releases, 1);
  CHECK_INT(int64_at(batch.children[0], 99), 99);
  batch.release(&batch);
  self.releases = 0;
  stream = opened(&self, NULL);
  stream.release(&stream);
  CHECK_INT(self.releases, 1);
}

static void failures_have_a_text(bytes file) {
  host self = {.file = file, .fails_at = 1};
  struct ArrowArrayStream stream;
  pqpush_source source = source_of(&self);
  CHECK_FAILS_WITH(PQPUSH_ERR_CALLBACK, "read_ranges returned 42", pqpush_stream_open(&source, NULL, &stream, &err));
  CHECK(stream.release == NULL);
  CHECK_INT(self.releases, 1);

  self = (host){.file = file};
  stream = opened(&self, NULL);
  self.fails_at = self.calls + 2;
  struct ArrowArray batch;
  CHECK_INT(stream.get_next(&stream, &batch), 0);
  batch.release(&batch);
  for (int again = 0; again < 2; again++) {
    CHECK_INT(stream.get_next(&stream, &batch), EIO);
    CHECK(batch.release == NULL);
    CHECK_TEXT(stream.get_last_error(&stream), "PQPUSH_ERR_CALLBACK: read_ranges returned 42");
  }
  CHECK_INT(self.calls, self.fails_at); /* it is not asked again */
  CHECK_INT(stream.get_next(&stream, NULL), EINVAL);
  CHECK_TEXT(stream.get_last_error(&stream), "PQPUSH_ERR_INVALID_ARGUMENT: out is NULL");
  stream.release(&stream);
  CHECK_INT(self.releases, 1);
}

static void damage_is_told(const char *directory) {
  host self = {.file = load(directory, "corrupt_page.parquet")};
  pqpush_scan_options options = {.struct_size = sizeof options, .flags = PQPUSH_SCAN_VERIFY_CHECKSUMS};
  struct ArrowArrayStream stream = opened(&self, &options);
  struct ArrowArray batch;
  int code;
  while ((code = stream.get_next(&stream, &batch)) == 0) {
    CHECK(batch.release != NULL);
    batch.release(&batch);
  }
  CHECK_INT(code, EIO);
  CHECK(strncmp(stream.get_last_error(&stream), "PQPUSH_ERR_", 11) == 0);
  stream.release(&stream);
  CHECK_INT(self.releases, 1);
  free(self.file.data);

  self = (host){.file = load(directory, "text.parquet")};
  pqpush_source source = source_of(&self);
  CHECK_FAILS(PQPUSH_ERR_NOT_PARQUET, pqpush_stream_open(&source, NULL, &stream, &err));
  CHECK_INT(self.releases, 1);
  free(self.file.data);
}

static void a_stream_is_busy_while_it_reads(bytes file) {
  host self = {.file = file};
  struct ArrowArrayStream stream = opened(&self, NULL);
  self.re_enters = &stream;
  CHECK_INT(read_rows(&stream), 1000);
  self.re_enters = NULL;
  stream.release(&stream);
  CHECK_INT(self.releases, 1);
}

/* Each path on which the source is refused releases it once. */
static void sources_are_released_once(bytes file) {
  host self = {.file = file};
  pqpush_source source = source_of(&self);
  pqpush_scan_options bad = {.struct_size = 3};
  const pqpush_str unknown = str("nothing");
  pqpush_scan_options misfit = {.struct_size = sizeof misfit, .columns = &unknown, .column_count = 1};
  struct ArrowArrayStream stream;
  memset(&stream, 0xAB, sizeof stream);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_stream_open(&source, NULL, NULL, &err));
  CHECK_INT(self.releases, 1);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_stream_open(&source, &bad, &stream, &err));
  CHECK_INT(self.releases, 2);
  CHECK(stream.release == NULL);
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "nothing", pqpush_stream_open(&source, &misfit, &stream, &err));
  CHECK_INT(self.releases, 3);
  source.read_ranges = NULL;
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "read_ranges", pqpush_stream_open(&source, NULL, &stream, &err));
  CHECK_INT(self.releases, 4);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_stream_open(NULL, NULL, &stream, &err));
  source = source_of(&self);
  source.release = NULL;
  CHECK_OK(pqpush_stream_open(&source, NULL, &stream, &err));
  stream.release(&stream);
  CHECK_INT(self.releases, 4);
}

static void *read_elsewhere(void *argument) {
  CHECK_INT(read_rows(argument), 1000);
  return NULL;
}

static void *release_elsewhere(void *argument) {
  struct ArrowArrayStream *stream = argument;
  stream->release(stream);
  return NULL;
}

static void a_stream_moves_between_threads(bytes file) {
  host self = {.file = file};
  struct ArrowArrayStream stream = opened(&self, NULL);
  void *(*const steps[])(void *) = {read_elsewhere, release_elsewhere};
  for (int i = 0; i < 2; i++) {
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, steps[i], &stream), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
  }
  CHECK_INT(self.releases, 1);
}

int main(int argc, char **argv) {
  const char *directory = fixtures(argc, argv);
  bytes file = load(directory, "table.parquet");
  a_file_is_read(file);
  options_count(file);
  a_stream_is_released_early_and_batches_live_on(file);
  failures_have_a_text(file);
  damage_is_told(directory);
  a_stream_is_busy_while_it_reads(file);
  sources_are_released_once(file);
  a_stream_moves_between_threads(file);
  free(file.data);
  return 0;
}
