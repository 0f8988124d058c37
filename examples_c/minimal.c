/* minimal FILE: decodes a Parquet file and counts its rows. The host reads; the library says what. */
#include <pqpush.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t *read_range(FILE *file, pqpush_range range) {
    uint8_t *data = malloc(range.length);
    if (data && !fseek(file, (long)range.offset, SEEK_SET) && fread(data, 1, range.length, file) == range.length)
        return data;
    free(data);
    perror("minimal: read");
    return NULL;
}

int main(int argc, char **argv) {
    pqpush_metadata_decoder *footer = NULL;
    pqpush_metadata *metadata = NULL;
    pqpush_decoder *decoder = NULL;
    pqpush_error *error = NULL;
    pqpush_event event = {.struct_size = sizeof event};
    unsigned long long rows = 0;
    int exit_status = 1;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file || fseek(file, 0, SEEK_END)) return fputs("usage: minimal FILE\n", stderr), 2;
    if (pqpush_metadata_decoder_new((uint64_t)ftell(file), NULL, &footer, &error)) goto done;
    while (!metadata) { /* the footer: push what it asks for until it is complete */
        if (pqpush_metadata_decoder_try_decode(footer, &event, &metadata, &error)) goto done;
        for (size_t i = 0; i < event.range_count; i++) {
            uint8_t *data = read_range(file, event.ranges[i]);
            if (!data) goto done;
            pqpush_metadata_decoder_push(footer, event.ranges[i].offset, data, event.ranges[i].length, &error);
            free(data);
            if (error) goto done;
        }
    }
    if (pqpush_decoder_new(metadata, NULL, &decoder, &error)) goto done;
    do { /* the rows: push what is asked for, take the batches */
        struct ArrowArray batch; /* a struct array: children[i] is column i */
        if (pqpush_decoder_try_decode(decoder, &event, &batch, &error)) goto done;
        for (size_t i = 0; i < event.range_count; i++) {
            pqpush_range range = event.ranges[i];
            uint8_t *data = read_range(file, range);
            if (!data) goto done; /* below, the bytes are lent: the library frees them when nothing needs them */
            if (pqpush_decoder_push_borrowed(decoder, range.offset, data, range.length, free, data, &error)) goto done;
        }
        rows += event.row_count;
        if (batch.release) batch.release(&batch);
    } while (event.kind != PQPUSH_EVENT_FINISHED);
    printf("%llu rows\n", rows);
    exit_status = 0;
done:
    if (error) fprintf(stderr, "minimal: %s\n", pqpush_error_message(error));
    pqpush_error_free(error);
    pqpush_decoder_free(decoder);
    pqpush_metadata_free(metadata);
    pqpush_metadata_decoder_free(footer);
    fclose(file);
    return exit_status;
}
