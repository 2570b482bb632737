/*
 * server/base/rate - how often an address may ask: a token bucket for each, in a table of a fixed size.
 *
 * An IPv6 client is its /64: it may choose the rest at will. When more addresses ask than the table has room for, the
 * one that has most left is forgotten, so that memory stays bounded whoever knocks.
 */
#ifndef SERVER_BASE_RATE_H
#define SERVER_BASE_RATE_H

#include <stdint.h>

#include "protocol/base/slice.h"

struct rate;

/* NULL when out of memory. */
struct rate *rate_new(void);
void rate_free(struct rate *rate);
/*
 * Takes one of the PER_MINUTE (0: no limit) that ADDRESS has; all of them may come at once. 0, or the seconds after
 * which there is one again. NOW_US is a clock that never goes back. Any thread.
 */
unsigned rate_take(struct rate *rate, const char *address, long per_minute, int64_t now_us);

#endif
