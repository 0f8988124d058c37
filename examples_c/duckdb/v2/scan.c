#include "scan.h"
#include "input.h"
#include "plan.h"

#include <stdlib.h>

/* What one thread has: a decoder of the task that it is at, and the importer of its batches. */
typedef struct own_scan {
    pqpush_decoder *decoder; /* NULL between two tasks */
    size_t task;
    input file; /* the one of `open_file`, once it is open */
    size_t open_file;
    duckdb_v2_arrow_importer_handle importer;
    duckdb_v2_data_chunk_handle chunk; /* the one that DuckDB was given last */
} own_scan;

static void free_own_scan(void *data) {
    own_scan *own = data;
    pqpush_decoder_free(own->decoder);
    duckdb_v2_data_chunk_destroy(&own->chunk);
    duckdb_v2_arrow_importer_destroy(&own->importer);
    duckdb_v2_file_destroy(&own->file);
    free(own);
}

void init_global(duckdb_v2_table_function_init_global_info_handle info, duckdb_v2_context_handle context,
                 error_slot slot) {
    (void)context;
    void *bound = NULL;
    idx_t count = 0;
    if (!is_ok(duckdb_v2_table_function_init_global_get_bind_data(info, &bound, slot)) ||
        !is_ok(duckdb_v2_table_function_init_global_get_column_count(info, &count, slot))) {
        return;
    }
    size_t *wanted = calloc(count + 1, sizeof *wanted);
    for (idx_t i = 0; wanted != NULL && i < count; i++) {
        idx_t column = 0;
        if (!is_ok(duckdb_v2_table_function_init_global_get_column_index(info, i, &column, slot))) {
            free(wanted);
            return;
        }
        wanted[i] = column;
    }
    shared_scan *shared = wanted == NULL ? NULL : plan_scan(bound, wanted, count, slot);
    free(wanted);
    if (shared != NULL) {
        duckdb_v2_opaque state = {shared, free_shared_scan, NULL};
        idx_t threads = shared->task_count == 0 ? 1 : shared->task_count;
        duckdb_v2_table_function_init_global_set_global_state(info, &state, slot);
        duckdb_v2_table_function_init_global_set_max_threads(info, threads, slot);
    }
}

void init_local(duckdb_v2_table_function_init_local_info_handle info, duckdb_v2_context_handle context,
                error_slot slot) {
    (void)context;
    own_scan *own = calloc(1, sizeof *own);
    if (own == NULL) {
        fail_out_of_memory(slot);
        return;
    }
    duckdb_v2_opaque state = {own, free_own_scan, NULL};
    duckdb_v2_table_function_init_local_set_local_state(info, &state, slot);
}

/* Begins the next task; without a decoder there is none left. */
static bool begin_task(shared_scan *shared, own_scan *own, duckdb_v2_context_handle context, error_slot slot) {
    const task *task = take_task(shared, &own->task);
    if (task == NULL) {
        return true;
    }
    const scan_file *file = &shared->bound->files.files[task->file];
    if (own->file == NULL || own->open_file != task->file) {
        uint64_t length = 0;
        duckdb_v2_file_destroy(&own->file);
        if (!open_file(context, file, &own->file, &length, slot)) {
            return false;
        }
        own->open_file = task->file;
        if (length != file->length) {
            return fail(slot, DUCKDB_V2_ERROR_IO_GENERAL, "pqpush: a file changed since the query was prepared");
        }
    }
    pqpush_error *error = NULL;
    return pqpush_plan_decoder(shared->plans[task->file], task->index, &own->decoder, &error) == PQPUSH_OK ||
           fail_with(slot, file->path, error);
}

/* One step of the decoder: reads what it asks for, or gives its batch to the importer, which owns it from then on. */
static bool step(shared_scan *shared, own_scan *own, error_slot slot) {
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
        atomic_fetch_add(&shared->done_tasks, 1);
    }
    bool is_taken = batch.release == NULL ||
                    is_ok(duckdb_v2_arrow_importer_append(own->importer, &batch, true, true, slot));
    if (batch.release != NULL) {
        batch.release(&batch);
    }
    return is_taken;
}

/* Hands the columns of the importer's chunk to DuckDB, in the order in which it wants them. */
static void hand_out(const shared_scan *shared, own_scan *own, duckdb_v2_data_chunk_handle output, error_slot slot) {
    for (size_t i = 0; i < shared->column_count; i++) {
        duckdb_v2_vector_handle from;
        duckdb_v2_vector_handle to;
        if (!is_ok(duckdb_v2_data_chunk_get_vector(own->chunk, shared->places[i], &from, slot)) ||
            !is_ok(duckdb_v2_data_chunk_get_vector(output, i, &to, slot)) ||
            !is_ok(duckdb_v2_vector_reference(to, from, slot))) {
            return;
        }
    }
}

/* Chunks of the importer are as large as those that DuckDB wants. */
static bool make_importer(shared_scan *shared, own_scan *own, duckdb_v2_context_handle context,
                          duckdb_v2_data_chunk_handle output, error_slot slot) {
    idx_t capacity = 0;
    return is_ok(duckdb_v2_data_chunk_get_capacity(output, &capacity, slot)) &&
           is_ok(duckdb_v2_arrow_importer_create(context, &shared->schema, capacity, &own->importer, slot));
}

void execute(duckdb_v2_table_function_exec_info_handle info, duckdb_v2_context_handle context, error_slot slot) {
    void *shared_data = NULL;
    void *own_data = NULL;
    duckdb_v2_data_chunk_handle output;
    if (!is_ok(duckdb_v2_table_function_exec_get_global_state(info, &shared_data, slot)) ||
        !is_ok(duckdb_v2_table_function_exec_get_local_state(info, &own_data, slot)) ||
        !is_ok(duckdb_v2_table_function_exec_get_output_chunk(info, &output, slot))) {
        return;
    }
    shared_scan *shared = shared_data;
    own_scan *own = own_data;
    if (own->importer == NULL && !make_importer(shared, own, context, output, slot)) {
        return;
    }
    for (;;) {
        duckdb_v2_data_chunk_destroy(&own->chunk);
        if (!is_ok(duckdb_v2_arrow_importer_next_chunk(own->importer, &own->chunk, slot))) {
            return;
        }
        if (own->chunk != NULL) {
            hand_out(shared, own, output, slot);
            return;
        }
        if (own->decoder == NULL && (!begin_task(shared, own, context, slot) || own->decoder == NULL)) {
            return; /* An empty chunk says that this thread is done. */
        }
        if (!step(shared, own, slot)) {
            return;
        }
    }
}

/* DuckDB puts the chunks of several threads in the order of the tasks that they come from. */
void tell_partition(duckdb_v2_table_function_partition_data_info_handle info, duckdb_v2_context_handle context,
                    error_slot slot) {
    (void)context;
    void *own = NULL;
    if (is_ok(duckdb_v2_table_function_partition_data_get_local_state(info, &own, slot))) {
        duckdb_v2_table_function_partition_data_set_batch_index(info, ((own_scan *)own)->task, slot);
    }
}

void tell_progress(duckdb_v2_table_function_progress_info_handle info, duckdb_v2_context_handle context,
                   error_slot slot) {
    (void)context;
    void *data = NULL;
    if (is_ok(duckdb_v2_table_function_progress_get_global_state(info, &data, slot)) && data != NULL) {
        shared_scan *shared = data;
        double done = (double)atomic_load(&shared->done_tasks);
        double all = shared->task_count == 0 ? 1 : (double)shared->task_count;
        duckdb_v2_table_function_progress_set_progress(info, done / all, slot);
    }
}
