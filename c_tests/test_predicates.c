/* Predicates: built from literals, SQL and callbacks, combined, and looked up in a file; who owns what meanwhile. */
#include "check.h"

static bytes file;
static pqpush_metadata *metadata;

/* ---- a literal, as a host would make it ---- */

static int arrays_released, schemas_released;

static void release_array(struct ArrowArray *array) {
  arrays_released++;
  array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
  schemas_released++;
  schema->release = NULL;
}

static int64_t literal_values[3] = {42, 43, 44};
static const void *literal_buffers[2] = {NULL, literal_values};

static struct ArrowArray literals(int64_t length) {
  arrays_released = schemas_released = 0;
  return (struct ArrowArray){.length = length, .n_buffers = 2, .buffers = literal_buffers, .release = release_array};
}

static struct ArrowSchema schema_of(const char *format) {
  return (struct ArrowSchema){.format = format, .release = release_schema};
}

/* ---- what a decoder says to predicates ---- */

/* A decoder of the column `id` with one predicate, which it keeps alive. */
static pqpush_decoder *filtering(pqpush_predicate *predicate) {
  const pqpush_predicate *list[] = {predicate};
  const pqpush_str id = str("id");
  pqpush_scan_options options = {.struct_size = sizeof options,
                                 .columns = &id,
                                 .column_count = 1,
                                 .predicates = list,
                                 .predicate_count = 1};
  CHECK(predicate != NULL && (void *)predicate != CHECK_UNSET);
  pqpush_decoder *decoder = new_decoder(metadata, &options);
  pqpush_predicate_free(predicate);
  return decoder;
}

/* So many rows are kept, and their ids add up to `sum`. */
static void keeps(pqpush_predicate *predicate, int64_t rows, int64_t sum) {
  pqpush_decoder *decoder = filtering(predicate);
  struct ArrowArray batch;
  while (next_batch(decoder, file, &batch)) {
    rows -= batch.length;
    for (int64_t row = 0; row < batch.length; row++) {
      sum -= int64_at(batch.children[0], row);
    }
    batch.release(&batch);
  }
  CHECK_INT(rows, 0);
  CHECK_INT(sum, 0);
  pqpush_decoder_free(decoder);
}

/* They do not, and the message has this text in it. */
static void does_not_fit(pqpush_predicate *predicate, int64_t column, const char *text) {
  const pqpush_predicate *list[] = {predicate};
  pqpush_scan_options options = {.struct_size = sizeof options, .predicates = list, .predicate_count = 1};
  pqpush_decoder *decoder = CHECK_UNSET;
  pqpush_error *err = CHECK_UNSET;
  CHECK_INT(pqpush_decoder_new(metadata, &options, &decoder, &err), PQPUSH_ERR_INVALID_ARGUMENT);
  CHECK(decoder == NULL && err != NULL);
  CHECK_INT(pqpush_error_column(err), column);
  check_error(__FILE__, __LINE__, err, PQPUSH_ERR_INVALID_ARGUMENT, text);
  pqpush_predicate_free(predicate);
}

static pqpush_predicate *parsed(const char *sql) {
  pqpush_predicate *predicate = CHECK_UNSET;
  CHECK_OK(pqpush_predicate_parse(str(sql), &predicate, &err));
  CHECK(predicate != NULL);
  return predicate;
}

/* ---- the tests ---- */

/* The call fails so, leaves no predicate, and `array` and `schema` were taken over and released once. */
#define CONSUMES(expected, call)                                                                                       \
  do {                                                                                                                 \
    struct ArrowArray array = literals(1);                                                                             \
    struct ArrowSchema schema = schema_of("l");                                                                        \
    pqpush_predicate *out = CHECK_UNSET;                                                                               \
    CHECK_FAILS(expected, call);                                                                                       \
    CHECK(out == NULL || (void *)out == CHECK_UNSET);                                                                  \
    CHECK_INT(arrays_released, 1);                                                                                     \
    CHECK_INT(schemas_released, 1);                                                                                    \
    CHECK(array.release == NULL && schema.release == NULL);                                                            \
  } while (0)

