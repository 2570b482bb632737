/*
 * ical/component_private - what a component consists of, for calendar_object, which builds it.
 *
 * Built once from content lines and never changed afterwards, so threads may share it.
 */
#ifndef ICAL_COMPONENT_PRIVATE_H
#define ICAL_COMPONENT_PRIVATE_H

#include "protocol/base/error.h"
#include "protocol/ical/component.h"
#include "protocol/ical/content_line.h"

struct ical_parameter {
	struct slice name, value;
	const struct ical_parameter *next;
};

struct ical_property {
	struct slice name;       /* upper case */
	struct slice parameters; /* as written, each with its semicolon */
	struct slice value;      /* as written */
	struct slice text;       /* unescaped where the type is TEXT */
	const struct ical_parameter *decoded; /* where RFC 6868 escapes something; of what has a caret only */
	size_t line;
	const struct ical_time *time; /* of a property that is one time; NULL: cannot be read */
};

struct component {
	struct slice name;
	uint32_t bit;
	size_t line;      /* of its BEGIN */
	struct slice raw; /* from BEGIN to END, in the text */
	struct component **children;
	size_t child_count, child_capacity;
	struct ical_property *properties;
	size_t property_count, property_capacity;

	/* Filled by component_read_values. */
	struct slice *rrules;
	size_t rrule_count;
	struct ical_period *rdates;
	size_t rdate_count;
	struct ical_time *exdates;
	size_t exdate_count;
	struct ical_attendee *attendees;
	size_t attendee_count;
	struct ical_attendee organizer;
	bool has_organizer;
};

/* Finds the zones of an object's TZIDs and remembers them. -EINVAL: neither known nor readable. */
struct zone_finder {
	struct arena *arena;
	const struct zone_set *zones;
	const struct component *root; /* its VTIMEZONEs */
	struct zone_found {
		struct slice tzid;
		const struct zone *zone; /* NULL: its VTIMEZONE cannot be read */
		struct zone_found *next;
	} *found;
	size_t count;
	bool unknown_is_floating;
};

int zone_finder_find(struct zone_finder *finder, struct slice tzid, const struct zone **zone_r);

struct component *component_new(struct arena *arena, struct slice name, size_t line);
int component_add_child(struct arena *arena, struct component *parent, struct component *child);
int component_add_property(struct arena *arena, struct component *c, const struct content_line *line);
/*
 * Reads times, lists and participants of C and all below it. -EINVAL with *ERR where a value that decides when
 * something takes place cannot be read.
 */
int component_read_values(struct component *c, struct zone_finder *finder, struct error *err);
const struct ical_property *component_find(const struct component *c, const char *name);

#endif
