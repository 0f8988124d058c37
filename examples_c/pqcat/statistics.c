#include "statistics.h"

#include "cell.h"
#include "grid.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BOUND_WIDTH_MAX = 30, TEXT_WIDTH_MAX = 60 };

/* The children of the statistics, as pqpush_metadata_column_statistics has them. */
enum { MIN, MAX, MIN_IS_EXACT, MAX_IS_EXACT, NULL_COUNT, DISTINCT_COUNT, NAN_COUNT };

/* The child of pqpush_metadata_page_statistics that says which row group a page is of. */
enum { PAGE_ROW_GROUP = 9 };

/* Counts the pages of each row group. A column whose pages cannot be told has none. */
static void count_pages(const parquet_file *file, size_t column, uint64_t *page_counts) {
    struct ArrowArray pages;
    struct ArrowSchema schema;
    if (pqpush_metadata_page_statistics(file->metadata, column, 0, &pages, &schema, NULL) != PQPUSH_OK) {
        return;
    }
    const uint64_t *row_groups = pages.children[PAGE_ROW_GROUP]->buffers[1];
    for (int64_t i = 0; i < pages.length; i++) {
        page_counts[row_groups[i]]++;
    }
    pages.release(&pages);
    schema.release(&schema);
}

/* A type that the library cannot decode or pqcat cannot print has no statistics here: the rest is worth telling. */
static void load_column(const parquet_file *file, size_t column, column_statistics *out) {
    text problem = {NULL, 0, 0};
    out->page_counts = allocate_array(pqpush_metadata_row_group_count(file->metadata), sizeof *out->page_counts);
    count_pages(file, column, out->page_counts);
    if (pqpush_metadata_column_statistics(file->metadata, column, 0, &out->array, &out->schema, NULL) != PQPUSH_OK) {
        return;
    }
    if (!arrow_type_parse(&out->schema, &out->type, &problem)) {
        out->array.release(&out->array);
        out->schema.release(&out->schema);
    }
    text_free(&problem);
}

column_statistics *statistics_load(const parquet_file *file) {
    size_t count = pqpush_metadata_column_count(file->metadata);
    column_statistics *statistics = allocate_array(count, sizeof *statistics);
    for (size_t i = 0; i < count; i++) {
        load_column(file, i, &statistics[i]);
    }
    return statistics;
}

void statistics_free(const parquet_file *file, column_statistics *statistics) {
    size_t count = pqpush_metadata_column_count(file->metadata);
    for (size_t i = 0; i < count; i++) {
        free(statistics[i].page_counts);
        if (statistics[i].array.release != NULL) {
            arrow_type_free(&statistics[i].type);
            statistics[i].array.release(&statistics[i].array);
            statistics[i].schema.release(&statistics[i].schema);
        }
    }
    free(statistics);
}

/* One value of one row group; false where it is not known. */
static bool append_value(const column_statistics *statistics, size_t child, int64_t row_group, text *out) {
    const arrow_type *type = &statistics->type.children[child];
    const struct ArrowArray *array = statistics->array.children[child];
    if (cell_is_null(type, array, row_group)) {
        return false;
    }
    cell_append_text(out, type, array, row_group);
    return true;
}

/* A bound; with a sign before it where it need not be a value of the column. */
static void add_bound(grid *grid, const column_statistics *statistics, size_t bound, int64_t row_group) {
    text value = {NULL, 0, 0};
    text exact = {NULL, 0, 0};
    text cell = {NULL, 0, 0};
    if (append_value(statistics, bound, row_group, &value)) {
        append_value(statistics, bound == MIN ? MIN_IS_EXACT : MAX_IS_EXACT, row_group, &exact);
        bool is_exact = exact.length == 4 && memcmp(exact.data, "true", 4) == 0;
        text_string(&cell, is_exact ? "" : bound == MIN ? ">= " : "<= ");
        text_bytes(&cell, value.data, value.length);
    }
    grid_printable(grid, cell.data, cell.length, BOUND_WIDTH_MAX);
    text_free(&value);
    text_free(&exact);
    text_free(&cell);
}

static void add_values(grid *grid, const column_statistics *statistics, int64_t row_group) {
    static const size_t counts[] = {NULL_COUNT, DISTINCT_COUNT, NAN_COUNT};
    bool known = statistics->array.release != NULL;
    for (size_t bound = MIN; bound <= MAX; bound++) {
        if (known) {
            add_bound(grid, statistics, bound, row_group);
        } else {
            grid_string(grid, "");
        }
    }
    for (size_t i = 0; i < 3; i++) {
        text *cell = grid_cell(grid);
        if (known) {
            append_value(statistics, counts[i], row_group, cell);
        }
    }
}

