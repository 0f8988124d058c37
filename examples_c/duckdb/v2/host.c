#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fail(error_slot slot, DUCKDB_V2_ERROR code, const char *text) {
    duckdb_v2_str words = {text, strlen(text)};
    duckdb_v2_error_info_set_code(*slot, code);
    duckdb_v2_error_info_set_text(*slot, &words);
    return false;
}

bool fail_out_of_memory(error_slot slot) {
    return fail(slot, DUCKDB_V2_ERROR_RESOURCE_OUT_OF_MEMORY, "pqpush: out of memory");
}

/* The thousands of a status say who is at fault. A defect of the library is not one of the database, which DuckDB would
 * close. */
static DUCKDB_V2_ERROR code_of(int32_t status) {
    switch (status / 1000) {
    case -1: return DUCKDB_V2_ERROR_INPUT_INVALID;
    case -2: return DUCKDB_V2_ERROR_IO_GENERAL;
    case -3: return DUCKDB_V2_ERROR_QUERY_NOT_IMPLEMENTED;
    case -4: return DUCKDB_V2_ERROR_RESOURCE_OUT_OF_MEMORY;
    default: return DUCKDB_V2_ERROR_QUERY_EXECUTOR;
    }
}

bool fail_with(error_slot slot, const char *path, pqpush_error *error) {
    if (error == NULL) {
        return fail_out_of_memory(slot);
    }
    const char *message = pqpush_error_message(error);
    size_t size = strlen(message) + (path == NULL ? 0 : strlen(path)) + sizeof ": ";
    char *text = malloc(size);
    if (text == NULL) {
        fail_out_of_memory(slot);
    } else {
        snprintf(text, size, "%s%s%s", path == NULL ? "" : path, path == NULL ? "" : ": ", message);
        fail(slot, code_of(pqpush_error_code(error)), text);
    }
    free(text);
    pqpush_error_free(error);
    return false;
}
