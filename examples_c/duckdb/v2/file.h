/* Files: found and read through DuckDB's file system, so that whatever DuckDB can open can be scanned. */
#ifndef PQPUSH_DUCKDB_FILE_H
#define PQPUSH_DUCKDB_FILE_H

#include "host.h"

/* A file of the scan, with its footer. */
typedef struct scan_file {
    char *path;
    uint64_t length;
    pqpush_metadata *metadata;
} scan_file;

typedef struct file_list {
    scan_file *files;
    size_t count;
} file_list;

/* Appends the files that a pattern matches, in the order of their names; none is an error. */
bool add_files(duckdb_v2_context_handle context, const duckdb_v2_str *pattern, file_list *list, error_slot slot);
void free_files(file_list *list);

/* Opens a file for reads from any place. */
bool open_file(duckdb_v2_context_handle context, const scan_file *file, duckdb_v2_file_handle *out, error_slot slot);
/* Reads length and footer of a file. */
bool read_footer(duckdb_v2_context_handle context, scan_file *file, error_slot slot);
/* Reads a range and lends it to the decoder, which frees it when it is done with it. */
bool read_range(duckdb_v2_file_handle file, const char *path, pqpush_range range, pqpush_decoder *decoder,
                error_slot slot);

#endif
