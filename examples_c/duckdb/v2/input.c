#include "input.h"

#include <stdio.h>
#include <string.h>

static void add_match(const duckdb_v2_str *path, void *list, error_slot slot) {
    add_path(list, path->ptr, path->len, slot);
}

bool find_files(duckdb_v2_context_handle context, const duckdb_v2_str *pattern, file_list *list, error_slot slot) {
    size_t before = list->count;
    duckdb_v2_file_system_handle file_system;
    if (!is_ok(duckdb_v2_context_get_file_system(context, &file_system, slot)) ||
        !is_ok(duckdb_v2_file_system_path_glob(file_system, pattern, add_match, list, slot))) {
        return false;
    }
    if (list->count == before) {
        char text[512];
        snprintf(text, sizeof text, "No files found that match the pattern \"%.*s\"", (int)pattern->len, pattern->ptr);
        return fail(slot, DUCKDB_V2_ERROR_IO_FILE_NOT_FOUND, text);
    }
    sort_files(list, before);
    return true;
}

bool open_file(duckdb_v2_context_handle context, const scan_file *file, input *out, uint64_t *out_length,
               error_slot slot) {
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
    if (is_open && !is_ok(duckdb_v2_file_size(*out, out_length, slot))) {
        duckdb_v2_file_destroy(out);
        is_open = false;
    }
    return is_open;
}

bool read_bytes(input from, void *out, uint64_t length, uint64_t offset, error_slot slot) {
    return is_ok(duckdb_v2_file_read_at(from, out, length, offset, slot));
}
