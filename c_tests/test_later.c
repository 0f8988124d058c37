/* Functions of a later version: they say so, and keep the promises about what they take over. */
#include "check.h"

static int releases;

static void count_release(void *user_data) {
  CHECK(user_data == &releases);
  releases++;
}

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

static int64_t literal_values[1] = {42};
static const void *literal_buffers[2] = {NULL, literal_values};

static struct ArrowArray literal(void) {
  arrays_released = schemas_released = 0;
  return (struct ArrowArray){.length = 1, .n_buffers = 2, .buffers = literal_buffers, .release = release_array};
}

static struct ArrowSchema literal_schema(void) {
  return (struct ArrowSchema){.format = "l", .release = release_schema};
}

/* The call fails so, leaves no predicate, and `array` and `schema` were taken over and released once. */
#define CONSUMES(expected, call)                                                                                       \
  do {                                                                                                                 \
    struct ArrowArray array = literal();                                                                               \
    struct ArrowSchema schema = literal_schema();                                                                      \
    pqpush_predicate *out = CHECK_UNSET;                                                                               \
    CHECK_FAILS(expected, call);                                                                                       \
    CHECK(out == NULL || out == CHECK_UNSET);                                                                          \
    CHECK_INT(arrays_released, 1);                                                                                     \
    CHECK_INT(schemas_released, 1);                                                                                    \
    CHECK(array.release == NULL && schema.release == NULL);                                                            \
  } while (0)

static void literals_are_consumed(void) {
  const pqpush_str id = str("id"), bad = {NULL, 4};
  CONSUMES(PQPUSH_ERR_UNSUPPORTED, pqpush_predicate_compare(id, PQPUSH_LT, &array, &schema, &out, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare(id, 6, &array, &schema, &out, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare(id, -1, &array, &schema, &out, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare(bad, PQPUSH_EQ, &array, &schema, &out, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare(id, PQPUSH_EQ, &array, &schema, NULL, &err));
  CONSUMES(PQPUSH_ERR_UNSUPPORTED, pqpush_predicate_in(id, &array, &schema, &out, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_in(bad, &array, &schema, &out, &err));
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_in(id, &array, &schema, NULL, &err));
}

static void half_a_literal_is_consumed(void) {
  pqpush_predicate *out = CHECK_UNSET;
  struct ArrowArray array = literal();
  struct ArrowSchema schema = literal_schema();
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare(str("id"), PQPUSH_EQ, &array, NULL, &out, &err));
  CHECK_INT(arrays_released, 1);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_in(str("id"), NULL, &schema, &out, &err));
  CHECK_INT(schemas_released, 1);
  /* released before: said so, not released again */
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_in(str("id"), &array, &schema, &out, &err));
  CHECK_INT(arrays_released, 1);
  CHECK_INT(schemas_released, 1);
}

static void no_predicate_is_made(void) {
  const pqpush_str id = str("id");
  pqpush_predicate *none[] = {NULL};
#define REFUSED(call)                                                                                                  \
  do {                                                                                                                 \
    pqpush_predicate *out = CHECK_UNSET;                                                                               \
    CHECK_FAILS_WITH(PQPUSH_ERR_UNSUPPORTED, "predicates", call);                                                      \
    CHECK(out == NULL);                                                                                                \
  } while (0)
  REFUSED(pqpush_predicate_compare_int64(id, PQPUSH_EQ, 1, &out, &err));
  REFUSED(pqpush_predicate_compare_double(id, PQPUSH_NE, 1.5, &out, &err));
  REFUSED(pqpush_predicate_compare_string(id, PQPUSH_GE, str("x"), &out, &err));
  REFUSED(pqpush_predicate_is_null(id, &out, &err));
  REFUSED(pqpush_predicate_starts_with(id, str("x"), &out, &err));
  REFUSED(pqpush_predicate_like(id, str("x%"), &out, &err));
  REFUSED(pqpush_predicate_and(NULL, 0, &out, &err));
  REFUSED(pqpush_predicate_and(none, 1, &out, &err));
  REFUSED(pqpush_predicate_or(none, 1, &out, &err));
  REFUSED(pqpush_predicate_parse(str("id < 3"), &out, &err));
#undef REFUSED
  pqpush_predicate *out = CHECK_UNSET;
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_not(NULL, &out, &err));
  CHECK(out == NULL);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_or(NULL, 1, &out, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_is_null(id, NULL, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_parse((pqpush_str){NULL, 1}, &out, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_compare_int64(id, 6, 1, &out, &err));
  pqpush_predicate_free(NULL);
}

static int eval_rows(void *user_data, const struct ArrowSchema *schema, struct ArrowArray *rows,
                     struct ArrowArray *out_keep) {
  (void)user_data, (void)schema, (void)rows, (void)out_keep;
  return 1;
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
  RELEASED(PQPUSH_ERR_UNSUPPORTED, pqpush_predicate_callback(&id, 1, &callbacks.known, &out, &err));
  CHECK(out == NULL);
  RELEASED(PQPUSH_ERR_UNSUPPORTED, pqpush_predicate_callback(NULL, 0, &callbacks.known, &out, &err));
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(NULL, 1, &callbacks.known, &out, &err));
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(&bad, 1, &callbacks.known, &out, &err));
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(&id, 1, &callbacks.known, NULL, &err));
  callbacks.known.struct_size = sizeof callbacks;
  callbacks.later = 1;
  RELEASED(PQPUSH_ERR_UNSUPPORTED, pqpush_predicate_callback(&id, 1, &callbacks.known, &out, &err));
  callbacks.known.eval_rows = NULL;
  callbacks.later = 0;
  RELEASED(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(&id, 1, &callbacks.known, &out, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(&id, 1, NULL, &out, &err));
  /* a struct too small to have a release has none */
  releases = 0;
  callbacks.known.struct_size = 8;
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_predicate_callback(&id, 1, &callbacks.known, &out, &err));
  CHECK_INT(releases, 0);
}

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
  literals_are_consumed();
  half_a_literal_is_consumed();
  no_predicate_is_made();
  callbacks_are_released_once();
  sources_are_released_once();
  plans_and_looking_ahead(fixtures(argc, argv));
  return 0;
}
