#include "scan.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Row groups can be larger than memory: the decoder is told to go through them in parts. */
static const uint64_t max_buffered_bytes = UINT64_C(64) << 20;

int scan_begin(scan *self, const parquet_file *file, const options *options) {
    pqpush_error *error = NULL;
    *self = (scan){.predicate = NULL};
    pqpush_scan_options_init(&self->options, sizeof self->options);
    if (options->where != NULL) {
        pqpush_str sql = {options->where, strlen(options->where)};
        if (pqpush_predicate_parse(sql, &self->predicate, &error) != PQPUSH_OK) {
            return report_error(file, error);
        }
        self->predicates[0] = self->predicate;
        self->options.predicates = self->predicates;
        self->options.predicate_count = 1;
    }
    self->options.columns = options->has_columns ? options->columns : NULL;
    self->options.column_count = options->column_count;
    self->options.row_groups = options->has_row_groups ? options->row_groups : NULL;
    self->options.row_group_count = options->row_group_count;
    self->options.offset = options->offset;
    self->options.limit = options->limit;
    self->options.max_buffered_bytes = max_buffered_bytes;
    self->options.flags |= options->has_limit ? PQPUSH_SCAN_LIMIT : 0;
    return 0;
}

void scan_end(scan *self) {
    pqpush_predicate_free(self->predicate);
}

/* Names in a plan come from the file: they must not steer the terminal. */
static void print_plan(pqpush_str plan) {
    const char *end = plan.data + plan.length;
    for (const char *line = plan.data; line < end;) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((next != NULL ? next : end) - line);
        text printable = {NULL, 0, 0};
        text_printable(&printable, line, length);
        printf("%.*s\n", (int)printable.length, printable.length > 0 ? printable.data : "");
        text_free(&printable);
        line += length + 1;
    }
}

int scan_explain(const parquet_file *file, const options *options) {
    scan scan;
    pqpush_plan *plan = NULL;
    pqpush_str explained;
    pqpush_error *error = NULL;
    int failed = scan_begin(&scan, file, options);
    if (!failed && pqpush_plan_new(file->metadata, &scan.options, 0, &plan, &error) != PQPUSH_OK) {
        failed = report_error(file, error);
    }
    if (!failed && pqpush_plan_explain(plan, &explained, &error) != PQPUSH_OK) {
        failed = report_error(file, error);
    }
    if (!failed) {
        print_plan(explained);
    }
    pqpush_plan_free(plan);
    scan_end(&scan);
    return failed;
}

void scan_print_stats(const pqpush_decoder *decoder) {
    pqpush_metrics done = {.struct_size = sizeof done};
    if (pqpush_decoder_metrics(decoder, &done, NULL) != PQPUSH_OK) {
        return;
    }
    fprintf(stderr, "row groups: %" PRIu64 ", %" PRIu64 " of them ruled out\n", done.row_groups_total,
            done.row_groups_pruned);
    fprintf(stderr,
            "rows: %" PRIu64 "; ruled out by statistics %" PRIu64 ", by the page index %" PRIu64
            ", by bloom filters %" PRIu64 ", by dictionaries %" PRIu64 "; looked at and not kept %" PRIu64
            "; printed %" PRIu64 "\n",
            done.rows_total, done.rows_pruned_by_stats, done.rows_pruned_by_pages, done.rows_pruned_by_bloom,
            done.rows_pruned_by_dictionary, done.rows_filtered, done.rows_out);
    fprintf(stderr, "pages: %" PRIu64 " met, %" PRIu64 " passed over, %" PRIu64 " opened\n", done.pages_total,
            done.pages_skipped, done.pages_decompressed);
    fprintf(stderr, "bytes: %" PRIu64 " read, %" PRIu64 " decompressed, at most %" PRIu64 " held\n",
            done.bytes_requested, done.bytes_decompressed, done.buffered_peak_bytes);
}
