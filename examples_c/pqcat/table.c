/* The table for people: two header lines, columns as wide as the first batch needs, and the number of rows. */
#include "printer.h"

#include "cell.h"

#include <inttypes.h>
#include <string.h>

enum { SIZING_ROWS = 1000, CELL_WIDTH_MAX = 40, TEXT_WIDTH_MIN = 12, WIDTH_MIN = 4 };

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

static void widen(printer *self, size_t column) {
    size_t width = text_width(self->shown.data, self->shown.length);
    if (width > self->widths[column]) {
        self->widths[column] = width;
    }
}

/* Takes columns of terminal from the widest, down to `floor` each, until the line is no longer than the terminal. */
static void shrink(printer *self, bool numbers_too, size_t floor) {
    const arrow_type *row_type = self->row_type;
    for (;;) {
        size_t total = 0;
        size_t widest = SIZE_MAX;
        for (size_t i = 0; i < row_type->child_count; i++) {
            total += self->widths[i] + 3;
            bool may_shrink = self->widths[i] > floor && (numbers_too || !arrow_type_is_number(&row_type->children[i]));
            if (may_shrink && (widest == SIZE_MAX || self->widths[i] > self->widths[widest])) {
                widest = i;
            }
        }
        if (total <= self->line_width + 1 || widest == SIZE_MAX) {
            return;
        }
        self->widths[widest]--;
    }
}

/* `batch` may be NULL: then names and types alone decide. */
static void size_columns(printer *self, const struct ArrowArray *batch) {
    const arrow_type *row_type = self->row_type;
    int64_t sizing_rows = batch == NULL ? 0 : batch->length < SIZING_ROWS ? batch->length : SIZING_ROWS;
    self->widths = allocate_array(row_type->child_count, sizeof *self->widths);
    for (size_t i = 0; i < row_type->child_count; i++) {
        const arrow_type *column = &row_type->children[i];
        show_name(self, column);
        widen(self, i);
        show_type(self, column);
        widen(self, i);
        for (int64_t row = 0; row < sizing_rows; row++) {
            show_cell(self, column, batch->children[i], batch->offset + row);
            widen(self, i);
        }
        size_t most = self->line_width > 0 ? self->line_width : CELL_WIDTH_MAX;
        if (self->widths[i] > most) {
            self->widths[i] = most;
        }
    }
    if (self->line_width > 0) {
        shrink(self, false, TEXT_WIDTH_MIN);
        shrink(self, true, WIDTH_MIN);
    }
}

/* Adds self->shown to the line as the cell of a column. */
static void add_cell(printer *self, size_t column, bool align_right) {
    text_string(&self->line, column > 0 ? " | " : " ");
    text_fitted(&self->line, self->shown.data, self->shown.length, self->widths[column], align_right);
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
    const arrow_type *row_type = self->row_type;
    for (size_t i = 0; i < row_type->child_count; i++) {
        show_name(self, &row_type->children[i]);
        add_cell(self, i, arrow_type_is_number(&row_type->children[i]));
    }
    end_line(self);
    for (size_t i = 0; i < row_type->child_count; i++) {
        show_type(self, &row_type->children[i]);
        add_cell(self, i, arrow_type_is_number(&row_type->children[i]));
    }
    end_line(self);
    for (size_t i = 0; i < row_type->child_count; i++) {
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
        for (size_t i = 0; i < row_type->child_count; i++) {
            show_cell(self, &row_type->children[i], batch->children[i], batch->offset + row);
            add_cell(self, i, arrow_type_is_number(&row_type->children[i]));
        }
        end_line(self);
    }
}

void table_end(printer *self, uint64_t row_count) {
    if (self->widths == NULL && self->row_type->child_count > 0) {
        size_columns(self, NULL);
        table_header(self);
    }
    fprintf(self->out, "(%" PRIu64 " %s)\n", row_count, row_count == 1 ? "row" : "rows");
}
