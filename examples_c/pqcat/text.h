/* A growing byte string, and the few things that a terminal program must know of UTF-8. */
#ifndef PQCAT_TEXT_H
#define PQCAT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* All zero is the empty text. `data` is not NUL-terminated; it is NULL as long as nothing was appended. */
typedef struct text {
    char *data;
    size_t length;
    size_t capacity;
} text;

/* Appending ends the program with a message and exit status 1 when there is no memory. */
void text_bytes(text *out, const void *data, size_t length);
void text_string(text *out, const char *string);
void text_char(text *out, char byte);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void text_format(text *out, const char *format, ...);
void text_repeat(text *out, char byte, size_t count);
void text_hex(text *out, const uint8_t *data, size_t length);
void text_free(text *out);

/* malloc, calloc for `count` items of `size` bytes; they end the program as above. */
void *allocate(size_t size);
void *allocate_array(size_t count, size_t size);

#define REPLACEMENT_CHARACTER 0xFFFDu

/* The code point at the start of data, and its length in bytes. What is not UTF-8 is taken byte by byte, each one as
 * U+FFFD. length must not be 0. */
uint32_t utf8_next(const char *data, size_t length, size_t *out_size);
void utf8_append(text *out, uint32_t code_point);

/* Appends data as valid UTF-8: every byte that belongs to no character becomes U+FFFD. */
void text_utf8(text *out, const char *data, size_t length);

/* Appends data for one line of a terminal: valid UTF-8, control and direction characters as escapes (\n, \x1b,
 * \u202e). */
void text_printable(text *out, const char *data, size_t length);

/* Columns that data takes on a terminal: 2 for wide East Asian characters and emoji, 0 for combining marks. */
size_t text_width(const char *data, size_t length);

/* Appends data in exactly `width` terminal columns: padded on the left or right, or cut and ended with an ellipsis. */
void text_fitted(text *out, const char *data, size_t length, size_t width, int align_right);

#endif
