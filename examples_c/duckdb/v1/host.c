#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fail(error_slot slot, const char *path, const char *text) {
    size_t size = strlen(path) + strlen(text) + sizeof ": ";
    free(*slot);
    *slot = malloc(size);
    if (*slot != NULL) {
        snprintf(*slot, size, "%s: %s", path, text);
    }
    return false;
}

bool fail_out_of_memory(error_slot slot) {
    return fail(slot, "pqpush", "out of memory");
}

bool fail_with(error_slot slot, const char *path, pqpush_error *error) {
    if (error == NULL) {
        return fail_out_of_memory(slot);
    }
    fail(slot, path, pqpush_error_message(error));
    pqpush_error_free(error);
    return false;
}
