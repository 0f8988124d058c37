/* Scans through the C ABI: whole files and ranges on demand, on one thread or several. */
#include "peer.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

bool tell(pqpush_error *error) {
    printf("{\"error\": \"");
    for (const char *text = pqpush_error_message(error); *text != '\0'; text++) {
        putchar(*text == '"' || *text == '\\' || *text == '\n' ? ' ' : *text);
    }
    printf("\"}\n");
    pqpush_error_free(error);
    return false;
}

/* The bytes are in memory for as long as the process lives. */
static void keep(void *data) {
    (void)data;
}

bool open_metadata(const job *job, int32_t page_index, pqpush_metadata **out) {
    pqpush_metadata_options options = {.struct_size = sizeof options, .page_index = page_index};
    pqpush_metadata_decoder *footer = NULL;
    pqpush_error *error = NULL;
    *out = NULL;
    bool goes = pqpush_metadata_decoder_new(job->length, &options, &footer, &error) == PQPUSH_OK;
    goes = goes && pqpush_metadata_decoder_push_borrowed(footer, 0, job->data, job->length, keep, NULL, &error) == PQPUSH_OK;
    if (goes) {
        pqpush_event event = {.struct_size = sizeof event};
        goes = pqpush_metadata_decoder_try_decode(footer, &event, out, &error) == PQPUSH_OK;
    }
    pqpush_metadata_decoder_free(footer);
    return goes || tell(error);
}

bool scan_options(const job *job, pqpush_scan_options *options, pqpush_predicate **out_predicate) {
    pqpush_error *error = NULL;
    pqpush_scan_options_init(options, sizeof *options);
    options->batch_rows = 8192;
    options->string_type = job->views ? 2 : 0;
    if (job->column_count > 0) {
        options->columns = job->columns;
        options->column_count = job->column_count;
    }
    *out_predicate = NULL;
    if (job->sql != NULL) {
        pqpush_str sql = {job->sql, strlen(job->sql)};
        if (pqpush_predicate_parse(sql, out_predicate, &error) != PQPUSH_OK) {
            return tell(error);
        }
    }
    return true;
}

static bool push(const job *job, pqpush_decoder *decoder, pqpush_range range) {
    pqpush_error *error = NULL;
    return pqpush_decoder_push_borrowed(decoder, range.offset, job->data + range.offset, (size_t)range.length, keep,
                                        NULL, &error) == PQPUSH_OK ||
           tell(error);
}

bool drain(const job *job, pqpush_decoder *decoder, const struct ArrowSchema *schema, digest *into,
           uint64_t *out_rows) {
    pqpush_event event = {.struct_size = sizeof event};
    pqpush_error *error = NULL;
    if (!job->by_demand && !push(job, decoder, (pqpush_range){0, job->length})) {
        return false;
    }
    while (event.kind != PQPUSH_EVENT_FINISHED) {
        struct ArrowArray batch;
        if (pqpush_decoder_try_decode(decoder, &event, &batch, &error) != PQPUSH_OK) {
            return tell(error);
        }
        for (size_t i = 0; i < event.range_count; i++) {
            if (!push(job, decoder, event.ranges[i])) {
                return false;
            }
        }
        if (batch.release != NULL) {
            *out_rows += (uint64_t)batch.length;
            if (into != NULL) {
                add_to_digest(into, schema, &batch);
            }
            batch.release(&batch);
        }
    }
    return true;
}

bool scan(const job *job, digest *into, uint64_t *out_rows) {
    pqpush_metadata *metadata = NULL;
    pqpush_predicate *predicate = NULL;
    pqpush_decoder *decoder = NULL;
    pqpush_error *error = NULL;
    pqpush_scan_options options;
    struct ArrowSchema schema = {.release = NULL};
    *out_rows = 0;
    /* Without a predicate nothing looks at the page index. */
    bool goes = open_metadata(job, job->sql != NULL ? 0 : 1, &metadata) && scan_options(job, &options, &predicate);
    if (goes && predicate != NULL) {
        options.predicates = (const pqpush_predicate *const *)&predicate;
        options.predicate_count = 1;
    }
    if (goes && pqpush_decoder_new(metadata, &options, &decoder, &error) != PQPUSH_OK) {
        goes = tell(error);
    }
    if (goes && into != NULL && pqpush_decoder_schema(decoder, &schema, &error) != PQPUSH_OK) {
        goes = tell(error);
    }
    goes = goes && drain(job, decoder, &schema, into, out_rows);
    if (schema.release != NULL) {
        schema.release(&schema);
    }
    pqpush_decoder_free(decoder);
    pqpush_predicate_free(predicate);
    pqpush_metadata_free(metadata);
    return goes;
}