static void refused_literals_are_consumed(void) {
  const pqpush_str id = str("id"), bad = {NULL, 4};
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare(id, 6, &array, &schema, &out, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare(id, -1, &array, &schema, &out, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare(bad, PQPUSH_EQ, &array, &schema, &out, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare(id, PQPUSH_EQ, &array, &schema, NULL, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_in(bad, &array, &schema, &out, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_in(id, &array, &schema, NULL, &err));

  pqpush_predicate *out = CHECK_UNSET;
  struct ArrowArray array = literals(1);
  struct ArrowSchema schema = schema_of("l");
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare(id, PQPUSH_EQ, &array, NULL, &out, &err));
  CHECK_INT(arrays_released, 1);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_in(id, NULL, &schema, &out, &err));
  CHECK_INT(schemas_released, 1);
  /* released before: said so, not released again */
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_in(id, &array, &schema, &out, &err));
  CHECK_INT(arrays_released, 1);
  CHECK_INT(schemas_released, 1);
}

static void literals_that_are_none(void) {
  static const char *formats[] = {"+s", "+l", "u", "n", "no format", ""};
  pqpush_predicate *out = CHECK_UNSET;
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    struct ArrowArray array = literals(1);
    struct ArrowSchema schema = schema_of(formats[i]);
    CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "literal",
                     pqpush_predicate_compare(str("id"), PQPUSH_EQ, &array, &schema, &out, &err));
    CHECK_INT(arrays_released, 1);
    CHECK_INT(schemas_released, 1);
  }
  for (int64_t length = 0; length <= 2; length += 2) {
    struct ArrowArray array = literals(length);
    struct ArrowSchema schema = schema_of("l");
    CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "length 1",
                     pqpush_predicate_compare(str("id"), PQPUSH_EQ, &array, &schema, &out, &err));
    CHECK_INT(arrays_released, 1);
  }
  /* bytes that are no UTF-8 */
  static const int32_t offsets[2] = {0, 2};
  static const void *buffers[3] = {NULL, offsets, "\xFF\xFE"};
  struct ArrowArray array = {.length = 1, .n_buffers = 3, .buffers = buffers, .release = release_array};
  struct ArrowSchema schema = schema_of("u");
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT,
              pqpush_predicate_compare(str("name"), PQPUSH_EQ, &array, &schema, &out, &err));
  CHECK(out == NULL);
}

static void literals_of_arrow(void) {
  static const int64_t rows[] = {1, 999, 42, 43, 957, 958};
  static const int64_t sums[] = {42, 499458, 861, 903, 498597, 498639};
  for (int32_t op = PQPUSH_EQ; op <= PQPUSH_GE; op++) {
    struct ArrowArray array = literals(1);
    struct ArrowSchema schema = schema_of("l");
    pqpush_predicate *out = CHECK_UNSET;
    CHECK_OK(pqpush_predicate_compare(str("id"), op, &array, &schema, &out, &err));
    CHECK(array.release == NULL && schema.release == NULL);
    CHECK_INT(schemas_released, 1);
    keeps(out, rows[op], sums[op]);
    CHECK_INT(arrays_released, 1);
  }
  struct ArrowArray array = literals(3);
  struct ArrowSchema schema = schema_of("l");
  pqpush_predicate *out = CHECK_UNSET;
  CHECK_OK(pqpush_predicate_in(str("id"), &array, &schema, &out, &err));
  keeps(out, 3, 42 + 43 + 44);
  CHECK_INT(arrays_released, 1);
  array = literals(0);
  schema = schema_of("l");
  CHECK_OK(pqpush_predicate_in(str("id"), &array, &schema, &out, &err));
  keeps(out, 0, 0);
  /* a timestamp of another unit, in another zone */
  array = literals(1);
  schema = schema_of("tss:Europe/Berlin");
  CHECK_OK(pqpush_predicate_compare(str("at"), PQPUSH_LT, &array, &schema, &out, &err));
  keeps(out, 42, 861);
}

