/* Encrypted files: keys in the options and from a callback, and what is said where one is missing or wrong. */
#include "check.h"

static const char *directory;

static const char footer_key[] = "key of footer 16";
static const char id_key[] = "key of column id";
static const char name_key[] = "key of column name with 32 bytes";

static const uint8_t *text(const char *bytes) { return (const uint8_t *)bytes; }

static pqpush_column_key column_key(const char *column, const char *key) {
  return (pqpush_column_key){str(column), text(key), strlen(key)};
}

/* Options that open the fixtures with these keys of columns. */
static pqpush_metadata_options with_keys(const pqpush_column_key *keys, size_t count) {
  return (pqpush_metadata_options){
      .struct_size = sizeof(pqpush_metadata_options),
      .footer_key = text(footer_key),
      .footer_key_length = strlen(footer_key),
      .column_keys = keys,
      .column_key_count = count,
      .aad_prefix = text("c_tests"),
      .aad_prefix_length = 7,
  };
}

/* One step of a decoder that has the whole file. */
static pqpush_status open_file(bytes file, const pqpush_metadata_options *options, pqpush_metadata **out_metadata,
                               pqpush_error **err) {
  pqpush_metadata_decoder *decoder = NULL;
  pqpush_event event = {.struct_size = sizeof event};
  pqpush_status status = pqpush_metadata_decoder_new(file.length, options, &decoder, err);
  if (status == PQPUSH_OK) {
    status = pqpush_metadata_decoder_push(decoder, 0, file.data, file.length, err);
  }
  if (status == PQPUSH_OK) {
    status = pqpush_metadata_decoder_try_decode(decoder, &event, out_metadata, err);
  }
  pqpush_metadata_decoder_free(decoder);
  return status;
}

static pqpush_metadata *opened(bytes file, const pqpush_metadata_options *options) {
  pqpush_metadata *metadata = NULL;
  CHECK_OK(open_file(file, options, &metadata, &err));
  return metadata;
}

/* Row i has id i and, unless i is a multiple of 5, the name "name-<i>". */
static void check_rows(bytes file, const pqpush_metadata *metadata) {
  pqpush_scan_options options = {.struct_size = sizeof options, .flags = PQPUSH_SCAN_VERIFY_CHECKSUMS};
  pqpush_decoder *decoder = new_decoder(metadata, &options);
  struct ArrowArray batch;
  int64_t row = 0;
  while (next_batch(decoder, file, &batch)) {
    const struct ArrowArray *names = batch.children[1];
    const int32_t *offsets = names->buffers[1];
    for (int64_t i = 0; i < batch.length; i++, row++) {
      char expected[32];
      snprintf(expected, sizeof expected, "name-%" PRId64, row);
      CHECK_INT(int64_at(batch.children[0], i), row);
      CHECK_INT(is_valid(names, i), row % 5 != 0);
      size_t length = (size_t)(offsets[i + 1] - offsets[i]);
      CHECK(row % 5 == 0 ||
            (length == strlen(expected) && memcmp((const char *)names->buffers[2] + offsets[i], expected, length) == 0));
    }
    batch.release(&batch);
  }
  CHECK_INT(row, 1000);
  pqpush_decoder_free(decoder);
}

static void keys_open_the_file(const char *name) {
  bytes file = load(directory, name);
  pqpush_column_key keys[] = {column_key("id", id_key), column_key("name", name_key), column_key("no column", id_key)};
  pqpush_metadata_options options = with_keys(keys, 3);
  options.page_index = 2;
  pqpush_metadata *metadata = opened(file, &options);
  pqpush_column_chunk_info chunk = {.struct_size = sizeof chunk};
  CHECK_OK(pqpush_metadata_column_chunk(metadata, 0, 0, &chunk, &err));
  CHECK(chunk.flags & PQPUSH_COLUMN_CHUNK_ENCRYPTED);
  CHECK_INT(chunk.value_count, 400);
  check_rows(file, metadata);
  pqpush_metadata_free(metadata);
  free(file.data);
}

