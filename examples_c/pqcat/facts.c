#include "facts.h"

#include "arrow_type.h"
#include "grid.h"
#include "statistics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_WIDTH_MAX = 60 };

static int load_column(const parquet_file *file, size_t column, pqpush_column_info *out) {
    pqpush_error *error = NULL;
    *out = (pqpush_column_info){.struct_size = sizeof *out};
    return pqpush_metadata_column(file->metadata, column, out, &error) == PQPUSH_OK ? 0 : report_error(file, error);
}

static void add_physical_type(grid *grid, const pqpush_column_info *column) {
    text *cell = grid_cell(grid);
    text_string(cell, pqpush_physical_type_name(column->physical_type));
    if (column->type_length > 0) {
        text_format(cell, "(%" PRIu32 ")", column->type_length);
    }
}

static bool is_group(const arrow_type *type) {
    return type->kind == TYPE_STRUCT || type->kind == TYPE_LIST || type->kind == TYPE_FIXED_LIST ||
           type->kind == TYPE_MAP;
}

/* One line for a field and each field inside it, in the order of the leaf columns; *column is the next leaf. */
static int add_field(const parquet_file *file, grid *grid, const arrow_type *type, size_t depth, size_t *column) {
    text name = {NULL, 0, 0};
    pqpush_column_info info;
    text_repeat(&name, ' ', 2 * depth);
    text_string(&name, type->name);
    grid_printable(grid, name.data, name.length, TEXT_WIDTH_MAX);
    text_free(&name);
    text type_name = {NULL, 0, 0};
    arrow_type_name(&type_name, type);
    grid_printable(grid, type_name.data, type_name.length, TEXT_WIDTH_MAX);
    text_free(&type_name);
    grid_string(grid, type->nullable ? "yes" : "no");
    if (!is_group(type)) {
        int failed = load_column(file, (*column)++, &info);
        if (failed) {
            return failed;
        }
        add_physical_type(grid, &info);
        grid_printable(grid, info.logical_type.data, info.logical_type.length, TEXT_WIDTH_MAX);
        return 0;
    }
    grid_string(grid, "");
    grid_string(grid, "");
    for (size_t i = 0; i < type->child_count; i++) {
        int failed = add_field(file, grid, &type->children[i], depth + 1, column);
        if (failed) {
            return failed;
        }
    }
    return 0;
}

static int print_fields(const parquet_file *file, const arrow_type *row_type) {
    static const bool align_right[] = {false, false, false, false, false};
    static const char *const titles[] = {"column", "arrow type", "nullable", "physical type", "logical type"};
    grid grid = {.column_count = 5, .align_right = align_right};
    size_t column = 0;
    int failed = 0;
    for (size_t i = 0; i < 5; i++) {
        grid_string(&grid, titles[i]);
    }
    for (size_t i = 0; i < row_type->child_count && !failed; i++) {
        failed = add_field(file, &grid, &row_type->children[i], 0, &column);
    }
    grid_print(&grid, stdout, 0);
    return failed;
}

int print_schema(const parquet_file *file) {
    struct ArrowSchema schema;
    pqpush_error *error = NULL;
    text problem = {NULL, 0, 0};
    arrow_type row_type;
    if (pqpush_metadata_schema(file->metadata, &schema, &error) != PQPUSH_OK) {
        return report_error(file, error);
    }
    int failed;
    if (arrow_type_parse(&schema, &row_type, &problem)) {
        failed = print_fields(file, &row_type);
        arrow_type_free(&row_type);
    } else {
        failed = report(file, EXIT_DATA, "cannot be printed: %.*s", (int)problem.length, problem.data);
    }
    text_free(&problem);
    schema.release(&schema);
    return failed;
}

static void print_file_facts(const parquet_file *file) {
    static const bool align_right[] = {false, false};
    const pqpush_metadata *metadata = file->metadata;
    pqpush_str created_by = pqpush_metadata_created_by(metadata);
    grid grid = {.column_count = 2, .align_right = align_right};
    grid_string(&grid, "file");
    grid_printable(&grid, file->path, strlen(file->path), SIZE_MAX);
    grid_string(&grid, "bytes");
    grid_number(&grid, file->length);
    grid_string(&grid, "format version");
    text_format(grid_cell(&grid), "%" PRId32, pqpush_metadata_format_version(metadata));
    grid_string(&grid, "created by");
    grid_printable(&grid, created_by.data, created_by.length, SIZE_MAX);
    grid_string(&grid, "rows");
    grid_number(&grid, pqpush_metadata_row_count(metadata));
    grid_string(&grid, "row groups");
    grid_number(&grid, pqpush_metadata_row_group_count(metadata));
    grid_string(&grid, "leaf columns");
    grid_number(&grid, pqpush_metadata_column_count(metadata));
    grid_print(&grid, stdout, 0);
}

