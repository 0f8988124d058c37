/* What rules rows out before they are looked at, each alone and turned off; how rows are passed over; full batches. */
#include "check.h"

static bytes file;
static pqpush_metadata *metadata;

typedef struct outcome {
  int64_t rows, sum;
  pqpush_metrics metrics;
} outcome;

/* The ids that are kept. */
static outcome scan(const char *sql, pqpush_scan_options options) {
  pqpush_predicate *predicate = CHECK_UNSET;
  CHECK_OK(pqpush_predicate_parse(str(sql), &predicate, &err));
  const pqpush_predicate *list[] = {predicate};
  const pqpush_str id = str("id");
  options.struct_size = sizeof options;
  options.columns = &id;
  options.column_count = 1;
  options.predicates = list;
  options.predicate_count = 1;
  pqpush_decoder *decoder = new_decoder(metadata, &options);
  pqpush_predicate_free(predicate);
  outcome found = {.metrics = {.struct_size = sizeof(pqpush_metrics)}};
  struct ArrowArray batch;
  while (next_batch(decoder, file, &batch)) {
    found.rows += batch.length;
    for (int64_t row = 0; row < batch.length; row++) {
      found.sum += int64_at(batch.children[0], row);
    }
    batch.release(&batch);
  }
  CHECK_OK(pqpush_decoder_metrics(decoder, &found.metrics, &err));
  pqpush_decoder_free(decoder);
  return found;
}

#define OPTIONS(...) ((pqpush_scan_options){__VA_ARGS__})

static void statistics_and_page_index(void) {
  outcome found = scan("id = 450", OPTIONS(.flags = 0));
  CHECK_INT(found.rows, 1);
  CHECK_INT(found.sum, 450);
  CHECK_INT(found.metrics.rows_pruned_by_stats, 600);
  CHECK_INT(found.metrics.rows_pruned_by_pages, 300);
  CHECK_INT(found.metrics.rows_filtered, 99);
  CHECK_INT(found.metrics.row_groups_pruned, 2);

  found = scan("id = 450", OPTIONS(.flags = PQPUSH_SCAN_NO_STATS_PRUNING));
  CHECK_INT(found.sum, 450);
  CHECK_INT(found.metrics.rows_pruned_by_stats, 0);
  CHECK_INT(found.metrics.rows_pruned_by_pages, 900);

  found = scan("id = 450", OPTIONS(.flags = PQPUSH_SCAN_NO_PAGE_PRUNING));
  CHECK_INT(found.sum, 450);
  CHECK_INT(found.metrics.rows_pruned_by_stats, 600);
  CHECK_INT(found.metrics.rows_pruned_by_pages, 0);
  CHECK_INT(found.metrics.rows_filtered, 399);

  found = scan("id = 450", OPTIONS(.flags = PQPUSH_SCAN_NO_STATS_PRUNING | PQPUSH_SCAN_NO_PAGE_PRUNING));
  CHECK_INT(found.sum, 450);
  CHECK_INT(found.metrics.rows_filtered, 999);
}

/* The name of row 55 is null, so no row has this one, and it lies between the bounds of one page of each of two row groups. */
static void bloom_filters_and_dictionaries(void) {
  outcome found = scan("name = 'name-55'", OPTIONS(.flags = 0));
  CHECK_INT(found.rows, 0);
  CHECK_INT(found.metrics.rows_pruned_by_stats, 200);
  CHECK_INT(found.metrics.rows_pruned_by_pages, 600);
  CHECK_INT(found.metrics.rows_pruned_by_bloom, 200);
  CHECK_INT(found.metrics.pages_decompressed, 0);

  found = scan("name = 'name-55'", OPTIONS(.flags = PQPUSH_SCAN_NO_BLOOM));
  CHECK_INT(found.rows, 0);
  CHECK_INT(found.metrics.rows_pruned_by_bloom, 0);
  CHECK_INT(found.metrics.rows_pruned_by_dictionary, 200);
  CHECK_INT(found.metrics.rows_filtered, 0);
  CHECK_INT(found.metrics.pages_decompressed, 2);
}

static void selection_policies(void) {
  for (int32_t policy = 0; policy < 3; policy++) {
    outcome found = scan("flag = TRUE", OPTIONS(.selection_policy = policy));
    CHECK_INT(found.rows, 334);
    CHECK_INT(found.sum, 333 * 334 / 2 * 3);
    CHECK_INT(found.metrics.rows_filtered, 666);
  }
}

static void full_batches(void) {
  static const int64_t rows[] = {300, 300, 300, 100}, row_groups[] = {0, -1, -1, 2};
  pqpush_scan_options options = {
      .struct_size = sizeof options, .batch_rows = 300, .flags = PQPUSH_SCAN_FILL_BATCHES};
  pqpush_decoder *decoder = new_decoder(metadata, &options);
  int64_t batches = 0, id = 0;
  for (;;) {
    pqpush_event event = {.struct_size = sizeof event};
    struct ArrowArray batch;
    CHECK_OK(pqpush_decoder_try_decode(decoder, &event, &batch, &err));
    if (event.kind == PQPUSH_EVENT_FINISHED) {
      break;
    }
    if (event.kind == PQPUSH_EVENT_NEEDS_DATA) {
      push_ranges(decoder, &event, file);
      continue;
    }
    CHECK(batches < 4);
    CHECK_INT(batch.length, rows[batches]);
    CHECK_INT(event.row_group, row_groups[batches]);
    for (int64_t row = 0; row < batch.length; row++, id++) {
      CHECK_INT(int64_at(batch.children[0], row), id);
      CHECK(is_valid(batch.children[1], row) == (id % 5 != 0));
    }
    batches++;
    batch.release(&batch);
  }
  CHECK_INT(batches, 4);
  CHECK_INT(id, 1000);
  pqpush_decoder_free(decoder);
}

int main(int argc, char **argv) {
  file = load(fixtures(argc, argv), "table.parquet");
  metadata = read_metadata(file);
  statistics_and_page_index();
  bloom_filters_and_dictionaries();
  selection_policies();
  full_batches();
  pqpush_metadata_free(metadata);
  free(file.data);
  return 0;
}
