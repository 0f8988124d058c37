#include "grid.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

text *grid_cell(grid *self) {
    if (self->cell_count == self->cell_capacity) {
        size_t capacity = 2 * self->cell_capacity + 64;
        text *cells = allocate_array(capacity, sizeof *cells);
        if (self->cell_count > 0) {
            memcpy(cells, self->cells, self->cell_count * sizeof *cells);
        }
        free(self->cells);
        self->cells = cells;
        self->cell_capacity = capacity;
    }
    return &self->cells[self->cell_count++];
}

void grid_string(grid *self, const char *string) {
    text_string(grid_cell(self), string);
}

void grid_printable(grid *self, const char *data, size_t length, size_t width_max) {
    text whole = {NULL, 0, 0};
    text_printable(&whole, data, length);
    size_t width = text_width(whole.data, whole.length);
    text_fitted(grid_cell(self), whole.data, whole.length, width < width_max ? width : width_max, false);
    text_free(&whole);
}

void grid_number(grid *self, uint64_t number) {
    text_format(grid_cell(self), "%" PRIu64, number);
}

static size_t column_width(const grid *self, size_t column) {
    size_t widest = 0;
    for (size_t i = column; i < self->cell_count; i += self->column_count) {
        size_t width = text_width(self->cells[i].data, self->cells[i].length);
        widest = width > widest ? width : widest;
    }
    return widest;
}

static void print_line(const grid *self, size_t first, const size_t *widths, size_t indent, FILE *out) {
    text line = {NULL, 0, 0};
    text_repeat(&line, ' ', indent);
    for (size_t i = 0; i < self->column_count; i++) {
        const text *cell = &self->cells[first + i];
        text_string(&line, i > 0 ? "  " : "");
        text_fitted(&line, cell->data, cell->length, widths[i], self->align_right[i]);
    }
    while (line.length > 0 && line.data[line.length - 1] == ' ') {
        line.length--;
    }
    text_char(&line, '\n');
    fwrite(line.data, 1, line.length, out);
    text_free(&line);
}

void grid_print(grid *self, FILE *out, size_t indent) {
    size_t *widths = allocate_array(self->column_count, sizeof *widths);
    for (size_t i = 0; i < self->column_count; i++) {
        widths[i] = column_width(self, i);
    }
    for (size_t i = 0; i + self->column_count <= self->cell_count; i += self->column_count) {
        print_line(self, i, widths, indent, out);
    }
    for (size_t i = 0; i < self->cell_count; i++) {
        text_free(&self->cells[i]);
    }
    free(self->cells);
    free(widths);
    self->cells = NULL;
    self->cell_count = self->cell_capacity = 0;
}
