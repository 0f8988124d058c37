#include "scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int append_finite(text *out, double value, int width) {
    if (!isfinite(value)) {
        return 0;
    }
    if (width == 2) {
        text_format(out, "%.5g", value);
        return 1;
    }
    char number[40];
    int enough = width == 4 ? 9 : 17;
    for (int precision = width == 4 ? 6 : 15; precision <= enough; precision++) {
        snprintf(number, sizeof number, "%.*g", precision, value);
        if (width == 4 ? strtof(number, NULL) == (float)value : strtod(number, NULL) == value) {
            break;
        }
    }
    text_string(out, number);
    return 1;
}

void append_not_finite(text *out, double value) {
    text_string(out, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

double half_to_double(uint16_t bits) {
    int exponent = bits >> 10 & 31;
    int fraction = bits & 1023;
    double value;
    if (exponent == 31) {
        value = fraction != 0 ? NAN : INFINITY;
    } else if (exponent == 0) {
        value = fraction / 16777216.0; /* 2^24 */
    } else {
        value = (double)((uint64_t)(1024 + fraction) << exponent) / 33554432.0; /* 2^25 */
    }
    return bits & 0x8000 ? -value : value;
}

/* The absolute value as 32-bit limbs, lowest first; returns whether it was negative. */
static int load_limbs(const uint8_t *value, int count, uint32_t *limbs) {
    int negative = value[4 * count - 1] >> 7;
    uint32_t carry = (uint32_t)negative;
    for (int i = 0; i < count; i++) {
        const uint8_t *at = value + 4 * i;
        uint32_t limb = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        limbs[i] = (negative ? ~limb : limb) + carry;
        carry = carry && limbs[i] == 0;
    }
    return negative;
}

/* Divides in place by 10^9 and returns the remainder. */
static uint32_t divide_limbs(uint32_t *limbs, int count) {
    uint64_t remainder = 0;
    for (int i = count - 1; i >= 0; i--) {
        uint64_t part = remainder << 32 | limbs[i];
        limbs[i] = (uint32_t)(part / 1000000000);
        remainder = part % 1000000000;
    }
    return (uint32_t)remainder;
}

void append_decimal(text *out, const uint8_t *value, int width, int scale) {
    uint32_t limbs[8];
    int count = width / 4;
    int negative = load_limbs(value, count, limbs);
    char digits[9 * 10 + 1]; /* 2^255 has 77 digits: nine groups of nine */
    char *first = digits + sizeof digits;
    while (count > 0) {
        uint32_t group = divide_limbs(limbs, count);
        for (int i = 0; i < 9; i++, group /= 10) {
            *--first = (char)('0' + group % 10);
        }
        while (count > 0 && limbs[count - 1] == 0) {
            count--;
        }
    }
    int length = (int)(digits + sizeof digits - first);
    while (length > 1 && *first == '0') {
        first++;
        length--;
    }
    text_string(out, negative ? "-" : "");
    int whole = length - scale;
    if (whole <= 0) { /* 0.00123 */
        text_string(out, "0.");
        text_repeat(out, '0', (size_t)-whole);
        text_bytes(out, first, (size_t)length);
        return;
    }
    text_bytes(out, first, (size_t)(scale > 0 ? whole : length));
    if (scale > 0) {
        text_char(out, '.');
        text_bytes(out, first + whole, (size_t)scale);
    } else if (*first != '0') {
        text_repeat(out, '0', (size_t)-scale);
    }
}

/* value / by rounded down; *out_rest is 0 or more. */
static int64_t floor_divide(int64_t value, int64_t by, int64_t *out_rest) {
    int64_t rest = value % by;
    *out_rest = rest < 0 ? rest + by : rest;
    return value / by - (rest < 0);
}

/* The calendar is counted in eras of 400 years that begin on 1 March, so that the leap day ends a year. */
void append_date(text *out, int64_t days) {
    int64_t day_of_era;
    int64_t era = floor_divide(days, 146097, &day_of_era);
    day_of_era += 719468 % 146097; /* days from 0000-03-01 to 1970-01-01 */
    era += 719468 / 146097 + day_of_era / 146097;
    day_of_era %= 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    const char *sign = year < 0 ? "-" : year > 9999 ? "+" : "";
    text_format(out, "%s%04" PRId64 "-%02d-%02d", sign, year < 0 ? -year : year, (int)month, (int)day);
}

static int64_t units_per_second(int digits) {
    int64_t units = 1;
    while (digits-- > 0) {
        units *= 10;
    }
    return units;
}

static uint64_t magnitude(int64_t value) {
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static void append_fraction(text *out, uint64_t fraction, int digits) {
    if (digits > 0) {
        text_format(out, ".%0*" PRIu64, digits, fraction);
    }
}

void append_time(text *out, int64_t since_midnight, int digits) {
    uint64_t per_second = (uint64_t)units_per_second(digits);
    uint64_t value = magnitude(since_midnight);
    uint64_t seconds = value / per_second;
    text_format(out, "%s%02" PRIu64 ":%02d:%02d", since_midnight < 0 ? "-" : "", seconds / 3600,
                (int)(seconds / 60 % 60), (int)(seconds % 60));
    append_fraction(out, value % per_second, digits);
}

void append_timestamp(text *out, int64_t since_epoch, int digits, int has_zone) {
    int64_t since_midnight;
    int64_t days = floor_divide(since_epoch, 86400 * units_per_second(digits), &since_midnight);
    append_date(out, days);
    text_char(out, 'T');
    append_time(out, since_midnight, digits);
    text_string(out, has_zone ? "Z" : "");
}

static void append_seconds(text *out, int64_t value, int digits) {
    uint64_t per_second = (uint64_t)units_per_second(digits);
    text_format(out, "T%s%" PRIu64, value < 0 ? "-" : "", magnitude(value) / per_second);
    append_fraction(out, magnitude(value) % per_second, digits);
    text_char(out, 'S');
}

void append_duration(text *out, int64_t value, int digits) {
    text_char(out, 'P');
    append_seconds(out, value, digits);
}

void append_months(text *out, int32_t months) {
    text_format(out, "P%" PRId32 "M", months);
}

void append_day_time(text *out, int32_t days, int32_t milliseconds) {
    text_format(out, "P%" PRId32 "D", days);
    append_seconds(out, milliseconds, 3);
}

void append_month_day_nano(text *out, int32_t months, int32_t days, int64_t nanoseconds) {
    text_format(out, "P%" PRId32 "M%" PRId32 "D", months, days);
    append_seconds(out, nanoseconds, 9);
}
