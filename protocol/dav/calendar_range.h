/*
 * dav/calendar_range - whether a component of an object has an instance in a time range (RFC 4791, 9.9).
 */
#ifndef DAV_CALENDAR_RANGE_H
#define DAV_CALENDAR_RANGE_H

#include "protocol/recur/instances.h"

/* One object under examination. The last expansion is kept: an object of many overrides asks for the same each time. */
struct range_object {
	struct arena *arena;
	const struct calendar_object *object;
	const struct zone *floating;
	int ret; /* -ENOMEM once memory ran out */
	/* private */
	bool has_expansion, too_costly;
	struct interval window;
	struct instances instances;
};

/*
 * COMPONENT is one of the object's or an alarm inside one. A recurring object matches by any of its instances; one that
 * is too costly to expand matches, so that nothing is hidden.
 */
bool calendar_range_matches(struct range_object *o, const struct component *component, struct interval range);

#endif
