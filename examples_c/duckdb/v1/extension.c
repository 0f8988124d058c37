/* pqpush_scan('file.parquet'), pqpush_scan('*.parquet') and pqpush_scan(['a.parquet', 'b.parquet']) as a table function of any
 * DuckDB from 1.2 on: with only the columns that the query uses, and as many threads as DuckDB has. This API knows no
 * filters; DuckDB does them. */
#define DUCKDB_EXTENSION_NAME pqpush

#include "copy.h"
#include "input.h"
#include "plan.h"
#include "type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const predicate_list no_predicates;

/* What one thread has: a decoder of the task that it is at, and the file. */
typedef struct own_scan {
    pqpush_decoder *decoder; /* NULL between two tasks */
    size_t task;
    input file; /* the one of `open_file`; -1 while none is open */
    size_t open_file;
} own_scan;

static bool add_pattern(duckdb_value value, file_list *files, error_slot slot) {
    if (duckdb_is_null_value(value)) {
        return fail(slot, "pqpush_scan", "wants the name of a file, not NULL");
    }
    char *pattern = duckdb_get_varchar(value);
    bool is_added = find_files(pattern, files, slot);
    duckdb_free(pattern);
    return is_added;
}

static bool find_all_files(duckdb_bind_info info, file_list *files, error_slot slot) {
    duckdb_value argument = duckdb_bind_get_parameter(info, 0);
    bool is_found = true;
    if (duckdb_get_type_id(duckdb_get_value_type(argument)) != DUCKDB_TYPE_LIST) {
        is_found = add_pattern(argument, files, slot);
    } else {
        idx_t count = duckdb_get_list_size(argument);
        for (idx_t i = 0; is_found && i < count; i++) {
            duckdb_value element = duckdb_get_list_child(argument, i);
            is_found = add_pattern(element, files, slot);
            duckdb_destroy_value(&element);
        }
        is_found = is_found && (count > 0 || fail(slot, "pqpush_scan", "wants at least one file"));
    }
    duckdb_destroy_value(&argument);
    return is_found;
}

/* Names that differ in nothing but case are one to DuckDB; as its own reader does, a number makes them two. */
static char *make_name(const struct ArrowSchema *schema, int64_t column) {
    const char *name = schema->children[column]->name;
    size_t size = strlen(name) + 24;
    char *unique = malloc(size);
    int twins = 0;
    for (int64_t i = 0; i < column; i++) {
        twins += strcasecmp(schema->children[i]->name, name) == 0;
    }
    if (unique != NULL) {
        snprintf(unique, size, twins > 0 ? "%s_%d" : "%s", name, twins);
    }
    return unique;
}

static bool declare_columns(duckdb_bind_info info, const struct ArrowSchema *schema, error_slot slot) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *column = schema->children[i];
        duckdb_logical_type type = make_type(column);
        char *name = make_name(schema, i);
        if (type == NULL) {
            fail(slot, column->name, "this column has a type that DuckDB does not have");
        } else if (name != NULL) {
            duckdb_bind_add_result_column(info, name, type);
        }
        bool is_declared = type != NULL && name != NULL;
        duckdb_destroy_logical_type(&type);
        free(name);
        if (!is_declared) {
            return false;
        }
    }
    return schema->n_children > 0 || fail(slot, "pqpush_scan", "the file has no columns");
}

static bool bind_scan(duckdb_bind_info info, bound_scan *bound, error_slot slot) {
    file_list *files = &bound->files;
    idx_t rows = 0;
    if (!find_all_files(info, files, slot)) {
        return false;
    }
    for (size_t i = 0; i < files->count; i++) {
        scan_file *file = &files->files[i];
        input from = open_file(file->path, &file->length, slot);
        bool is_read = from >= 0 && read_footer(from, file, slot);
        if (from >= 0) {
            close(from);
        }
        if (!is_read) {
            return false;
        }
        rows += pqpush_metadata_row_count(file->metadata);
    }
    duckdb_bind_set_cardinality(info, rows, true);
    return read_bound_schema(bound, slot) && declare_columns(info, &bound->schema, slot);
}

static void free_bound(void *bound) {
    free_bound_scan(bound);
}

static void bind(duckdb_bind_info info) {
    char *error = NULL;
    bound_scan *bound = calloc(1, sizeof *bound);
    if (bound == NULL) {
        duckdb_bind_set_error(info, "pqpush: out of memory");
        return;
    }
    bound->predicates = &no_predicates;
    bound->batch_rows = duckdb_vector_size(); /* a batch is a chunk */
    if (bind_scan(info, bound, &error)) {
        duckdb_bind_set_bind_data(info, bound, free_bound);
    } else {
        free_bound_scan(bound);
        duckdb_bind_set_error(info, error == NULL ? "pqpush: out of memory" : error);
    }
    free(error);
}

