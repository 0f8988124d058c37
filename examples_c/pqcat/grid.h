/* Aligned columns of text: --schema and --meta collect their lines here and print them together. */
#ifndef PQCAT_GRID_H
#define PQCAT_GRID_H

#include "text.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct grid {
    size_t column_count;
    const bool *align_right; /* by column; borrowed */
    size_t cell_count;       /* row by row */
    size_t cell_capacity;
    text *cells;
} grid;

/* Starts the next cell, to be filled by appending; it is valid until the next call. */
text *grid_cell(grid *self);
void grid_string(grid *self, const char *string);
void grid_printable(grid *self, const char *data, size_t length, size_t width_max);
void grid_number(grid *self, uint64_t number);

/* Writes the lines, each after `indent` spaces, and empties the grid. */
void grid_print(grid *self, FILE *out, size_t indent);

#endif
