#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_path(const duckdb_v2_str *path, void *user_data, error_slot slot) {
    file_list *list = user_data;
    scan_file *files = realloc(list->files, (list->count + 1) * sizeof *files);
    char *copy = malloc(path->len + 1);
    if (files != NULL) {
        list->files = files;
    }
    if (files == NULL || copy == NULL) {
        free(copy);
        fail_out_of_memory(slot);
        return;
    }
    memcpy(copy, path->ptr, path->len);
    copy[path->len] = '\0';
    files[list->count++] = (scan_file){.path = copy};
}

static int by_path(const void *left, const void *right) {
    return strcmp(((const scan_file *)left)->path, ((const scan_file *)right)->path);
}

bool add_files(duckdb_v2_context_handle context, const duckdb_v2_str *pattern, file_list *list, error_slot slot) {
    size_t before = list->count;
    duckdb_v2_file_system_handle file_system;
    if (!is_ok(duckdb_v2_context_get_file_system(context, &file_system, slot)) ||
        !is_ok(duckdb_v2_file_system_path_glob(file_system, pattern, add_path, list, slot))) {
        return false;
    }
    if (list->count == before) {
        char text[512];
        snprintf(text, sizeof text, "No files found that match the pattern \"%.*s\"", (int)pattern->len, pattern->ptr);
        return fail(slot, DUCKDB_V2_ERROR_IO_FILE_NOT_FOUND, text);
    }
    qsort(list->files + before, list->count - before, sizeof *list->files, by_path);
    return true;
}

void free_files(file_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->files[i].path);
        pqpush_metadata_free(list->files[i].metadata);
    }
    free(list->files);
    *list = (file_list){NULL, 0};
}

bool open_file(duckdb_v2_context_handle context, const scan_file *file, duckdb_v2_file_handle *out, error_slot slot) {
    duckdb_v2_str path = {file->path, strlen(file->path)};
    duckdb_v2_file_system_handle file_system;
    duckdb_v2_file_open_options_handle options = NULL;
    bool is_open =
        is_ok(duckdb_v2_context_get_file_system(context, &file_system, slot)) &&
        is_ok(duckdb_v2_file_open_options_create(file_system, &options, slot)) &&
        is_ok(duckdb_v2_file_open_options_set_flag(options, DUCKDB_V2_FILE_FLAG_READ, slot)) &&
        is_ok(duckdb_v2_file_open_options_set_flag(options, DUCKDB_V2_FILE_FLAG_PARALLEL_ACCESS, slot)) &&
        is_ok(duckdb_v2_file_system_open(file_system, &path, options, out, slot));
    duckdb_v2_file_open_options_destroy(&options);
    return is_open;
}

/* Pushes what the footer's decoder asks for until it has the footer. */
static bool decode_footer(duckdb_v2_file_handle handle, pqpush_metadata_decoder *decoder, scan_file *file,
                          error_slot slot) {
    while (file->metadata == NULL) {
        pqpush_event event = {.struct_size = sizeof event};
        pqpush_error *error = NULL;
        if (pqpush_metadata_decoder_try_decode(decoder, &event, &file->metadata, &error) != PQPUSH_OK) {
            return fail_with(slot, file->path, error);
        }
        for (size_t i = 0; i < event.range_count; i++) {
            pqpush_range range = event.ranges[i];
            uint8_t *bytes = malloc(range.length);
            bool is_read = bytes != NULL ? is_ok(duckdb_v2_file_read_at(handle, bytes, range.length, range.offset, slot))
                                         : fail_out_of_memory(slot);
            if (is_read &&
                pqpush_metadata_decoder_push(decoder, range.offset, bytes, range.length, &error) != PQPUSH_OK) {
                is_read = fail_with(slot, file->path, error);
            }
            free(bytes);
            if (!is_read) {
                return false;
            }
        }
    }
    return true;
}

bool read_footer(duckdb_v2_context_handle context, scan_file *file, error_slot slot) {
    duckdb_v2_file_handle handle = NULL;
    idx_t length = 0;
    if (!open_file(context, file, &handle, slot)) {
        return false;
    }
    bool is_read = is_ok(duckdb_v2_file_size(handle, &length, slot));
    pqpush_metadata_decoder *decoder = NULL;
    pqpush_error *error = NULL;
    file->length = length;
    if (is_read && pqpush_metadata_decoder_new(length, NULL, &decoder, &error) != PQPUSH_OK) {
        is_read = fail_with(slot, file->path, error);
    }
    is_read = is_read && decode_footer(handle, decoder, file, slot);
    pqpush_metadata_decoder_free(decoder);
    duckdb_v2_file_destroy(&handle);
    return is_read;
}

bool read_range(duckdb_v2_file_handle file, const char *path, pqpush_range range, pqpush_decoder *decoder,
                error_slot slot) {
    uint8_t *bytes = malloc(range.length);
    if (bytes == NULL) {
        return fail_out_of_memory(slot);
    }
    if (!is_ok(duckdb_v2_file_read_at(file, bytes, range.length, range.offset, slot))) {
        free(bytes);
        return false;
    }
    pqpush_error *error = NULL;
    pqpush_status status =
        pqpush_decoder_push_borrowed(decoder, range.offset, bytes, range.length, free, bytes, &error);
    return status == PQPUSH_OK || fail_with(slot, path, error);
}
