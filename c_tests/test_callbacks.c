/* Predicates of the host's own: what they are given, what they may answer, and what becomes of it. */
#include "check.h"

#include <pthread.h>

static bytes file;
static pqpush_metadata *metadata;

/* A host's state. Counters are guarded, because decoders on several threads may share a predicate. */
typedef struct host {
  pthread_mutex_t lock;
  int calls, stats_calls, releases;
  int64_t rows_seen;
  /* what it does */
  int fails_with, stats_fail_with, verdict;
  enum { KEEPS_EVEN, ONE_SHORT, NO_ARRAY, NOT_BOOLEAN, LEAVES_ROWS, RE_ENTERS } manner;
  pqpush_decoder *decoder;
} host;

/* ---- a Boolean array ---- */

typedef struct answer {
  const void *buffers[2];
  uint8_t bits[1];
} answer;

static void release_answer(struct ArrowArray *array) {
  free(array->private_data);
  array->release = NULL;
}

/* Keeps even ids; a null for ids that 4 divides, where that is asked for. */
static void set_answer(struct ArrowArray *out, const struct ArrowArray *ids, int64_t length) {
  size_t bytes = (size_t)(length + 7) / 8 + 1;
  answer *kept = calloc(1, sizeof *kept + 2 * bytes);
  CHECK(kept != NULL);
  uint8_t *values = kept->bits, *validity = kept->bits + bytes;
  for (int64_t row = 0; row < length; row++) {
    int64_t id = int64_at(ids, row);
    values[row / 8] |= (uint8_t)((id % 2 == 0) << row % 8);
    validity[row / 8] |= (uint8_t)((id % 4 != 0) << row % 8);
  }
  kept->buffers[0] = validity;
  kept->buffers[1] = values;
  *out = (struct ArrowArray){.length = length,
                             .null_count = -1,
                             .n_buffers = 2,
                             .buffers = kept->buffers,
                             .release = release_answer,
                             .private_data = kept};
}

static int eval_rows(void *user_data, const struct ArrowSchema *schema, struct ArrowArray *rows,
                     struct ArrowArray *out_keep) {
  host *self = user_data;
  pthread_mutex_lock(&self->lock);
  self->calls++;
  self->rows_seen += rows->length;
  pthread_mutex_unlock(&self->lock);
  CHECK_TEXT(schema->format, "+s");
  CHECK_INT(schema->n_children, 2);
  CHECK_TEXT(schema->children[0]->name, "name");
  CHECK_TEXT(schema->children[0]->format, "u");
  CHECK_TEXT(schema->children[1]->name, "id");
  CHECK_TEXT(schema->children[1]->format, "l");
  CHECK_INT(rows->n_children, 2);
  CHECK_INT(rows->children[1]->length, rows->length);
  CHECK(out_keep->release == NULL);
  if (self->manner == RE_ENTERS) {
    pqpush_event event = {.struct_size = sizeof event};
    struct ArrowArray batch;
    CHECK_FAILS(PQPUSH_ERR_BUSY, pqpush_decoder_try_decode(self->decoder, &event, &batch, &err));
    CHECK_FAILS(PQPUSH_ERR_BUSY, pqpush_decoder_push(self->decoder, 0, file.data, 4, &err));
    pqpush_decoder_free(self->decoder);
  }
  if (self->manner != NO_ARRAY) {
    set_answer(out_keep, rows->children[1], rows->length - (self->manner == ONE_SHORT));
  }
  if (self->manner == NOT_BOOLEAN) {
    out_keep->n_buffers = 1;
  }
  if (self->manner != LEAVES_ROWS) {
    rows->release(rows);
  }
  return self->fails_with;
}

