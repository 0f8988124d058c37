/* Batches as a table, CSV or JSON lines, on a stdio stream. Write errors are left for the caller to find with
 * ferror. */
#ifndef PQCAT_PRINTER_H
#define PQCAT_PRINTER_H

#include "arrow_type.h"

#include <stdio.h>

typedef enum output_format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSONL } output_format;

typedef struct printer {
    output_format format;
    FILE *out;
    const arrow_type *row_type; /* the struct whose children are the columns; borrowed */
    size_t line_width;          /* columns of the terminal; 0 if there is none */
    size_t *widths;             /* of the table's columns; NULL until the first batch has been seen */
    size_t shown_columns;       /* of the table: the first so many */
    text line, cell, shown;     /* kept between rows for their memory */
} printer;

/* Batches are struct arrays of row_type; they may have an offset. */
void printer_begin(printer *self);
void printer_batch(printer *self, const struct ArrowArray *batch);
void printer_end(printer *self, uint64_t row_count);
void printer_free(printer *self);

/* The table's side of the three. */
void table_batch(printer *self, const struct ArrowArray *batch);
void table_end(printer *self, uint64_t row_count);

#endif
