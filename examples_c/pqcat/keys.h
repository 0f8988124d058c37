/* The keys of an encrypted file, from the command line. */
#ifndef PQCAT_KEYS_H
#define PQCAT_KEYS_H

#include "pqpush.h"

#include <stdbool.h>

typedef struct decryption_keys {
    uint8_t *footer;
    size_t footer_length;
    size_t column_count;
    pqpush_column_key *columns; /* paths point into the command line, keys are owned */
    const char *aad_prefix;     /* NULL: none */
} decryption_keys;

/* `hex`: the digits of a key. False where they are no key. */
bool keys_set_footer(decryption_keys *self, const char *hex);

/* `path_and_hex`: "a.b=00112233445566778899aabbccddeeff". Borrowed as long as the keys live. */
bool keys_add_column(decryption_keys *self, const char *path_and_hex);

/* What is known of the file, as the library wants it; it points into the keys. */
void keys_fill(const decryption_keys *self, pqpush_metadata_options *out);

void keys_free(decryption_keys *self);

#endif
