#include "keys.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

static int hex_digit(char digit) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    return found != NULL ? (int)((found - digits) % 16) : -1;
}

/* The bytes of a key of 16, 24 or 32 bytes; NULL where `hex` is not one. The caller frees them. */
static uint8_t *parse_key(const char *hex, size_t *out_length) {
    size_t length = strlen(hex) / 2;
    if (strlen(hex) % 2 != 0 || (length != 16 && length != 24 && length != 32)) {
        return NULL;
    }
    uint8_t *key = allocate(length);
    for (size_t i = 0; i < length; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            free(key);
            return NULL;
        }
        key[i] = (uint8_t)(high * 16 + low);
    }
    *out_length = length;
    return key;
}

bool keys_set_footer(decryption_keys *self, const char *hex) {
    free(self->footer);
    self->footer = parse_key(hex, &self->footer_length);
    return self->footer != NULL;
}

bool keys_add_column(decryption_keys *self, const char *path_and_hex) {
    const char *end = strrchr(path_and_hex, '=');
    size_t length = 0;
    uint8_t *key = end != NULL && end > path_and_hex ? parse_key(end + 1, &length) : NULL;
    if (key == NULL) {
        return false;
    }
    pqpush_column_key *grown = allocate_array(self->column_count + 1, sizeof *grown);
    if (self->column_count > 0) {
        memcpy(grown, self->columns, self->column_count * sizeof *grown);
    }
    free(self->columns);
    self->columns = grown;
    pqpush_str path = {path_and_hex, (size_t)(end - path_and_hex)};
    grown[self->column_count++] = (pqpush_column_key){path, key, length};
    return true;
}

void keys_fill(const decryption_keys *self, pqpush_metadata_options *out) {
    out->footer_key = self->footer;
    out->footer_key_length = self->footer != NULL ? self->footer_length : 0;
    out->column_keys = self->columns;
    out->column_key_count = self->column_count;
    if (self->aad_prefix != NULL) {
        out->aad_prefix = (const uint8_t *)self->aad_prefix;
        out->aad_prefix_length = strlen(self->aad_prefix);
    }
    if (self->footer == NULL && self->column_count > 0) {
        out->flags |= PQPUSH_METADATA_UNVERIFIED_FOOTER;
    }
}

void keys_free(decryption_keys *self) {
    for (size_t i = 0; i < self->column_count; i++) {
        free((void *)(uintptr_t)self->columns[i].key);
    }
    free(self->columns);
    free(self->footer);
}
