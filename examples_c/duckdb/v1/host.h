/* What every file of the extension needs: both libraries, and errors. */
#ifndef PQPUSH_DUCKDB_HOST_H
#define PQPUSH_DUCKDB_HOST_H

#include <pqpush.h>

/* The first version of DuckDB's C API that was promised to stay: older extensions load into every later DuckDB. */
#define DUCKDB_EXTENSION_API_VERSION_MAJOR 1
#define DUCKDB_EXTENSION_API_VERSION_MINOR 2
#define DUCKDB_EXTENSION_API_VERSION_PATCH 0
#include <duckdb_extension.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DUCKDB_EXTENSION_EXTERN

/* A text that is NULL until something goes wrong; whoever made the slot frees it. */
typedef char **error_slot;
/* The descriptor of an open file. */
typedef int input;

/* Each of these puts a text into the slot and returns false. */
bool fail(error_slot slot, const char *path, const char *text);
bool fail_out_of_memory(error_slot slot);
/* Takes the error and frees it; without one memory was short. `path` says of which file it is. */
bool fail_with(error_slot slot, const char *path, pqpush_error *error);

#endif