static int eval_stats(void *user_data, const pqpush_column_bounds *columns, size_t count, int32_t *out_verdict) {
  host *self = user_data;
  pthread_mutex_lock(&self->lock);
  self->stats_calls++;
  pthread_mutex_unlock(&self->lock);
  CHECK_INT(count, 2);
  for (size_t i = 0; i < count; i++) {
    CHECK_INT(columns[i].struct_size, sizeof *columns);
    CHECK(columns[i].row_count > 0 && columns[i].row_count <= 400);
    CHECK(columns[i].null_count <= (int64_t)columns[i].row_count);
  }
  CHECK_TEXT(columns[0].schema->format, "u");
  CHECK_TEXT(columns[1].schema->name, "id");
  CHECK_INT(columns[1].null_count, 0);
  CHECK(columns[1].min != NULL && columns[1].max != NULL);
  CHECK_INT(columns[1].min->length, 1);
  CHECK(int64_at(columns[1].min, 0) <= int64_at(columns[1].max, 0));
  /* nothing of what is below 400 */
  *out_verdict = self->verdict != 0 ? self->verdict : int64_at(columns[1].max, 0) < 400;
  return self->stats_fail_with;
}

static void count_release(void *user_data) { ((host *)user_data)->releases++; }

static pqpush_predicate *predicate_of(host *self, bool with_stats) {
  pqpush_predicate_callbacks callbacks = {.struct_size = sizeof callbacks,
                                          .user_data = self,
                                          .eval_rows = eval_rows,
                                          .eval_stats = with_stats ? eval_stats : NULL,
                                          .release = count_release};
  const pqpush_str columns[] = {str("name"), str("id")};
  pqpush_predicate *out = CHECK_UNSET;
  CHECK_OK(pqpush_predicate_callback(columns, 2, &callbacks, &out, &err));
  return out;
}

static pqpush_decoder *decoder_of(const pqpush_predicate *predicate) {
  const pqpush_str id = str("id");
  const pqpush_predicate *list[] = {predicate};
  pqpush_scan_options options = {.struct_size = sizeof options,
                                 .columns = &id,
                                 .column_count = 1,
                                 .predicates = list,
                                 .predicate_count = 1};
  return new_decoder(metadata, &options);
}

typedef struct kept {
  int64_t rows, sum;
} kept;

static kept rows_of(pqpush_decoder *decoder) {
  kept found = {0, 0};
  struct ArrowArray batch;
  while (next_batch(decoder, file, &batch)) {
    found.rows += batch.length;
    for (int64_t row = 0; row < batch.length; row++) {
      found.sum += int64_at(batch.children[0], row);
    }
    batch.release(&batch);
  }
  pqpush_decoder_free(decoder);
  return found;
}

#define HOST(...) {.lock = PTHREAD_MUTEX_INITIALIZER, __VA_ARGS__}

/* 250 of the ids below 1000 are even and not divided by 4; they add up to 125000 */
static void rows_are_kept(void) {
  for (int leaves_rows = 0; leaves_rows <= 1; leaves_rows++) {
    host self = HOST(.manner = leaves_rows ? LEAVES_ROWS : KEEPS_EVEN);
    pqpush_predicate *predicate = predicate_of(&self, false);
    kept found = rows_of(decoder_of(predicate));
    CHECK_INT(found.rows, 250);
    CHECK_INT(found.sum, 125000);
    CHECK_INT(self.rows_seen, 1000);
    CHECK(self.calls > 0);
    CHECK_INT(self.releases, 0);
    pqpush_predicate_free(predicate);
    CHECK_INT(self.releases, 1);
  }
}

static void nulls_stay_out_under_not(void) {
  host self = HOST(.manner = KEEPS_EVEN);
  pqpush_predicate *predicate = predicate_of(&self, false);
  CHECK_OK(pqpush_predicate_not(predicate, &predicate, &err));
  kept found = rows_of(decoder_of(predicate));
  CHECK_INT(found.rows, 500);
  CHECK_INT(found.sum, 250000);
  pqpush_predicate_free(predicate);
  CHECK_INT(self.releases, 1);
}

static void bounds_leave_row_groups_out(void) {
  host self = HOST(.manner = KEEPS_EVEN);
  pqpush_predicate *predicate = predicate_of(&self, true);
  kept found = rows_of(decoder_of(predicate));
  CHECK_INT(found.rows, 150);
  CHECK_INT(self.rows_seen, 600);
  CHECK(self.stats_calls >= 3);
  pqpush_predicate_free(predicate);
  CHECK_INT(self.releases, 1);
}

