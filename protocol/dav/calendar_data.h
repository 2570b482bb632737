/*
 * dav/calendar_data - how a report wants its objects: whole, in part, or expanded (RFC 4791, 9.6).
 */
#ifndef DAV_CALENDAR_DATA_H
#define DAV_CALENDAR_DATA_H

#include "protocol/base/interval_set.h"
#include "protocol/dav/xml_reader.h"
#include "protocol/ical/timezone.h"

#define CALENDAR_DATA_COMPS_MAX 100 /* comp elements of one request */

/* What of a component is wanted; of an arena. */
struct comp_selection {
	struct slice name;
	bool all_props, all_comps;
	const struct prop_selection *props;
	const struct comp_selection *comps;
	const struct comp_selection *next;
};

struct prop_selection {
	struct slice name;
	bool no_value;
	const struct prop_selection *next;
};

enum recurrence_data {
	RECURRENCE_AS_STORED,
	RECURRENCE_EXPANDED, /* each instance in the range by itself, in UTC (9.6.5) */
	RECURRENCE_LIMITED,  /* the master and the overrides that bear on the range (9.6.6) */
};

struct calendar_data {
	const struct comp_selection *root; /* NULL: everything */
	enum recurrence_data recurrence;
	struct interval range;
	bool limits_freebusy; /* of a VFREEBUSY the times in `freebusy` (9.6.7) */
	struct interval freebusy;
};

/* ELEMENT is CALDAV:calendar-data. 0, -ENOMEM, or -EINVAL with *ERR: CALDAV:supported-calendar-data, bad ranges. */
int calendar_data_read(struct arena *arena, const struct xml_element *element, struct calendar_data *data_r,
    struct error *err);

/* True when the stored bytes are the answer. */
bool calendar_data_is_whole(const struct calendar_data *data);

/*
 * Writes TEXT as DATA asks for it; whole, it is a copy. Lines that stay are the client's own. Expanded instances have
 * their times in UTC, dates and floating times stay what they are, and no VTIMEZONE is left (9.6.5). FLOATING is the
 * zone of dates and floating times. 0, -ENOMEM, -EMSGSIZE, or -EINVAL when the stored object cannot be read or has too
 * many instances in the range.
 */
int calendar_data_write(struct arena *arena, const struct zone_set *zones, struct slice text,
    const struct calendar_data *data, const struct zone *floating, struct buf *out);

/* Escapes calendar text for XML; its line ends come back as they are. */
void calendar_data_escape(struct buf *b, struct slice text);

#endif
