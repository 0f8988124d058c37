/* Who owns what: release callbacks run exactly once, and what was handed out outlives everything it came from. */
#include "check.h"

static const char *directory;

/* Bytes lent to the library, and what their release saw. */
typedef struct lent {
  int releases;
  pqpush_decoder *decoder;          /* called back into, where not NULL */
  pqpush_status push, try_decode, borrowed;
  int64_t buffered_bytes;
  pqpush_event event;
  struct ArrowArray batch;
} lent;

static void count_release(void *user_data) { ((lent *)user_data)->releases++; }

static void lend(pqpush_decoder *decoder, uint64_t offset, bytes file, uint64_t length, lent *owner) {
  CHECK_OK(pqpush_decoder_push_borrowed(decoder, offset, file.data + offset, (size_t)length, count_release, owner, &err));
}

/* The decoder of a fixture. */
static pqpush_decoder *open_fixture(const char *name, const pqpush_scan_options *options, bytes *out_file) {
  *out_file = load(directory, name);
  pqpush_metadata *metadata = read_metadata(*out_file);
  pqpush_decoder *decoder = new_decoder(metadata, options);
  pqpush_metadata_free(metadata);
  return decoder;
}

static struct ArrowArray batch_of(pqpush_decoder *decoder) {
  pqpush_event event = {.struct_size = sizeof event};
  struct ArrowArray batch;
  CHECK_OK(pqpush_decoder_try_decode(decoder, &event, &batch, &err));
  CHECK_INT(event.kind, PQPUSH_EVENT_BATCH);
  return batch;
}

/* Views of a page that is not compressed point into the page as it was pushed. */
static void batches_point_into_lent_bytes(void) {
  bytes file;
  lent owner = {0};
  pqpush_scan_options options = {.struct_size = sizeof options, .string_type = 2};
  pqpush_decoder *decoder = open_fixture("plain.parquet", &options, &file);
  lend(decoder, 0, file, file.length, &owner);
  struct ArrowArray first = batch_of(decoder), second = batch_of(decoder);
  CHECK_INT(first.length, 8192);
  const uint8_t *texts = first.children[1]->buffers[2];
  CHECK(texts >= file.data && texts < file.data + file.length);
  pqpush_decoder_free(decoder);
  CHECK_INT(owner.releases, 0);
  CHECK_INT(int64_at(first.children[0], 8191), 8191);
  first.release(&first);
  CHECK_INT(owner.releases, 0);
  /* a view of a long text: length, first four bytes, buffer, offset */
  const int32_t *view = second.children[1]->buffers[1];
  const uint8_t *text = (const uint8_t *)second.children[1]->buffers[2 + view[2]] + view[3];
  CHECK_INT(view[0], 41);
  CHECK(memcmp(text, "a text that is too long for a view: 08192", 41) == 0);
  second.release(&second);
  CHECK_INT(owner.releases, 1);
  free(file.data);
}

/* Numbers of a page that is not compressed stay where they were pushed, if they lie there as arrays have them: at one of
   eight addresses. */
static void aligned_numbers_stay_in_lent_bytes(void) {
  int stayed = 0;
  for (size_t shift = 0; shift < 8; shift++) {
    bytes file;
    lent owner = {0};
    pqpush_decoder *decoder = open_fixture("plain.parquet", NULL, &file);
    bytes moved = {malloc(file.length + shift), file.length};
    CHECK(moved.data != NULL);
    uint8_t *memory = moved.data;
    moved.data = (uint8_t *)memcpy(memory + shift, file.data, file.length);
    lend(decoder, 0, moved, moved.length, &owner);
    struct ArrowArray batch = batch_of(decoder), rest = batch_of(decoder);
    pqpush_decoder_free(decoder);
    rest.release(&rest);
    const uint8_t *values = batch.children[0]->buffers[1];
    int stays = values >= moved.data && values < moved.data + moved.length;
    CHECK_INT(owner.releases, !stays);
    CHECK_INT((uintptr_t)values % sizeof(int64_t), 0);
    CHECK_INT(batch.children[0]->offset, 0);
    CHECK_INT(int64_at(batch.children[0], 0), 0);
    CHECK_INT(int64_at(batch.children[0], 8191), 8191);
    batch.release(&batch);
    CHECK_INT(owner.releases, 1);
    stayed += stays;
    free(memory);
    free(file.data);
  }
  CHECK_INT(stayed, 1);
}

