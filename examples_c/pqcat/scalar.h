/* Text of single values: numbers, decimals, dates, times, intervals. Nothing here knows of arrays. */
#ifndef PQCAT_SCALAR_H
#define PQCAT_SCALAR_H

#include "text.h"

/* The shortest decimal number that reads back as the same value of `width` bytes (2, 4 or 8; half precision: five
 * digits). False, and nothing appended, for NaN and infinities. */
int append_finite(text *out, double value, int width);

/* NaN, Infinity or -Infinity. */
void append_not_finite(text *out, double value);

/* The value of half-precision bits. */
double half_to_double(uint16_t bits);

/* A two's complement little-endian integer of `width` bytes (a multiple of 4, at most 32), scaled; exact. */
void append_decimal(text *out, const uint8_t *value, int width, int scale);

/* Days since 1970-01-01 in the proleptic Gregorian calendar. ISO 8601; years outside 0 to 9999 have a sign and as many
 * digits as they need. */
void append_date(text *out, int64_t days);

/* Below, `digits` are the decimal digits of the unit: 0 seconds, 3 milliseconds, 6 microseconds, 9 nanoseconds. */

/* hh:mm:ss and digits. What is no time of a day is written all the same: -00:00:01, 25:00:00. */
void append_time(text *out, int64_t since_midnight, int digits);

/* Date, T, time; Z at the end when has_zone: the value is then an instant in UTC, whatever the zone is called. */
void append_timestamp(text *out, int64_t since_epoch, int digits, int has_zone);

/* ISO 8601 durations: PT1.500S, P14M, P3DT0.004S, P1M2DT3.000000004S. */
void append_duration(text *out, int64_t value, int digits);
void append_months(text *out, int32_t months);
void append_day_time(text *out, int32_t days, int32_t milliseconds);
void append_month_day_nano(text *out, int32_t months, int32_t days, int64_t nanoseconds);

#endif