static void literals_of_c(void) {
  pqpush_predicate *out = CHECK_UNSET;
  CHECK_OK(pqpush_predicate_compare_int64(str("id"), PQPUSH_GE, INT64_MIN, &out, &err));
  keeps(out, 1000, 499500);
  CHECK_OK(pqpush_predicate_compare_int64(str("price"), PQPUSH_LT, 3, &out, &err));
  keeps(out, 3, 0 + 1 + 2);
  CHECK_OK(pqpush_predicate_compare_double(str("price"), PQPUSH_LE, 7.07, &out, &err));
  keeps(out, 8, 28);
  CHECK_OK(pqpush_predicate_compare_double(str("id"), PQPUSH_EQ, 7.0, &out, &err));
  keeps(out, 1, 7);
  CHECK_OK(pqpush_predicate_compare_string(str("name"), PQPUSH_NE, str("name-1"), &out, &err));
  keeps(out, 799, 499500 - 99500 - 1);
  CHECK_OK(pqpush_predicate_compare_string(str("name"), PQPUSH_NE, (pqpush_str){NULL, 0}, &out, &err));
  keeps(out, 800, 499500 - 99500);
  CHECK_OK(pqpush_predicate_compare_string(str("at"), PQPUSH_LT, str("1970-01-01 00:00:02"), &out, &err));
  keeps(out, 2, 1);
  CHECK_OK(pqpush_predicate_is_null(str("name"), &out, &err));
  keeps(out, 200, 99500);
  CHECK_OK(pqpush_predicate_starts_with(str("name"), str("name-99"), &out, &err));
  keeps(out, 9, 99 + 991 + 992 + 993 + 994 + 996 + 997 + 998 + 999);
  CHECK_OK(pqpush_predicate_like(str("name"), str("%-_"), &out, &err));
  keeps(out, 8, 1 + 2 + 3 + 4 + 6 + 7 + 8 + 9);
}

static void wrong_arguments(void) {
  pqpush_predicate *out = CHECK_UNSET;
  const pqpush_str id = str("id"), bad = {"\xFF", 1};
#define INVALID(text, call)                                                                                            \
  do {                                                                                                                 \
    out = CHECK_UNSET;                                                                                                 \
    CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, text, call);                                                         \
    CHECK(out == NULL || (void *)out == CHECK_UNSET);                                                                  \
  } while (0)
  INVALID("op: 6", pqpush_predicate_compare_int64(id, 6, 1, &out, &err));
  INVALID("column", pqpush_predicate_compare_double(bad, PQPUSH_EQ, 1, &out, &err));
  INVALID("value", pqpush_predicate_compare_string(id, PQPUSH_EQ, bad, &out, &err));
  INVALID("out is NULL", pqpush_predicate_is_null(id, NULL, &err));
  INVALID("prefix", pqpush_predicate_starts_with(id, (pqpush_str){NULL, 1}, &out, &err));
  INVALID("after '\\'", pqpush_predicate_like(id, str("x\\"), &out, &err));
  INVALID("operand is NULL", pqpush_predicate_not(NULL, &out, &err));
  INVALID("operands is NULL", pqpush_predicate_or(NULL, 1, &out, &err));
  INVALID("sql is NULL", pqpush_predicate_parse((pqpush_str){NULL, 1}, &out, &err));
  INVALID("SQL, character 6, before \"b\"", pqpush_predicate_parse(str("id = b"), &out, &err));
  INVALID("SQL, character 1, at the end", pqpush_predicate_parse((pqpush_str){NULL, 0}, &out, &err));
#undef INVALID
  pqpush_predicate_free(NULL);
  const pqpush_predicate *none[] = {NULL};
  pqpush_scan_options options = {.struct_size = sizeof options, .predicates = none, .predicate_count = 1};
  pqpush_decoder *decoder = CHECK_UNSET;
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "options.predicates",
                   pqpush_decoder_new(metadata, &options, &decoder, &err));
  options.predicates = NULL;
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "options.predicates",
                   pqpush_decoder_new(metadata, &options, &decoder, &err));
  /* an empty list is none */
  options.predicates = none;
  options.predicate_count = 0;
  pqpush_decoder_free(new_decoder(metadata, &options));
}

