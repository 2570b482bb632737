/*
 * pages/when - times and dates as a page tells them (booking rule R20).
 */
#ifndef SERVER_PAGES_WHEN_H
#define SERVER_PAGES_WHEN_H

#include "protocol/base/arena.h"
#include "protocol/base/slice.h"
#include "protocol/ical/zoned_time.h"

/* Days are those of civil_to_days. All texts are of ARENA, the empty slice without memory. */
struct slice when_day(struct arena *arena, int64_t day);   /* "Tuesday 10 June 2025" */
struct slice when_month(struct arena *arena, int64_t day); /* "June 2025" */
struct slice when_weekday(int weekday);                    /* 0: "Monday" */
struct slice when_weekday_short(int weekday);              /* 0: "Mon" */
/* "09:00", and "02:00 (UTC+2)" when the label comes twice that day: then it says which of the two. */
struct slice when_time(struct arena *arena, const struct zone *zone, instant_t at);
/* "Tuesday 10 June 2025, 09:00" */
struct slice when_moment(struct arena *arena, const struct zone *zone, instant_t at);

/* "2025-06-10", as date fields and addresses have it, and back: -EINVAL. */
struct slice when_date(struct arena *arena, int64_t day);
int when_read_date(struct slice text, int64_t *day_r);
/* RFC 3339 with the zone's offset: an instant in an address. */
struct slice when_instant(struct arena *arena, const struct zone *zone, instant_t at);

#endif
