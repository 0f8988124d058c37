#define _FILE_OFFSET_BITS 64 /* files over 2 GiB on 32-bit systems */
#include "file.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int report(const parquet_file *file, int exit_status, const char *format, ...) {
    va_list arguments;
    fprintf(stderr, "pqcat: %s: ", file->path);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return exit_status;
}

int report_error(const parquet_file *file, pqpush_error *error) {
    /* a message may quote names from the file: they must not steer the terminal */
    text message = {NULL, 0, 0};
    const char *raw = pqpush_error_message(error);
    text_printable(&message, raw, strlen(raw));
    int exit_status = pqpush_error_code(error) == PQPUSH_ERR_INVALID_ARGUMENT ? EXIT_USAGE : EXIT_DATA;
    report(file, exit_status, "%.*s", (int)message.length, message.data);
    text_free(&message);
    pqpush_error_free(error);
    return exit_status;
}

int file_read(const parquet_file *file, pqpush_range range, uint8_t **out_data) {
    *out_data = NULL;
    if (range.length > SIZE_MAX) {
        return report(file, EXIT_DATA, "a range of %" PRIu64 " bytes does not fit into memory", range.length);
    }
    uint8_t *data = allocate((size_t)range.length);
    size_t done = 0;
    while (done < range.length) {
        ssize_t got = pread(file->descriptor, data + done, (size_t)range.length - done, (off_t)(range.offset + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            const char *reason = got < 0 ? strerror(errno) : "the file has become shorter";
            free(data);
            return report(file, EXIT_DATA, "read at offset %" PRIu64 ": %s", range.offset + done, reason);
        }
        done += (size_t)got;
    }
    *out_data = data;
    return 0;
}

static int push_metadata_ranges(const parquet_file *file, pqpush_metadata_decoder *decoder, const pqpush_event *event) {
    for (size_t i = 0; i < event->range_count; i++) {
        pqpush_range range = event->ranges[i];
        pqpush_error *error = NULL;
        uint8_t *data;
        int failed = file_read(file, range, &data);
        if (failed) {
            return failed;
        }
        pqpush_metadata_decoder_push(decoder, range.offset, data, (size_t)range.length, &error);
        free(data);
        if (error != NULL) {
            return report_error(file, error);
        }
    }
    return 0;
}

static int read_metadata(parquet_file *file, const decryption_keys *keys) {
    pqpush_metadata_decoder *decoder;
    pqpush_error *error = NULL;
    pqpush_metadata_options options = {.struct_size = sizeof options};
    keys_fill(keys, &options);
    if (pqpush_metadata_decoder_new(file->length, &options, &decoder, &error) != PQPUSH_OK) {
        return report_error(file, error);
    }
    int failed = 0;
    while (!failed && file->metadata == NULL) {
        pqpush_event event = {.struct_size = sizeof event};
        if (pqpush_metadata_decoder_try_decode(decoder, &event, &file->metadata, &error) != PQPUSH_OK) {
            failed = report_error(file, error);
        } else if (event.kind == PQPUSH_EVENT_NEEDS_DATA) {
            failed = push_metadata_ranges(file, decoder, &event);
        }
    }
    pqpush_metadata_decoder_free(decoder);
    return failed;
}

int file_open(parquet_file *file, const char *path, const decryption_keys *keys) {
    struct stat status;
    *file = (parquet_file){.path = path, .descriptor = open(path, O_RDONLY)};
    if (file->descriptor < 0 || fstat(file->descriptor, &status) != 0) {
        return report(file, EXIT_DATA, "%s", strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return report(file, EXIT_DATA, "not a regular file");
    }
    file->length = (uint64_t)status.st_size;
    return read_metadata(file, keys);
}

void file_close(parquet_file *file) {
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    pqpush_metadata_free(file->metadata);
}
