/*
 * booking/rules/alternatives - the next free times of the same length (booking rules R11, R12, R19).
 *
 * A candidate starts on the wall-clock grid of its zone (both copies of a repeated time count), lies inside one open
 * range, overlaps nothing busy, is not in the past, and starts within 14 times 24 hours of the wanted start, the edges
 * included. They come by cost: minutes away, plus 720 on another local date; ties the earlier first.
 */
#ifndef BOOKING_RULES_ALTERNATIVES_H
#define BOOKING_RULES_ALTERNATIVES_H

#include "protocol/base/interval_set.h"
#include "protocol/ical/timezone.h"

#define ALTERNATIVES_REACH              (14 * DAY_SECONDS)
#define ALTERNATIVES_STEP_MINUTES       30
#define ALTERNATIVES_OTHER_DATE_MINUTES 720

struct alternatives_query {
	struct interval wanted;
	const struct interval_set *open; /* NULL: always */
	const struct interval_set *busy;
	const struct zone *zone; /* of the grid and of local dates */
	int step_minutes;        /* of the wall clock; divides a day */
	instant_t now;
};

/* All starts that the query can name, with their ends: what `open` and `busy` must be known for. */
struct interval alternatives_window(struct interval wanted);
/* Fills FOUND with the cheapest, at most MAX (up to 16); returns the count. */
size_t alternatives_find(const struct alternatives_query *query, struct interval *found, size_t max);

#endif
