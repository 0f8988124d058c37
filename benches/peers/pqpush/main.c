/* pqpush as a peer of the benchmarks: the shared library through its C ABI. Reads orders from standard input, one a line,
 * fields KEY=VALUE with tabs between; answers each with a line of JSON. `scripts/bench` starts it. */
#include "peer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double milliseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A line of /proc/self/status, in bytes. */
static uint64_t status_of(const char *name) {
    char line[256];
    uint64_t kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kilobytes = strtoull(line + strlen(name) + 1, NULL, 10);
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    return kilobytes * 1024;
}

/* From here on the peak of resident memory counts anew. */
static void forget_peak(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file != NULL) {
        fputs("5", file);
        fclose(file);
    }
}

/* Keeps one file in memory, whole: reading it is no part of what is measured. */
static bool load(job *job) {
    static char loaded[4096];
    static uint8_t *data;
    static size_t length;
    if (strcmp(loaded, job->path) != 0) {
        struct stat status;
        int file = open(job->path, O_RDONLY);
        if (file < 0 || fstat(file, &status) != 0) {
            return printf("{\"error\": \"the file cannot be opened\"}\n"), false;
        }
        free(data);
        length = (size_t)status.st_size;
        data = malloc(length);
        for (size_t done = 0; data != NULL && done < length;) {
            ssize_t got = read(file, data + done, length - done);
            if (got <= 0) {
                return printf("{\"error\": \"the file cannot be read\"}\n"), false;
            }
            done += (size_t)got;
        }
        close(file);
        snprintf(loaded, sizeof loaded, "%s", job->path);
    }
    job->data = data;
    job->length = length;
    return data != NULL;
}

/* Footer alone, or footer and the decoder of some columns. */
static bool open_file(const job *job, uint64_t *out_count) {
    pqpush_metadata *metadata = NULL;
    pqpush_decoder *decoder = NULL;
    pqpush_predicate *predicate = NULL;
    pqpush_error *error = NULL;
    pqpush_scan_options options;
    bool goes = open_metadata(job, 1, &metadata);
    if (goes) {
        *out_count = pqpush_metadata_row_count(metadata);
    }
    if (goes && job->column_count > 0) {
        goes = scan_options(job, &options, &predicate) &&
               (pqpush_decoder_new(metadata, &options, &decoder, &error) == PQPUSH_OK || tell(error));
    }
    pqpush_decoder_free(decoder);
    pqpush_metadata_free(metadata);
    return goes;
}

static bool once(const job *job, uint64_t *out_rows) {
    if (strcmp(job->task, "open") == 0) {
        return open_file(job, out_rows);
    }
    return job->threads > 0 ? scan_on_threads(job, out_rows) : scan(job, NULL, out_rows);
}

static void print_times(const char *name, const double *times, size_t count) {
    printf("\"%s\": [", name);
    for (size_t i = 0; i < count; i++) {
        printf("%s%.4f", i == 0 ? "" : ", ", times[i]);
    }
    printf("]");
}

/* At least so many iterations, and more while there is time left. */
static void measure(const job *job) {
    static double cpu[MOST_ITERATIONS], wall[MOST_ITERATIONS];
    uint64_t rows = 0;
    size_t count = 0;
    double spent = 0;
    forget_peak();
    uint64_t resident = status_of("VmRSS:");
    while (count < MOST_ITERATIONS && (count < job->least_iterations || spent < job->budget_ms)) {
        double cpu_start = milliseconds(CLOCK_PROCESS_CPUTIME_ID), wall_start = milliseconds(CLOCK_MONOTONIC);
        if (!once(job, &rows)) {
            return;
        }
        cpu[count] = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
        wall[count] = milliseconds(CLOCK_MONOTONIC) - wall_start;
        spent += wall[count++];
    }
    uint64_t peak = status_of("VmHWM:");
    printf("{\"rows\": %" PRIu64 ", \"peak_bytes\": %" PRIu64 ", ", rows, peak > resident ? peak - resident : 0);
    print_times("cpu_ms", cpu, count);
    printf(", ");
    print_times("wall_ms", wall, count);
    printf("}\n");
}

static void print_digest(const job *job) {
    static digest values;
    uint64_t rows = 0;
    memset(&values, 0, sizeof values);
    if (!scan(job, &values, &rows)) {
        return;
    }
    printf("{\"rows\": %" PRIu64 ", \"digest\": {", rows);
    for (size_t i = 0; i < values.leaf_count; i++) {
        const leaf_digest *leaf = &values.leaves[i];
        printf("%s\"%s\": [%" PRIu64 ", %" PRIu64 ", %" PRIu64 "]", i == 0 ? "" : ", ", leaf->path, leaf->count,
               leaf->sum, leaf->extra);
    }
    printf("}}\n");
}

static void split_columns(job *job, char *names) {
    for (char *rest = names, *name; (name = strtok_r(rest, ",", &rest)) != NULL && job->column_count < MOST_COLUMNS;) {
        job->columns[job->column_count++] = (pqpush_str){name, strlen(name)};
    }
}

static void set_field(job *job, const char *key, char *value) {
    if (strcmp(key, "task") == 0) {
        job->task = value;
    } else if (strcmp(key, "file") == 0) {
        job->path = value;
    } else if (strcmp(key, "sql") == 0) {
        job->sql = value;
    } else if (strcmp(key, "columns") == 0) {
        split_columns(job, value);
    } else if (strcmp(key, "strings") == 0) {
        job->views = strcmp(value, "view") == 0;
    } else if (strcmp(key, "variant") == 0) {
        job->by_demand = strcmp(value, "demand") == 0;
    } else if (strcmp(key, "threads") == 0) {
        job->threads = strtoul(value, NULL, 10);
    } else if (strcmp(key, "iterations") == 0) {
        job->least_iterations = strtoul(value, NULL, 10);
    } else if (strcmp(key, "budget_ms") == 0) {
        job->budget_ms = strtod(value, NULL);
    }
}

int main(void) {
    static char line[1 << 16];
    while (fgets(line, sizeof line, stdin) != NULL) {
        job job = {.task = "scan", .path = "", .least_iterations = 1};
        line[strcspn(line, "\n")] = '\0';
        for (char *rest = line, *field; (field = strtok_r(rest, "\t", &rest)) != NULL;) {
            char *value = strchr(field, '=');
            if (value != NULL) {
                *value = '\0';
                set_field(&job, field, value + 1);
            }
        }
        if (load(&job)) {
            strcmp(job.task, "digest") == 0 ? print_digest(&job) : measure(&job);
        }
        fflush(stdout);
    }
    return 0;
}
