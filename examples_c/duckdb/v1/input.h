/* Files by the functions of POSIX: this API of DuckDB has none. */
#ifndef PQPUSH_DUCKDB_INPUT_H
#define PQPUSH_DUCKDB_INPUT_H

#include "file.h"

/* Appends the files that a pattern matches, in the order of their names; none is an error. */
bool find_files(const char *pattern, file_list *list, error_slot slot);
/* Opens a file and tells its length; -1 where that fails. */
input open_file(const char *path, uint64_t *out_length, error_slot slot);

#endif
