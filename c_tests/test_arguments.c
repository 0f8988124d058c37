/* Arguments that are wrong: NULL for each pointer, impossible sizes, numbers without a meaning. Nothing crashes, the
 * error names the parameter, and out parameters are empty. */
#include "check.h"

static const char *directory;
static bytes file;
static pqpush_metadata *metadata;

#define INVALID(text, call) CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, text, call)

static void metadata_decoder_without(void) {
  pqpush_metadata_decoder *decoder = CHECK_UNSET;
  pqpush_metadata *out = CHECK_UNSET;
  pqpush_event event = {.struct_size = sizeof event};
  INVALID("out_decoder is NULL", pqpush_metadata_decoder_new(100, NULL, NULL, &err));
  CHECK_OK(pqpush_metadata_decoder_new(file.length, NULL, &decoder, &err));
  INVALID("decoder is NULL", pqpush_metadata_decoder_push(NULL, 0, file.data, 4, &err));
  INVALID("decoder is NULL", pqpush_metadata_decoder_push_borrowed(NULL, 0, file.data, 4, NULL, NULL, &err));
  INVALID("data is NULL", pqpush_metadata_decoder_push(decoder, 0, NULL, 4, &err));
  INVALID("data", pqpush_metadata_decoder_push(decoder, 0, file.data, SIZE_MAX, &err));
  INVALID("behind the file", pqpush_metadata_decoder_push(decoder, file.length, file.data, 1, &err));
  CHECK_OK(pqpush_metadata_decoder_push(decoder, 0, NULL, 0, &err));
  INVALID("decoder is NULL", pqpush_metadata_decoder_try_decode(NULL, &event, &out, &err));
  CHECK(out == NULL);
  out = CHECK_UNSET;
  INVALID("out_event is NULL", pqpush_metadata_decoder_try_decode(decoder, NULL, &out, &err));
  CHECK(out == NULL);
  INVALID("out_metadata is NULL", pqpush_metadata_decoder_try_decode(decoder, &event, NULL, &err));
  /* none of it harmed the decoder, and err may be NULL everywhere */
  CHECK_INT(pqpush_metadata_decoder_push(decoder, 0, NULL, 4, NULL), PQPUSH_ERR_INVALID_ARGUMENT);
  CHECK_INT(pqpush_metadata_decoder_try_decode(decoder, &event, &out, NULL), PQPUSH_OK);
  CHECK_INT(event.kind, PQPUSH_EVENT_NEEDS_DATA);
  pqpush_metadata_decoder_free(decoder);
  pqpush_metadata_decoder_free(NULL);
}

static void metadata_without(void) {
  struct ArrowSchema schema;
  pqpush_str key = str("x"), value = str("y");
  size_t column = 7;
  INVALID("metadata is NULL", pqpush_metadata_schema(NULL, &schema, &err));
  CHECK(schema.release == NULL);
  INVALID("out_schema is NULL", pqpush_metadata_schema(metadata, NULL, &err));
  INVALID("metadata is NULL", pqpush_metadata_key_value(NULL, 0, &key, &value, &err));
  CHECK(key.data == NULL && value.data == NULL && key.length == 0 && value.length == 0);
  INVALID("out_key is NULL", pqpush_metadata_key_value(metadata, 0, NULL, &value, &err));
  INVALID("out_value is NULL", pqpush_metadata_key_value(metadata, 0, &key, NULL, &err));
  INVALID("metadata is NULL", pqpush_metadata_find_column(NULL, str("id"), &column, &err));
  CHECK_INT(column, 0);
  INVALID("out_column is NULL", pqpush_metadata_find_column(metadata, str("id"), NULL, &err));
  INVALID("path is NULL", pqpush_metadata_find_column(metadata, (pqpush_str){NULL, 2}, &column, &err));
  INVALID("path", pqpush_metadata_find_column(metadata, (pqpush_str){NULL, 0}, &column, &err));
  INVALID("utf-8", pqpush_metadata_find_column(metadata, (pqpush_str){"\xFF\xFE", 2}, &column, &err));
  CHECK(pqpush_metadata_clone(NULL) == NULL);
  CHECK_INT(pqpush_metadata_row_count(NULL), 0);
  CHECK_INT(pqpush_metadata_row_group_count(NULL), 0);
  CHECK_INT(pqpush_metadata_column_count(NULL), 0);
  CHECK_INT(pqpush_metadata_key_value_count(NULL), 0);
  CHECK_INT(pqpush_metadata_format_version(NULL), 0);
  CHECK(pqpush_metadata_created_by(NULL).data == NULL);
  pqpush_metadata_free(NULL);
}