static void bytes_that_are_used_up_are_given_back(void) {
  bytes file;
  lent owner = {0};
  pqpush_decoder *decoder = open_fixture("table.parquet", NULL, &file);
  struct ArrowArray batch;
  lend(decoder, 0, file, file.length, &owner);
  while (next_batch(decoder, file, &batch)) {
    batch.release(&batch);
  }
  CHECK_INT(owner.releases, 1);
  CHECK_INT(pqpush_decoder_buffered_bytes(decoder), 0);
  pqpush_decoder_free(decoder);
  CHECK_INT(owner.releases, 1);
  free(file.data);
}

static void bytes_of_an_unfinished_scan_are_given_back(void) {
  bytes file;
  lent owner = {0};
  pqpush_decoder *decoder = open_fixture("table.parquet", NULL, &file);
  lend(decoder, 0, file, file.length, &owner);
  CHECK_INT(owner.releases, 0);
  pqpush_decoder_free(decoder);
  CHECK_INT(owner.releases, 1);
  free(file.data);
}

/* Each call that lends gives back within the call: nothing of the bytes is kept. */
static void bytes_that_are_not_kept_are_given_back_at_once(void) {
  bytes file;
  lent held = {0}, owner = {0};
  pqpush_decoder *decoder = open_fixture("table.parquet", NULL, &file);
  lend(decoder, 0, file, 4, &owner); /* the magic, which no column needs */
  CHECK_INT(owner.releases, 1);
  lend(decoder, 0, file, 0, &owner);
  CHECK_INT(owner.releases, 2);
  lend(decoder, 0, file, file.length, &held);
  lend(decoder, 0, file, file.length, &owner); /* held already */
  CHECK_INT(owner.releases, 3);
  CHECK_INT(held.releases, 0);
  CHECK_OK(pqpush_decoder_push_borrowed(decoder, 0, file.data, 4, NULL, NULL, &err));
  pqpush_decoder_free(decoder);
  CHECK_INT(held.releases, 1);
  free(file.data);
}

static void a_failed_push_gives_back(void) {
  bytes file;
  lent owner = {0};
  struct ArrowArray batch;
  pqpush_decoder *decoder = open_fixture("table.parquet", NULL, &file);
  uint8_t *changed = malloc(file.length);
  CHECK(changed != NULL);
  for (size_t i = 0; i < file.length; i++) {
    changed[i] = (uint8_t)~file.data[i];
  }
#define FAILS(expected, decoder, offset, data, length)                                                                 \
  do {                                                                                                                 \
    owner.releases = 0;                                                                                                \
    CHECK_FAILS(expected,                                                                                              \
                pqpush_decoder_push_borrowed(decoder, offset, data, length, count_release, &owner, &err));             \
    CHECK_INT(owner.releases, 1);                                                                                      \
    CHECK_INT(pqpush_decoder_push_borrowed(decoder, offset, data, length, count_release, &owner, NULL), expected);     \
    CHECK_INT(owner.releases, 2);                                                                                      \
  } while (0)
  FAILS(PQPUSH_ERR_INVALID_ARGUMENT, NULL, 0, file.data, file.length);
  FAILS(PQPUSH_ERR_INVALID_ARGUMENT, decoder, 0, NULL, 4);
  FAILS(PQPUSH_ERR_INVALID_ARGUMENT, decoder, 0, file.data, SIZE_MAX);
  FAILS(PQPUSH_ERR_INVALID_ARGUMENT, decoder, 1, file.data, file.length);
  CHECK_OK(pqpush_decoder_push(decoder, 0, file.data, file.length, &err));
  FAILS(PQPUSH_ERR_INVALID_ARGUMENT, decoder, 0, changed, file.length);
  while (next_batch(decoder, file, &batch)) {
    batch.release(&batch);
  }
  FAILS(PQPUSH_ERR_INVALID_STATE, decoder, 0, file.data, file.length);
  pqpush_decoder_free(decoder);
  free(changed);
  free(file.data);
  decoder = open_fixture("corrupt_page.parquet", NULL, &file);
  CHECK_OK(pqpush_decoder_push(decoder, 0, file.data, file.length, &err));
  batch = batch_of(decoder);
  batch.release(&batch);
  pqpush_event event = {.struct_size = sizeof event};
  CHECK_FAILS(PQPUSH_ERR_CORRUPT, pqpush_decoder_try_decode(decoder, &event, &batch, &err));
  FAILS(PQPUSH_ERR_CORRUPT, decoder, 0, file.data, file.length);
#undef FAILS
  pqpush_decoder_free(decoder);
  free(file.data);
}