/* ---- callbacks ---- */

static int releases;

static void count_release(void *user_data) {
  CHECK(user_data == &releases);
  releases++;
}

static int eval_rows(void *user_data, const struct ArrowSchema *schema, struct ArrowArray *rows,
                     struct ArrowArray *out_keep) {
  (void)user_data, (void)schema, (void)out_keep;
  rows->release(rows);
  return 1;
}

static pqpush_predicate *counted(const char *column) {
  pqpush_predicate_callbacks callbacks = {
      .struct_size = sizeof callbacks, .user_data = &releases, .eval_rows = eval_rows, .release = count_release};
  const pqpush_str columns[] = {str(column)};
  pqpush_predicate *out = CHECK_UNSET;
  releases = 0;
  CHECK_OK(pqpush_predicate_callback(columns, 1, &callbacks, &out, &err));
  CHECK_INT(releases, 0);
  return out;
}

static void callbacks_are_released_once(void) {
  struct {
    pqpush_predicate_callbacks known;
    uint64_t later;
  } callbacks = {.known = {.user_data = &releases, .eval_rows = eval_rows, .release = count_release}};
  const pqpush_str id = str("id"), bad = {NULL, 1};
  pqpush_predicate *out = CHECK_UNSET;
  callbacks.known.struct_size = sizeof callbacks.known;
#define RELEASED(expected, call)                                                                                       \
  do {                                                                                                                 \
    releases = 0;                                                                                                      \
    CHECK_FAILS(expected, call);                                                                                       \
    CHECK_INT(releases, 1);                                                                                            \
  } while (0)
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(NULL, 0, &callbacks.known, &out, &err));
  CHECK(out == NULL);
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(NULL, 1, &callbacks.known, &out, &err));
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(&bad, 1, &callbacks.known, &out, &err));
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(&id, 1, &callbacks.known, NULL, &err));
  callbacks.known.struct_size = sizeof callbacks;
  callbacks.later = 1;
  RELEASED(PQPUSH_ERR_UNSUPPORTED, pqpush_predicate_callback(&id, 1, &callbacks.known, &out, &err));
  callbacks.known.eval_rows = NULL;
  callbacks.later = 0;
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(&id, 1, &callbacks.known, &out, &err));
#undef RELEASED
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(&id, 1, NULL, &out, &err));
  /* a struct too small to have a release has none */
  releases = 0;
  callbacks.known.struct_size = 8;
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(&id, 1, &callbacks.known, &out, &err));
  CHECK_INT(releases, 0);

  pqpush_predicate_free(counted("id"));
  CHECK_INT(releases, 1);
  pqpush_decoder *decoder = filtering(counted("id"));
  CHECK_INT(releases, 0);
  pqpush_decoder_free(decoder);
  CHECK_INT(releases, 1);
  does_not_fit(counted("nothing"), -1, "no column \"nothing\"");
  CHECK_INT(releases, 1);
}

static void operands_are_consumed(void) {
  pqpush_predicate *out = CHECK_UNSET;
  pqpush_predicate *two[] = {counted("id"), parsed("name IS NOT NULL")};
  CHECK_OK(pqpush_predicate_and(two, 2, &out, &err));
  CHECK_INT(releases, 0);
  pqpush_predicate *again[] = {out, parsed("id IN (1, 2)")};
  CHECK_OK(pqpush_predicate_or(again, 2, &out, &err));
  CHECK_OK(pqpush_predicate_not(out, &out, &err));
  CHECK_INT(releases, 0);
  pqpush_decoder_free(filtering(out));
  CHECK_INT(releases, 1);

  /* also where the call fails */
  two[0] = NULL;
  two[1] = counted("id");
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "NULL", pqpush_predicate_and(two, 2, &out, &err));
  CHECK_INT(releases, 1);
  two[0] = two[1] = counted("id");
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "twice", pqpush_predicate_or(two, 2, &out, &err));
  CHECK_INT(releases, 1);
  two[0] = counted("id");
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_and(two, 1, NULL, &err));
  CHECK_INT(releases, 1);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_not(counted("id"), NULL, &err));
  CHECK_INT(releases, 1);

  CHECK_OK(pqpush_predicate_and(NULL, 0, &out, &err));
  keeps(out, 1000, 499500);
  CHECK_OK(pqpush_predicate_or(NULL, 0, &out, &err));
  keeps(out, 0, 0);
  CHECK_OK(pqpush_predicate_not(parsed("id < 998 OR name IS NULL"), &out, &err));
  keeps(out, 2, 998 + 999);
}

