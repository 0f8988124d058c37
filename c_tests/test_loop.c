/* The loop: what a scan hands out, under each option that there is. */
#include "check.h"

typedef struct totals {
  int64_t rows, batches, largest_batch, first_id, last_id;
} totals;

/* All rows of a scan whose first column is "id", checked against each other. */
static totals scan(const pqpush_metadata *metadata, const pqpush_scan_options *options, bytes file) {
  totals totals = {.first_id = -1, .last_id = -1};
  pqpush_decoder *decoder = new_decoder(metadata, options);
  struct ArrowArray batch;
  while (next_batch(decoder, file, &batch)) {
    for (int64_t row = 0; row < batch.length; row++) {
      int64_t id = int64_at(batch.children[0], row);
      CHECK(totals.rows + row == 0 || id == totals.last_id + 1);
      totals.first_id = totals.first_id < 0 ? id : totals.first_id;
      totals.last_id = id;
    }
    totals.rows += batch.length;
    totals.batches++;
    totals.largest_batch = batch.length > totals.largest_batch ? batch.length : totals.largest_batch;
    batch.release(&batch);
  }
  pqpush_decoder_free(decoder);
  return totals;
}

static pqpush_scan_options defaults(void) {
  pqpush_scan_options options;
  memset(&options, 0xAB, sizeof options);
  pqpush_scan_options_init(&options, sizeof options);
  return options;
}

static void check_row(const struct ArrowArray *batch, int64_t row, int64_t id) {
  const struct ArrowArray *name = batch->children[1];
  const int32_t *ends = (const int32_t *)name->buffers[1] + name->offset + row;
  char expected[32];
  int length = snprintf(expected, sizeof expected, "name-%" PRId64, id);
  CHECK_INT(int64_at(batch->children[0], row), id);
  CHECK_INT(is_valid(name, row), id % 5 != 0);
  if (id % 5 != 0) {
    CHECK_INT(ends[1] - ends[0], length);
    CHECK(memcmp((const char *)name->buffers[2] + ends[0], expected, (size_t)length) == 0);
  }
  const struct ArrowArray *price = batch->children[2];
  CHECK_INT(((const int64_t *)price->buffers[1])[2 * (price->offset + row)], id * 100 + 7);
  CHECK_INT(int64_at(batch->children[3], row), id * 1000000);
  const struct ArrowArray *flag = batch->children[4];
  int64_t bit = flag->offset + row;
  CHECK_INT(((const uint8_t *)flag->buffers[1])[bit / 8] >> (bit % 8) & 1, id % 3 == 0);
}

static void every_value_arrives(const pqpush_metadata *metadata, bytes file) {
  pqpush_decoder *decoder = new_decoder(metadata, NULL);
  struct ArrowArray batch;
  int64_t id = 0;
  int row_group = 0;
  while (next_batch(decoder, file, &batch)) {
    CHECK_INT(batch.n_children, 5);
    CHECK_INT(batch.length, row_group == 2 ? 200 : 400);
    for (int64_t row = 0; row < batch.length; row++) {
      check_row(&batch, row, id++);
    }
    batch.release(&batch);
    CHECK(batch.release == NULL);
    row_group++;
  }
  CHECK_INT(id, 1000);
  pqpush_metrics metrics = {.struct_size = sizeof metrics};
  CHECK_OK(pqpush_decoder_metrics(decoder, &metrics, &err));
  CHECK_INT(metrics.rows_total, 1000);
  CHECK_INT(metrics.rows_out, 1000);
  CHECK_INT(metrics.row_groups_total, 3);
  CHECK_INT(metrics.batches, 3);
  CHECK_INT(metrics.bytes_pushed, metrics.bytes_requested);
  CHECK(metrics.buffered_peak_bytes > 0 && metrics.bytes_decompressed > 0);
  CHECK_INT(metrics.rows_filtered, 0);
  CHECK_INT(pqpush_decoder_buffered_bytes(decoder), 0);
  pqpush_decoder_free(decoder);
}

static void options_choose_rows(const pqpush_metadata *metadata, bytes file) {
  static const uint32_t row_groups[] = {2};
  pqpush_scan_options options = defaults();
  options.batch_rows = 64;
  totals found = scan(metadata, &options, file);
  CHECK_INT(found.rows, 1000);
  CHECK_INT(found.largest_batch, 64);
  CHECK_INT(found.batches, 7 + 7 + 4);
  options.offset = 390;
  options.limit = 20;
  found = scan(metadata, &options, file);
  CHECK_INT(found.first_id, 390);
  CHECK_INT(found.last_id, 409);
  options = defaults();
  options.row_groups = row_groups;
  options.row_group_count = 1;
  found = scan(metadata, &options, file);
  CHECK_INT(found.first_id, 800);
  CHECK_INT(found.rows, 200);
  options.row_group_count = 0; /* a list of none is not the same as no list */
  CHECK_INT(scan(metadata, &options, file).rows, 0);
  options.row_group_count = 1;
  options.max_buffered_bytes = 4096;
  found = scan(metadata, &options, file);
  CHECK_INT(found.rows, 200);
}

