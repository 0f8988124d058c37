/* Threads: handles move between them, const handles are shared, a decoder has one call at a time. */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4 };

static bytes file;
static pqpush_metadata *metadata;

static pthread_t start(void *(*body)(void *), void *argument) {
  pthread_t thread;
  CHECK_INT(pthread_create(&thread, NULL, body, argument), 0);
  return thread;
}

static void join(pthread_t thread) { CHECK_INT(pthread_join(thread, NULL), 0); }

/* ---- handles and data that move ---- */

typedef struct moved {
  pqpush_decoder *decoder;
  pqpush_metadata *metadata;
  pqpush_error *err;
  struct ArrowArray batch;
  struct ArrowSchema schema;
} moved;

static atomic_int releases;

static void count_release(void *user_data) {
  (void)user_data;
  atomic_fetch_add(&releases, 1);
}

static void *make(void *argument) {
  moved *moved = argument;
  pqpush_metadata_decoder *unknown = NULL;
  CHECK_INT(pqpush_metadata_decoder_new(1, NULL, &unknown, &moved->err), PQPUSH_ERR_NOT_PARQUET);
  moved->metadata = pqpush_metadata_clone(metadata);
  moved->decoder = new_decoder(metadata, NULL);
  CHECK_OK(pqpush_decoder_schema(moved->decoder, &moved->schema, &err));
  CHECK_OK(pqpush_decoder_push_borrowed(moved->decoder, 0, file.data, file.length, count_release, NULL, &err));
  return NULL;
}

static void *use(void *argument) {
  moved *moved = argument;
  CHECK(next_batch(moved->decoder, file, &moved->batch));
  return NULL;
}

static void *give_back(void *argument) {
  moved *moved = argument;
  CHECK_INT(pqpush_error_code(moved->err), PQPUSH_ERR_NOT_PARQUET);
  pqpush_error_free(moved->err);
  pqpush_decoder_free(moved->decoder);
  CHECK_INT(int64_at(moved->batch.children[0], 399), 399);
  moved->batch.release(&moved->batch);
  moved->schema.release(&moved->schema);
  pqpush_metadata_free(moved->metadata);
  return NULL;
}

static void handles_move_between_threads(void) {
  moved moved = {0};
  join(start(make, &moved));
  join(start(use, &moved));
  CHECK_INT(atomic_load(&releases), 0);
  join(start(give_back, &moved));
  CHECK_INT(atomic_load(&releases), 1);
}

/* ---- const handles that are shared ---- */

static void *scan_shared(void *argument) {
  int64_t *rows = argument;
  struct ArrowSchema schema;
  pqpush_column_info info = {.struct_size = sizeof info};
  pqpush_metadata *own = pqpush_metadata_clone(metadata);
  CHECK_OK(pqpush_metadata_schema(metadata, &schema, &err));
  schema.release(&schema);
  CHECK_OK(pqpush_metadata_column(metadata, 1, &info, &err));
  CHECK_STR(info.path, "name");
  pqpush_decoder *decoder = new_decoder(own, NULL);
  pqpush_metadata_free(own);
  struct ArrowArray batch;
  while (next_batch(decoder, file, &batch)) {
    *rows += batch.length;
    batch.release(&batch);
  }
  pqpush_decoder_free(decoder);
  return NULL;
}

static void metadata_is_shared(void) {
  pthread_t threads[THREADS];
  int64_t rows[THREADS] = {0};
  for (int i = 0; i < THREADS; i++) {
    threads[i] = start(scan_shared, &rows[i]);
  }
  for (int i = 0; i < THREADS; i++) {
    join(threads[i]);
    CHECK_INT(rows[i], 1000);
  }
}

/* ---- one decoder, many threads ---- */

typedef struct contended {
  pqpush_decoder *decoder;
  atomic_int_fast64_t rows;
  atomic_bool finished;
} contended;

static void *decode_or_be_busy(void *argument) {
  contended *contended = argument;
  while (!atomic_load(&contended->finished)) {
    pqpush_event event = {.struct_size = sizeof event};
    struct ArrowArray batch;
    pqpush_status status = pqpush_decoder_try_decode(contended->decoder, &event, &batch, NULL);
    if (status == PQPUSH_ERR_BUSY) {
      CHECK(batch.release == NULL && event.kind == 0);
      continue;
    }
    CHECK_INT(status, PQPUSH_OK);
    if (event.kind == PQPUSH_EVENT_FINISHED) {
      atomic_store(&contended->finished, true);
    } else {
      CHECK_INT(event.kind, PQPUSH_EVENT_BATCH);
      atomic_fetch_add(&contended->rows, batch.length);
      batch.release(&batch);
    }
  }
  return NULL;
}

static void *look_on(void *argument) {
  contended *contended = argument;
  uint64_t rows_before = 0;
  while (!atomic_load(&contended->finished)) {
    pqpush_metrics metrics = {.struct_size = sizeof metrics};
    struct ArrowSchema schema;
    CHECK_OK(pqpush_decoder_metrics(contended->decoder, &metrics, &err));
    CHECK(metrics.rows_out >= rows_before && metrics.rows_out <= 1000);
    rows_before = metrics.rows_out;
    CHECK(pqpush_decoder_buffered_bytes(contended->decoder) <= file.length);
    CHECK_OK(pqpush_decoder_schema(contended->decoder, &schema, &err));
    schema.release(&schema);
  }
  return NULL;
}

static void a_decoder_has_one_call_at_a_time(void) {
  contended contended = {0};
  pthread_t threads[THREADS];
  pqpush_scan_options options = {.struct_size = sizeof options, .batch_rows = 3};
  contended.decoder = new_decoder(metadata, &options);
  CHECK_OK(pqpush_decoder_push(contended.decoder, 0, file.data, file.length, &err));
  for (int i = 0; i < THREADS; i++) {
    threads[i] = start(i == 0 ? look_on : decode_or_be_busy, &contended);
  }
  for (int i = 0; i < THREADS; i++) {
    join(threads[i]);
  }
  CHECK_INT(atomic_load(&contended.rows), 1000);
  pqpush_decoder_free(contended.decoder);
}

int main(int argc, char **argv) {
  file = load(fixtures(argc, argv), "table.parquet");
  metadata = read_metadata(file);
  handles_move_between_threads();
  metadata_is_shared();
  a_decoder_has_one_call_at_a_time();
  pqpush_metadata_free(metadata);
  free(file.data);
  return 0;
}