static void decoder_without(void) {
  pqpush_decoder *decoder = CHECK_UNSET;
  pqpush_event event = {.struct_size = sizeof event};
  struct ArrowArray batch;
  struct ArrowSchema schema;
  INVALID("metadata is NULL", pqpush_decoder_new(NULL, NULL, &decoder, &err));
  CHECK(decoder == NULL);
  INVALID("out_decoder is NULL", pqpush_decoder_new(metadata, NULL, NULL, &err));
  decoder = new_decoder(metadata, NULL);
  INVALID("decoder is NULL", pqpush_decoder_schema(NULL, &schema, &err));
  CHECK(schema.release == NULL);
  INVALID("out_schema is NULL", pqpush_decoder_schema(decoder, NULL, &err));
  INVALID("decoder is NULL", pqpush_decoder_push(NULL, 0, file.data, 4, &err));
  INVALID("data is NULL", pqpush_decoder_push(decoder, 0, NULL, 4, &err));
  INVALID("data", pqpush_decoder_push(decoder, 0, file.data, SIZE_MAX, &err));
  CHECK_OK(pqpush_decoder_push(decoder, 0, NULL, 0, &err));
  CHECK_OK(pqpush_decoder_push(decoder, 0, CHECK_UNSET, 0, &err));
  memset(&batch, 0xAB, sizeof batch);
  INVALID("decoder is NULL", pqpush_decoder_try_decode(NULL, &event, &batch, &err));
  CHECK(batch.release == NULL);
  memset(&batch, 0xAB, sizeof batch);
  INVALID("out_event is NULL", pqpush_decoder_try_decode(decoder, NULL, &batch, &err));
  CHECK(batch.release == NULL);
  INVALID("out_batch is NULL", pqpush_decoder_try_decode(decoder, &event, NULL, &err));
  INVALID("out_metrics is NULL", pqpush_decoder_metrics(decoder, NULL, &err));
  CHECK_INT(pqpush_decoder_buffered_bytes(NULL), 0);
  CHECK(next_batch(decoder, file, &batch));
  batch.release(&batch);
  pqpush_decoder_free(decoder);
  pqpush_decoder_free(NULL);
}

/* A struct with room behind it, for hosts of a later release. */
typedef struct roomy_options {
  pqpush_scan_options known;
  uint64_t later[2];
} roomy_options;

static void sizes_of_options(void) {
  roomy_options options = {.known = {.struct_size = sizeof options}};
  pqpush_metadata_options small = {.struct_size = 31};
  pqpush_decoder *decoder = new_decoder(metadata, &options.known);
  pqpush_decoder_free(decoder);
  options.later[1] = 1;
  CHECK_FAILS(PQPUSH_ERR_UNSUPPORTED, pqpush_decoder_new(metadata, &options.known, &decoder, &err));
  CHECK(decoder == NULL);
  static const size_t impossible[] = {0, 1, sizeof(size_t), 143 /* the first release had 144 */, 4097, SIZE_MAX};
  for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
    options.known.struct_size = impossible[i];
    INVALID("struct_size", pqpush_decoder_new(metadata, &options.known, &decoder, &err));
    options.known.struct_size = 7;
    pqpush_scan_options_init(&options.known, impossible[i]);
    CHECK_INT(options.known.struct_size, 7);
  }
  options.later[0] = 5;
  pqpush_scan_options_init(&options.known, sizeof options);
  CHECK(options.later[0] == 0 && options.later[1] == 0);
  pqpush_scan_options_init(NULL, sizeof options);
  pqpush_metadata_decoder *metadata_decoder = CHECK_UNSET;
  INVALID("struct_size", pqpush_metadata_decoder_new(file.length, &small, &metadata_decoder, &err));
  CHECK(metadata_decoder == NULL);
}

/* No byte past struct_size is written; bytes of a later release are zeroed. */
static void sizes_of_out_structs(void) {
  struct {
    pqpush_metrics known;
    uint64_t later[2];
  } metrics;
  pqpush_decoder *decoder = new_decoder(metadata, NULL);
  memset(&metrics, 0xAB, sizeof metrics);
  metrics.known.struct_size = sizeof metrics.known;
  CHECK_OK(pqpush_decoder_metrics(decoder, &metrics.known, &err));
  CHECK_INT(metrics.known.rows_total, 1000);
  CHECK_INT(metrics.known.struct_size, sizeof metrics.known);
  CHECK(metrics.later[0] == UINT64_C(0xABABABABABABABAB));
  metrics.known.struct_size = sizeof metrics;
  CHECK_OK(pqpush_decoder_metrics(decoder, &metrics.known, &err));
  CHECK(metrics.later[0] == 0 && metrics.later[1] == 0);
  pqpush_event event = {.struct_size = sizeof event - 8};
  pqpush_row_group_info row_group = {.struct_size = 8};
  pqpush_column_info column = {.struct_size = 0};
  pqpush_column_chunk_info chunk = {.struct_size = 4097};
  struct ArrowArray batch;
  pqpush_metadata *out = CHECK_UNSET;
  pqpush_metadata_decoder *metadata_decoder = NULL;
  metrics.known.struct_size = 152; /* the first release had 160 */
  INVALID("struct_size", pqpush_decoder_metrics(decoder, &metrics.known, &err));
  INVALID("struct_size", pqpush_decoder_try_decode(decoder, &event, &batch, &err));
  CHECK(batch.release == NULL);
  CHECK_OK(pqpush_metadata_decoder_new(file.length, NULL, &metadata_decoder, &err));
  INVALID("struct_size", pqpush_metadata_decoder_try_decode(metadata_decoder, &event, &out, &err));
  CHECK(out == NULL);
  pqpush_metadata_decoder_free(metadata_decoder);
  INVALID("struct_size", pqpush_metadata_row_group(metadata, 0, &row_group, &err));
  INVALID("struct_size", pqpush_metadata_column(metadata, 0, &column, &err));
  INVALID("struct_size", pqpush_metadata_column_chunk(metadata, 0, 0, &chunk, &err));
  INVALID("out_info is NULL", pqpush_metadata_row_group(metadata, 0, NULL, &err));
  INVALID("out_info is NULL", pqpush_metadata_column(metadata, 0, NULL, &err));
  INVALID("out_info is NULL", pqpush_metadata_column_chunk(metadata, 0, 0, NULL, &err));
  row_group.struct_size = sizeof row_group;
  column.struct_size = sizeof column;
  chunk.struct_size = sizeof chunk;
  row_group.row_count = 9;
  INVALID("metadata is NULL", pqpush_metadata_row_group(NULL, 0, &row_group, &err));
  CHECK_INT(row_group.row_count, 0);
  INVALID("metadata is NULL", pqpush_metadata_column(NULL, 0, &column, &err));
  INVALID("metadata is NULL", pqpush_metadata_column_chunk(NULL, 0, 0, &chunk, &err));
  metrics.known.struct_size = sizeof metrics.known;
  INVALID("decoder is NULL", pqpush_decoder_metrics(NULL, &metrics.known, &err));
  CHECK_INT(metrics.known.rows_total, 0);
  pqpush_decoder_free(decoder);
}

