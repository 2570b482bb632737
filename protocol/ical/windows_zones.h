/*
 * ical/windows_zones - zone names of Windows, as Outlook and Exchange write them, to IANA names.
 */
#ifndef ICAL_WINDOWS_ZONES_H
#define ICAL_WINDOWS_ZONES_H

#include "protocol/base/slice.h"

/* The zone that stands for NAME in the world at large (CLDR territory 001), without case; empty when there is none. */
struct slice windows_zone_find(struct slice name);

#endif
