/* In the course of a scan: looking ahead, other options from a row group on; and rows chosen by bitmaps and within single
 * row groups. table.parquet has the ids 0 to 999 in order, in row groups of 400, 400 and 200 rows. */
#include "check.h"

static bytes file;
static pqpush_metadata *metadata;

static pqpush_event step(pqpush_decoder *decoder, struct ArrowArray *batch) {
  pqpush_event event = {.struct_size = sizeof event};
  CHECK_OK(pqpush_decoder_try_decode(decoder, &event, batch, &err));
  return event;
}

/* ---- looking ahead ---- */

static void push_all(pqpush_decoder *decoder, const pqpush_range *ranges, size_t count) {
  for (size_t i = 0; i < count; i++) {
    CHECK_OK(pqpush_decoder_push(decoder, ranges[i].offset, file.data + ranges[i].offset, (size_t)ranges[i].length, &err));
  }
}

static uint64_t bytes_of(const pqpush_range *ranges, size_t count) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < count; i++) {
    CHECK(ranges[i].length > 0);
    bytes += ranges[i].length;
  }
  return bytes;
}

static void a_host_reads_ahead(void) {
  pqpush_decoder *decoder = new_decoder(metadata, NULL);
  struct ArrowArray batch;
  pqpush_event need = step(decoder, &batch);
  CHECK_INT(need.kind, PQPUSH_EVENT_NEEDS_DATA);
  const pqpush_range *ranges = CHECK_UNSET;
  size_t count = 7;
  CHECK_OK(pqpush_decoder_upcoming_ranges(decoder, 0, &ranges, &count, &err));
  CHECK_INT(count, 0);
  CHECK_OK(pqpush_decoder_upcoming_ranges(decoder, 100, &ranges, &count, &err));
  CHECK_INT(bytes_of(ranges, count), 100);
  CHECK_OK(pqpush_decoder_upcoming_ranges(decoder, UINT64_MAX, &ranges, &count, &err));
  uint64_t ahead = bytes_of(ranges, count);
  CHECK(ahead > 100);
  /* both the ranges of the event and these are there while they are pushed */
  push_all(decoder, ranges, count);
  push_all(decoder, need.ranges, need.range_count);
  CHECK_INT(pqpush_decoder_buffered_bytes(decoder), ahead + bytes_of(need.ranges, need.range_count));
  CHECK_OK(pqpush_decoder_upcoming_ranges(decoder, UINT64_MAX, &ranges, &count, &err));
  CHECK_INT(count, 0);
  int64_t rows = 0;
  for (pqpush_event event; (event = step(decoder, &batch)).kind != PQPUSH_EVENT_FINISHED;) {
    CHECK_INT(event.kind, PQPUSH_EVENT_BATCH);
    rows += batch.length;
    batch.release(&batch);
  }
  CHECK_INT(rows, 1000);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_upcoming_ranges(NULL, 1000, &ranges, &count, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_upcoming_ranges(decoder, 1000, NULL, &count, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_upcoming_ranges(decoder, 1000, &ranges, NULL, &err));
  CHECK(ranges == NULL);
  pqpush_decoder_free(decoder);
}

static void looking_ahead_fails_as_the_decoder_does(const char *directory) {
  bytes corrupt = load(directory, "corrupt_page.parquet");
  pqpush_metadata *of_corrupt = read_metadata(corrupt);
  pqpush_scan_options options = {.struct_size = sizeof options, .flags = PQPUSH_SCAN_VERIFY_CHECKSUMS};
  pqpush_decoder *decoder = new_decoder(of_corrupt, &options);
  CHECK_OK(pqpush_decoder_push(decoder, 0, corrupt.data, corrupt.length, &err));
  struct ArrowArray batch;
  pqpush_event event = {.struct_size = sizeof event};
  pqpush_status status;
  while ((status = pqpush_decoder_try_decode(decoder, &event, &batch, NULL)) == PQPUSH_OK) {
    CHECK_INT(event.kind, PQPUSH_EVENT_BATCH);
    batch.release(&batch);
  }
  const pqpush_range *ranges;
  size_t count;
  CHECK_FAILS(status, pqpush_decoder_upcoming_ranges(decoder, 10, &ranges, &count, &err));
  CHECK_FAILS(status, pqpush_decoder_reconfigure(decoder, NULL, &err));
  pqpush_decoder_free(decoder);
  pqpush_metadata_free(of_corrupt);
  free(corrupt.data);
}

/* ---- other options from a row group on ---- */

static void options_change_between_row_groups(void) {
  const pqpush_str id = str("id"), name = str("name");
  pqpush_predicate *predicate = NULL;
  CHECK_OK(pqpush_predicate_compare_int64(id, PQPUSH_LT, 790, &predicate, &err));
  const pqpush_predicate *list[] = {predicate};
  pqpush_scan_options first = {.struct_size = sizeof first,
                               .columns = &name,
                               .column_count = 1,
                               .limit = 800,
                               .flags = PQPUSH_SCAN_ROW_GROUP_EVENTS};
  pqpush_scan_options then = {.struct_size = sizeof then,
                              .columns = &id,
                              .column_count = 1,
                              .predicates = list,
                              .predicate_count = 1,
                              .batch_rows = 100};
  pqpush_decoder *decoder = new_decoder(metadata, &first);
  CHECK_OK(pqpush_decoder_push(decoder, 0, file.data, file.length, &err));
  struct ArrowArray batch;
  struct ArrowSchema schema;
  CHECK_INT(step(decoder, &batch).kind, PQPUSH_EVENT_BATCH);
  CHECK_INT(batch.length, 400);
  batch.release(&batch);
  pqpush_event end = step(decoder, &batch);
  CHECK(end.kind == PQPUSH_EVENT_ROW_GROUP_END && end.row_group == 0 && end.row_count == 0 && batch.release == NULL);

  then.limit = 5;
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "limit", pqpush_decoder_reconfigure(decoder, &then, &err));
  then.limit = 0;
  CHECK_OK(pqpush_decoder_reconfigure(decoder, &then, &err));
  CHECK_OK(pqpush_decoder_schema(decoder, &schema, &err));
  CHECK(schema.n_children == 1 && strcmp(schema.children[0]->name, "id") == 0);
  schema.release(&schema);
  /* 390 rows below 790 and the limit of 800 leaves 400: nothing of the last row group */
  int64_t expected = 400;
  for (pqpush_event event; (event = step(decoder, &batch)).kind != PQPUSH_EVENT_FINISHED;) {
    if (event.kind == PQPUSH_EVENT_NEEDS_DATA) { /* the column of ids was not wanted when the file was pushed */
      CHECK_INT(expected, 400);
      push_ranges(decoder, &event, file);
      continue;
    }
    CHECK_INT(event.kind, PQPUSH_EVENT_BATCH);
    CHECK_INT(event.row_group, 1);
    if (expected < 700) { /* not the last batch of the row group */
      CHECK_FAILS(PQPUSH_ERR_INVALID_STATE, pqpush_decoder_reconfigure(decoder, &then, &err));
    }
    for (int64_t row = 0; row < batch.length; row++) {
      CHECK_INT(int64_at(batch.children[0], row), expected++);
    }
    batch.release(&batch);
  }
  CHECK_INT(expected, 790);
  CHECK_FAILS(PQPUSH_ERR_INVALID_STATE, pqpush_decoder_reconfigure(decoder, &first, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_decoder_reconfigure(NULL, NULL, &err));
  pqpush_predicate_free(predicate);
  pqpush_decoder_free(decoder);
}

/* ---- which rows ---- */

static int64_t sum_of_ids(const pqpush_scan_options *options, int64_t *rows) {
  pqpush_decoder *decoder = new_decoder(metadata, options);
  int64_t sum = 0;
  *rows = 0;
  struct ArrowArray batch;
  while (next_batch(decoder, file, &batch)) {
    *rows += batch.length;
    for (int64_t row = 0; row < batch.length; row++) {
      sum += int64_at(batch.children[0], row);
    }
    batch.release(&batch);
  }
  pqpush_decoder_free(decoder);
  return sum;
}

static void never(struct ArrowArray *array) {
  (void)array;
  CHECK(!"an array that was lent is released");
}

static void refused(const char *text, const pqpush_scan_options *options) {
  pqpush_decoder *decoder = CHECK_UNSET;
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, text, pqpush_decoder_new(metadata, options, &decoder, &err));
  CHECK(decoder == NULL);
}

