/* The metadata decoder, and what the metadata says. */
#include "check.h"

static void the_tail_is_asked_for_and_is_enough(const char *directory) {
  bytes file = load(directory, "plain.parquet");
  pqpush_metadata_options options = {.struct_size = sizeof options, .footer_size_hint = 100};
  pqpush_metadata_decoder *decoder = NULL;
  pqpush_metadata *metadata = NULL;
  pqpush_event event = {.struct_size = sizeof event};
  CHECK_OK(pqpush_metadata_decoder_new(file.length, &options, &decoder, &err));
  CHECK_OK(pqpush_metadata_decoder_try_decode(decoder, &event, &metadata, &err));
  CHECK_INT(event.kind, PQPUSH_EVENT_NEEDS_DATA);
  CHECK_INT(event.range_count, 1);
  CHECK_INT(event.ranges[0].offset, file.length - 100);
  CHECK_INT(event.ranges[0].length, 100);
  /* ranges stay until the next step: a push leaves them alone */
  CHECK_OK(pqpush_metadata_decoder_push(decoder, file.length - 100, file.data + file.length - 100, 100, &err));
  CHECK_INT(event.ranges[0].offset, file.length - 100);
  /* the step after asks for no more than the rest of the footer */
  CHECK_OK(pqpush_metadata_decoder_try_decode(decoder, &event, &metadata, &err));
  if (event.kind == PQPUSH_EVENT_NEEDS_DATA) {
    CHECK_INT(event.ranges[0].offset + event.ranges[0].length, file.length - 100);
  }
  pqpush_metadata_decoder_free(decoder);
  free(file.data);
}

static void single_bytes_backwards_are_as_good(const char *directory) {
  bytes file = load(directory, "table.parquet");
  pqpush_metadata_decoder *decoder = NULL;
  pqpush_metadata *metadata = NULL;
  pqpush_event event = {.struct_size = sizeof event};
  CHECK_OK(pqpush_metadata_decoder_new(file.length, NULL, &decoder, &err));
  CHECK_OK(pqpush_metadata_decoder_push(decoder, 0, NULL, 0, &err));
  for (size_t i = file.length; i-- > 0;) {
    CHECK_OK(pqpush_metadata_decoder_push(decoder, i, file.data + i, 1, &err));
  }
  CHECK_OK(pqpush_metadata_decoder_try_decode(decoder, &event, &metadata, &err));
  CHECK_INT(event.kind, PQPUSH_EVENT_FINISHED);
  CHECK_INT(pqpush_metadata_row_count(metadata), 1000);
  /* and again */
  pqpush_metadata *again = NULL;
  CHECK_OK(pqpush_metadata_decoder_try_decode(decoder, &event, &again, &err));
  CHECK_INT(event.kind, PQPUSH_EVENT_FINISHED);
  CHECK_INT(pqpush_metadata_row_count(again), 1000);
  CHECK_FAILS(PQPUSH_ERR_INVALID_STATE, pqpush_metadata_decoder_push(decoder, 0, file.data, 1, &err));
  pqpush_metadata_decoder_free(decoder);
  pqpush_metadata_free(metadata);
  CHECK_INT(pqpush_metadata_column_count(again), 5);
  pqpush_metadata_free(again);
  free(file.data);
}

static void counts_and_texts(const pqpush_metadata *metadata) {
  CHECK_INT(pqpush_metadata_row_count(metadata), 1000);
  CHECK_INT(pqpush_metadata_row_group_count(metadata), 3);
  CHECK_INT(pqpush_metadata_column_count(metadata), 5);
  CHECK_INT(pqpush_metadata_format_version(metadata), 1);
  CHECK_STR(pqpush_metadata_created_by(metadata), "c_tests");
  CHECK_INT(pqpush_metadata_key_value_count(metadata), 2);
  pqpush_str key, value;
  CHECK_OK(pqpush_metadata_key_value(metadata, 0, &key, &value, &err));
  CHECK_STR(key, "purpose");
  CHECK_STR(value, "tests in C");
  CHECK_OK(pqpush_metadata_key_value(metadata, 1, &key, &value, &err));
  CHECK_STR(key, "absent");
  CHECK(value.data == NULL && value.length == 0);
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "there is no 2",
                   pqpush_metadata_key_value(metadata, 2, &key, &value, &err));
  CHECK(key.data == NULL && key.length == 0);
}

