/* parallel FILE COLUMN [THREADS]: adds up a column of numbers on several threads, and prints rows and sum of each part of the
 * file in its order. A plan cuts the scan into tasks; each thread takes the next one, has its own decoder, and reads for
 * itself. COLUMN is an int32 or int64 column outside of groups. */
#include <pqpush.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_THREADS = 64, TARGET_ROWS = 1 << 16 };

/* What a task came to. */
typedef struct outcome {
    uint64_t rows;
    int64_t sum;
} outcome;

typedef struct job {
    int file;
    pqpush_metadata *metadata;
    pqpush_plan *plan;
    outcome *outcomes; /* one for each task */
    pthread_mutex_t lock;
    size_t next_task; /* guarded by lock, as is failed */
    bool failed;
} job;

static bool tell(pqpush_error *error) {
    fprintf(stderr, "parallel: %s\n", pqpush_error_message(error));
    pqpush_error_free(error);
    return false;
}

/* Threads share the descriptor: pread moves nothing. */
static uint8_t *read_range(int file, pqpush_range range) {
    uint8_t *data = malloc(range.length);
    size_t done = 0;
    while (data != NULL && done < range.length) {
        ssize_t got = pread(file, data + done, range.length - done, (off_t)(range.offset + done));
        if (got <= 0) {
            free(data);
            data = NULL;
        } else {
            done += (size_t)got;
        }
    }
    if (data == NULL) {
        perror("parallel: read");
    }
    return data;
}

static bool read_metadata(job *job, uint64_t length) {
    pqpush_metadata_decoder *footer = NULL;
    pqpush_error *error = NULL;
    bool is_read = pqpush_metadata_decoder_new(length, NULL, &footer, &error) == PQPUSH_OK;
    while (is_read && job->metadata == NULL) {
        pqpush_event event = {.struct_size = sizeof event};
        is_read = pqpush_metadata_decoder_try_decode(footer, &event, &job->metadata, &error) == PQPUSH_OK;
        for (size_t i = 0; is_read && i < event.range_count; i++) {
            pqpush_range range = event.ranges[i];
            uint8_t *data = read_range(job->file, range);
            is_read = data != NULL && pqpush_metadata_decoder_push(footer, range.offset, data, (size_t)range.length,
                                                                   &error) == PQPUSH_OK;
            free(data);
        }
    }
    pqpush_metadata_decoder_free(footer);
    return is_read || (error != NULL && tell(error));
}

static bool is_valid(const struct ArrowArray *column, int64_t at) {
    const uint8_t *validity = column->buffers[0];
    return validity == NULL || (validity[at / 8] >> (at % 8) & 1);
}

static void add_batch(outcome *outcome, const struct ArrowArray *batch, bool is_wide) {
    const struct ArrowArray *column = batch->children[0];
    const int64_t *wide = column->buffers[1];
    const int32_t *narrow = column->buffers[1];
    for (int64_t at = column->offset; at < column->offset + column->length; at++) {
        if (is_valid(column, at)) {
            outcome->sum += is_wide ? wide[at] : narrow[at];
        }
    }
    outcome->rows += (uint64_t)batch->length;
}

static bool is_wide(const pqpush_decoder *decoder, bool *out_is_wide) {
    struct ArrowSchema schema;
    pqpush_error *error = NULL;
    if (pqpush_decoder_schema(decoder, &schema, &error) != PQPUSH_OK) {
        return tell(error);
    }
    const char *format = schema.n_children == 1 ? schema.children[0]->format : "";
    *out_is_wide = strcmp(format, "l") == 0;
    bool is_number = *out_is_wide || strcmp(format, "i") == 0;
    schema.release(&schema);
    if (!is_number) {
        fputs("parallel: the column is not one of int32 or int64\n", stderr);
    }
    return is_number;
}

