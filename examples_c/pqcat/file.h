/* A Parquet file on disk: the reads that the library asks for, and how errors are told. */
#ifndef PQCAT_FILE_H
#define PQCAT_FILE_H

#include "keys.h"
#include "pqpush.h"

enum { EXIT_DATA = 1, EXIT_USAGE = 2 }; /* exit statuses: the file is at fault, the command line is */

typedef struct parquet_file {
    const char *path;
    int descriptor;
    uint64_t length;
    pqpush_metadata *metadata;
} parquet_file;

/* The functions below return 0 or an exit status; the message has then been written to stderr. */

/* Opens the file and reads its metadata. file_close is due on every path. */
int file_open(parquet_file *file, const char *path, const decryption_keys *keys);
void file_close(parquet_file *file);

/* Reads one range into memory of its own, which the caller frees. */
int file_read(const parquet_file *file, pqpush_range range, uint8_t **out_data);

/* Writes "pqcat: path: message" and frees the error. */
int report_error(const parquet_file *file, pqpush_error *error);

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
int report(const parquet_file *file, int exit_status, const char *format, ...);

#endif
