/*
 * support/zones - a zone set for tests, from the system's zone data.
 */
#ifndef SUPPORT_ZONES_H
#define SUPPORT_ZONES_H

#include "protocol/ical/timezone.h"

/* A sealed set of the zones NAMES (NULL-terminated); ends the program when one cannot be read. */
struct zone_set *support_zones(const char *const *names);

#endif
