#include "printer.h"

#include "cell.h"

#include <stdlib.h>
#include <string.h>

static void write_line(printer *self) {
    fwrite(self->line.data, 1, self->line.length, self->out);
    self->line.length = 0;
}

/* RFC 4180: quotes around what has a comma, a quote or a line break; and around the empty string, because NULL is empty
 * without quotes. */
static void append_csv_field(text *line, const char *data, size_t length) {
    bool quoted = length == 0;
    for (size_t i = 0; i < length && !quoted; i++) {
        quoted = strchr(",\"\r\n", data[i]) != NULL && data[i] != '\0';
    }
    if (!quoted) {
        text_bytes(line, data, length);
        return;
    }
    text_char(line, '"');
    for (size_t i = 0; i < length; i++) {
        if (data[i] == '"') {
            text_char(line, '"');
        }
        text_char(line, data[i]);
    }
    text_char(line, '"');
}

static void csv_header(printer *self) {
    for (size_t i = 0; i < self->row_type->child_count; i++) {
        const char *name = self->row_type->children[i].name;
        self->cell.length = 0;
        text_utf8(&self->cell, name, strlen(name));
        text_string(&self->line, i > 0 ? "," : "");
        append_csv_field(&self->line, self->cell.data, self->cell.length);
    }
    text_string(&self->line, "\r\n");
    write_line(self);
}

static void csv_row(printer *self, const struct ArrowArray *batch, int64_t row) {
    for (size_t i = 0; i < self->row_type->child_count; i++) {
        const arrow_type *column = &self->row_type->children[i];
        text_string(&self->line, i > 0 ? "," : "");
        if (!cell_is_null(column, batch->children[i], row)) {
            self->cell.length = 0;
            cell_append_text(&self->cell, column, batch->children[i], row);
            append_csv_field(&self->line, self->cell.data, self->cell.length);
        }
    }
    text_string(&self->line, "\r\n");
    write_line(self);
}

static void jsonl_row(printer *self, const struct ArrowArray *batch, int64_t row) {
    text_char(&self->line, '{');
    for (size_t i = 0; i < self->row_type->child_count; i++) {
        const arrow_type *column = &self->row_type->children[i];
        text_string(&self->line, i > 0 ? "," : "");
        append_json_string(&self->line, column->name, strlen(column->name));
        text_char(&self->line, ':');
        cell_append_json(&self->line, column, batch->children[i], row);
    }
    text_string(&self->line, "}\n");
    write_line(self);
}

void printer_begin(printer *self) {
    if (self->format == FORMAT_CSV) {
        csv_header(self);
    }
}

void printer_batch(printer *self, const struct ArrowArray *batch) {
    if (self->format == FORMAT_TABLE) {
        table_batch(self, batch);
        return;
    }
    for (int64_t i = 0; i < batch->length && !ferror(self->out); i++) {
        if (self->format == FORMAT_CSV) {
            csv_row(self, batch, batch->offset + i);
        } else {
            jsonl_row(self, batch, batch->offset + i);
        }
    }
}

void printer_end(printer *self, uint64_t row_count) {
    if (self->format == FORMAT_TABLE) {
        table_end(self, row_count);
    }
}

void printer_free(printer *self) {
    free(self->widths);
    text_free(&self->line);
    text_free(&self->cell);
    text_free(&self->shown);
}