/* The loop of every host, over one task. */
static bool decode(const job *job, pqpush_decoder *decoder, outcome *outcome) {
    pqpush_event event = {.struct_size = sizeof event};
    bool wide = false;
    if (!is_wide(decoder, &wide)) {
        return false;
    }
    while (event.kind != PQPUSH_EVENT_FINISHED) {
        struct ArrowArray batch;
        pqpush_error *error = NULL;
        if (pqpush_decoder_try_decode(decoder, &event, &batch, &error) != PQPUSH_OK) {
            return tell(error);
        }
        for (size_t i = 0; i < event.range_count; i++) {
            pqpush_range range = event.ranges[i];
            uint8_t *data = read_range(job->file, range);
            if (data == NULL) {
                return false;
            }
            if (pqpush_decoder_push_borrowed(decoder, range.offset, data, (size_t)range.length, free, data, &error) !=
                PQPUSH_OK) {
                return tell(error);
            }
        }
        if (batch.release != NULL) {
            add_batch(outcome, &batch, wide);
            batch.release(&batch);
        }
    }
    return true;
}

/* Takes tasks until none is left. The plan is shared: nothing in it changes. */
static void *work(void *argument) {
    job *job = argument;
    for (;;) {
        pthread_mutex_lock(&job->lock);
        size_t task = job->next_task++;
        bool is_over = job->failed || task >= pqpush_plan_task_count(job->plan);
        pthread_mutex_unlock(&job->lock);
        if (is_over) {
            return NULL;
        }
        pqpush_decoder *decoder = NULL;
        pqpush_error *error = NULL;
        bool is_done = pqpush_plan_decoder(job->plan, task, &decoder, &error) == PQPUSH_OK
                           ? decode(job, decoder, &job->outcomes[task])
                           : tell(error);
        pqpush_decoder_free(decoder);
        if (!is_done) {
            pthread_mutex_lock(&job->lock);
            job->failed = true;
            pthread_mutex_unlock(&job->lock);
        }
    }
}

static bool run(job *job, size_t thread_count) {
    pthread_t threads[MOST_THREADS];
    size_t started = 0;
    size_t task_count = pqpush_plan_task_count(job->plan);
    job->outcomes = calloc(task_count + 1, sizeof *job->outcomes);
    if (job->outcomes == NULL) {
        return false;
    }
    while (started < thread_count && pthread_create(&threads[started], NULL, work, job) == 0) {
        started++;
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    return started > 0 && !job->failed;
}

/* What the tasks came to stands in their order, whichever thread was done first. */
static void print_outcomes(const job *job) {
    outcome all = {0, 0};
    for (size_t i = 0; i < pqpush_plan_task_count(job->plan); i++) {
        pqpush_task task = {.struct_size = sizeof task};
        pqpush_plan_task(job->plan, i, &task, NULL);
        printf("row group %" PRIu64 ", rows %" PRIu64 " to %" PRIu64 ": %" PRIu64 " rows, sum %" PRId64 "\n",
               task.row_group, task.first_row, task.first_row + task.row_count - 1, job->outcomes[i].rows,
               job->outcomes[i].sum);
        all.rows += job->outcomes[i].rows;
        all.sum += job->outcomes[i].sum;
    }
    printf("all: %" PRIu64 " rows, sum %" PRId64 "\n", all.rows, all.sum);
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 4) {
        return fputs("usage: parallel FILE COLUMN [THREADS]\n", stderr), 2;
    }
    long threads = argc == 4 ? strtol(argv[3], NULL, 10) : 4;
    job job = {.file = open(argv[1], O_RDONLY), .lock = PTHREAD_MUTEX_INITIALIZER};
    struct stat status;
    if (job.file < 0 || fstat(job.file, &status) != 0) {
        return perror(argv[1]), 1;
    }
    pqpush_str column = {argv[2], strlen(argv[2])};
    pqpush_scan_options options = {.struct_size = sizeof options, .columns = &column, .column_count = 1};
    pqpush_error *error = NULL;
    bool is_done = read_metadata(&job, (uint64_t)status.st_size);
    if (is_done && pqpush_plan_new(job.metadata, &options, TARGET_ROWS, &job.plan, &error) != PQPUSH_OK) {
        is_done = tell(error);
    }
    is_done = is_done && run(&job, threads < 1 ? 1 : threads < MOST_THREADS ? (size_t)threads : MOST_THREADS);
    if (is_done) {
        print_outcomes(&job);
    }
    free(job.outcomes);
    pqpush_plan_free(job.plan);
    pqpush_metadata_free(job.metadata);
    close(job.file);
    return is_done ? 0 : 1;
}