static void add_indexes(grid *grid, const pqpush_column_chunk_info *chunk, uint64_t page_count) {
    bool offsets = chunk->flags & PQPUSH_COLUMN_CHUNK_OFFSET_INDEX;
    bool columns = chunk->flags & PQPUSH_COLUMN_CHUNK_COLUMN_INDEX;
    grid_string(grid, offsets && columns ? "offset,column" : offsets ? "offset" : columns ? "column" : "");
    text *pages = grid_cell(grid);
    if (page_count > 0) {
        text_format(pages, "%" PRIu64, page_count);
    }
    text *filter = grid_cell(grid);
    if (chunk->bloom_filter_length > 0) {
        text_format(filter, "%" PRIu64 " bytes", chunk->bloom_filter_length);
    } else if (chunk->flags & PQPUSH_COLUMN_CHUNK_BLOOM_FILTER) {
        text_string(filter, "yes");
    }
}

static int add_column(const parquet_file *file, grid *grid, const column_statistics *statistics, size_t row_group,
                      size_t column) {
    pqpush_column_chunk_info chunk = {.struct_size = sizeof chunk};
    pqpush_column_info info = {.struct_size = sizeof info};
    pqpush_error *error = NULL;
    if (pqpush_metadata_column(file->metadata, column, &info, &error) != PQPUSH_OK ||
        pqpush_metadata_column_chunk(file->metadata, row_group, column, &chunk, &error) != PQPUSH_OK) {
        return report_error(file, error);
    }
    grid_printable(grid, info.path.data, info.path.length, TEXT_WIDTH_MAX);
    add_values(grid, statistics, (int64_t)row_group);
    add_indexes(grid, &chunk, statistics->page_counts[row_group]);
    return 0;
}

static int print_order(const parquet_file *file, size_t row_group) {
    size_t count = pqpush_metadata_sorting_column_count(file->metadata, row_group);
    for (size_t i = 0; i < count; i++) {
        pqpush_sorting_info sorting = {.struct_size = sizeof sorting};
        pqpush_column_info column = {.struct_size = sizeof column};
        pqpush_error *error = NULL;
        if (pqpush_metadata_sorting_column(file->metadata, row_group, i, &sorting, &error) != PQPUSH_OK) {
            return report_error(file, error);
        }
        /* Some writers name columns that are none. */
        bool named = pqpush_metadata_column(file->metadata, sorting.column, &column, NULL) == PQPUSH_OK;
        text path = {NULL, 0, 0};
        text_printable(&path, named ? column.path.data : "?", named ? column.path.length : 1);
        printf("%s%.*s %s, nulls %s%s", i == 0 ? "\n  sorted by " : "; ", (int)path.length, path.data,
               sorting.flags & PQPUSH_SORTING_DESCENDING ? "descending" : "ascending",
               sorting.flags & PQPUSH_SORTING_NULLS_FIRST ? "first" : "last", i + 1 == count ? "\n" : "");
        text_free(&path);
    }
    return 0;
}

/* One line for each pair; `user_data` is the grid. */
static int add_key_value(void *user_data, pqpush_str key, pqpush_str value) {
    grid *grid = user_data;
    grid_printable(grid, key.data, key.length, TEXT_WIDTH_MAX);
    grid_printable(grid, value.data, value.length, TEXT_WIDTH_MAX);
    return 0;
}

static int print_key_values(const parquet_file *file, size_t row_group, size_t column) {
    static const bool align_right[] = {false, false};
    grid grid = {.column_count = 2, .align_right = align_right};
    pqpush_column_info info = {.struct_size = sizeof info};
    pqpush_error *error = NULL;
    if (pqpush_metadata_column(file->metadata, column, &info, &error) != PQPUSH_OK ||
        pqpush_metadata_column_chunk_key_values(file->metadata, row_group, column, add_key_value, &grid, &error) !=
            PQPUSH_OK) {
        return report_error(file, error);
    }
    if (grid.cell_count > 0) {
        text path = {NULL, 0, 0};
        text_printable(&path, info.path.data, info.path.length);
        printf("\n  key-value metadata of %.*s\n", (int)path.length, path.data);
        text_free(&path);
        grid_print(&grid, stdout, 4);
    }
    return 0;
}

int print_statistics(const parquet_file *file, const column_statistics *statistics, size_t row_group) {
    static const bool align_right[] = {false, false, false, true, true, true, false, true, true};
    static const char *const titles[] = {"column", "min",     "max",   "nulls",       "distinct",
                                         "NaNs",   "indexes", "pages", "bloom filter"};
    grid grid = {.column_count = 9, .align_right = align_right};
    size_t count = pqpush_metadata_column_count(file->metadata);
    int failed = print_order(file, row_group);
    for (size_t i = 0; i < 9; i++) {
        grid_string(&grid, titles[i]);
    }
    for (size_t i = 0; i < count && !failed; i++) {
        failed = add_column(file, &grid, &statistics[i], row_group, i);
    }
    printf("\n");
    grid_print(&grid, stdout, 2);
    for (size_t i = 0; i < count && !failed; i++) {
        failed = print_key_values(file, row_group, i);
    }
    return failed;
}
