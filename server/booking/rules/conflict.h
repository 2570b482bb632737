/*
 * booking/rules/conflict - proposed instances against what is taken: the clashes, as times (booking rules R1, R6, R7).
 */
#ifndef BOOKING_RULES_CONFLICT_H
#define BOOKING_RULES_CONFLICT_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/interval_set.h"

#define CONFLICTS_MAX 10 /* told with a refusal: the earliest ones */

/* Clashing times, sorted, each once. */
struct conflicts {
	struct interval at[CONFLICTS_MAX];
	size_t count;
};

/* Keeps the CONFLICTS_MAX earliest. */
void conflicts_add(struct conflicts *conflicts, struct interval clash);

/*
 * The instances of one series may not overlap one another either. PROPOSED is sorted by start; adds each instance that
 * an earlier one runs into.
 */
void conflict_within(const struct interval *proposed, size_t count, struct conflicts *conflicts);
/* Whether TAKEN stands in the way of AT: they overlap. Touching is free, an empty range overlaps nothing. */
static inline bool conflict_between(struct interval at, struct interval taken)
{
	return interval_overlaps(at, taken);
}

/*
 * The parts of PROPOSED that HELD does not cover: what a booking that holds HELD has to be checked for. An instance that
 * stays where it is, or becomes shorter, asks for nothing. Returns the count; KEPT has room for COUNT.
 */
size_t conflict_newly_claimed(const struct interval *proposed, size_t count, const struct interval_set *held,
    struct interval *kept);

#endif