static void a_missing_or_wrong_key_names_its_column(const char *name) {
  bytes file = load(directory, name);
  pqpush_column_key missing[] = {column_key("id", id_key)};
  pqpush_column_key wrong[] = {column_key("id", id_key), column_key("name", id_key)};
  pqpush_metadata_options both[] = {with_keys(missing, 1), with_keys(wrong, 2)};
  for (size_t i = 0; i < 2; i++) {
    pqpush_metadata *metadata = opened(file, &both[i]);
    pqpush_decoder *decoder = CHECK_UNSET;
    pqpush_error *err = NULL;
    CHECK_INT(pqpush_decoder_new(metadata, NULL, &decoder, &err), PQPUSH_ERR_KEY);
    CHECK(decoder == NULL && strstr(pqpush_error_message(err), "\"name\"") != NULL);
    CHECK_INT(pqpush_error_column(err), 1);
    CHECK_INT(pqpush_error_row_group(err), 0);
    pqpush_error_free(err);
    /* the other columns are not hurt */
    pqpush_str others[] = {str("id"), str("flag")};
    pqpush_scan_options options = {.struct_size = sizeof options, .columns = others, .column_count = 2};
    decoder = new_decoder(metadata, &options);
    struct ArrowArray batch;
    CHECK(next_batch(decoder, file, &batch));
    CHECK_INT(int64_at(batch.children[0], 399), 399);
    batch.release(&batch);
    pqpush_decoder_free(decoder);
    pqpush_metadata_free(metadata);
  }
  free(file.data);
}

static void the_footer_takes_its_key(void) {
  bytes encrypted = load(directory, "encrypted.parquet"), signed_file = load(directory, "signed.parquet");
  pqpush_metadata *metadata = NULL;
  CHECK_FAILS_WITH(PQPUSH_ERR_KEY, "no key was given", open_file(encrypted, NULL, &metadata, &err));
  CHECK(metadata == NULL);
  pqpush_metadata_options options = with_keys(NULL, 0);
  options.footer_key = text(id_key);
  CHECK_FAILS(PQPUSH_ERR_KEY, open_file(encrypted, &options, &metadata, &err));
  CHECK_FAILS_WITH(PQPUSH_ERR_KEY, "signature", open_file(signed_file, &options, &metadata, &err));
  options = with_keys(NULL, 0);
  options.aad_prefix_length = 0;
  CHECK_FAILS_WITH(PQPUSH_ERR_KEY, "AAD prefix", open_file(encrypted, &options, &metadata, &err));
  /* a signed footer can be read without, and is trusted with keys of columns alone where the host says so */
  pqpush_column_key id[] = {column_key("id", id_key)};
  metadata = opened(signed_file, NULL);
  pqpush_metadata_free(metadata);
  options = with_keys(id, 1);
  options.footer_key_length = 0;
  CHECK_FAILS_WITH(PQPUSH_ERR_KEY, "signed", open_file(signed_file, &options, &metadata, &err));
  options.flags = PQPUSH_METADATA_UNVERIFIED_FOOTER;
  metadata = opened(signed_file, &options);
  pqpush_metadata_free(metadata);
  free(encrypted.data);
  free(signed_file.data);
}

static void keys_are_checked(void) {
  pqpush_metadata_decoder *decoder = CHECK_UNSET;
  pqpush_metadata_options options = with_keys(NULL, 0);
  options.footer_key_length = 15;
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "footer_key", pqpush_metadata_decoder_new(100, &options, &decoder, &err));
  options = with_keys(NULL, 0);
  options.footer_key = NULL;
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "footer_key", pqpush_metadata_decoder_new(100, &options, &decoder, &err));
  pqpush_column_key empty[] = {{str("id"), NULL, 0}};
  options = with_keys(empty, 1);
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "\"id\"", pqpush_metadata_decoder_new(100, &options, &decoder, &err));
  options = with_keys(NULL, 1);
  CHECK_FAILS_WITH(PQPUSH_ERR_INVALID_ARGUMENT, "column_keys", pqpush_metadata_decoder_new(100, &options, &decoder, &err));
  /* a host of the first release knows nothing of keys */
  options = with_keys(NULL, 1);
  options.struct_size = offsetof(pqpush_metadata_options, footer_key);
  CHECK_OK(pqpush_metadata_decoder_new(100, &options, &decoder, &err));
  pqpush_metadata_decoder_free(decoder);
}