static int print_key_values(const parquet_file *file) {
    static const bool align_right[] = {false, true, false};
    grid grid = {.column_count = 3, .align_right = align_right};
    size_t count = pqpush_metadata_key_value_count(file->metadata);
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++) {
        pqpush_str key;
        pqpush_str value;
        pqpush_error *error = NULL;
        if (pqpush_metadata_key_value(file->metadata, i, &key, &value, &error) != PQPUSH_OK) {
            failed = report_error(file, error);
        } else {
            grid_printable(&grid, key.data, key.length, TEXT_WIDTH_MAX);
            text_format(grid_cell(&grid), "%zu bytes", value.length);
            grid_printable(&grid, value.data, value.length, TEXT_WIDTH_MAX);
        }
    }
    printf(count > 0 ? "\nkey-value metadata\n" : "");
    grid_print(&grid, stdout, 2);
    return failed;
}

static void add_encodings(grid *grid, uint64_t encodings) {
    text *cell = grid_cell(grid);
    for (int32_t i = 0; i < 64; i++) {
        if (encodings >> i & 1) {
            text_string(cell, cell->length > 0 ? "," : "");
            text_string(cell, pqpush_encoding_name(i));
        }
    }
}

static int add_column_chunk(const parquet_file *file, grid *grid, size_t row_group, size_t column) {
    pqpush_column_chunk_info chunk = {.struct_size = sizeof chunk};
    pqpush_column_info info;
    pqpush_error *error = NULL;
    int failed = load_column(file, column, &info);
    if (failed) {
        return failed;
    }
    if (pqpush_metadata_column_chunk(file->metadata, row_group, column, &chunk, &error) != PQPUSH_OK) {
        return report_error(file, error);
    }
    grid_printable(grid, info.path.data, info.path.length, TEXT_WIDTH_MAX);
    add_physical_type(grid, &info);
    grid_string(grid, pqpush_codec_name(chunk.codec));
    grid_number(grid, chunk.value_count);
    grid_number(grid, chunk.file_offset);
    grid_number(grid, chunk.compressed_bytes);
    grid_number(grid, chunk.uncompressed_bytes);
    add_encodings(grid, chunk.encodings);
    return 0;
}

static int print_row_group(const parquet_file *file, const column_statistics *statistics, size_t row_group) {
    static const bool align_right[] = {false, false, false, true, true, true, true, false};
    static const char *const titles[] = {"column", "physical type", "codec",        "values",
                                         "offset", "compressed",    "uncompressed", "encodings"};
    pqpush_row_group_info info = {.struct_size = sizeof info};
    pqpush_error *error = NULL;
    if (pqpush_metadata_row_group(file->metadata, row_group, &info, &error) != PQPUSH_OK) {
        return report_error(file, error);
    }
    printf("\nrow group %zu: %" PRIu64 " rows, %" PRIu64 " bytes compressed, %" PRIu64 " uncompressed\n", row_group,
           info.row_count, info.compressed_bytes, info.uncompressed_bytes);
    grid grid = {.column_count = 8, .align_right = align_right};
    for (size_t i = 0; i < 8; i++) {
        grid_string(&grid, titles[i]);
    }
    int failed = 0;
    size_t column_count = pqpush_metadata_column_count(file->metadata);
    for (size_t i = 0; i < column_count && !failed; i++) {
        failed = add_column_chunk(file, &grid, row_group, i);
    }
    grid_print(&grid, stdout, 2);
    return failed ? failed : print_statistics(file, statistics, row_group);
}

int print_meta(const parquet_file *file) {
    print_file_facts(file);
    int failed = print_key_values(file);
    column_statistics *statistics = statistics_load(file);
    size_t count = pqpush_metadata_row_group_count(file->metadata);
    for (size_t i = 0; i < count && !failed && !ferror(stdout); i++) {
        failed = print_row_group(file, statistics, i);
    }
    statistics_free(file, statistics);
    return failed;
}
