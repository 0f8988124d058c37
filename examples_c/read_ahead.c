#include "read_ahead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 256, GAP_BYTES = 64 * 1024 };

typedef struct scan {
    const reader *reader;
    const scan_request *request;
    scan_result *result;
    piece *under_way;
    uint64_t ahead; /* bytes under way that the decoder does not wait for */
} scan;

static bool tell(const scan *scan, pqpush_error *error) {
    fprintf(stderr, "%s: %s\n", scan->request->name, pqpush_error_message(error));
    pqpush_error_free(error);
    return false;
}

static bool start_piece(scan *scan, pqpush_range range, bool is_needed) {
    piece *new_piece = calloc(1, sizeof *new_piece);
    uint8_t *bytes = malloc(range.length);
    if (new_piece == NULL || bytes == NULL) {
        free(new_piece);
        free(bytes);
        fprintf(stderr, "%s: out of memory\n", scan->request->name);
        return false;
    }
    *new_piece = (piece){.range = range, .bytes = bytes, .is_needed = is_needed, .next = scan->under_way};
    scan->under_way = new_piece;
    scan->ahead += is_needed ? 0 : range.length;
    scan->result->pieces++;
    scan->result->bytes += range.length;
    return scan->reader->start(scan->reader->own, new_piece);
}

/* Reads what of a range is not under way yet. */
static bool want(scan *scan, uint64_t begin, uint64_t end, bool is_needed) {
    for (piece *piece = scan->under_way; piece != NULL && begin < end; piece = piece->next) {
        uint64_t piece_end = piece->range.offset + piece->range.length;
        if (piece->range.offset < end && begin < piece_end) {
            if (is_needed && !piece->is_needed) {
                piece->is_needed = true;
                scan->ahead -= piece->range.length;
            }
            return (begin >= piece->range.offset || want(scan, begin, piece->range.offset, is_needed)) &&
                   (piece_end >= end || want(scan, piece_end, end, is_needed));
        }
    }
    bool is_started = true;
    while (is_started && begin < end) {
        uint64_t length = end - begin < scan->request->piece_bytes ? end - begin : scan->request->piece_bytes;
        is_started = start_piece(scan, (pqpush_range){begin, length}, is_needed);
        begin += length;
    }
    return is_started;
}

/* Waits for a piece and takes it off the list. */
static piece *take_piece(scan *scan) {
    piece *whole = scan->reader->wait(scan->reader->own);
    for (piece **link = &scan->under_way; whole != NULL && *link != NULL; link = &(*link)->next) {
        if (*link == whole) {
            *link = whole->next;
            break;
        }
    }
    if (whole != NULL && !whole->is_needed) {
        scan->ahead -= whole->range.length;
    }
    return whole;
}

static bool is_waiting(const scan *scan) {
    const piece *piece = scan->under_way;
    while (piece != NULL && !piece->is_needed) {
        piece = piece->next;
    }
    return piece != NULL;
}

static bool read_footer(scan *scan, pqpush_metadata **out) {
    pqpush_metadata_decoder *footer = NULL;
    pqpush_error *error = NULL;
    bool is_read = pqpush_metadata_decoder_new(scan->request->file_length, NULL, &footer, &error) == PQPUSH_OK;
    while (is_read && *out == NULL) {
        pqpush_event event = {.struct_size = sizeof event};
        is_read = pqpush_metadata_decoder_try_decode(footer, &event, out, &error) == PQPUSH_OK;
        for (size_t i = 0; is_read && i < event.range_count; i++) {
            is_read = want(scan, event.ranges[i].offset, event.ranges[i].offset + event.ranges[i].length, true);
        }
        while (is_read && is_waiting(scan)) {
            piece *whole = take_piece(scan);
            is_read = whole != NULL && pqpush_metadata_decoder_push(footer, whole->range.offset, whole->bytes,
                                                                    (size_t)whole->range.length, &error) == PQPUSH_OK;
            if (whole != NULL) {
                free(whole->bytes);
                free(whole);
            }
        }
    }
    pqpush_metadata_decoder_free(footer);
    return is_read || (error != NULL && tell(scan, error));
}