static void refused(int32_t expected, const char *text, const pqpush_scan_options *options) {
  pqpush_decoder *decoder = CHECK_UNSET;
  CHECK_FAILS_WITH(expected, text, pqpush_decoder_new(metadata, options, &decoder, &err));
  CHECK(decoder == NULL);
}

/* Options with one field set, as the initializer says. */
#define WITH(...) (&(pqpush_scan_options){.struct_size = sizeof(pqpush_scan_options), __VA_ARGS__})

static void options_without_a_meaning(void) {
  static const uint32_t missing[] = {3}, twice[] = {1, 1};
  const pqpush_str unknown = str("nowhere"), null = {NULL, 3}, bad = {"\xC3", 1};
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "string_type", WITH(.string_type = 3));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "string_type", WITH(.string_type = -1));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "dictionary", WITH(.dictionary = 2));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "selection_policy", WITH(.selection_policy = 3));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "flags", WITH(.flags = 1u << 10));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "nowhere", WITH(.columns = &unknown, .column_count = 1));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "columns is NULL", WITH(.columns = &null, .column_count = 1));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "utf-8", WITH(.columns = &bad, .column_count = 1));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "columns is NULL", WITH(.column_count = 1));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "row_groups is NULL", WITH(.row_group_count = 1));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "row_groups", WITH(.row_groups = missing, .row_group_count = SIZE_MAX));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "row group 3", WITH(.row_groups = missing, .row_group_count = 1));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "row group 1", WITH(.row_groups = twice, .row_group_count = 2));
  const pqpush_row_run too_long = {UINT64_MAX, 1, 0}, neither = {1, 2, 0};
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "row_selection is NULL", WITH(.row_selection_count = 1));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "row selection", WITH(.row_selection = &too_long, .row_selection_count = 1));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "row selection over 0 rows", WITH(.row_selection = &too_long));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "select is 2", WITH(.row_selection = &neither, .row_selection_count = 1));
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "predicates is NULL", WITH(.predicate_count = 1));
  pqpush_metadata_decoder *decoder = CHECK_UNSET;
  pqpush_metadata_options options = {.struct_size = sizeof options, .page_index = 3};
  INVALID("page_index", pqpush_metadata_decoder_new(file.length, &options, &decoder, &err));
  options.page_index = 0;
  options.flags = 2;
  INVALID("flags", pqpush_metadata_decoder_new(file.length, &options, &decoder, &err));
}

static void lists_without_elements(void) {
  const pqpush_predicate *const predicate = NULL;
  refused(PQPUSH_ERR_INVALID_ARGUMENT, "predicates", WITH(.predicates = &predicate, .predicate_count = 1));
  /* lists of no element that are there all the same */
  pqpush_decoder_free(new_decoder(metadata, WITH(.predicates = &predicate, .predicate_cache_bytes = 1)));
  pqpush_decoder_free(new_decoder(metadata, WITH(.batch_rows = UINT64_MAX)));
}

int main(int argc, char **argv) {
  directory = fixtures(argc, argv);
  file = load(directory, "table.parquet");
  metadata = read_metadata(file);
  metadata_decoder_without();
  metadata_without();
  decoder_without();
  sizes_of_options();
  sizes_of_out_structs();
  options_without_a_meaning();
  lists_without_elements();
  pqpush_metadata_free(metadata);
  free(file.data);
  return 0;
}
