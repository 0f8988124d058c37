/* Errors: which status, at which place in the file, and that they stay. */
#include "check.h"

/* The error of the metadata of a file that is pushed whole, or of a file too short for a decoder. */
static void metadata_fails(const char *directory, const char *name, int32_t expected, int64_t from_end) {
  bytes file = load(directory, name);
  pqpush_metadata_decoder *decoder = NULL;
  pqpush_metadata *metadata = CHECK_UNSET;
  pqpush_event event;
  pqpush_error *err = NULL;
  CHECK_OK(pqpush_metadata_decoder_new(file.length, NULL, &decoder, &err));
  CHECK_OK(pqpush_metadata_decoder_push(decoder, 0, file.data, file.length, &err));
  memset(&event, 0xAB, sizeof event);
  event.struct_size = sizeof event;
  CHECK_INT(pqpush_metadata_decoder_try_decode(decoder, &event, &metadata, &err), expected);
  CHECK(metadata == NULL);
  CHECK(event.kind == 0 && event.ranges == NULL && event.range_count == 0);
  CHECK_INT(pqpush_error_file_offset(err), (int64_t)file.length - from_end);
  CHECK_INT(pqpush_error_row_group(err), -1);
  CHECK_INT(pqpush_error_column(err), -1);
  pqpush_error_free(err);
  /* the error stays, for both calls */
  CHECK_FAILS(expected, pqpush_metadata_decoder_try_decode(decoder, &event, &metadata, &err));
  CHECK_FAILS(expected, pqpush_metadata_decoder_push(decoder, 0, file.data, 1, &err));
  pqpush_metadata_decoder_free(decoder);
  free(file.data);
}

static void no_file_is_so_short(void) {
  pqpush_metadata_decoder *decoder = CHECK_UNSET;
  CHECK_FAILS(PQPUSH_ERR_NOT_PARQUET, pqpush_metadata_decoder_new(7, NULL, &decoder, &err));
  CHECK(decoder == NULL);
  CHECK_FAILS(PQPUSH_ERR_NOT_PARQUET, pqpush_metadata_decoder_new(0, NULL, &decoder, &err));
}

static void metadata_has_its_limit(const char *directory) {
  bytes file = load(directory, "table.parquet");
  pqpush_metadata_options options = {.struct_size = sizeof options, .max_metadata_bytes = 100};
  pqpush_metadata_decoder *decoder = NULL;
  pqpush_metadata *metadata = NULL;
  pqpush_event event = {.struct_size = sizeof event};
  CHECK_OK(pqpush_metadata_decoder_new(file.length, &options, &decoder, &err));
  CHECK_OK(pqpush_metadata_decoder_push(decoder, 0, file.data, file.length, &err));
  CHECK_FAILS(PQPUSH_ERR_LIMIT, pqpush_metadata_decoder_try_decode(decoder, &event, &metadata, &err));
  pqpush_metadata_decoder_free(decoder);
  free(file.data);
}

