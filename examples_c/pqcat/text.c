#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *allocated) {
    if (allocated == NULL) {
        fputs("pqcat: out of memory\n", stderr);
        exit(1);
    }
    return allocated;
}

void *allocate(size_t size) {
    return or_die(malloc(size > 0 ? size : 1));
}

void *allocate_array(size_t count, size_t size) {
    return or_die(calloc(count > 0 ? count : 1, size));
}

/* Makes room for `more` bytes and returns where they go. */
static char *reserve(text *out, size_t more) {
    if (out->capacity - out->length < more) {
        size_t capacity = out->capacity + more;
        if (capacity < more || capacity > SIZE_MAX / 2) {
            or_die(NULL);
        }
        capacity += capacity / 2 + 32;
        out->data = or_die(realloc(out->data, capacity));
        out->capacity = capacity;
    }
    return out->data + out->length;
}

void text_bytes(text *out, const void *data, size_t length) {
    if (length > 0) {
        memcpy(reserve(out, length), data, length);
        out->length += length;
    }
}

void text_string(text *out, const char *string) {
    text_bytes(out, string, strlen(string));
}

void text_char(text *out, char byte) {
    *reserve(out, 1) = byte;
    out->length++;
}

void text_format(text *out, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0) {
        text_bytes(out, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
    }
}

void text_repeat(text *out, char byte, size_t count) {
    if (count > 0) {
        memset(reserve(out, count), byte, count);
        out->length += count;
    }
}

void text_hex(text *out, const uint8_t *data, size_t length) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        text_char(out, digits[data[i] >> 4]);
        text_char(out, digits[data[i] & 15]);
    }
}

void text_free(text *out) {
    free(out->data);
    *out = (text){NULL, 0, 0};
}

static int is_continuation(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

uint32_t utf8_next(const char *data, size_t length, size_t *out_size) {
    const unsigned char *byte = (const unsigned char *)data;
    *out_size = 1;
    if (byte[0] < 0x80) {
        return byte[0];
    }
    size_t size = byte[0] >= 0xF0 ? 4 : byte[0] >= 0xE0 ? 3 : 2;
    if (byte[0] < 0xC2 || byte[0] > 0xF4 || size > length) {
        return REPLACEMENT_CHARACTER;
    }
    uint32_t code_point = byte[0] & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(byte[i])) {
            return REPLACEMENT_CHARACTER;
        }
        code_point = code_point << 6 | (byte[i] & 0x3Fu);
    }
    int overlong = (size == 3 && code_point < 0x800) || (size == 4 && code_point < 0x10000);
    int surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (overlong || surrogate || code_point > 0x10FFFF) {
        return REPLACEMENT_CHARACTER;
    }
    *out_size = size;
    return code_point;
}

void utf8_append(text *out, uint32_t code_point) {
    if (code_point < 0x80) {
        text_char(out, (char)code_point);
        return;
    }
    int more = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
    text_char(out, (char)(lead[more] | code_point >> (6 * more)));
    while (more-- > 0) {
        text_char(out, (char)(0x80 | (code_point >> (6 * more) & 0x3F)));
    }
}

/* How many of the first bytes are ASCII: they need no decoding. */
static size_t ascii_prefix(const char *data, size_t length) {
    size_t at = 0;
    while (at < length && (unsigned char)data[at] < 0x80) {
        at++;
    }
    return at;
}

void text_utf8(text *out, const char *data, size_t length) {
    size_t size;
    for (size_t at = 0; at < length; at += size) {
        size = ascii_prefix(data + at, length - at);
        if (size > 0) {
            text_bytes(out, data + at, size);
        } else {
            utf8_append(out, utf8_next(data + at, length - at, &size));
        }
    }
}

/* Characters that move the cursor, change the terminal's state, or reorder what stands around them. */
static int is_unprintable(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

static void append_escape(text *out, uint32_t c) {
    static const char letters[] = "abtnvfr"; /* of the codes 7 to 13 */
    if (c >= 7 && c <= 13) {
        text_char(out, '\\');
        text_char(out, letters[c - 7]);
    } else {
        text_format(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
    }
}

void text_printable(text *out, const char *data, size_t length) {
    size_t size;
    for (size_t at = 0; at < length; at += size) {
        uint32_t c = utf8_next(data + at, length - at, &size);
        if (is_unprintable(c)) {
            append_escape(out, c);
        } else {
            utf8_append(out, c);
        }
    }
}

typedef struct code_range {
    uint32_t first, last;
} code_range;

static int is_in(const code_range *ranges, size_t count, uint32_t c) {
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return 1;
        }
    }
    return 0;
}

/* The blocks that matter, not the whole table of Unicode: a missed character costs a crooked column, no more. */
static size_t code_point_width(uint32_t c) {
    static const code_range combining[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},
                                           {0x64B, 0x65F},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF},
                                           {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0x1F3FB, 0x1F3FF}};
    static const code_range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
                                      {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                                      {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if (c < 0x300) {
        return 1;
    }
    if (is_in(combining, sizeof combining / sizeof *combining, c)) {
        return 0;
    }
    return is_in(wide, sizeof wide / sizeof *wide, c) ? 2 : 1;
}

size_t text_width(const char *data, size_t length) {
    size_t width = 0;
    size_t size;
    for (size_t at = 0; at < length; at += size) {
        width += code_point_width(utf8_next(data + at, length - at, &size));
    }
    return width;
}

/* How many bytes of data fit into `room` columns, and the columns that they take. */
static size_t fitting_bytes(const char *data, size_t length, size_t room, size_t *out_width) {
    size_t at = 0;
    *out_width = 0;
    while (at < length) {
        size_t size;
        size_t width = code_point_width(utf8_next(data + at, length - at, &size));
        if (*out_width + width > room) {
            break;
        }
        *out_width += width;
        at += size;
    }
    return at;
}

void text_fitted(text *out, const char *data, size_t length, size_t width, int align_right) {
    size_t taken;
    size_t bytes = fitting_bytes(data, length, width, &taken);
    int cut = bytes < length;
    if (cut && width > 0) {
        bytes = fitting_bytes(data, length, width - 1, &taken);
        taken++; /* the ellipsis */
    }
    text_repeat(out, ' ', align_right ? width - taken : 0);
    text_bytes(out, data, bytes);
    if (cut && width > 0) {
        utf8_append(out, 0x2026);
    }
    text_repeat(out, ' ', align_right ? 0 : width - taken);
}
