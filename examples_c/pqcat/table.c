/* The table for people: two header lines, columns as wide as the first rows need, and the number of rows. Strings and
 * nested values may be cut, numbers and times never are: a number without its last digits is another number. On a
 * terminal, columns that do not fit are left out, and the last line says so. */
#include "printer.h"

#include "cell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SIZING_ROWS = 1000, CELL_WIDTH_MAX = 40, CELL_WIDTH_MIN = 12, HEADER_WIDTH_MIN = 10, SEPARATOR_WIDTH = 3 };

/* Leaves in self->shown what the cell looks like, not yet cut or padded. A string that reads NULL has quotes, so that
 * it cannot be taken for one. */
static void show_cell(printer *self, const arrow_type *column, const struct ArrowArray *array, int64_t row) {
    self->shown.length = 0;
    if (cell_is_null(column, array, row)) {
        text_string(&self->shown, "NULL");
        return;
    }
    self->cell.length = 0;
    cell_append_text(&self->cell, column, array, row);
    if (self->cell.length == 4 && memcmp(self->cell.data, "NULL", 4) == 0) {
        text_string(&self->shown, "\"NULL\"");
        return;
    }
    text_printable(&self->shown, self->cell.data, self->cell.length);
}

static void show_name(printer *self, const arrow_type *column) {
    self->shown.length = 0;
    text_printable(&self->shown, column->name, strlen(column->name));
}

static void show_type(printer *self, const arrow_type *column) {
    self->cell.length = 0;
    arrow_type_name(&self->cell, column);
    self->shown.length = 0;
    text_printable(&self->shown, self->cell.data, self->cell.length);
}

static bool may_be_cut(const arrow_type *column) {
    const arrow_type *values = column->dictionary != NULL ? column->dictionary : column;
    return values->kind >= TYPE_UTF8;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t shown_width(const printer *self) {
    return text_width(self->shown.data, self->shown.length);
}

/* The width that a column would like, from its name, its type and the first rows, and the least that it can do with. */
static void size_column(printer *self, size_t column, const struct ArrowArray *batch, size_t *out_floor) {
    const arrow_type *type = &self->row_type->children[column];
    int64_t rows = batch == NULL ? 0 : batch->length < SIZING_ROWS ? batch->length : SIZING_ROWS;
    size_t values = 0;
    for (int64_t row = 0; row < rows; row++) {
        show_cell(self, type, batch->children[column], batch->offset + row);
        values = larger(values, shown_width(self));
    }
    if (may_be_cut(type)) {
        values = smaller(values, self->line_width > 0 ? self->line_width : CELL_WIDTH_MAX);
    }
    show_name(self, type);
    size_t header = shown_width(self);
    show_type(self, type);
    header = larger(header, shown_width(self));
    self->widths[column] = larger(header, values);
    *out_floor = larger(smaller(header, HEADER_WIDTH_MIN), may_be_cut(type) ? smaller(values, CELL_WIDTH_MIN) : values);
}

/* How many columns fit the terminal, if each is as narrow as it can be; one is always shown. */
static size_t fitting_columns(const printer *self, const size_t *floors) {
    size_t total = floors[0];
    size_t count = 1;
    while (count < self->row_type->child_count && total + SEPARATOR_WIDTH + floors[count] + 2 <= self->line_width) {
        total += SEPARATOR_WIDTH + floors[count++];
    }
    return count;
}

/* Takes from the widest column, again and again, until the line is no longer than the terminal. */
static void shrink(printer *self, const size_t *floors) {
    for (;;) {
        size_t total = 2;
        size_t widest = SIZE_MAX;
        for (size_t i = 0; i < self->shown_columns; i++) {
            total += self->widths[i] + (i > 0 ? SEPARATOR_WIDTH : 0);
            if (self->widths[i] > floors[i] && (widest == SIZE_MAX || self->widths[i] > self->widths[widest])) {
                widest = i;
            }
        }
        if (total <= self->line_width || widest == SIZE_MAX) {
            return;
        }
        self->widths[widest]--;
    }
}

/* `batch` may be NULL: then names and types alone decide. */
static void size_columns(printer *self, const struct ArrowArray *batch) {
    size_t column_count = self->row_type->child_count;
    size_t *floors = allocate_array(column_count, sizeof *floors);
    self->widths = allocate_array(column_count, sizeof *self->widths);
    for (size_t i = 0; i < column_count; i++) {
        size_column(self, i, batch, &floors[i]);
    }
    self->shown_columns = column_count;
    if (self->line_width > 0) {
        self->shown_columns = fitting_columns(self, floors);
        shrink(self, floors);
    }
    free(floors);
}

/* Adds self->shown to the line as the cell of a column. */
static void add_cell(printer *self, size_t column, bool cut) {
    size_t width = cut ? self->widths[column] : larger(self->widths[column], shown_width(self));
    text_string(&self->line, column > 0 ? " | " : " ");
    text_fitted(&self->line, self->shown.data, self->shown.length, width,
                arrow_type_is_number(&self->row_type->children[column]));
}

static void end_line(printer *self) {
    while (self->line.length > 0 && self->line.data[self->line.length - 1] == ' ') {
        self->line.length--;
    }
    text_char(&self->line, '\n');
    fwrite(self->line.data, 1, self->line.length, self->out);
    self->line.length = 0;
}

static void table_header(printer *self) {
    for (size_t i = 0; i < self->shown_columns; i++) {
        show_name(self, &self->row_type->children[i]);
        add_cell(self, i, true);
    }
    end_line(self);
    for (size_t i = 0; i < self->shown_columns; i++) {
        show_type(self, &self->row_type->children[i]);
        add_cell(self, i, true);
    }
    end_line(self);
    for (size_t i = 0; i < self->shown_columns; i++) {
        text_string(&self->line, i > 0 ? "+" : "");
        text_repeat(&self->line, '-', self->widths[i] + 2);
    }
    end_line(self);
}

void table_batch(printer *self, const struct ArrowArray *batch) {
    const arrow_type *row_type = self->row_type;
    if (row_type->child_count == 0) {
        return;
    }
    if (self->widths == NULL) {
        size_columns(self, batch);
        table_header(self);
    }
    for (int64_t row = 0; row < batch->length && !ferror(self->out); row++) {
        for (size_t i = 0; i < self->shown_columns; i++) {
            show_cell(self, &row_type->children[i], batch->children[i], batch->offset + row);
            add_cell(self, i, may_be_cut(&row_type->children[i]));
        }
        end_line(self);
    }
}

void table_end(printer *self, uint64_t row_count) {
    size_t column_count = self->row_type->child_count;
    if (self->widths == NULL && column_count > 0) {
        size_columns(self, NULL);
        table_header(self);
    }
    fprintf(self->out, "(%" PRIu64 " %s", row_count, row_count == 1 ? "row" : "rows");
    if (self->shown_columns < column_count) {
        fprintf(self->out, "; the first %zu of %zu columns: the others do not fit, choose with --columns",
                self->shown_columns, column_count);
    }
    fputs(")\n", self->out);
}
