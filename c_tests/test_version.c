/* Versions, and the names of numbers. */
#include "check.h"

static void versions_agree(void) {
  CHECK_TEXT(pqpush_version_string(), PQPUSH_VERSION_STRING);
  CHECK_INT(pqpush_version_number(), PQPUSH_VERSION_NUMBER);
  CHECK_INT(pqpush_abi_version(), PQPUSH_ABI_VERSION);
  int major, minor, patch;
  CHECK_INT(sscanf(pqpush_version_string(), "%d.%d.%d", &major, &minor, &patch), 3);
  CHECK_INT(pqpush_version_number(), major * 10000 + minor * 100 + patch);
}

static void statuses_have_their_numbers_and_names(void) {
  static const struct {
    int32_t number, constant;
    const char *name;
  } statuses[] = {
      {0, PQPUSH_OK, "PQPUSH_OK"},
      {-1001, PQPUSH_ERR_INVALID_ARGUMENT, "PQPUSH_ERR_INVALID_ARGUMENT"},
      {-1002, PQPUSH_ERR_INVALID_STATE, "PQPUSH_ERR_INVALID_STATE"},
      {-1003, PQPUSH_ERR_BUSY, "PQPUSH_ERR_BUSY"},
      {-1004, PQPUSH_ERR_POISONED, "PQPUSH_ERR_POISONED"},
      {-2001, PQPUSH_ERR_NOT_PARQUET, "PQPUSH_ERR_NOT_PARQUET"},
      {-2002, PQPUSH_ERR_TRUNCATED, "PQPUSH_ERR_TRUNCATED"},
      {-2003, PQPUSH_ERR_CORRUPT, "PQPUSH_ERR_CORRUPT"},
      {-2004, PQPUSH_ERR_CHECKSUM, "PQPUSH_ERR_CHECKSUM"},
      {-3001, PQPUSH_ERR_UNSUPPORTED, "PQPUSH_ERR_UNSUPPORTED"},
      {-3002, PQPUSH_ERR_KEY, "PQPUSH_ERR_KEY"},
      {-4001, PQPUSH_ERR_OUT_OF_MEMORY, "PQPUSH_ERR_OUT_OF_MEMORY"},
      {-4002, PQPUSH_ERR_LIMIT, "PQPUSH_ERR_LIMIT"},
      {-5001, PQPUSH_ERR_CALLBACK, "PQPUSH_ERR_CALLBACK"},
      {-9001, PQPUSH_ERR_INTERNAL, "PQPUSH_ERR_INTERNAL"},
  };
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    CHECK_INT(statuses[i].constant, statuses[i].number);
    CHECK_TEXT(pqpush_status_name(statuses[i].number), statuses[i].name);
  }
  CHECK_TEXT(pqpush_status_name(1), "PQPUSH_ERR_UNKNOWN");
  CHECK_TEXT(pqpush_status_name(INT32_MIN), "PQPUSH_ERR_UNKNOWN");
}

static void numbers_of_the_format_have_names(void) {
  CHECK_TEXT(pqpush_codec_name(0), "UNCOMPRESSED");
  CHECK_TEXT(pqpush_codec_name(7), "LZ4_RAW");
  CHECK_TEXT(pqpush_codec_name(8), "UNKNOWN");
  CHECK_TEXT(pqpush_codec_name(-1), "UNKNOWN");
  CHECK_TEXT(pqpush_encoding_name(0), "PLAIN");
  CHECK_TEXT(pqpush_encoding_name(1), "UNKNOWN");
  CHECK_TEXT(pqpush_encoding_name(9), "BYTE_STREAM_SPLIT");
  CHECK_TEXT(pqpush_encoding_name(INT32_MAX), "UNKNOWN");
  CHECK_TEXT(pqpush_physical_type_name(0), "BOOLEAN");
  CHECK_TEXT(pqpush_physical_type_name(7), "FIXED_LEN_BYTE_ARRAY");
  CHECK_TEXT(pqpush_physical_type_name(INT32_MIN), "UNKNOWN");
}

static void no_error_is_ok(void) {
  CHECK_INT(pqpush_error_code(NULL), PQPUSH_OK);
  CHECK_TEXT(pqpush_error_message(NULL), "");
  CHECK_INT(pqpush_error_file_offset(NULL), -1);
  CHECK_INT(pqpush_error_row_group(NULL), -1);
  CHECK_INT(pqpush_error_column(NULL), -1);
  pqpush_error_free(NULL);
}

int main(void) {
  versions_agree();
  statuses_have_their_numbers_and_names();
  numbers_of_the_format_have_names();
  no_error_is_ok();
  return 0;
}