/* A release that calls back into the decoder that runs it. */
static void call_back(void *user_data) {
  lent *owner = user_data;
  static const uint8_t data[4] = {'P', 'A', 'R', '1'};
  lent inner = {0};
  pqpush_metrics metrics = {.struct_size = sizeof metrics};
  pqpush_error *err = NULL;
  owner->releases++;
  owner->event.struct_size = sizeof owner->event;
  owner->push = pqpush_decoder_push(owner->decoder, 0, data, 4, NULL);
  owner->try_decode = pqpush_decoder_try_decode(owner->decoder, &owner->event, &owner->batch, &err);
  CHECK_INT(pqpush_error_code(err), owner->try_decode);
  pqpush_error_free(err);
  owner->borrowed = pqpush_decoder_push_borrowed(owner->decoder, 0, data, 4, count_release, &inner, NULL);
  CHECK_INT(inner.releases, 1);
  /* what is const may be called, and a free within a call does nothing */
  owner->buffered_bytes = (int64_t)pqpush_decoder_buffered_bytes(owner->decoder);
  CHECK_OK(pqpush_decoder_metrics(owner->decoder, &metrics, &err));
  pqpush_decoder_free(owner->decoder);
}

static void a_call_from_a_release_is_told_busy(void) {
  bytes file;
  pqpush_decoder *decoder = open_fixture("table.parquet", NULL, &file);
  lent in_push = {.decoder = decoder}, in_step = {.decoder = decoder}, in_free = {.decoder = decoder};
  struct ArrowArray batch;
  CHECK_OK(pqpush_decoder_push_borrowed(decoder, 0, file.data, 4, call_back, &in_push, &err));
  CHECK_INT(in_push.releases, 1);
  /* the bytes of row group 0, given back while its batch is made, and the rest, given back by the free */
  pqpush_event event = {.struct_size = sizeof event};
  CHECK_OK(pqpush_decoder_try_decode(decoder, &event, &batch, &err));
  CHECK_INT(event.kind, PQPUSH_EVENT_NEEDS_DATA);
  CHECK_INT(event.range_count, 1);
  pqpush_range range = event.ranges[0];
  uint64_t end = range.offset + range.length;
  CHECK_OK(pqpush_decoder_push_borrowed(decoder, range.offset, file.data + range.offset, (size_t)range.length, call_back,
                                        &in_step, &err));
  CHECK_OK(pqpush_decoder_push_borrowed(decoder, end, file.data + end, file.length - (size_t)end, call_back, &in_free,
                                        &err));
  batch = batch_of(decoder);
  CHECK_INT(batch.length, 400);
  struct ArrowArray next = batch_of(decoder);
  CHECK_INT(in_step.releases, 1);
  CHECK_INT(in_free.releases, 0);
  batch.release(&batch);
  next.release(&next);
  pqpush_decoder_free(decoder);
  CHECK_INT(in_free.releases, 1);
  const lent *const all[] = {&in_push, &in_step, &in_free};
  for (size_t i = 0; i < 3; i++) {
    CHECK_INT(all[i]->push, PQPUSH_ERR_BUSY);
    CHECK_INT(all[i]->try_decode, PQPUSH_ERR_BUSY);
    CHECK_INT(all[i]->borrowed, PQPUSH_ERR_BUSY);
    CHECK_INT(all[i]->event.kind, 0);
    CHECK(all[i]->batch.release == NULL);
  }
  free(file.data);
}