/* ---- the callback ---- */

typedef struct vault {
  int calls, releases;
  int fails_from;                   /* this call fails, and those after it; 0: none */
  bool is_empty;                    /* has no key of `name` */
  size_t too_long;
  pqpush_metadata_decoder *decoder; /* called back into, where not NULL */
  pqpush_status push;
} vault;

static int find_key(void *user_data, const uint8_t *key_metadata, size_t length, uint8_t *out_key, size_t *out_length) {
  vault *keys = user_data;
  keys->calls++;
  CHECK(keys->releases == 0);
  CHECK_INT(*out_length, 0);
  if (keys->decoder != NULL) {
    keys->push = pqpush_metadata_decoder_push(keys->decoder, 0, key_metadata, 1, NULL);
    pqpush_metadata_decoder_free(keys->decoder);
  }
  if (keys->fails_from != 0 && keys->calls >= keys->fails_from) {
    return 42;
  }
  const char *key = length == 6 && memcmp(key_metadata, "footer", 6) == 0 ? footer_key
                    : length == 2 && memcmp(key_metadata, "id", 2) == 0   ? id_key
                                                                          : name_key;
  if (!keys->is_empty || key != name_key) {
    *out_length = strlen(key);
    memcpy(out_key, key, *out_length);
  }
  if (keys->too_long != 0) {
    *out_length = keys->too_long;
  }
  return 0;
}

static void count_release(void *user_data) { ((vault *)user_data)->releases++; }

static pqpush_metadata_options with_vault(vault *keys) {
  return (pqpush_metadata_options){
      .struct_size = sizeof(pqpush_metadata_options),
      .aad_prefix = text("c_tests"),
      .aad_prefix_length = 7,
      .key_retriever = find_key,
      .user_data = keys,
      .release_user_data = count_release,
  };
}

static void a_callback_finds_keys(const char *name) {
  bytes file = load(directory, name);
  vault keys = {0};
  pqpush_metadata_options options = with_vault(&keys);
  pqpush_metadata *metadata = opened(file, &options);
  CHECK_INT(keys.calls, 3);
  CHECK_INT(keys.releases, 1);
  check_rows(file, metadata);
  pqpush_metadata_free(metadata);
  free(file.data);
}

