/*
 * recur/instances - the recurrence set of a calendar object inside a window, under a budget (RFC 5545, 3.8.5).
 *
 * DTSTART, RRULE and RDATE, minus EXDATE, with overrides in place of what their RECURRENCE-ID names, THISANDFUTURE
 * applied, orphan overrides as instances of their own. A DTSTART that its rule does not produce counts. Rules are
 * screened (recur/screen) before the first is computed; expansion runs in floating time and each result is converted
 * by ical/zoned_time.
 */
#ifndef RECUR_INSTANCES_H
#define RECUR_INSTANCES_H

#include "protocol/base/error.h"
#include "protocol/base/interval_set.h"
#include "protocol/ical/calendar_object.h"

#define RECUR_INSTANCES_MAX 3000   /* of one expansion, unless the caller says otherwise */
#define RECUR_STEPS_MAX     200000 /* candidates looked at in one expansion: bounds its time */

struct instance {
	struct interval at;              /* start == end: no length */
	instant_t recurrence_id;         /* the original start; at.start for a single event */
	/* Both as wall times, in seconds as if of UTC: an instant does not tell which time it is that a clock skips. */
	int64_t local_start;
	int64_t local_id;
	const struct component *component; /* master, or the override that stands in its place */
	uint32_t ordinal;                /* in order of recurrence_id within this expansion's whole set where known; unique */
	bool floating;                   /* date-only or without zone: `at` holds in the zone that was named */
	bool all_day;
};

struct instances {
	struct instance *at; /* sorted by start; of the arena */
	size_t count;
	bool more; /* the set may go on after the window */
};

struct instances_options {
	const struct zone *floating; /* for dates and times without zone */
	struct interval window;      /* instances that overlap it, and empty ones with start in it */
	size_t max_instances;        /* 0: RECUR_INSTANCES_MAX */
};

/*
 * 0, -ENOMEM, or -EINVAL with *ERR: CALDAV:max-instances when the window holds more, or the rule is too costly;
 * CALDAV:valid-calendar-data when the rule cannot be read.
 */
int recur_instances(struct arena *arena, const struct calendar_object *object, const struct instances_options *options,
    struct instances *instances_r, struct error *err);

/*
 * What a range must overlap before RFC 4791, 9.9 can find the instance: `at`, for VTODO and VJOURNAL a second wider where
 * the tables there say <= instead of <. Windows select by it.
 */
struct interval recur_instance_hull(const struct instance *instance);

/*
 * The span of the whole set, for the time index: first instance's start, last one's end or INSTANT_MAX when endless (or
 * too far away to know cheaply). An empty set gives an empty span. Errors as above.
 */
int recur_span(struct arena *arena, const struct calendar_object *object, const struct zone *floating,
    struct interval *span_r, struct error *err);
/* The instant of the instance that ID, a RECURRENCE-ID, names; MASTER may be NULL (recur/override has the table). */
instant_t recur_named_instant(const struct component *master, const struct ical_time *id, const struct zone *floating);
bool recur_is_recurring(const struct calendar_object *object);

#endif
