/* Bloom filters: asked for, decoded, and values looked for in them. */
#include "check.h"

enum { NAME = 1 };

static pqpush_bloom_filter_decoder *new_filter_decoder(const pqpush_metadata *metadata, size_t row_group) {
  pqpush_bloom_filter_decoder *decoder = CHECK_UNSET;
  CHECK_OK(pqpush_bloom_filter_decoder_new(metadata, row_group, NAME, &decoder, &err));
  return decoder;
}

/* The filter of `name`, by answering what is asked for. */
static pqpush_bloom_filter *read_filter(const pqpush_metadata *metadata, size_t row_group, bytes file) {
  pqpush_bloom_filter_decoder *decoder = new_filter_decoder(metadata, row_group);
  pqpush_column_chunk_info chunk = {.struct_size = sizeof chunk};
  CHECK_OK(pqpush_metadata_column_chunk(metadata, row_group, NAME, &chunk, &err));
  pqpush_bloom_filter *filter = CHECK_UNSET;
  pqpush_event event = {.struct_size = sizeof event};
  CHECK_OK(pqpush_bloom_filter_decoder_try_decode(decoder, &event, &filter, &err));
  CHECK_INT(event.kind, PQPUSH_EVENT_NEEDS_DATA);
  CHECK(filter == NULL);
  CHECK_INT(event.range_count, 1);
  CHECK_INT(event.ranges[0].offset, chunk.bloom_filter_offset);
  CHECK_INT(event.ranges[0].length, chunk.bloom_filter_length);
  pqpush_range range = event.ranges[0];
  CHECK_OK(pqpush_bloom_filter_decoder_push(decoder, range.offset, file.data + range.offset, range.length, &err));
  CHECK_OK(pqpush_bloom_filter_decoder_try_decode(decoder, &event, &filter, &err));
  CHECK_INT(event.kind, PQPUSH_EVENT_FINISHED);
  CHECK_FAILS(PQPUSH_ERR_INVALID_STATE, pqpush_bloom_filter_decoder_push(decoder, 0, file.data, 1, &err));
  pqpush_bloom_filter_decoder_free(decoder);
  return filter;
}

static int32_t verdict(const pqpush_bloom_filter *filter, const char *text) {
  int32_t found = 99;
  CHECK_OK(pqpush_bloom_filter_check_bytes(filter, (const uint8_t *)text, strlen(text), &found, &err));
  return found;
}

static void values_are_looked_for(const pqpush_bloom_filter *filter) {
  int ruled_out = 0;
  for (int i = 400; i < 800; i++) {
    char text[32];
    snprintf(text, sizeof text, "name-%d", i);
    if (i % 5 != 0) {
      CHECK_INT(verdict(filter, text), PQPUSH_BLOOM_MAYBE);
    }
    snprintf(text, sizeof text, "nobody-%d", i);
    ruled_out += verdict(filter, text) == PQPUSH_BLOOM_NO;
  }
  CHECK(ruled_out > 350);
  int32_t found = 99;
  CHECK_OK(pqpush_bloom_filter_check_bytes(filter, NULL, 0, &found, &err));
  CHECK(found == PQPUSH_BLOOM_NO || found == PQPUSH_BLOOM_MAYBE);
}

/* ---- an array of texts, as a host would make it ---- */

static int arrays_released, schemas_released;

static void release_array(struct ArrowArray *array) {
  arrays_released++;
  array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
  schemas_released++;
  schema->release = NULL;
}

static const int32_t offsets[] = {0, 8, 16, 16};
static const uint8_t validity[] = {3};
static const void *buffers[3] = {validity, offsets, "nobody-1name-401"};

/* "nobody-1", "name-401", null: `count` of them from `first` on. */
static struct ArrowArray texts(int64_t first, int64_t count) {
  arrays_released = schemas_released = 0;
  return (struct ArrowArray){
      .length = count, .null_count = -1, .offset = first, .n_buffers = 3, .buffers = buffers, .release = release_array};
}

static struct ArrowSchema schema_of(const char *format) {
  return (struct ArrowSchema){.format = format, .flags = ARROW_FLAG_NULLABLE, .release = release_schema};
}

static void check_array(const pqpush_bloom_filter *filter, int64_t first, int64_t count, int32_t expected) {
  struct ArrowArray array = texts(first, count);
  struct ArrowSchema schema = schema_of("u");
  int32_t found = 99;
  CHECK_OK(pqpush_bloom_filter_check(filter, &array, &schema, &found, &err));
  CHECK_INT(found, expected);
  CHECK(array.release == NULL && schema.release == NULL);
  CHECK_INT(arrays_released, 1);
  CHECK_INT(schemas_released, 1);
}