static void columns(const pqpush_metadata *metadata) {
  static const struct {
    const char *path, *logical_type, *physical_type;
    uint32_t definition_level;
  } expected[] = {
      {"id", "", "INT64", 0},
      {"name", "STRING", "BYTE_ARRAY", 1},
      {"price", "DECIMAL(15,2)", "INT64", 0},
      {"at", "TIMESTAMP(MICROS,UTC)", "INT64", 0},
      {"flag", "", "BOOLEAN", 0},
  };
  for (size_t i = 0; i < 5; i++) {
    pqpush_column_info info = {.struct_size = sizeof info};
    size_t found = 99;
    CHECK_OK(pqpush_metadata_column(metadata, i, &info, &err));
    CHECK_STR(info.path, expected[i].path);
    CHECK_STR(info.logical_type, expected[i].logical_type);
    CHECK_TEXT(pqpush_physical_type_name(info.physical_type), expected[i].physical_type);
    CHECK_INT(info.max_definition_level, expected[i].definition_level);
    CHECK_INT(info.max_repetition_level, 0);
    CHECK_INT(info.type_length, 0);
    CHECK_OK(pqpush_metadata_find_column(metadata, str(expected[i].path), &found, &err));
    CHECK_INT(found, i);
  }
  size_t found = 99;
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "nowhere",
                   pqpush_metadata_find_column(metadata, str("nowhere"), &found, &err));
  CHECK_INT(found, 0);
  pqpush_column_info info = {.struct_size = sizeof info};
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_column(metadata, 5, &info, &err));
}

