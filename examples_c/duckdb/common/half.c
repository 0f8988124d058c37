#include "half.h"

#include <stdlib.h>
#include <string.h>

float half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = half >> 10 & 0x1f;
    uint32_t fraction = half & 0x3ff;
    uint32_t bits = sign | (exponent + 112) << 23 | fraction << 13;
    float value;
    if (exponent == 0) { /* zero or subnormal: so many 2^-24 */
        value = (float)fraction / 16777216.0f;
        return sign == 0 ? value : -value;
    }
    if (exponent == 0x1f) {
        bits = sign | 0x7f800000 | fraction << 13;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

bool has_halves(const struct ArrowSchema *schema) {
    bool has = strcmp(schema->format, "e") == 0;
    for (int64_t i = 0; !has && i < schema->n_children; i++) {
        has = has_halves(schema->children[i]);
    }
    return has;
}

/* An array of floats, and the array of halves that it took the place of, whose validity it has. */
typedef struct widened {
    struct ArrowArray halves;
    const void *buffers[2];
    float *floats;
} widened;

static void release_widened(struct ArrowArray *array) {
    widened *own = array->private_data;
    own->halves.release(&own->halves);
    free(own->floats);
    free(own);
    array->release = NULL;
}

static bool widen_values(struct ArrowArray *array) {
    size_t count = (size_t)(array->offset + array->length);
    const uint16_t *halves = array->buffers[1];
    widened *own = calloc(1, sizeof *own);
    float *floats = malloc((count + 1) * sizeof *floats);
    if (own == NULL || floats == NULL) {
        free(own);
        free(floats);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        floats[i] = half_to_float(halves[i]);
    }
    *own = (widened){.halves = *array, .buffers = {array->buffers[0], floats}, .floats = floats};
    array->buffers = own->buffers;
    array->release = release_widened;
    array->private_data = own;
    return true;
}

bool widen_halves(const struct ArrowSchema *schema, struct ArrowArray *array) {
    if (strcmp(schema->format, "e") == 0) {
        return widen_values(array);
    }
    bool is_widened = true;
    for (int64_t i = 0; is_widened && i < schema->n_children; i++) {
        is_widened = widen_halves(schema->children[i], array->children[i]);
    }
    return is_widened;
}