/* The call fails, answers MAYBE, and `array` and `schema` were released once. */
#define CONSUMES(expected, call)                                                                                       \
  do {                                                                                                                 \
    struct ArrowArray array = texts(0, 3);                                                                             \
    int32_t found = 99;                                                                                                \
    CHECK_FAILS(expected, call);                                                                                       \
    CHECK(found == PQPUSH_BLOOM_MAYBE || found == 99);                                                                 \
    CHECK_INT(arrays_released, 1);                                                                                     \
    CHECK_INT(schemas_released, 1);                                                                                    \
  } while (0)

static void arrays_are_consumed(const pqpush_bloom_filter *filter) {
  check_array(filter, 0, 1, PQPUSH_BLOOM_NO);
  check_array(filter, 1, 1, PQPUSH_BLOOM_MAYBE);
  check_array(filter, 0, 3, PQPUSH_BLOOM_MAYBE);
  check_array(filter, 2, 1, PQPUSH_BLOOM_NO); /* null is nowhere to be looked for */
  struct ArrowSchema schema = schema_of("u");
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_check(NULL, &array, &schema, &found, &err));
  schema = schema_of("u");
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_check(filter, &array, &schema, NULL, &err));
  schema = schema_of("nonsense");
  CONSUMES(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_check(filter, &array, &schema, &found, &err));
  int32_t found = 99;
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_check(filter, NULL, NULL, &found, &err));
  CHECK_INT(found, PQPUSH_BLOOM_MAYBE);
}

static void wrong_arguments_are_refused(const pqpush_metadata *metadata, const pqpush_bloom_filter *filter, bytes file) {
  pqpush_bloom_filter_decoder *decoder = CHECK_UNSET;
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "no bloom filter",
                   pqpush_bloom_filter_decoder_new(metadata, 0, 0, &decoder, &err));
  CHECK(decoder == NULL);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_decoder_new(metadata, 3, NAME, &decoder, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_decoder_new(metadata, 0, 5, &decoder, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_decoder_new(NULL, 0, NAME, &decoder, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_decoder_new(metadata, 0, NAME, NULL, &err));
  int32_t found = 99;
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_check_int64(filter, 7, &found, &err));
  CHECK_INT(found, PQPUSH_BLOOM_MAYBE);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_check_double(filter, 7, &found, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_check_bytes(filter, NULL, 4, &found, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_check_bytes(NULL, NULL, 0, &found, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_check_bytes(filter, NULL, 0, NULL, &err));
  decoder = new_filter_decoder(metadata, 0);
  pqpush_event event = {.struct_size = sizeof event};
  pqpush_bloom_filter *none = CHECK_UNSET;
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_decoder_try_decode(NULL, &event, &none, &err));
  CHECK(none == NULL);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_decoder_try_decode(decoder, NULL, &none, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_decoder_try_decode(decoder, &event, NULL, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_decoder_push(decoder, 0, NULL, 1, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_bloom_filter_decoder_push(NULL, 0, file.data, 1, &err));
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT,
              pqpush_bloom_filter_decoder_push(decoder, file.length, file.data, 1, &err));
  pqpush_bloom_filter_decoder_free(decoder);
  pqpush_bloom_filter_decoder_free(NULL);
  pqpush_bloom_filter_free(NULL);
}

static void a_defect_of_the_file_stays(const pqpush_metadata *metadata, bytes file) {
  pqpush_bloom_filter_decoder *decoder = new_filter_decoder(metadata, 1);
  pqpush_bloom_filter *filter = CHECK_UNSET;
  pqpush_event event = {.struct_size = sizeof event};
  CHECK_OK(pqpush_bloom_filter_decoder_try_decode(decoder, &event, &filter, &err));
  uint8_t *wrong = calloc(1, event.ranges[0].length);
  CHECK(wrong != NULL);
  CHECK_OK(pqpush_bloom_filter_decoder_push(decoder, event.ranges[0].offset, wrong, event.ranges[0].length, &err));
  free(wrong);
  for (int i = 0; i < 2; i++) {
    CHECK_FAILS_WITH(PQPUSH_ERR_CORRUPT, "bloom filter",
                     pqpush_bloom_filter_decoder_try_decode(decoder, &event, &filter, &err));
    CHECK_INT(event.kind, 0);
    CHECK(filter == NULL);
  }
  CHECK_FAILS(PQPUSH_ERR_CORRUPT, pqpush_bloom_filter_decoder_push(decoder, 0, file.data, 1, &err));
  pqpush_bloom_filter_decoder_free(decoder);
}

int main(int argc, char **argv) {
  bytes file = load(fixtures(argc, argv), "table.parquet");
  pqpush_metadata *metadata = read_metadata(file);
  pqpush_bloom_filter *filter = read_filter(metadata, 1, file);
  a_defect_of_the_file_stays(metadata, file);
  wrong_arguments_are_refused(metadata, filter, file);
  pqpush_metadata_free(metadata);
  free(file.data);
  values_are_looked_for(filter);
  arrays_are_consumed(filter);
  pqpush_bloom_filter_free(filter);
  return 0;
}