static void fails(host self, const char *text) {
  pqpush_predicate *predicate = predicate_of(&self, false);
  pqpush_decoder *decoder = decoder_of(predicate);
  pqpush_predicate_free(predicate);
  CHECK_INT(self.releases, 0);
  for (;;) {
    pqpush_event event = {.struct_size = sizeof event};
    struct ArrowArray batch;
    pqpush_error *err = NULL;
    if (pqpush_decoder_try_decode(decoder, &event, &batch, &err) != PQPUSH_OK) {
      check_error(__FILE__, __LINE__, err, PQPUSH_ERR_CALLBACK, text);
      CHECK(batch.release == NULL);
      break;
    }
    CHECK_INT(event.kind, PQPUSH_EVENT_NEEDS_DATA);
    push_ranges(decoder, &event, file);
  }
  /* it stays so, and the host is not asked again */
  pqpush_event event = {.struct_size = sizeof event};
  struct ArrowArray batch;
  int calls = self.calls;
  CHECK_FAILS_WITH(PQPUSH_ERR_CALLBACK, text, pqpush_decoder_try_decode(decoder, &event, &batch, &err));
  CHECK_INT(self.calls, calls);
  pqpush_decoder_free(decoder);
  CHECK_INT(self.releases, 1);
}

static void failures_have_their_number(void) {
  fails((host)HOST(.fails_with = 7), "the host's predicate on name, id: eval_rows returned 7");
  fails((host)HOST(.fails_with = -1, .manner = NO_ARRAY), "eval_rows returned -1");
  fails((host)HOST(.fails_with = 7, .manner = LEAVES_ROWS), "eval_rows returned 7");
  fails((host)HOST(.manner = NO_ARRAY), "set no array");
  fails((host)HOST(.manner = ONE_SHORT), "rows for");
  fails((host)HOST(.manner = NOT_BOOLEAN), "not Boolean");
}

static void failures_of_bounds_have_their_number(void) {
  const char *texts[] = {"eval_stats returned 9", "eval_stats said 5"};
  for (int i = 0; i < 2; i++) {
    host self = HOST(.stats_fail_with = i == 0 ? 9 : 0, .verdict = i == 1 ? 5 : 0);
    pqpush_predicate *predicate = predicate_of(&self, true);
    const pqpush_predicate *list[] = {predicate};
    pqpush_scan_options options = {.struct_size = sizeof options, .predicates = list, .predicate_count = 1};
    pqpush_decoder *decoder = CHECK_UNSET;
    CHECK_FAILS_WITH(PQPUSH_ERR_CALLBACK, texts[i], pqpush_decoder_new(metadata, &options, &decoder, &err));
    CHECK(decoder == NULL);
    pqpush_predicate_free(predicate);
    CHECK_INT(self.releases, 1);
  }
}

static void the_decoder_is_busy_meanwhile(void) {
  host self = HOST(.manner = RE_ENTERS);
  pqpush_predicate *predicate = predicate_of(&self, false);
  self.decoder = decoder_of(predicate);
  CHECK_INT(rows_of(self.decoder).rows, 250);
  pqpush_predicate_free(predicate);
  CHECK_INT(self.releases, 1);
}

static void *scan(void *predicate) {
  kept found = rows_of(decoder_of(predicate));
  CHECK_INT(found.rows, 250);
  CHECK_INT(found.sum, 125000);
  return NULL;
}

static void threads_share_a_predicate(void) {
  host self = HOST(.manner = KEEPS_EVEN);
  pqpush_predicate *predicate = predicate_of(&self, false);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    CHECK(pthread_create(&threads[i], NULL, scan, predicate) == 0);
  }
  for (int i = 0; i < 4; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
  }
  CHECK_INT(self.rows_seen, 4000);
  CHECK_INT(self.releases, 0);
  pqpush_predicate_free(predicate);
  CHECK_INT(self.releases, 1);
}

int main(int argc, char **argv) {
  file = load(fixtures(argc, argv), "table.parquet");
  metadata = read_metadata(file);
  rows_are_kept();
  nulls_stay_out_under_not();
  bounds_leave_row_groups_out();
  failures_have_their_number();
  failures_of_bounds_have_their_number();
  the_decoder_is_busy_meanwhile();
  threads_share_a_predicate();
  pqpush_metadata_free(metadata);
  free(file.data);
  return 0;
}
