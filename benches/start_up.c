/* start_up LIBRARY FILE [BYTES]: loads the library as a program does that has just begun, decodes the first batch of a file,
 * and prints the microseconds of loading (every symbol resolved), of reading the metadata, and from there to the first batch
 * of default size with every column, with so many bytes held at most. Reads of the file count too: it should be in the page
 * cache. */
#define _GNU_SOURCE
#include <pqpush.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void fail(const char *what) {
    fprintf(stderr, "start_up: %s\n", what);
    exit(1);
}

static uint8_t *read_range(int file, pqpush_range range) {
    uint8_t *data = malloc(range.length);
    if (data == NULL || pread(file, data, range.length, (off_t)range.offset) != (ssize_t)range.length) fail("cannot read");
    return data;
}

#define FIND(name) __typeof__(&name) name##_ = (__typeof__(&name))dlsym(library, #name)
#define CALL(call) ((call) == PQPUSH_OK ? (void)0 : fail(#call))

int main(int argc, char **argv) {
    struct stat status;
    int file = argc == 3 || argc == 4 ? open(argv[2], O_RDONLY) : -1;
    if (file < 0 || fstat(file, &status) != 0) fail("usage: start_up LIBRARY FILE [BYTES]");

    double begin = now();
    void *library = dlopen(argv[1], RTLD_NOW);
    double loaded = now();
    if (library == NULL) fail(dlerror());
    FIND(pqpush_metadata_decoder_new);
    FIND(pqpush_metadata_decoder_try_decode);
    FIND(pqpush_metadata_decoder_push);
    FIND(pqpush_decoder_new);
    FIND(pqpush_decoder_try_decode);
    FIND(pqpush_decoder_push_borrowed);

    double started = now();
    pqpush_metadata_decoder *footer = NULL;
    pqpush_metadata *metadata = NULL;
    pqpush_event event = {.struct_size = sizeof event};
    CALL(pqpush_metadata_decoder_new_((uint64_t)status.st_size, NULL, &footer, NULL));
    while (metadata == NULL) {
        CALL(pqpush_metadata_decoder_try_decode_(footer, &event, &metadata, NULL));
        for (size_t i = 0; i < event.range_count; i++) {
            uint8_t *data = read_range(file, event.ranges[i]);
            CALL(pqpush_metadata_decoder_push_(footer, event.ranges[i].offset, data, event.ranges[i].length, NULL));
            free(data);
        }
    }
    double opened = now();
    pqpush_decoder *decoder = NULL;
    struct ArrowArray batch;
    pqpush_scan_options options = {.struct_size = sizeof options, .max_buffered_bytes = argc == 4 ? strtoull(argv[3], NULL, 10) : 0};
    CALL(pqpush_decoder_new_(metadata, &options, &decoder, NULL));
    do {
        CALL(pqpush_decoder_try_decode_(decoder, &event, &batch, NULL));
        for (size_t i = 0; i < event.range_count; i++) {
            pqpush_range range = event.ranges[i];
            uint8_t *data = read_range(file, range);
            CALL(pqpush_decoder_push_borrowed_(decoder, range.offset, data, range.length, free, data, NULL));
        }
    } while (event.kind == PQPUSH_EVENT_NEEDS_DATA);
    double decoded = now();
    if (event.kind != PQPUSH_EVENT_BATCH) fail("the file has no rows");
    printf("%.0f %.0f %.0f\n", loaded - begin, opened - started, decoded - opened);
    return 0;
}