static void a_bitmap_chooses_rows(void) {
  /* from bit 3 on: every row that 5 divides; those that 10 divides are null */
  uint8_t values[126] = {0}, validity[126];
  memset(validity, 0xFF, sizeof validity);
  for (int row = 0; row < 1000; row += 5) {
    values[(row + 3) / 8] |= (uint8_t)(1 << (row + 3) % 8);
  }
  for (int row = 0; row < 1000; row += 10) {
    validity[(row + 3) / 8] &= (uint8_t) ~(1 << (row + 3) % 8);
  }
  const void *buffers[2] = {NULL, values};
  struct ArrowArray bitmap = {.length = 1000, .offset = 3, .n_buffers = 2, .buffers = buffers, .release = never};
  pqpush_scan_options options = {.struct_size = sizeof options, .row_bitmap = &bitmap};
  int64_t rows;
  CHECK_INT(sum_of_ids(&options, &rows), 200 * 995 / 2);
  CHECK_INT(rows, 200);
  buffers[0] = validity;
  bitmap.null_count = -1;
  CHECK_INT(sum_of_ids(&options, &rows), 100 * (5 + 995) / 2);
  CHECK_INT(rows, 100);

  bitmap.length = 999;
  refused("999 rows where 1000", &options);
  bitmap.length = 1001;
  refused("1001 rows where 1000", &options);
  bitmap.length = 1000;
  bitmap.n_buffers = 3;
  refused("not Boolean", &options);
  bitmap.n_buffers = 2;
  buffers[1] = NULL;
  refused("no values", &options);
  buffers[1] = values;
  const pqpush_row_run all = {.row_count = 1000, .select = 1};
  options.row_selection = &all;
  options.row_selection_count = 1;
  refused("exclude each other", &options);
  bitmap.release = NULL;
  options.row_selection = NULL;
  options.row_selection_count = 0;
  refused("released", &options);
}

