/*
 * server/base/system_clock - the machine's time as a struct clock.
 */
#ifndef SERVER_BASE_SYSTEM_CLOCK_H
#define SERVER_BASE_SYSTEM_CLOCK_H

#include "protocol/base/clock.h"

/* Static; any thread. */
const struct clock *system_clock(void);

#endif