static void a_batch_outlives_everything(void) {
  bytes file;
  struct ArrowSchema schema;
  pqpush_decoder *decoder = open_fixture("table.parquet", NULL, &file);
  CHECK_OK(pqpush_decoder_push(decoder, 0, file.data, file.length, &err));
  CHECK_OK(pqpush_decoder_schema(decoder, &schema, &err));
  memset(file.data, 0, file.length);
  free(file.data);
  struct ArrowArray batch = batch_of(decoder);
  pqpush_decoder_free(decoder);
  CHECK_INT(int64_at(batch.children[0], 399), 399);
  CHECK(memcmp((const char *)batch.children[1]->buffers[2], "name-1name-2", 12) == 0);
  CHECK_TEXT(schema.children[1]->name, "name");
  schema.release(&schema);
  batch.release(&batch);
}

/* A child is moved by copying the struct and clearing the release of the original. */
static void children_can_be_moved_out(void) {
  bytes file;
  struct ArrowSchema schema;
  pqpush_decoder *decoder = open_fixture("table.parquet", NULL, &file);
  CHECK_OK(pqpush_decoder_push(decoder, 0, file.data, file.length, &err));
  CHECK_OK(pqpush_decoder_schema(decoder, &schema, &err));
  struct ArrowArray batch = batch_of(decoder);
  struct ArrowArray id = *batch.children[0], name = *batch.children[1];
  struct ArrowSchema field = *schema.children[1];
  batch.children[0]->release = NULL;
  batch.children[1]->release = NULL;
  schema.children[1]->release = NULL;
  batch.release(&batch);
  schema.release(&schema);
  pqpush_decoder_free(decoder);
  free(file.data);
  CHECK_INT(int64_at(&id, 399), 399);
  CHECK_INT(is_valid(&name, 5), 0);
  CHECK_TEXT(field.name, "name");
  CHECK_TEXT(field.format, "u");
  id.release(&id);
  name.release(&name);
  field.release(&field);
  CHECK(id.release == NULL && name.release == NULL && field.release == NULL);
}

static pqpush_metadata_decoder *footer_decoder(bytes file) {
  pqpush_metadata_options options = {.struct_size = sizeof options, .page_index = 1};
  pqpush_metadata_decoder *decoder = NULL;
  CHECK_OK(pqpush_metadata_decoder_new(file.length, &options, &decoder, &err));
  return decoder;
}

static pqpush_metadata *finished(pqpush_metadata_decoder *decoder) {
  pqpush_metadata *metadata = NULL;
  pqpush_event event = {.struct_size = sizeof event};
  CHECK_OK(pqpush_metadata_decoder_try_decode(decoder, &event, &metadata, &err));
  CHECK_INT(event.kind, PQPUSH_EVENT_FINISHED);
  return metadata;
}

/* Where the footer begins. */
static uint64_t footer_start(bytes file) {
  const uint8_t *tail = file.data + file.length - 8;
  return file.length - 8 - (tail[0] | tail[1] << 8 | tail[2] << 16 | (uint64_t)tail[3] << 24);
}