static void a_corrupt_page_is_named(const char *directory) {
  bytes file = load(directory, "corrupt_page.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  pqpush_column_chunk_info chunk = {.struct_size = sizeof chunk};
  pqpush_decoder *decoder = new_decoder(metadata, NULL);
  pqpush_event event = {.struct_size = sizeof event};
  struct ArrowArray batch;
  pqpush_error *err = NULL;
  CHECK_OK(pqpush_metadata_column_chunk(metadata, 1, 0, &chunk, &err));
  CHECK_OK(pqpush_decoder_push(decoder, 0, file.data, file.length, &err));
  /* row group 0 is sound */
  CHECK_OK(pqpush_decoder_try_decode(decoder, &event, &batch, &err));
  CHECK_INT(event.kind, PQPUSH_EVENT_BATCH);
  CHECK_INT(event.row_group, 0);
  struct ArrowArray kept = batch;
  memset(&batch, 0xAB, sizeof batch);
  CHECK_INT(pqpush_decoder_try_decode(decoder, &event, &batch, &err), PQPUSH_ERR_CORRUPT);
  CHECK(batch.release == NULL);
  CHECK_INT(event.kind, 0);
  CHECK_INT(pqpush_error_code(err), PQPUSH_ERR_CORRUPT);
  CHECK_INT(pqpush_error_row_group(err), 1);
  CHECK_INT(pqpush_error_column(err), 0);
  CHECK_INT(pqpush_error_file_offset(err), chunk.data_page_offset);
  CHECK(strstr(pqpush_error_message(err), "\"id\"") != NULL);
  char *message = malloc(strlen(pqpush_error_message(err)) + 1);
  CHECK(message != NULL);
  strcpy(message, pqpush_error_message(err));
  pqpush_error_free(err);
  /* the same error again, from every call; what can be looked at still can */
  CHECK_FAILS_WITH(PQPUSH_ERR_CORRUPT, message, pqpush_decoder_try_decode(decoder, &event, &batch, &err));
  CHECK_FAILS_WITH(PQPUSH_ERR_CORRUPT, message, pqpush_decoder_push(decoder, 0, file.data, 1, &err));
  pqpush_metrics metrics = {.struct_size = sizeof metrics};
  CHECK_OK(pqpush_decoder_metrics(decoder, &metrics, &err));
  CHECK_INT(metrics.rows_out, 400);
  pqpush_decoder_free(decoder);
  pqpush_metadata_free(metadata);
  /* what was handed out before it stays good */
  CHECK_INT(int64_at(kept.children[0], 399), 399);
  kept.release(&kept);
  free(message);
  free(file.data);
}

static void after_finished(const char *directory) {
  bytes file = load(directory, "table.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  pqpush_decoder *decoder = new_decoder(metadata, NULL);
  struct ArrowArray batch;
  while (next_batch(decoder, file, &batch)) {
    batch.release(&batch);
  }
  CHECK(!next_batch(decoder, file, &batch));
  CHECK_FAILS(PQPUSH_ERR_INVALID_STATE, pqpush_decoder_push(decoder, 0, file.data, 4, &err));
  CHECK(!next_batch(decoder, file, &batch));
  pqpush_decoder_free(decoder);
  pqpush_metadata_free(metadata);
  free(file.data);
}

static void a_push_that_is_refused_changes_nothing(const char *directory) {
  bytes file = load(directory, "table.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  pqpush_decoder *decoder = new_decoder(metadata, NULL);
  pqpush_column_chunk_info chunk = {.struct_size = sizeof chunk};
  CHECK_OK(pqpush_metadata_column_chunk(metadata, 0, 0, &chunk, &err));
  uint64_t at = chunk.file_offset;
  uint8_t other[4] = {0, 0, 0, 0};
  for (int i = 0; i < 4; i++) {
    other[i] = (uint8_t)~file.data[at + 2];
  }
  CHECK_OK(pqpush_decoder_push(decoder, at, file.data + at, 8, &err));
  CHECK_INT(pqpush_decoder_buffered_bytes(decoder), 8);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_push(decoder, at + 2, other, 4, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_push(decoder, file.length - 1, file.data, 2, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_push(decoder, UINT64_MAX, file.data, 2, &err));
  CHECK_INT(pqpush_decoder_buffered_bytes(decoder), 8);
  struct ArrowArray batch;
  CHECK(next_batch(decoder, file, &batch));
  CHECK_INT(batch.length, 400);
  batch.release(&batch);
  pqpush_decoder_free(decoder);
  pqpush_metadata_free(metadata);
  free(file.data);
}

int main(int argc, char **argv) {
  const char *directory = fixtures(argc, argv);
  metadata_fails(directory, "text.parquet", PQPUSH_ERR_NOT_PARQUET, 4);
  metadata_fails(directory, "cut.parquet", PQPUSH_ERR_TRUNCATED, 4);
  metadata_fails(directory, "long_footer.parquet", PQPUSH_ERR_CORRUPT, 8);
  no_file_is_so_short();
  metadata_has_its_limit(directory);
  a_corrupt_page_is_named(directory);
  after_finished(directory);
  a_push_that_is_refused_changes_nothing(directory);
  return 0;
}
