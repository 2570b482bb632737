/*
 * recur/override - the components of a calendar object as one set: its frame of time, lengths, and who stands in for whom.
 *
 * What names an instance (RECURRENCE-ID, RDATE, EXDATE) is compared as an instant; zones and value types in the wild
 * differ from those of DTSTART, and this is the one place that knows how each mixture is read:
 *
 *	DTSTART     the other value           read as
 *	with time   another zone, UTC         that instant
 *	with time   no zone                   wall time in DTSTART's zone
 *	with time   a date                    DTSTART's time of day on that date (an EXDATE: the whole local date)
 *	date        with time                 its date; in UTC, other than midnight, the local date at that instant
 *	no zone     UTC or a zone             that instant, against DTSTART in the zone that was named
 */
#ifndef RECUR_OVERRIDE_H
#define RECUR_OVERRIDE_H

#include "protocol/ical/calendar_object.h"
#include "protocol/recur/instances.h"
#include "protocol/recur/rule.h"

/* How local seconds of a set and instants belong together. */
struct recur_frame {
	const struct zone *zone;     /* DTSTART's, or FLOATING */
	const struct zone *floating;
	bool is_date;
	int64_t start; /* DTSTART, local seconds */
};

void recur_frame_init(struct recur_frame *frame, const struct ical_time *start, const struct zone *floating);
instant_t recur_frame_instant(const struct recur_frame *frame, int64_t local);
int64_t recur_frame_local(const struct recur_frame *frame, instant_t at);
/* The instant of the instance that TIME names, by the table above. */
instant_t recur_frame_named(const struct recur_frame *frame, const struct ical_time *time);
/* The same in the frame's local seconds: as it is written where it can be, also when the zone's clock skips that. */
int64_t recur_frame_named_local(const struct recur_frame *frame, const struct ical_time *time);

/* Where UNTIL ends a rule, inclusive: as local time, and exactly as an instant where it is one. */
struct recur_until {
	int64_t local; /* INT64_MAX: no end */
	instant_t at;  /* INSTANT_MAX: LOCAL says all */
};

/*
 * UNTIL should be a date for dates and in UTC where DTSTART has a zone. Seen in the wild and read so: a date for a time
 * means that whole day; a time for a date means its date as written; a time without zone is DTSTART's wall time.
 */
struct recur_until recur_frame_until(const struct recur_frame *frame, const struct recur_rule *rule);

/*
 * How long an instance lasts: DAYS on the calendar first, then exact SECONDS (RFC 5545, 3.3.6). An end given as a time
 * is exact, one given as a date counts days (3.8.5.3).
 */
struct recur_length {
	int64_t days;
	int64_t seconds;
};

/* When one component takes place by itself. */
struct recur_extent {
	struct ical_time start;
	struct recur_length length;
	bool has_start; /* a VTODO may have none: then it cannot recur and AT is all that is known (RFC 4791, 9.9) */
	struct interval at;
	int64_t local; /* its start, in the zone of START */
	bool never; /* not at any time: a VJOURNAL without DTSTART */
};

void recur_extent_of(const struct component *component, const struct zone *floating, struct recur_extent *extent_r);
instant_t recur_end_of(const struct recur_frame *frame, int64_t local, instant_t start, struct recur_length length);

struct recur_override {
	const struct component *component;
	instant_t id; /* the instance it stands for */
	int64_t local_id; /* the same in the frame of the set */
	bool this_and_future;
	size_t order; /* of the component in the text */
	struct recur_extent extent;
	/* THISANDFUTURE: later instances, as local time in FRAME, are moved by SHIFT seconds on the wall. */
	struct recur_frame frame;
	int64_t shift;
};

struct recur_overrides {
	struct recur_override *at; /* sorted by id, which are distinct; of the arena */
	size_t count;
	const struct recur_override **future; /* those with THISANDFUTURE, sorted by id */
	size_t future_count;
	int64_t shift_min, shift_max; /* of all shifts, and 0 */
	int64_t longest;              /* seconds that an instance under THISANDFUTURE may last */
};

/*
 * MASTER is when the master takes place; NULL for an object without one that has a start. Of several overrides for one
 * instance the one with the highest SEQUENCE stays, then the last in the text. 0 or -ENOMEM.
 */
int recur_overrides_collect(struct arena *arena, const struct calendar_object *object,
    const struct recur_extent *master, const struct zone *floating, struct recur_overrides *overrides_r);
const struct recur_override *recur_override_find(const struct recur_overrides *overrides, instant_t id);
/* The THISANDFUTURE override in whose reach ID lies, or NULL. */
const struct recur_override *recur_override_before(const struct recur_overrides *overrides, instant_t id);

#endif