/* The metadata keep the bytes of the footer that were lent, and so does what is made of them. */
static void a_lent_footer_is_kept(void) {
  bytes file = load(directory, "table.parquet");
  lent owner = {0};
  uint64_t start = footer_start(file);
  pqpush_metadata_decoder *footer = footer_decoder(file);
  CHECK_OK(pqpush_metadata_decoder_push_borrowed(footer, start, file.data + start, file.length - start, count_release,
                                                 &owner, &err));
  pqpush_metadata *metadata = finished(footer);
  pqpush_metadata_decoder_free(footer);
  pqpush_decoder *decoder = new_decoder(metadata, NULL);
  pqpush_metadata_free(metadata);
  CHECK_INT(owner.releases, 0);
  pqpush_decoder_free(decoder);
  CHECK_INT(owner.releases, 1);
  free(file.data);
}

/* A whole file is not kept for the sake of a small footer. */
static void a_lent_file_is_given_back(void) {
  bytes file = load(directory, "plain.parquet");
  lent owner = {0};
  pqpush_metadata_decoder *footer = footer_decoder(file);
  CHECK(file.length > 8 * (file.length - footer_start(file)));
  CHECK_OK(pqpush_metadata_decoder_push_borrowed(footer, 0, file.data, file.length, count_release, &owner, &err));
  CHECK_INT(owner.releases, 0);
  pqpush_metadata *metadata = finished(footer);
  CHECK_INT(owner.releases, 1);
  memset(file.data, 0, file.length);
  pqpush_column_chunk_info chunk = {.struct_size = sizeof chunk};
  CHECK_OK(pqpush_metadata_column_chunk(metadata, 0, 1, &chunk, &err));
  CHECK_INT(chunk.value_count, 10000);
  pqpush_metadata_free(metadata);
  pqpush_metadata_decoder_free(footer);
  free(file.data);
}

static void a_failed_push_to_a_footer_gives_back(void) {
  bytes file = load(directory, "table.parquet");
  const uint8_t other[4] = {0};
  lent owner = {0};
  pqpush_metadata_decoder *footer = footer_decoder(file);
#define FAILS(expected, decoder, offset, data, length)                                                                 \
  do {                                                                                                                 \
    owner.releases = 0;                                                                                                \
    CHECK_FAILS(expected, pqpush_metadata_decoder_push_borrowed(decoder, offset, data, length, count_release, &owner,  \
                                                                &err));                                                \
    CHECK_INT(owner.releases, 1);                                                                                      \
  } while (0)
  FAILS(PQPUSH_ERR_INVALID_ARGUMENT, NULL, 0, file.data, file.length);
  FAILS(PQPUSH_ERR_INVALID_ARGUMENT, footer, 0, NULL, 4);
  FAILS(PQPUSH_ERR_INVALID_ARGUMENT, footer, 0, file.data, SIZE_MAX);
  FAILS(PQPUSH_ERR_INVALID_ARGUMENT, footer, 1, file.data, file.length);
  CHECK_OK(pqpush_metadata_decoder_push_borrowed(footer, 0, file.data, file.length, NULL, NULL, &err));
  FAILS(PQPUSH_ERR_INVALID_ARGUMENT, footer, 0, other, sizeof other);
  pqpush_metadata_free(finished(footer));
  FAILS(PQPUSH_ERR_INVALID_STATE, footer, 0, file.data, file.length);
#undef FAILS
  pqpush_metadata_decoder_free(footer);
  free(file.data);
}

int main(int argc, char **argv) {
  directory = fixtures(argc, argv);
  batches_point_into_lent_bytes();
  aligned_numbers_stay_in_lent_bytes();
  a_lent_footer_is_kept();
  a_lent_file_is_given_back();
  a_failed_push_to_a_footer_gives_back();
  bytes_that_are_used_up_are_given_back();
  bytes_of_an_unfinished_scan_are_given_back();
  bytes_that_are_not_kept_are_given_back_at_once();
  a_failed_push_gives_back();
  a_call_from_a_release_is_told_busy();
  a_batch_outlives_everything();
  children_can_be_moved_out();
  return 0;
}