static void limits_of_nothing_and_of_everything(const pqpush_metadata *metadata, bytes file) {
  pqpush_scan_options options = defaults();
  CHECK_INT(options.struct_size, sizeof options);
  options.limit = UINT64_MAX;
  CHECK_INT(scan(metadata, &options, file).rows, 1000);
  options.flags = PQPUSH_SCAN_LIMIT;
  CHECK_INT(scan(metadata, &options, file).rows, 1000);
  options.limit = 0;
  CHECK_INT(scan(metadata, &options, file).rows, 0);
  options.flags = 0;
  CHECK_INT(scan(metadata, &options, file).rows, 1000);
  options.offset = UINT64_MAX;
  CHECK_INT(scan(metadata, &options, file).rows, 0);
}

static void projections(const pqpush_metadata *metadata, bytes file) {
  const pqpush_str names[] = {str("flag"), str("name")};
  pqpush_scan_options options = defaults();
  struct ArrowSchema schema;
  struct ArrowArray batch;
  options.columns = names;
  options.column_count = 2;
  options.string_type = 2;
  pqpush_decoder *decoder = new_decoder(metadata, &options);
  CHECK_OK(pqpush_decoder_schema(decoder, &schema, &err));
  CHECK(next_batch(decoder, file, &batch));
  pqpush_decoder_free(decoder);
  CHECK_INT(batch.n_children, 2);
  CHECK_INT(schema.n_children, 2);
  CHECK_TEXT(schema.children[0]->name, "name"); /* in schema order */
  CHECK_TEXT(schema.children[0]->format, "vu");
  CHECK_TEXT(schema.children[1]->name, "flag");
  schema.release(&schema);
  batch.release(&batch);
}

static void no_columns_are_rows_all_the_same(const pqpush_metadata *metadata, bytes file) {
  const pqpush_str none = {NULL, 0};
  pqpush_scan_options options = defaults();
  struct ArrowArray batch;
  int64_t rows = 0;
  options.columns = &none;
  options.column_count = 0;
  pqpush_decoder *decoder = new_decoder(metadata, &options);
  while (next_batch(decoder, file, &batch)) {
    CHECK_INT(batch.n_children, 0);
    rows += batch.length;
    batch.release(&batch);
  }
  CHECK_INT(rows, 1000);
  pqpush_decoder_free(decoder);
}

static void a_file_without_rows(const char *directory) {
  bytes file = load(directory, "empty.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  CHECK_INT(pqpush_metadata_row_count(metadata), 0);
  pqpush_row_group_info info = {.struct_size = sizeof info};
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_row_group(metadata, 0, &info, &err));
  CHECK_INT(scan(metadata, NULL, file).rows, 0);
  pqpush_metadata_free(metadata);
  free(file.data);
}

/* Row i is a list of the numbers below i. */
static void nested_columns(const char *directory) {
  bytes file = load(directory, "nested.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  const pqpush_str column = str("numbers");
  pqpush_scan_options options = {.struct_size = sizeof options, .columns = &column, .column_count = 1};
  pqpush_decoder *decoder = new_decoder(metadata, &options);
  struct ArrowArray batch;
  CHECK(next_batch(decoder, file, &batch));
  CHECK_INT(batch.length, 10);
  const struct ArrowArray *lists = batch.children[0];
  CHECK_INT(lists->n_children, 1);
  const int32_t *offsets = lists->buffers[1], *numbers = lists->children[0]->buffers[1];
  for (int32_t row = 0; row < 10; row++) {
    CHECK_INT(offsets[row + 1] - offsets[row], row);
    CHECK(row == 0 || numbers[offsets[row + 1] - 1] == row - 1);
  }
  batch.release(&batch);
  CHECK(!next_batch(decoder, file, &batch));
  pqpush_decoder_free(decoder);
  pqpush_metadata_free(metadata);
  free(file.data);
}

int main(int argc, char **argv) {
  const char *directory = fixtures(argc, argv);
  bytes file = load(directory, "table.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  every_value_arrives(metadata, file);
  options_choose_rows(metadata, file);
  limits_of_nothing_and_of_everything(metadata, file);
  projections(metadata, file);
  no_columns_are_rows_all_the_same(metadata, file);
  a_file_without_rows(directory);
  nested_columns(directory);
  pqpush_metadata_free(metadata);
  free(file.data);
  return 0;
}
