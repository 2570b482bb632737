/*
 * ical/component - typed getters over a parsed component, which is never changed: threads may share it.
 *
 * Slices live as long as the object. Times come with their zone resolved; a floating or date-only time has none and
 * becomes an instant only when one is named.
 */
#ifndef ICAL_COMPONENT_H
#define ICAL_COMPONENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/base/arena.h"
#include "protocol/base/instant.h"
#include "protocol/base/slice.h"
#include "protocol/ical/timezone.h"

struct component;

/* The same values as storage's enum component_bit. */
enum ical_component_bit {
	ICAL_VEVENT = 1 << 0,
	ICAL_VTODO = 1 << 1,
	ICAL_VJOURNAL = 1 << 2,
	ICAL_VFREEBUSY = 1 << 3,
	ICAL_VAVAILABILITY = 1 << 4,
	ICAL_VCALENDAR = 1 << 8,
	ICAL_VTIMEZONE = 1 << 9,
	ICAL_VALARM = 1 << 10,
	ICAL_OTHER = 1 << 15,
};

/* A value of DTSTART and its kin as it was written. */
struct ical_time {
	struct civil civil;      /* time of day 0 for a date */
	bool is_date;            /* VALUE=DATE */
	const struct zone *zone; /* zone_utc() for the Z form; NULL: floating */
};

struct ical_duration {
	int64_t days;    /* weeks and days: nominal, keep the wall time (RFC 5545, 3.3.6) */
	int64_t seconds; /* hours, minutes, seconds: exact */
};

/* The instant that TIME means; a floating one and a date are read in FLOATING. */
instant_t ical_time_instant(const struct ical_time *time, const struct zone *floating);

uint32_t component_bit(const struct component *c);
struct slice component_name(const struct component *c); /* "VEVENT"; upper case */
size_t component_child_count(const struct component *c);
const struct component *component_child(const struct component *c, size_t i);

/* ---- typed values; false when the property is missing ---- */
bool component_time(const struct component *c, const char *name, struct ical_time *time_r);
bool component_duration(const struct component *c, struct ical_duration *duration_r);
bool component_recurrence_id(const struct component *c, struct ical_time *time_r, bool *this_and_future_r);
struct slice component_text(const struct component *c, const char *name); /* first value, unescaped; empty: none */
uint32_t component_integer(const struct component *c, const char *name, uint32_t missing);

/* The value of the first RRULE as text, "" without one; more RRULEs by index. */
size_t component_rrule_count(const struct component *c);
struct slice component_rrule(const struct component *c, size_t i);
/* All values of all RDATE or EXDATE lines. A period's length is in *END_R (zone of the start) when has_end. */
struct ical_period {
	struct ical_time start;
	bool has_end;
	struct ical_time end;
};
size_t component_rdates(const struct component *c, const struct ical_period **rdates_r);
size_t component_exdates(const struct component *c, const struct ical_time **exdates_r);

/* ---- participants ---- */
struct ical_attendee {
	struct slice address;  /* the cal-address; usually "mailto:..." */
	struct slice email;    /* EMAIL parameter, or empty */
	struct slice partstat; /* upper case; "" when missing (means NEEDS-ACTION) */
	struct slice cutype, role, schedule_agent, common_name;
};
size_t component_attendees(const struct component *c, const struct ical_attendee **attendees_r);
bool component_organizer(const struct component *c, struct ical_attendee *organizer_r);
/* "mailto:" and case aside, whether ADDRESS is EMAIL. */
bool ical_address_is(struct slice address, struct slice email);

/* ---- generic access, for filters ---- */
struct ical_property; /* borrowed from the component */
size_t component_property_count(const struct component *c);
const struct ical_property *component_property_at(const struct component *c, size_t i);
struct slice ical_property_name(const struct ical_property *p);  /* upper case */
struct slice ical_property_value(const struct ical_property *p); /* TEXT values unescaped, others as written */
/* False when there is no such parameter; several values come joined by commas. Carets are resolved (RFC 6868). */
bool ical_property_parameter(const struct ical_property *p, const char *name, struct slice *value_r);

#endif