static void a_callback_that_does_not_find_a_key(void) {
  bytes file = load(directory, "encrypted.parquet");
  vault empty = {.is_empty = true}, failing = {.fails_from = 2};
  const struct { vault *keys; const char *column; int32_t status; const char *text; } cases[] = {
      {&empty, "name", PQPUSH_ERR_KEY, "was not given"},
      {&failing, "id", PQPUSH_ERR_CALLBACK, "42"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    pqpush_metadata_options options = with_vault(cases[i].keys);
    pqpush_metadata *metadata = opened(file, &options);
    const pqpush_str column = str(cases[i].column);
    pqpush_scan_options scan = {.struct_size = sizeof scan, .columns = &column, .column_count = 1};
    pqpush_decoder *decoder = CHECK_UNSET;
    CHECK_FAILS_WITH(cases[i].status, cases[i].text, pqpush_decoder_new(metadata, &scan, &decoder, &err));
    CHECK_INT(cases[i].keys->calls, 3);
    CHECK_INT(cases[i].keys->releases, 1);
    pqpush_metadata_free(metadata);
  }
  vault of_footer = {.fails_from = 1}, long_key = {.too_long = 33}, odd_key = {.too_long = 17};
  vault *const vaults[] = {&of_footer, &long_key, &odd_key};
  for (size_t i = 0; i < 3; i++) {
    pqpush_metadata_options options = with_vault(vaults[i]);
    pqpush_metadata *metadata = CHECK_UNSET;
    CHECK_FAILS_WITH(PQPUSH_ERR_CALLBACK, "key retriever", open_file(file, &options, &metadata, &err));
    CHECK(metadata == NULL);
    CHECK(vaults[i]->calls == 1 && vaults[i]->releases == 1);
  }
  free(file.data);
}

/* Within the callback the decoder is busy: it takes no bytes, and is not freed. */
static void a_callback_that_calls_back(void) {
  bytes file = load(directory, "encrypted.parquet");
  vault keys = {0};
  pqpush_metadata_options options = with_vault(&keys);
  pqpush_metadata *metadata = NULL;
  pqpush_event event = {.struct_size = sizeof event};
  CHECK_OK(pqpush_metadata_decoder_new(file.length, &options, &keys.decoder, &err));
  CHECK_OK(pqpush_metadata_decoder_push(keys.decoder, 0, file.data, file.length, &err));
  CHECK_OK(pqpush_metadata_decoder_try_decode(keys.decoder, &event, &metadata, &err));
  CHECK_INT(event.kind, PQPUSH_EVENT_FINISHED);
  CHECK_INT(keys.push, PQPUSH_ERR_BUSY);
  CHECK_INT(keys.releases, 1);
  pqpush_metadata_decoder_free(keys.decoder);
  pqpush_metadata_free(metadata);
  free(file.data);
}

/* On every path, also where the call that is given it fails. */
static void user_data_are_given_back_once(void) {
  vault keys = {0};
  pqpush_metadata_decoder *decoder = CHECK_UNSET;
  pqpush_metadata_options options = with_vault(&keys);
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_decoder_new(100, &options, NULL, &err));
  CHECK_INT(keys.releases, 1);
  CHECK_FAILS(PQPUSH_ERR_NOT_PARQUET, pqpush_metadata_decoder_new(5, &options, &decoder, &err));
  CHECK_INT(keys.releases, 2);
  options.page_index = 9;
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_decoder_new(100, &options, &decoder, &err));
  CHECK_INT(keys.releases, 3);
  options.page_index = 0;
  options.footer_key_length = 1;
  CHECK_FAILS(PQPUSH_ERR_INVALID_ARGUMENT, pqpush_metadata_decoder_new(100, &options, &decoder, &err));
  CHECK_INT(keys.releases, 4);
  /* a field of a later release */
  struct { pqpush_metadata_options known; uint64_t later; } roomy = {with_vault(&keys), 1};
  roomy.known.struct_size = sizeof roomy;
  CHECK_FAILS(PQPUSH_ERR_UNSUPPORTED, pqpush_metadata_decoder_new(100, &roomy.known, &decoder, &err));
  CHECK_INT(keys.releases, 5);
  /* a decoder that was never used; user data without a function */
  options = with_vault(&keys);
  CHECK_OK(pqpush_metadata_decoder_new(100, &options, &decoder, &err));
  CHECK_INT(keys.releases, 5);
  pqpush_metadata_decoder_free(decoder);
  CHECK_INT(keys.releases, 6);
  options.key_retriever = NULL;
  CHECK_OK(pqpush_metadata_decoder_new(100, &options, &decoder, &err));
  CHECK_INT(keys.releases, 7);
  pqpush_metadata_decoder_free(decoder);
  CHECK_INT(keys.releases, 7);
  CHECK_INT(keys.calls, 0);
}

int main(int argc, char **argv) {
  directory = fixtures(argc, argv);
  static const char *const names[] = {"encrypted.parquet", "signed.parquet"};
  for (size_t i = 0; i < 2; i++) {
    keys_open_the_file(names[i]);
    a_missing_or_wrong_key_names_its_column(names[i]);
    a_callback_finds_keys(names[i]);
  }
  the_footer_takes_its_key();
  keys_are_checked();
  a_callback_that_does_not_find_a_key();
  a_callback_that_calls_back();
  user_data_are_given_back_once();
  return 0;
}