static void selections_within_row_groups(void) {
  const pqpush_row_run tail[] = {{190, 0, 0}, {10, 1, 0}}, none[] = {{400, 0, 0}};
  const uint32_t chosen[] = {2, 0, 1};
  pqpush_row_group_selection selections[] = {{2, 0, tail, 2}, {1, 0, none, 1}};
  pqpush_scan_options options = {.struct_size = sizeof options,
                                 .row_groups = chosen,
                                 .row_group_count = 3,
                                 .row_group_selections = selections,
                                 .row_group_selection_count = 2};
  int64_t rows;
  CHECK_INT(sum_of_ids(&options, &rows), (990 + 999) * 5 + 399 * 200);
  CHECK_INT(rows, 410);
  options.row_group_count = 2;
  refused("row group 1, which is not chosen", &options);
  options.row_group_count = 3;
  selections[1] = (pqpush_row_group_selection){2, 0, tail, 2};
  refused("two row selections of row group 2", &options);
  selections[1] = (pqpush_row_group_selection){0, 0, tail, 2};
  refused("200 rows for row group 0, which has 400", &options);
  selections[1] = (pqpush_row_group_selection){0, 0, NULL, 0};
  refused("0 rows for row group 0", &options);
  /* a host of the first release does not know of them */
  options.struct_size = 144;
  CHECK_INT(sum_of_ids(&options, &rows), 999 * 500);
}

int main(int argc, char **argv) {
  file = load(fixtures(argc, argv), "table.parquet");
  metadata = read_metadata(file);
  a_host_reads_ahead();
  looking_ahead_fails_as_the_decoder_does(fixtures(argc, argv));
  options_change_between_row_groups();
  a_bitmap_chooses_rows();
  selections_within_row_groups();
  pqpush_metadata_free(metadata);
  free(file.data);
  return 0;
}
