/* Statistics of columns over row groups and over pages, sorting columns, key-value metadata of column chunks. */
#include "check.h"

typedef pqpush_status statistics_function(const pqpush_metadata *, size_t, int32_t, struct ArrowArray *,
                                          struct ArrowSchema *, pqpush_error **);

/* The child of this name, and its format. */
static const struct ArrowArray *child(const struct ArrowArray *array, const struct ArrowSchema *schema,
                                      const char *name, const char *format) {
  CHECK_TEXT(schema->format, "+s");
  CHECK_INT(array->n_children, schema->n_children);
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (strcmp(schema->children[i]->name, name) == 0) {
      CHECK_TEXT(schema->children[i]->format, format);
      CHECK_INT(array->children[i]->length, array->length);
      return array->children[i];
    }
  }
  fprintf(stderr, "there is no child %s\n", name);
  exit(1);
}

static void check_text_at(const struct ArrowArray *texts, int64_t row, const char *expected) {
  const int32_t *offsets = texts->buffers[1];
  pqpush_str found = {(const char *)texts->buffers[2] + offsets[row], (size_t)(offsets[row + 1] - offsets[row])};
  CHECK(is_valid(texts, row));
  CHECK_STR(found, expected);
}

static bool bit_at(const struct ArrowArray *bits, int64_t row) {
  return ((const uint8_t *)bits->buffers[1])[row / 8] >> (row % 8) & 1;
}

/* How many entries of an optional column have the definition levels 0 and 1. */
static void check_levels(const struct ArrowArray *lists, int64_t row, int64_t nulls, int64_t values) {
  const int32_t *offsets = lists->buffers[1];
  CHECK(is_valid(lists, row));
  CHECK_INT(offsets[row + 1] - offsets[row], 2);
  CHECK_INT(int64_at(lists->children[0], offsets[row]), nulls);
  CHECK_INT(int64_at(lists->children[0], offsets[row] + 1), values);
}

static void of_row_groups(const pqpush_metadata *metadata) {
  static const int64_t rows[] = {400, 400, 200};
  struct ArrowArray array;
  struct ArrowSchema schema;
  CHECK_OK(pqpush_metadata_column_statistics(metadata, 0, 0, &array, &schema, &err));
  CHECK_INT(array.length, 3);
  static const char *const names[] = {"min",       "max",       "min_is_exact",    "max_is_exact", "null_count",
                                      "distinct_count", "nan_count", "row_count", "unencoded_bytes", "value_count",
                                      "repetition_levels", "definition_levels"};
  CHECK_INT(schema.n_children, 12);
  for (int i = 0; i < 12; i++) {
    CHECK_TEXT(schema.children[i]->name, names[i]);
  }
  for (int64_t i = 0; i < 3; i++) {
    CHECK_INT(int64_at(child(&array, &schema, "min", "l"), i), i * 400);
    CHECK_INT(int64_at(child(&array, &schema, "max", "l"), i), i * 400 + rows[i] - 1);
    CHECK(bit_at(child(&array, &schema, "min_is_exact", "b"), i));
    CHECK(bit_at(child(&array, &schema, "max_is_exact", "b"), i));
    CHECK_INT(int64_at(child(&array, &schema, "null_count", "L"), i), 0);
    CHECK(!is_valid(child(&array, &schema, "distinct_count", "L"), i));
    CHECK(!is_valid(child(&array, &schema, "nan_count", "L"), i));
    CHECK_INT(int64_at(child(&array, &schema, "row_count", "L"), i), rows[i]);
    CHECK_INT(int64_at(child(&array, &schema, "value_count", "L"), i), rows[i]);
  }
  array.release(&array);
  schema.release(&schema);
}

static void strings_come_as_asked(const pqpush_metadata *metadata) {
  static const char *const formats[] = {"u", "U", "vu"};
  struct ArrowArray array;
  struct ArrowSchema schema;
  for (int32_t string_type = 0; string_type < 3; string_type++) {
    CHECK_OK(pqpush_metadata_column_statistics(metadata, 1, string_type, &array, &schema, &err));
    const struct ArrowArray *min = child(&array, &schema, "min", formats[string_type]);
    const struct ArrowArray *max = child(&array, &schema, "max", formats[string_type]);
    if (string_type == 0) {
      check_text_at(min, 0, "name-1");
      check_text_at(max, 0, "name-99");
      check_text_at(min, 1, "name-401");
      check_text_at(max, 2, "name-999");
    }
    for (int64_t i = 0; i < 3; i++) {
      CHECK_INT(int64_at(child(&array, &schema, "null_count", "L"), i), i == 2 ? 40 : 80);
      CHECK(int64_at(child(&array, &schema, "unencoded_bytes", "L"), i) > 1000);
      check_levels(child(&array, &schema, "definition_levels", "+l"), i, i == 2 ? 40 : 80, i == 2 ? 160 : 320);
    }
    array.release(&array);
    schema.release(&schema);
  }
}

