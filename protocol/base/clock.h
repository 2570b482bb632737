/*
 * base/clock - the time as an argument, so that tests hold it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "protocol/base/instant.h"

struct clock {
	instant_t (*now)(const struct clock *clock);
};

static inline instant_t clock_now(const struct clock *clock)
{
	return clock->now(clock);
}

#endif
