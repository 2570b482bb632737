/*
 * dav/calendar_filter - the filter of a calendar-query: from XML, what the index can decide, and evaluated on an object
 * (RFC 4791, 7.8, 9.7 and 9.9).
 */
#ifndef DAV_CALENDAR_FILTER_H
#define DAV_CALENDAR_FILTER_H

#include "protocol/base/interval_set.h"
#include "protocol/dav/xml_reader.h"
#include "protocol/ical/calendar_object.h"

#define DAV_FILTERS_MAX 200 /* in one query */

enum text_collation {
	COLLATION_ASCII_CASEMAP, /* i;ascii-casemap, the default (RFC 4790, 9.2) */
	COLLATION_OCTET,         /* i;octet */
	COLLATION_UNICODE_CASEMAP, /* i;unicode-casemap (RFC 5051) */
};

struct text_match {
	struct slice text;
	enum text_collation collation;
	bool negate;
};

struct param_filter {
	struct slice name;
	bool is_not_defined;
	const struct text_match *text; /* NULL: defined is enough */
	const struct param_filter *next;
};

struct prop_filter {
	struct slice name;
	bool is_not_defined;
	bool has_range;
	struct interval range;
	const struct text_match *text;
	const struct param_filter *params;
	const struct prop_filter *next;
};

struct comp_filter {
	struct slice name;
	bool is_not_defined;
	bool has_range;
	struct interval range; /* INSTANT_MIN and INSTANT_MAX where it is open */
	const struct prop_filter *props;
	const struct comp_filter *comps;
	const struct comp_filter *next;
};

struct calendar_filter {
	const struct comp_filter *root; /* VCALENDAR */
};

/*
 * FILTER is the CALDAV:filter element. 0, -ENOMEM, or -EINVAL with *ERR (403): CALDAV:valid-filter (also for a component
 * where it cannot be, or a time range of what has no time), supported-filter (an unknown element) or
 * supported-collation.
 */
int calendar_filter_read(struct arena *arena, const struct xml_element *filter, struct calendar_filter *filter_r,
    struct error *err);
/* A CALDAV:time-range element. At least one end, each in UTC, start before end. */
int time_range_read(const struct xml_element *element, struct interval *range_r, struct error *err);

/* What the busy index can tell. */
struct filter_plan {
	bool exact;          /* component and range decide: no object need be read, but those with inexact rows */
	uint32_t components; /* bits of ical_component_bit that can match; 0: any */
	bool has_range;
	struct interval range; /* a match has an instance here */
};
void calendar_filter_plan(const struct calendar_filter *filter, struct filter_plan *plan_r);

/* FLOATING: the zone for times without one. *MATCHES_R. 0, -ENOMEM; an object too costly to expand matches. */
int calendar_filter_match(struct arena *arena, const struct calendar_filter *filter,
    const struct calendar_object *object, const struct zone *floating, bool *matches_r);

#endif
