/* Files of a scan. How they are found, opened and read is the business of each variant; what is read of them is not. */
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

bool add_path(file_list *list, const char *path, size_t length, error_slot slot);
/* Puts the files from `first` on in the order of their names. */
void sort_files(file_list *list, size_t first);
void free_files(file_list *list);

/* Of each variant: reads so many bytes from a place of an open file, on any thread. */
bool read_bytes(input from, void *out, uint64_t length, uint64_t offset, error_slot slot);

/* Reads the footer of an open file, whose length is known. */
bool read_footer(input from, scan_file *file, error_slot slot);
/* Reads a range and lends it to the decoder, which frees it when it is done with it. */
bool read_range(input from, const char *path, pqpush_range range, pqpush_decoder *decoder, error_slot slot);

#endif
