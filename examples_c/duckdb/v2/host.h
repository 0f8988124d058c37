/* What every file of the extension needs: both libraries, and errors of one told to the other. */
#ifndef PQPUSH_DUCKDB_HOST_H
#define PQPUSH_DUCKDB_HOST_H

#include <pqpush.h>

#define DUCKDB_EXTENSION_API_VERSION_UNSTABLE v2.0.0
#include <duckdb_extension_v2.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DUCKDB_EXTENSION_EXTERN

/* DuckDB gives each callback an error slot, in which the calls of its API leave what went wrong with them. */
typedef duckdb_v2_error_info_handle *error_slot;
/* An open file. */
typedef duckdb_v2_file_handle input;

/* Each of these puts an error into the slot and returns false. */
bool fail(error_slot slot, DUCKDB_V2_ERROR code, const char *text);
bool fail_out_of_memory(error_slot slot);
/* Takes the error and frees it; without one memory was short. `path` says of which file it is; NULL: of none. */
bool fail_with(error_slot slot, const char *path, pqpush_error *error);

static inline bool is_ok(DUCKDB_V2_ERROR code) {
    return code == DUCKDB_V2_ERROR_NONE;
}

#endif