/* Rows of a task: few enough that threads end at about the same time, whatever the size of the last row group. */
#define TASK_ROWS (1 << 18)

/* What the threads of one scan share. */
typedef struct team {
    const job *job;
    const pqpush_plan *plan;
    pthread_mutex_t lock;
    size_t next_task; /* guarded by lock, as is all below */
    uint64_t rows;
    bool failed;
} team;

static bool decode_task(team *team, size_t task, uint64_t *rows) {
    pqpush_decoder *decoder = NULL;
    pqpush_error *error = NULL;
    if (pqpush_plan_decoder(team->plan, task, &decoder, &error) != PQPUSH_OK) {
        return tell(error);
    }
    bool is_done = drain(team->job, decoder, NULL, NULL, rows);
    pqpush_decoder_free(decoder);
    return is_done;
}

static void work(team *team) {
    uint64_t rows = 0;
    bool goes = true;
    while (goes) {
        pthread_mutex_lock(&team->lock);
        size_t task = team->next_task++;
        pthread_mutex_unlock(&team->lock);
        if (task >= pqpush_plan_task_count(team->plan)) {
            break;
        }
        goes = decode_task(team, task, &rows);
    }
    pthread_mutex_lock(&team->lock);
    team->rows += rows;
    team->failed |= !goes;
    pthread_mutex_unlock(&team->lock);
}

/* A thread that lives as long as the process, as those of an engine do: what memory it keeps serves the next scan. */
typedef struct helper {
    pthread_t thread;
    int core;
    bool is_there;
    team *team;
    sem_t begin, done;
} helper;

#define MOST_HELPERS 15

/* A thread that changes its core leaves its caches behind. */
static void stay_on(int core) {
    cpu_set_t alone;
    CPU_ZERO(&alone);
    CPU_SET(core, &alone);
    sched_setaffinity(0, sizeof alone, &alone);
}

/* The calling thread stays on the last core that the process may use, helpers on those from the first on. */
static void share_out_cores(helper *helpers) {
    static bool is_done;
    cpu_set_t allowed;
    int cores[CPU_SETSIZE], count = 0;
    if (is_done || sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return;
    }
    for (int core = 0; core < CPU_SETSIZE; core++) {
        if (CPU_ISSET(core, &allowed)) {
            cores[count++] = core;
        }
    }
    for (int i = 0; i < MOST_HELPERS; i++) {
        helpers[i].core = cores[i % count];
    }
    stay_on(cores[count - 1]);
    is_done = true;
}

/* Waits awake at first, as thread pools do: what comes next comes soon, and a core that slept is slow for a while. */
static void wait_for(sem_t *signal) {
    for (int i = 0; i < 20000; i++) {
        if (sem_trywait(signal) == 0) {
            return;
        }
        sched_yield();
    }
    while (sem_wait(signal) != 0) {
    }
}

static void *help(void *argument) {
    helper *self = argument;
    stay_on(self->core);
    for (;;) {
        wait_for(&self->begin);
        work(self->team);
        sem_post(&self->done);
    }
    return NULL;
}

static bool begin_to_help(helper *helper, team *team) {
    if (!helper->is_there) {
        sem_init(&helper->begin, 0, 0);
        sem_init(&helper->done, 0, 0);
        helper->is_there = pthread_create(&helper->thread, NULL, help, helper) == 0;
    }
    helper->team = team;
    return helper->is_there && sem_post(&helper->begin) == 0;
}

bool scan_on_threads(const job *job, uint64_t *out_rows) {
    static helper helpers[MOST_HELPERS];
    share_out_cores(helpers);
    pqpush_metadata *metadata = NULL;
    pqpush_predicate *predicate = NULL;
    pqpush_plan *plan = NULL;
    pqpush_error *error = NULL;
    pqpush_scan_options options;
    bool goes = open_metadata(job, 0, &metadata) && scan_options(job, &options, &predicate);
    if (goes && pqpush_plan_new(metadata, &options, TASK_ROWS, &plan, &error) != PQPUSH_OK) {
        goes = tell(error);
    }
    if (goes) {
        team team = {.job = job, .plan = plan, .lock = PTHREAD_MUTEX_INITIALIZER};
        size_t started = 0;
        while (started + 1 < job->threads && started < MOST_HELPERS && begin_to_help(&helpers[started], &team)) {
            started++;
        }
        work(&team);
        for (size_t i = 0; i < started; i++) {
            wait_for(&helpers[i].done);
        }
        *out_rows = team.rows;
        goes = !team.failed;
    }
    pqpush_plan_free(plan);
    pqpush_metadata_free(metadata);
    return goes;
}
