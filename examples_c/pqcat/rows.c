#include "rows.h"

#include "progress.h"
#include "scan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The rows that are chosen, whatever --where says. */
static int rows_chosen(const parquet_file *file, const options *options, uint64_t *out_rows) {
    uint64_t rows = 0;
    size_t count = options->has_row_groups ? options->row_group_count : 0;
    for (size_t i = 0; i < count; i++) {
        pqpush_row_group_info info = {.struct_size = sizeof info};
        pqpush_error *error = NULL;
        if (pqpush_metadata_row_group(file->metadata, options->row_groups[i], &info, &error) != PQPUSH_OK) {
            return report_error(file, error);
        }
        rows += info.row_count;
    }
    if (!options->has_row_groups) {
        rows = pqpush_metadata_row_count(file->metadata);
    }
    rows = rows > options->offset ? rows - options->offset : 0;
    *out_rows = options->has_limit && options->limit < rows ? options->limit : rows;
    return 0;
}

static void free_pushed(void *data) {
    free(data);
}

/* Reads what the decoder asks for and lends it the memory; batches may point into it until they are released. */
static int push_ranges(const parquet_file *file, pqpush_decoder *decoder, const pqpush_event *event) {
    for (size_t i = 0; i < event->range_count; i++) {
        pqpush_range range = event->ranges[i];
        pqpush_error *error = NULL;
        uint8_t *data;
        int failed = file_read(file, range, &data);
        if (failed) {
            return failed;
        }
        if (pqpush_decoder_push_borrowed(decoder, range.offset, data, (size_t)range.length, free_pushed, data,
                                         &error) != PQPUSH_OK) {
            return report_error(file, error);
        }
    }
    return 0;
}

/* Counts the rows that the decoder gives. */
static int count_decoded(const parquet_file *file, pqpush_decoder *decoder, uint64_t *out_rows) {
    *out_rows = 0;
    for (;;) {
        pqpush_event event = {.struct_size = sizeof event};
        struct ArrowArray batch;
        pqpush_error *error = NULL;
        if (pqpush_decoder_try_decode(decoder, &event, &batch, &error) != PQPUSH_OK) {
            return report_error(file, error);
        }
        if (event.kind == PQPUSH_EVENT_FINISHED) {
            return 0;
        }
        int failed = push_ranges(file, decoder, &event);
        if (failed) {
            return failed;
        }
        *out_rows += event.row_count;
        if (batch.release != NULL) {
            batch.release(&batch);
        }
    }
}

/* Only the columns of --where are read. */
static int count_kept(const parquet_file *file, const options *options, uint64_t *out_rows) {
    static const pqpush_str none;
    scan scan;
    pqpush_decoder *decoder = NULL;
    pqpush_error *error = NULL;
    int failed = scan_begin(&scan, file, options);
    scan.options.columns = &none;
    scan.options.column_count = 0;
    if (!failed && pqpush_decoder_new(file->metadata, &scan.options, &decoder, &error) != PQPUSH_OK) {
        failed = report_error(file, error);
    }
    if (!failed) {
        failed = count_decoded(file, decoder, out_rows);
    }
    if (!failed && options->show_stats) {
        scan_print_stats(decoder);
    }
    pqpush_decoder_free(decoder);
    scan_end(&scan);
    return failed;
}

int rows_count(const parquet_file *file, const options *options, uint64_t *out_rows) {
    return options->where != NULL ? count_kept(file, options, out_rows) : rows_chosen(file, options, out_rows);
}

static int decode_rows(const parquet_file *file, pqpush_decoder *decoder, printer *printer, progress *progress) {
    uint64_t done_rows = 0;
    while (!ferror(printer->out)) {
        pqpush_event event = {.struct_size = sizeof event};
        struct ArrowArray batch;
        pqpush_error *error = NULL;
        int failed = 0;
        progress_update(progress, done_rows);
        if (pqpush_decoder_try_decode(decoder, &event, &batch, &error) != PQPUSH_OK) {
            fflush(printer->out); /* the rows before the error come before its message */
            progress_clear(progress);
            return report_error(file, error);
        }
        if (event.kind == PQPUSH_EVENT_FINISHED) {
            progress_clear(progress);
            printer_end(printer, done_rows);
            return 0;
        }
        if (event.kind == PQPUSH_EVENT_NEEDS_DATA) {
            failed = push_ranges(file, decoder, &event);
        } else {
            progress_clear(progress);
            printer_batch(printer, &batch);
            batch.release(&batch);
            done_rows += event.row_count;
        }
        if (failed) {
            return failed;
        }
    }
    return 0;
}

/* COLUMNS, else what the terminal says, else 0: stdout is no terminal. */
static size_t terminal_width(void) {
    if (!isatty(STDOUT_FILENO)) {
        return 0;
    }
    const char *columns = getenv("COLUMNS");
    long width = columns != NULL ? strtol(columns, NULL, 10) : 0;
#ifdef TIOCGWINSZ
    struct winsize size;
    if (width <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        width = size.ws_col;
    }
#endif
    return width > 0 ? (size_t)width : 80;
}

static int print_typed(const parquet_file *file, const options *options, pqpush_decoder *decoder,
                       const arrow_type *row_type) {
    uint64_t total_rows;
    int failed = rows_chosen(file, options, &total_rows);
    if (failed) {
        return failed;
    }
    printer printer = {.format = options->format, .out = stdout, .row_type = row_type, .line_width = terminal_width()};
    progress progress;
    progress_begin(&progress, total_rows, options->show_progress);
    printer_begin(&printer);
    failed = decode_rows(file, decoder, &printer, &progress);
    progress_clear(&progress);
    printer_free(&printer);
    return failed;
}

static int print_decoded(const parquet_file *file, const options *options, pqpush_decoder *decoder) {
    struct ArrowSchema schema;
    pqpush_error *error = NULL;
    text problem = {NULL, 0, 0};
    arrow_type row_type;
    if (pqpush_decoder_schema(decoder, &schema, &error) != PQPUSH_OK) {
        return report_error(file, error);
    }
    int failed;
    if (arrow_type_parse(&schema, &row_type, &problem)) {
        failed = print_typed(file, options, decoder, &row_type);
        arrow_type_free(&row_type);
    } else {
        failed = report(file, EXIT_DATA, "cannot be printed: %.*s", (int)problem.length, problem.data);
    }
    text_free(&problem);
    schema.release(&schema);
    return failed;
}

int rows_print(const parquet_file *file, const options *options) {
    scan scan;
    pqpush_decoder *decoder = NULL;
    pqpush_error *error = NULL;
    int failed = scan_begin(&scan, file, options);
    if (!failed && pqpush_decoder_new(file->metadata, &scan.options, &decoder, &error) != PQPUSH_OK) {
        failed = report_error(file, error);
    }
    if (!failed) {
        failed = print_decoded(file, options, decoder);
    }
    if (!failed && options->show_stats) {
        fflush(stdout);
        scan_print_stats(decoder);
    }
    pqpush_decoder_free(decoder);
    scan_end(&scan);
    return failed;
}
