#include "file.h"

#include <stdlib.h>
#include <string.h>

bool add_path(file_list *list, const char *path, size_t length, error_slot slot) {
    scan_file *files = realloc(list->files, (list->count + 1) * sizeof *files);
    char *copy = malloc(length + 1);
    if (files != NULL) {
        list->files = files;
    }
    if (files == NULL || copy == NULL) {
        free(copy);
        return fail_out_of_memory(slot);
    }
    memcpy(copy, path, length);
    copy[length] = '\0';
    files[list->count++] = (scan_file){.path = copy};
    return true;
}

static int by_path(const void *left, const void *right) {
    return strcmp(((const scan_file *)left)->path, ((const scan_file *)right)->path);
}

void sort_files(file_list *list, size_t first) {
    if (list->count > first) {
        qsort(list->files + first, list->count - first, sizeof *list->files, by_path);
    }
}

void free_files(file_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->files[i].path);
        pqpush_metadata_free(list->files[i].metadata);
    }
    free(list->files);
    *list = (file_list){NULL, 0};
}

static bool push_footer(input from, pqpush_metadata_decoder *decoder, const char *path, pqpush_range range,
                        error_slot slot) {
    pqpush_error *error = NULL;
    uint8_t *bytes = malloc(range.length);
    bool is_pushed = bytes != NULL ? read_bytes(from, bytes, range.length, range.offset, slot)
                                   : fail_out_of_memory(slot);
    if (is_pushed && pqpush_metadata_decoder_push(decoder, range.offset, bytes, range.length, &error) != PQPUSH_OK) {
        is_pushed = fail_with(slot, path, error);
    }
    free(bytes);
    return is_pushed;
}

bool read_footer(input from, scan_file *file, error_slot slot) {
    pqpush_metadata_decoder *decoder = NULL;
    pqpush_error *error = NULL;
    bool is_read = pqpush_metadata_decoder_new(file->length, NULL, &decoder, &error) == PQPUSH_OK ||
                   fail_with(slot, file->path, error);
    while (is_read && file->metadata == NULL) {
        pqpush_event event = {.struct_size = sizeof event};
        is_read = pqpush_metadata_decoder_try_decode(decoder, &event, &file->metadata, &error) == PQPUSH_OK ||
                  fail_with(slot, file->path, error);
        for (size_t i = 0; is_read && i < event.range_count; i++) {
            is_read = push_footer(from, decoder, file->path, event.ranges[i], slot);
        }
    }
    pqpush_metadata_decoder_free(decoder);
    return is_read;
}

bool read_range(input from, const char *path, pqpush_range range, pqpush_decoder *decoder, error_slot slot) {
    uint8_t *bytes = malloc(range.length);
    if (bytes == NULL) {
        return fail_out_of_memory(slot);
    }
    if (!read_bytes(from, bytes, range.length, range.offset, slot)) {
        free(bytes);
        return false;
    }
    pqpush_error *error = NULL;
    pqpush_status status =
        pqpush_decoder_push_borrowed(decoder, range.offset, bytes, range.length, free, bytes, &error);
    return status == PQPUSH_OK || fail_with(slot, path, error);
}