static void conditions_in_sql(void) {
  keeps(parsed("id >= 5 AND name LIKE 'name-%' AND price BETWEEN 0.07 AND 10 AND NOT flag"), 2, 7 + 8);
  keeps(parsed("at < TIMESTAMP '1970-01-01 00:00:01Z' OR at = TIMESTAMP '1970-01-01 02:00:05+02:00'"), 2, 5);
  keeps(parsed("at > DATE '2000-01-01'"), 0, 0);
  keeps(parsed("name NOT IN ('name-1', 'name-2', NULL) OR id IN (1, 5.0)"), 2, 6);
  keeps(parsed("NOT (name <> 'name-1')"), 1, 1);
}

static void predicates_that_do_not_fit_the_file(void) {
  does_not_fit(parsed("nothing = 5"), -1, "no column \"nothing\"");
  does_not_fit(parsed("id = 'x'"), 0, "predicate on column \"id\": its type Int64 cannot be compared with a literal of type Utf8");
  does_not_fit(parsed("id = 5.5"), 0, "the literal 5.5 of type Decimal128(2, 1) is no value of its type Int64");
  does_not_fit(parsed("price > 0.005"), 2, "the literal 0.005 of type Decimal128(3, 3) is no value of its type Decimal128(15, 2)");
  does_not_fit(parsed("at < 5"), 3, "its type Timestamp(µs, \"UTC\") cannot be compared with a literal of type Int64");
  does_not_fit(parsed("at < 'soon'"), 3, "the literal 'soon' of type Utf8");
  does_not_fit(parsed("name = 5"), 1, "its type Utf8 cannot be compared with a literal of type Int64");
  does_not_fit(parsed("id LIKE 'x'"), 0, "a pattern needs a column of strings or binaries, and this one has type Int64");
  does_not_fit(parsed("flag = 1"), 4, "its type Boolean");
  /* somewhere inside, and also where it does not matter */
  does_not_fit(parsed("id > 5 OR NOT (name = 'x' AND id = 'x')"), 0, "\"id\"");
  does_not_fit(parsed("TRUE OR id = 'x'"), 0, "\"id\"");
  does_not_fit(parsed("id IN (1, 2.5)"), 0, "the literal 2.5");
  does_not_fit(parsed("id = NULL AND name = 5"), 1, "\"name\"");
}

static void columns_in_lists(const char *directory) {
  bytes table_file = file;
  pqpush_metadata *table = metadata;
  file = load(directory, "nested.parquet");
  metadata = read_metadata(file);
  does_not_fit(parsed("numbers.list.item = 5"), 1, "it is in a list");
  does_not_fit(parsed("numbers IS NULL"), 1, "it is in a list");
  keeps(parsed("id > 7"), 2, 8 + 9);
  pqpush_metadata_free(metadata);
  free(file.data);
  metadata = table;
  file = table_file;
}

int main(int argc, char **argv) {
  const char *directory = fixtures(argc, argv);
  file = load(directory, "table.parquet");
  metadata = read_metadata(file);
  refused_literals_are_consumed();
  literals_that_are_none();
  literals_of_arrow();
  literals_of_c();
  wrong_arguments();
  callbacks_are_released_once();
  operands_are_consumed();
  conditions_in_sql();
  predicates_that_do_not_fit_the_file();
  columns_in_lists(directory);
  pqpush_metadata_free(metadata);
  free(file.data);
  return 0;
}
