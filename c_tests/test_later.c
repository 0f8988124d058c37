/* Functions of a later version: they say so, and keep the promises about what they take over. */
#include "check.h"

static int releases;

static void count_release(void *user_data) {
  CHECK(user_data == &releases);
  releases++;
}

#define RELEASED(expected, call)                                                                                       \
  do {                                                                                                                 \
    releases = 0;                                                                                                      \
    CHECK_FAILS(expected, call);                                                                                       \
    CHECK_INT(releases, 1);                                                                                            \
  } while (0)

static int read_ranges(void *user_data, const pqpush_range *ranges, uint8_t *const *out, size_t count) {
  (void)user_data, (void)ranges, (void)out, (void)count;
  return 1;
}

static void sources_are_released_once(void) {
  pqpush_source source = {sizeof source, 100, &releases, read_ranges, count_release};
  pqpush_scan_options bad = {.struct_size = 3};
  struct ArrowArrayStream stream;
  memset(&stream, 0xAB, sizeof stream);
  RELEASED(PQPUSH_ERR_UNSUPPORTED, pqpush_stream_open(&source, NULL, &stream, &err));
  CHECK(stream.release == NULL);
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_stream_open(&source, NULL, NULL, &err));
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_stream_open(&source, &bad, &stream, &err));
  source.read_ranges = NULL;
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_stream_open(&source, NULL, &stream, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_stream_open(NULL, NULL, &stream, &err));
#undef RELEASED
}

static void plans_and_looking_ahead(const char *directory) {
  bytes file = load(directory, "table.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  pqpush_plan *plan = CHECK_UNSET;
  pqpush_task task = {.struct_size = sizeof task};
  pqpush_decoder *none = CHECK_UNSET;
  pqpush_str text = str("x");
  CHECK_FAILS(PQPUSH_ERR_UNSUPPORTED, pqpush_plan_new(metadata, NULL, 1000, &plan, &err));
  CHECK(plan == NULL);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_new(NULL, NULL, 1000, &plan, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_new(metadata, NULL, 1000, NULL, &err));
  CHECK_INT(pqpush_plan_task_count(NULL), 0);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_task(NULL, 0, &task, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_decoder(NULL, 0, &none, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_plan_explain(NULL, &text, &err));
  CHECK(none == NULL && text.data == NULL && text.length == 0);
  pqpush_plan_free(NULL);

  pqpush_decoder *decoder = new_decoder(metadata, NULL);
  const pqpush_range *ranges = CHECK_UNSET;
  size_t count = 3;
  CHECK_FAILS(PQPUSH_ERR_UNSUPPORTED, pqpush_decoder_upcoming_ranges(decoder, 1000, &ranges, &count, &err));
  CHECK(ranges == NULL && count == 0);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_upcoming_ranges(NULL, 1000, &ranges, &count, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_upcoming_ranges(decoder, 1000, NULL, &count, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_upcoming_ranges(decoder, 1000, &ranges, NULL, &err));
  CHECK_FAILS(PQPUSH_ERR_UNSUPPORTED, pqpush_decoder_reconfigure(decoder, NULL, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_reconfigure(NULL, NULL, &err));
  /* a refusal is no error of the file: the scan goes on */
  struct ArrowArray batch;
  CHECK(next_batch(decoder, file, &batch));
  batch.release(&batch);
  pqpush_decoder_free(decoder);
  pqpush_metadata_free(metadata);
  free(file.data);
}

int main(int argc, char **argv) {
  sources_are_released_once();
  plans_and_looking_ahead(fixtures(argc, argv));
  return 0;
}