/* Gets the bytes that are needed, and asks for those that will be. What comes is lent to the decoder, in any order. */
static bool feed(scan *scan, pqpush_decoder *decoder, const pqpush_event *event) {
    pqpush_error *error = NULL;
    const pqpush_range *upcoming;
    size_t count;
    for (size_t i = 0; i < event->range_count; i++) {
        if (!want(scan, event->ranges[i].offset, event->ranges[i].offset + event->ranges[i].length, true)) {
            return false;
        }
    }
    uint64_t room = scan->request->ahead_bytes > scan->ahead ? scan->request->ahead_bytes - scan->ahead : 0;
    if (pqpush_decoder_upcoming_ranges(decoder, room, &upcoming, &count, &error) != PQPUSH_OK) {
        return tell(scan, error);
    }
    for (size_t i = 0; i < count; i++) {
        if (!want(scan, upcoming[i].offset, upcoming[i].offset + upcoming[i].length, false)) {
            return false;
        }
    }
    scan->result->waits += is_waiting(scan);
    while (is_waiting(scan)) {
        piece *whole = take_piece(scan);
        if (whole == NULL) {
            return false;
        }
        pqpush_status status = pqpush_decoder_push_borrowed(decoder, whole->range.offset, whole->bytes,
                                                            (size_t)whole->range.length, free, whole->bytes, &error);
        free(whole);
        if (status != PQPUSH_OK) {
            return tell(scan, error);
        }
    }
    return true;
}

static bool decode(scan *scan, pqpush_decoder *decoder) {
    pqpush_event event = {.struct_size = sizeof event};
    while (event.kind != PQPUSH_EVENT_FINISHED) {
        struct ArrowArray batch;
        pqpush_error *error = NULL;
        if (pqpush_decoder_try_decode(decoder, &event, &batch, &error) != PQPUSH_OK) {
            return tell(scan, error);
        }
        scan->result->rows += event.row_count;
        if (batch.release != NULL) {
            batch.release(&batch); /* a host would do something with it */
        }
        if (event.kind == PQPUSH_EVENT_NEEDS_DATA && !feed(scan, decoder, &event)) {
            return false;
        }
    }
    return true;
}

static size_t split(const char *names, pqpush_str *out) {
    size_t count = 0;
    while (count < MOST_COLUMNS) {
        size_t length = strcspn(names, ",");
        out[count++] = (pqpush_str){names, length};
        if (names[length] == '\0') {
            break;
        }
        names += length + 1;
    }
    return count;
}

static bool make_decoder(const scan *scan, const pqpush_metadata *metadata, pqpush_decoder **out) {
    const scan_request *request = scan->request;
    pqpush_str columns[MOST_COLUMNS];
    pqpush_predicate *predicate = NULL;
    pqpush_error *error = NULL;
    pqpush_scan_options options = {.struct_size = sizeof options, .coalesce_gap = GAP_BYTES};
    if (request->columns != NULL) {
        options.columns = columns;
        options.column_count = split(request->columns, columns);
    }
    if (request->where != NULL) {
        pqpush_str text = {request->where, strlen(request->where)};
        if (pqpush_predicate_parse(text, &predicate, &error) != PQPUSH_OK) {
            return tell(scan, error);
        }
        options.predicates = (const pqpush_predicate *const *)&predicate;
        options.predicate_count = 1;
    }
    pqpush_status status = pqpush_decoder_new(metadata, &options, out, &error);
    pqpush_predicate_free(predicate);
    return status == PQPUSH_OK || tell(scan, error);
}

bool scan_ahead(const reader *reader, const scan_request *request, scan_result *result) {
    scan scan = {.reader = reader, .request = request, .result = result};
    pqpush_metadata *metadata = NULL;
    pqpush_decoder *decoder = NULL;
    bool is_done = read_footer(&scan, &metadata) && make_decoder(&scan, metadata, &decoder) && decode(&scan, decoder);
    reader->stop(reader->own);
    while (scan.under_way != NULL) {
        piece *left = scan.under_way;
        scan.under_way = left->next;
        free(left->bytes);
        free(left);
    }
    pqpush_decoder_free(decoder);
    pqpush_metadata_free(metadata);
    return is_done;
}
