/* Prints the rows: the loop around the decoder. */
#ifndef PQCAT_ROWS_H
#define PQCAT_ROWS_H

#include "file.h"
#include "options.h"

/* Counts the rows that the options leave: from the metadata, or with --where by reading its columns. Returns 0, or the exit status of a told error. */
int rows_count(const parquet_file *file, const options *options, uint64_t *out_rows);

/* Returns 0 or the exit status of a told error; ends early without error when stdout takes no more. */
int rows_print(const parquet_file *file, const options *options);

#endif
