#include "plan.h"
#include "schema.h"

#include <stdlib.h>
#include <string.h>

/* About as many rows as DuckDB puts into a row group of its own. */
enum { TASK_ROWS = 120 * 1024 };

void free_bound_scan(bound_scan *bound) {
    if (bound->schema.release != NULL) {
        bound->schema.release(&bound->schema);
    }
    free_files(&bound->files);
    free(bound);
}

bool read_bound_schema(bound_scan *bound, error_slot slot) {
    pqpush_error *error = NULL;
    if (!read_schema(bound->files.files[0].metadata, &bound->schema, &error)) {
        return fail_with(slot, bound->files.files[0].path, error);
    }
    bound->has_clear_names = has_clear_names(&bound->schema);
    return true;
}

void free_shared_scan(void *data) {
    shared_scan *shared = data;
    for (size_t i = 0; shared->plans != NULL && i < shared->bound->files.count; i++) {
        pqpush_plan_free(shared->plans[i]);
    }
    if (shared->schema.release != NULL) {
        shared->schema.release(&shared->schema);
    }
    free(shared->plans);
    free(shared->tasks);
    free(shared->places);
    free(shared);
}

/* Batches have the columns in the order of the file. What DuckDB wants twice is read once. */
static size_t find_places(const size_t *wanted, size_t count, size_t *places, size_t *ordinals) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < found && ordinals[at] < wanted[i]) {
            at++;
        }
        if (at == found || ordinals[at] != wanted[i]) {
            memmove(ordinals + at + 1, ordinals + at, (found - at) * sizeof *ordinals);
            ordinals[at] = wanted[i];
            found++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        while (ordinals[places[i]] != wanted[i]) {
            places[i]++;
        }
    }
    return found;
}

static void init_options(const bound_scan *bound, const pqpush_str *columns, size_t count,
                         pqpush_scan_options *options) {
    pqpush_scan_options_init(options, sizeof *options);
    options->columns = columns;
    options->column_count = columns == NULL ? 0 : count;
    options->predicates = (const pqpush_predicate *const *)bound->predicates->items;
    options->predicate_count = bound->predicates->count;
    options->batch_rows = bound->batch_rows;
    options->schema = &bound->schema;
    options->coalesce_gap = 64 * 1024;
}

bool can_apply(const bound_scan *bound, const pqpush_predicate *predicate) {
    bool can = true;
    for (size_t i = 0; can && i < bound->files.count; i++) {
        pqpush_scan_options options;
        pqpush_decoder *decoder = NULL;
        init_options(bound, NULL, 0, &options);
        options.predicates = &predicate;
        options.predicate_count = 1;
        can = pqpush_decoder_new(bound->files.files[i].metadata, &options, &decoder, NULL) == PQPUSH_OK;
        pqpush_decoder_free(decoder);
    }
    return can;
}

static bool add_tasks(shared_scan *shared, size_t file, error_slot slot) {
    size_t count = pqpush_plan_task_count(shared->plans[file]);
    task *tasks = realloc(shared->tasks, (shared->task_count + count + 1) * sizeof *tasks);
    if (tasks == NULL) {
        return fail_out_of_memory(slot);
    }
    shared->tasks = tasks;
    for (size_t i = 0; i < count; i++) {
        tasks[shared->task_count++] = (task){file, i};
    }
    return true;
}

static bool plan_files(shared_scan *shared, const pqpush_scan_options *options, error_slot slot) {
    const file_list *files = &shared->bound->files;
    pqpush_decoder *decoder = NULL;
    pqpush_error *error = NULL;
    for (size_t i = 0; i < files->count; i++) {
        const scan_file *file = &files->files[i];
        if (pqpush_plan_new(file->metadata, options, TASK_ROWS, &shared->plans[i], &error) != PQPUSH_OK) {
            return fail_with(slot, file->path, error);
        }
        if (!add_tasks(shared, i, slot)) {
            return false;
        }
    }
    /* All files are read as the first one, so that one schema does for all, also where no task is left. */
    bool is_known = pqpush_decoder_new(files->files[0].metadata, options, &decoder, &error) == PQPUSH_OK &&
                    pqpush_decoder_schema(decoder, &shared->schema, &error) == PQPUSH_OK;
    pqpush_decoder_free(decoder);
    return is_known || fail_with(slot, files->files[0].path, error);
}

const task *take_task(shared_scan *shared, size_t *out_ordinal) {
    *out_ordinal = atomic_fetch_add(&shared->next_task, 1);
    return *out_ordinal < shared->task_count ? &shared->tasks[*out_ordinal] : NULL;
}

shared_scan *plan_scan(const bound_scan *bound, const size_t *wanted, size_t count, error_slot slot) {
    shared_scan *shared = calloc(1, sizeof *shared);
    size_t *ordinals = calloc(count + 1, sizeof *ordinals);
    pqpush_str *columns = calloc(count + 1, sizeof *columns);
    bool is_planned = shared != NULL && ordinals != NULL && columns != NULL;
    if (is_planned) {
        shared->bound = bound;
        shared->column_count = count;
        shared->places = calloc(count + 1, sizeof *shared->places);
        shared->plans = calloc(bound->files.count, sizeof(pqpush_plan *));
        is_planned = shared->places != NULL && shared->plans != NULL;
    }
    if (!is_planned) {
        fail_out_of_memory(slot);
    } else {
        size_t found = find_places(wanted, count, shared->places, ordinals);
        for (size_t i = 0; i < found; i++) {
            const char *name = bound->schema.children[ordinals[i]]->name;
            columns[i] = (pqpush_str){name, strlen(name)};
        }
        if (!bound->has_clear_names) {
            memcpy(shared->places, wanted, count * sizeof *wanted);
        }
        pqpush_scan_options options;
        init_options(bound, bound->has_clear_names ? columns : NULL, found, &options);
        is_planned = plan_files(shared, &options, slot);
    }
    free(columns);
    free(ordinals);
    if (!is_planned && shared != NULL) {
        free_shared_scan(shared);
        shared = NULL;
    }
    return shared;
}