static void init_global(duckdb_init_info info) {
    char *error = NULL;
    idx_t count = duckdb_init_get_column_count(info);
    size_t *wanted = calloc(count + 1, sizeof *wanted);
    for (idx_t i = 0; wanted != NULL && i < count; i++) {
        wanted[i] = duckdb_init_get_column_index(info, i);
    }
    shared_scan *shared = wanted == NULL ? NULL : plan_scan(duckdb_init_get_bind_data(info), wanted, count, &error);
    free(wanted);
    if (shared == NULL) {
        duckdb_init_set_error(info, error == NULL ? "pqpush: out of memory" : error);
    } else {
        duckdb_init_set_max_threads(info, shared->task_count == 0 ? 1 : shared->task_count);
        duckdb_init_set_init_data(info, shared, free_shared_scan);
    }
    free(error);
}

static void free_own_scan(void *data) {
    own_scan *own = data;
    pqpush_decoder_free(own->decoder);
    if (own->file >= 0) {
        close(own->file);
    }
    free(own);
}

static void init_local(duckdb_init_info info) {
    own_scan *own = calloc(1, sizeof *own);
    if (own == NULL) {
        duckdb_init_set_error(info, "pqpush: out of memory");
        return;
    }
    own->file = -1;
    duckdb_init_set_init_data(info, own, free_own_scan);
}

/* Begins the next task; without a decoder there is none left. */
static bool begin_task(shared_scan *shared, own_scan *own, error_slot slot) {
    const task *task = take_task(shared, &own->task);
    if (task == NULL) {
        return true;
    }
    const scan_file *file = &shared->bound->files.files[task->file];
    if (own->file < 0 || own->open_file != task->file) {
        uint64_t length = 0;
        if (own->file >= 0) {
            close(own->file);
        }
        own->file = open_file(file->path, &length, slot);
        own->open_file = task->file;
        if (own->file < 0 || length != file->length) {
            return own->file >= 0 && fail(slot, file->path, "the file changed since the query was prepared");
        }
    }
    pqpush_error *error = NULL;
    return pqpush_plan_decoder(shared->plans[task->file], task->index, &own->decoder, &error) == PQPUSH_OK ||
           fail_with(slot, file->path, error);
}

static bool copy_batch(const shared_scan *shared, const struct ArrowArray *batch, duckdb_data_chunk output,
                       error_slot slot) {
    for (size_t i = 0; i < shared->column_count; i++) {
        size_t place = shared->places[i];
        if (!copy_column(duckdb_data_chunk_get_vector(output, i), shared->schema.children[place],
                         batch->children[place], batch->offset, batch->length, NULL)) {
            return fail_out_of_memory(slot);
        }
    }
    duckdb_data_chunk_set_size(output, (idx_t)batch->length);
    return true;
}

/* Decodes until there is a batch, or all is done, which an empty chunk tells. */
static bool fill(shared_scan *shared, own_scan *own, duckdb_data_chunk output, error_slot slot) {
    while (own->decoder != NULL || (begin_task(shared, own, slot) && own->decoder != NULL)) {
        const char *path = shared->bound->files.files[own->open_file].path;
        pqpush_event event = {.struct_size = sizeof event};
        struct ArrowArray batch;
        pqpush_error *error = NULL;
        if (pqpush_decoder_try_decode(own->decoder, &event, &batch, &error) != PQPUSH_OK) {
            return fail_with(slot, path, error);
        }
        for (size_t i = 0; i < event.range_count; i++) {
            if (!read_range(own->file, path, event.ranges[i], own->decoder, slot)) {
                return false;
            }
        }
        if (event.kind == PQPUSH_EVENT_FINISHED) {
            pqpush_decoder_free(own->decoder);
            own->decoder = NULL;
        }
        if (batch.release != NULL) {
            bool is_copied = copy_batch(shared, &batch, output, slot);
            batch.release(&batch);
            return is_copied;
        }
    }
    return *slot == NULL;
}

static void execute(duckdb_function_info info, duckdb_data_chunk output) {
    char *error = NULL;
    if (!fill(duckdb_function_get_init_data(info), duckdb_function_get_local_init_data(info), output, &error)) {
        duckdb_function_set_error(info, error == NULL ? "pqpush: out of memory" : error);
    }
    free(error);
}

DUCKDB_EXTENSION_ENTRYPOINT(duckdb_connection connection, duckdb_extension_info info,
                            struct duckdb_extension_access *access) {
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_logical_type any = duckdb_create_logical_type(DUCKDB_TYPE_ANY);
    duckdb_table_function_set_name(function, "pqpush_scan");
    duckdb_table_function_add_parameter(function, any);
    duckdb_table_function_set_bind(function, bind);
    duckdb_table_function_set_init(function, init_global);
    duckdb_table_function_set_local_init(function, init_local);
    duckdb_table_function_set_function(function, execute);
    duckdb_table_function_supports_projection_pushdown(function, true);
    bool is_registered = duckdb_register_table_function(connection, function) == DuckDBSuccess;
    if (!is_registered) {
        access->set_error(info, "pqpush_scan could not be registered");
    }
    duckdb_destroy_logical_type(&any);
    duckdb_destroy_table_function(&function);
    return is_registered;
}
