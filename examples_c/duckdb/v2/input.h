/* Files by DuckDB's file system, so that whatever DuckDB can open can be scanned. */
#ifndef PQPUSH_DUCKDB_INPUT_H
#define PQPUSH_DUCKDB_INPUT_H

#include "file.h"

/* Appends the files that a pattern matches, in the order of their names; none is an error. */
bool find_files(duckdb_v2_context_handle context, const duckdb_v2_str *pattern, file_list *list, error_slot slot);
/* Opens a file for reads from any place, and tells its length. */
bool open_file(duckdb_v2_context_handle context, const scan_file *file, input *out, uint64_t *out_length,
               error_slot slot);

#endif