static void row_groups_and_chunks(const pqpush_metadata *metadata) {
  static const uint64_t rows[] = {400, 400, 200};
  uint64_t end = 4;
  for (size_t i = 0; i < 3; i++) {
    pqpush_row_group_info info = {.struct_size = sizeof info};
    CHECK_OK(pqpush_metadata_row_group(metadata, i, &info, &err));
    CHECK_INT(info.row_count, rows[i]);
    CHECK(info.file_offset >= end);
    uint64_t sum = 0;
    for (size_t column = 0; column < 5; column++) {
      pqpush_column_chunk_info chunk = {.struct_size = sizeof chunk};
      CHECK_OK(pqpush_metadata_column_chunk(metadata, i, column, &chunk, &err));
      CHECK_INT(chunk.value_count, rows[i]);
      CHECK_TEXT(pqpush_codec_name(chunk.codec), "SNAPPY");
      CHECK(chunk.flags & PQPUSH_COLUMN_CHUNK_OFFSET_INDEX);
      CHECK(chunk.flags & PQPUSH_COLUMN_CHUNK_COLUMN_INDEX);
      CHECK_INT(!!(chunk.flags & PQPUSH_COLUMN_CHUNK_BLOOM_FILTER), column == 1);
      CHECK_INT(!!(chunk.flags & PQPUSH_COLUMN_CHUNK_ENCRYPTED), 0);
      /* "id" and booleans have no dictionary */
      CHECK_INT(chunk.dictionary_page_offset < 0, column == 0 || column == 4);
      CHECK_INT(chunk.encodings >> 8 & 1, !(column == 0 || column == 4)); /* RLE_DICTIONARY */
      CHECK_INT(chunk.file_offset,
                chunk.dictionary_page_offset < 0 ? chunk.data_page_offset : chunk.dictionary_page_offset);
      sum += chunk.compressed_bytes;
    }
    CHECK_INT(info.compressed_bytes, sum);
    end = info.file_offset + sum;
  }
  pqpush_row_group_info info = {.struct_size = sizeof info};
  pqpush_column_chunk_info chunk = {.struct_size = sizeof chunk};
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_row_group(metadata, 3, &info, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_column_chunk(metadata, 3, 0, &chunk, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_column_chunk(metadata, 0, SIZE_MAX, &chunk, &err));
}

static void schema_outlives_the_metadata(pqpush_metadata *metadata) {
  static const char *const formats[] = {"l", "u", "d:15,2", "tsu:UTC", "b"};
  struct ArrowSchema schema;
  CHECK_OK(pqpush_metadata_schema(metadata, &schema, &err));
  pqpush_metadata_free(metadata);
  CHECK_TEXT(schema.format, "+s");
  CHECK_INT(schema.n_children, 5);
  for (int i = 0; i < 5; i++) {
    CHECK_TEXT(schema.children[i]->format, formats[i]);
    CHECK_INT(!!(schema.children[i]->flags & ARROW_FLAG_NULLABLE), i == 1);
  }
  CHECK_TEXT(schema.children[3]->name, "at");
  schema.release(&schema);
  CHECK(schema.release == NULL);
}

/* Chunks are read when they are asked for: one of which the footer says what cannot be spoils no other. */
static void a_corrupt_chunk_is_told_by_whoever_asks_for_it(const char *directory) {
  bytes file = load(directory, "corrupt_chunk.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  pqpush_row_group_info row_group = {.struct_size = sizeof row_group};
  pqpush_column_chunk_info chunk = {.struct_size = sizeof chunk};
  struct ArrowArray array;
  struct ArrowSchema schema;
  CHECK_INT(pqpush_metadata_row_count(metadata), 1000);
  CHECK_OK(pqpush_metadata_column_chunk(metadata, 1, 0, &chunk, &err));
  CHECK_OK(pqpush_metadata_column_chunk(metadata, 0, 1, &chunk, &err));
  for (int again = 0; again < 2; again++) {
    pqpush_error *err = NULL;
    CHECK_INT(pqpush_metadata_column_chunk(metadata, 1, 1, &chunk, &err), PQPUSH_ERR_CORRUPT);
    CHECK(strstr(pqpush_error_message(err), "lacks its codec (column 1 \"name\", row group 1, file offset ") != NULL);
    CHECK_INT(pqpush_error_row_group(err), 1);
    CHECK_INT(pqpush_error_column(err), 1);
    CHECK(pqpush_error_file_offset(err) > 0 && (size_t)pqpush_error_file_offset(err) < file.length);
    pqpush_error_free(err);
  }
  CHECK_OK(pqpush_metadata_row_group(metadata, 0, &row_group, &err));
  CHECK_FAILS_WITH(PQPUSH_ERR_CORRUPT, "codec", pqpush_metadata_row_group(metadata, 1, &row_group, &err));
  CHECK_FAILS_WITH(PQPUSH_ERR_CORRUPT, "codec",
                   pqpush_metadata_column_statistics(metadata, 1, 0, &array, &schema, &err));
  CHECK_OK(pqpush_metadata_column_statistics(metadata, 0, 0, &array, &schema, &err));
  array.release(&array);
  schema.release(&schema);
  pqpush_str names[] = {str("id"), str("name")};
  pqpush_scan_options options = {.struct_size = sizeof options, .columns = names, .column_count = 1};
  pqpush_decoder_free(new_decoder(metadata, &options));
  pqpush_decoder *decoder = NULL;
  options.column_count = 2;
  CHECK_FAILS_WITH(PQPUSH_ERR_CORRUPT, "codec", pqpush_decoder_new(metadata, &options, &decoder, &err));
  pqpush_metadata_free(metadata);
  free(file.data);
}

int main(int argc, char **argv) {
  const char *directory = fixtures(argc, argv);
  the_tail_is_asked_for_and_is_enough(directory);
  single_bytes_backwards_are_as_good(directory);
  bytes file = load(directory, "table.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  counts_and_texts(metadata);
  columns(metadata);
  row_groups_and_chunks(metadata);
  a_corrupt_chunk_is_told_by_whoever_asks_for_it(directory);
  pqpush_metadata *reference = pqpush_metadata_clone(metadata);
  pqpush_metadata_free(metadata);
  schema_outlives_the_metadata(reference);
  free(file.data);
  return 0;
}
