/*
 * dav/calendar_range - whether a component of an object has an instance in a time range (RFC 4791, 9.9).
 */
#ifndef DAV_CALENDAR_RANGE_H
#define DAV_CALENDAR_RANGE_H

#include "protocol/recur/instances.h"

/*
 * COMPONENT is one of OBJECT's or an alarm inside one. A recurring object matches by any of its instances. *RET becomes
 * -ENOMEM when memory ran out; an object too costly to expand matches.
 */
bool calendar_range_matches(struct arena *arena, const struct calendar_object *object, const struct component *component,
    struct interval range, const struct zone *floating, int *ret);

#endif