static void of_pages(const pqpush_metadata *metadata) {
  struct ArrowArray array;
  struct ArrowSchema schema;
  CHECK_OK(pqpush_metadata_page_statistics(metadata, 0, 0, &array, &schema, &err));
  CHECK_INT(array.length, 10);
  CHECK_INT(schema.n_children, 15);
  int64_t end = 0;
  for (int64_t i = 0; i < 10; i++) {
    CHECK_INT(int64_at(child(&array, &schema, "min", "l"), i), i * 100);
    CHECK_INT(int64_at(child(&array, &schema, "max", "l"), i), i * 100 + 99);
    CHECK_INT(int64_at(child(&array, &schema, "null_count", "L"), i), 0);
    CHECK_INT(int64_at(child(&array, &schema, "row_count", "L"), i), 100);
    CHECK_INT(int64_at(child(&array, &schema, "row_group", "L"), i), i / 4);
    CHECK_INT(int64_at(child(&array, &schema, "first_row", "L"), i), i % 4 * 100);
    CHECK(!is_valid(child(&array, &schema, "min_is_exact", "b"), i));
    CHECK(int64_at(child(&array, &schema, "file_offset", "L"), i) >= end);
    CHECK(int64_at(child(&array, &schema, "compressed_bytes", "L"), i) > 0);
    end = int64_at(child(&array, &schema, "file_offset", "L"), i) +
          int64_at(child(&array, &schema, "compressed_bytes", "L"), i);
  }
  array.release(&array);
  schema.release(&schema);
}

static void they_outlive_the_metadata(const char *directory) {
  bytes file = load(directory, "table.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  struct ArrowArray array;
  struct ArrowSchema schema;
  CHECK_OK(pqpush_metadata_column_statistics(metadata, 1, 0, &array, &schema, &err));
  pqpush_metadata_free(metadata);
  free(file.data);
  check_text_at(child(&array, &schema, "max", "u"), 0, "name-99");
  schema.release(&schema);
  array.release(&array);
}

static void a_file_without_statistics_has_none(const char *directory) {
  bytes file = load(directory, "plain.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  struct ArrowArray array;
  struct ArrowSchema schema;
  CHECK_OK(pqpush_metadata_column_statistics(metadata, 0, 0, &array, &schema, &err));
  CHECK_INT(array.length, 1);
  CHECK(!is_valid(child(&array, &schema, "min", "l"), 0));
  CHECK(!is_valid(child(&array, &schema, "max_is_exact", "b"), 0));
  CHECK_INT(int64_at(child(&array, &schema, "null_count", "L"), 0), 0); /* the column is required */
  CHECK_INT(int64_at(child(&array, &schema, "row_count", "L"), 0), 10000);
  array.release(&array);
  schema.release(&schema);
  pqpush_metadata_free(metadata);
  free(file.data);
}

/* What the structs hold before a call; it is forgotten, not called. */
static void release_array(struct ArrowArray *array) { CHECK(array == NULL); }
static void release_schema(struct ArrowSchema *schema) { CHECK(schema == NULL); }

static void wrong_arguments_are_refused(const pqpush_metadata *metadata) {
  statistics_function *const functions[] = {pqpush_metadata_column_statistics, pqpush_metadata_page_statistics};
  for (int i = 0; i < 2; i++) {
    struct ArrowArray array = {.release = release_array};
    struct ArrowSchema schema = {.release = release_schema};
    CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "column 5", functions[i](metadata, 5, 0, &array, &schema, &err));
    CHECK(array.release == NULL && schema.release == NULL);
    array.release = release_array;
    CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "string_type", functions[i](metadata, 0, 3, &array, &schema, &err));
    CHECK(array.release == NULL && schema.release == NULL);
    CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, functions[i](NULL, 0, 0, &array, &schema, &err));
    CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, functions[i](metadata, 0, 0, NULL, &schema, &err));
    array.release = release_array;
    CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, functions[i](metadata, 0, 0, &array, NULL, &err));
    CHECK(array.release == NULL);
  }
}

static void row_groups_are_sorted(const pqpush_metadata *metadata) {
  for (size_t i = 0; i < 3; i++) {
    pqpush_sorting_info info = {.struct_size = sizeof info};
    CHECK_INT(pqpush_metadata_sorting_column_count(metadata, i), 1);
    CHECK_OK(pqpush_metadata_sorting_column(metadata, i, 0, &info, &err));
    CHECK_INT(info.column, 0);
    CHECK_INT(info.flags, PQPUSH_SORTING_NULLS_FIRST);
    CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_sorting_column(metadata, i, 1, &info, &err));
  }
  pqpush_sorting_info info = {.struct_size = sizeof info};
  CHECK_INT(pqpush_metadata_sorting_column_count(metadata, 3), 0);
  CHECK_INT(pqpush_metadata_sorting_column_count(NULL, 0), 0);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_sorting_column(metadata, 3, 0, &info, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_sorting_column(metadata, 0, 0, NULL, &err));
}

static int visits;

static int visit(void *user_data, pqpush_str key, pqpush_str value) {
  CHECK(user_data == &visits && key.data != NULL && value.length < SIZE_MAX);
  visits++;
  return 0;
}

static void chunks_without_key_values_are_not_visited(const pqpush_metadata *metadata) {
  CHECK_OK(pqpush_metadata_column_chunk_key_values(metadata, 2, 4, visit, &visits, &err));
  CHECK_INT(visits, 0);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT,
              pqpush_metadata_column_chunk_key_values(metadata, 3, 0, visit, &visits, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT,
              pqpush_metadata_column_chunk_key_values(metadata, 0, 5, visit, &visits, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT,
              pqpush_metadata_column_chunk_key_values(metadata, 0, 0, NULL, &visits, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_column_chunk_key_values(NULL, 0, 0, visit, &visits, &err));
}

int main(int argc, char **argv) {
  const char *directory = fixtures(argc, argv);
  bytes file = load(directory, "table.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  of_row_groups(metadata);
  strings_come_as_asked(metadata);
  of_pages(metadata);
  wrong_arguments_are_refused(metadata);
  row_groups_are_sorted(metadata);
  chunks_without_key_values_are_not_visited(metadata);
  pqpush_metadata_free(metadata);
  free(file.data);
  they_outlive_the_metadata(directory);
  a_file_without_statistics_has_none(directory);
  return 0;
}
