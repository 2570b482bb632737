/*
 * base/instant - UTC seconds, civil dates, and their text.
 *
 * An instant is a count of UTC seconds since 1970-01-01T00:00:00Z without leap seconds. The proleptic Gregorian
 * calendar holds for years 1 to 9999; anything outside is refused where text is read.
 */
#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/base/buf.h"
#include "protocol/base/slice.h"

typedef int64_t instant_t;

#define INSTANT_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z; stands for "no beginning" in ranges */
#define INSTANT_MAX INT64_C(253402300800) /* 10000-01-01T00:00:00Z; stands for "no end" */

#define MINUTE_SECONDS INT64_C(60)
#define HOUR_SECONDS   INT64_C(3600)
#define DAY_SECONDS    INT64_C(86400)

/* A date and time of day without a zone: never an instant by itself. */
struct civil {
	int year, month, day;     /* 1 to 9999, 1 to 12, 1 to 31 */
	int hour, minute, second; /* second 60 is read as 59 */
};

/* Days from 1970-01-01, and back. MONTH and DAY may be outside their range only for civil_normalize. */
int64_t civil_to_days(int year, int month, int day);
void civil_from_days(int64_t days, int *year_r, int *month_r, int *day_r);
/* The civil time read as UTC, and back. */
instant_t civil_to_utc(const struct civil *civil);
void civil_from_utc(instant_t at, struct civil *civil_r);
bool civil_is_valid(const struct civil *civil); /* ranges, month lengths, leap years */
int civil_weekday(int64_t days);                /* 0 Monday to 6 Sunday */
int civil_compare(const struct civil *a, const struct civil *b);

/* A + SECONDS, kept within [INSTANT_MIN, INSTANT_MAX]. */
instant_t instant_add(instant_t a, int64_t seconds);

/* RFC 3339: 2027-03-28T09:00:00+02:00 or Z; -EINVAL. OFFSET_R (may be NULL) gets the offset in seconds. */
int instant_parse_rfc3339(struct slice text, instant_t *at_r, int *offset_r);
void buf_add_rfc3339(struct buf *b, instant_t at, int offset_seconds); /* Z when the offset is 0 */
/* iCalendar's UTC form 20270328T070000Z (RFC 5545, 3.3.5); the parser takes that form only. */
int instant_parse_basic(struct slice text, instant_t *at_r);
void buf_add_basic_utc(struct buf *b, instant_t at);

#endif
