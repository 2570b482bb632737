/*
 * base/interval_set - sorted disjoint half-open intervals [start, end): the heart of free/busy and slots.
 *
 * Touching intervals are merged. An empty interval is dropped. Functions that can fail return 0 or -ENOMEM, or
 * -E2BIG above INTERVAL_SET_MAX, and then leave the set as it was.
 */
#ifndef BASE_INTERVAL_SET_H
#define BASE_INTERVAL_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/instant.h"

#define INTERVAL_SET_MAX 1000000 /* intervals of one set: bounds the memory that one query can take */

struct interval {
	instant_t start, end;
};

struct interval_set {
	struct interval *at; /* sorted by start, disjoint, not touching */
	size_t count;
	size_t capacity;
};

#define INTERVAL_SET_INIT ((struct interval_set){0})
#define AUTO_INTERVAL_SET AUTO(interval_set_free)

static inline bool interval_overlaps(struct interval a, struct interval b)
{
	return a.start < b.end && b.start < a.end && a.start < a.end && b.start < b.end;
}

void interval_set_free(struct interval_set *set);
int interval_set_add(struct interval_set *set, struct interval one);
int interval_set_add_all(struct interval_set *set, const struct interval_set *other);
int interval_set_subtract(struct interval_set *set, const struct interval_set *other);
int interval_set_subtract_one(struct interval_set *set, struct interval one);
void interval_set_clip(struct interval_set *set, struct interval window);
/* SET becomes what of WINDOW it did not cover. */
int interval_set_complement(struct interval_set *set, struct interval window);
int interval_set_intersect(struct interval_set *set, const struct interval_set *other);
bool interval_set_overlaps(const struct interval_set *set, struct interval one);
bool interval_set_covers(const struct interval_set *set, struct interval one); /* the whole of ONE */
int64_t interval_set_total(const struct interval_set *set);                    /* seconds */

#endif
