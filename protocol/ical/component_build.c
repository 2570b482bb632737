#include <config.h>

#include <errno.h>

#include "protocol/base/ascii.h"
#include "protocol/base/cleanup.h"
#include "protocol/ical/component_private.h"
#include "protocol/ical/value.h"
#include "protocol/ical/zoned_time.h"

/* ---- the tree ---- */

/* In upper case; a copy only where it is not so already. NULL .at: no memory. */
static struct slice upper(struct arena *arena, struct slice s)
{
	char *copy;
	size_t i = 0;

	while (i < s.len && !ascii_is_lower(s.at[i]))
		i++;
	if (i == s.len)
		return s;
	copy = arena_copy(arena, s);
	for (; copy != NULL && i < s.len; i++)
		copy[i] = ascii_upper(copy[i]);
	return slice_of(copy, s.len);
}

static uint32_t bit_of(struct slice name)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} kinds[] = {
	    {"VEVENT", ICAL_VEVENT},
	    {"VTODO", ICAL_VTODO},
	    {"VJOURNAL", ICAL_VJOURNAL},
	    {"VFREEBUSY", ICAL_VFREEBUSY},
	    {"VAVAILABILITY", ICAL_VAVAILABILITY},
	    {"VCALENDAR", ICAL_VCALENDAR},
	    {"VTIMEZONE", ICAL_VTIMEZONE},
	    {"VALARM", ICAL_VALARM},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_is(name, kinds[i].name))
			return kinds[i].bit;
	return ICAL_OTHER;
}

struct component *component_new(struct arena *arena, struct slice name, size_t line)
{
	struct component *c = arena_zalloc(arena, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->name = upper(arena, name);
	if (c->name.at == NULL)
		return NULL;
	c->bit = bit_of(c->name);
	c->line = line;
	return c;
}

/* Room for one more of SIZE bytes at *ARRAY, of which COUNT are used. */
static int grow(struct arena *arena, void **array, size_t count, size_t *capacity, size_t size)
{
	size_t more = *capacity ? *capacity * 2 : 16;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = arena_array(arena, more, size);
	if (grown == NULL)
		return -ENOMEM;
	if (count > 0)
		memcpy(grown, *array, count * size);
	*array = grown;
	*capacity = more;
	return 0;
}

int component_add_child(struct arena *arena, struct component *parent, struct component *child)
{
	void *array = parent->children;
	int ret = grow(arena, &array, parent->child_count, &parent->child_capacity, sizeof(child));

	if (ret < 0)
		return ret;
	parent->children = array;
	parent->children[parent->child_count++] = child;
	return 0;
}

/* Properties whose default type is not TEXT (RFC 5545, 8.3.2; RFC 7986; RFC 9073): given as they are written. */
static bool is_text(struct slice name, struct slice parameters)
{
	static const char *const others[] = {"ATTACH", "GEO", "PERCENT-COMPLETE", "PRIORITY", "COMPLETED", "DTEND", "DUE",
	    "DTSTART", "DURATION", "FREEBUSY", "TZOFFSETFROM", "TZOFFSETTO", "TZURL", "ATTENDEE", "ORGANIZER",
	    "RECURRENCE-ID", "URL", "EXDATE", "RDATE", "RRULE", "EXRULE", "REPEAT", "TRIGGER", "CREATED", "DTSTAMP",
	    "LAST-MODIFIED", "SEQUENCE", "REFRESH-INTERVAL", "SOURCE", "IMAGE", "CONFERENCE", "ACKNOWLEDGED",
	    "CALENDAR-ADDRESS", "STRUCTURED-DATA", "STYLED-DESCRIPTION"};
	struct slice type;

	if (parameters.len > 0 && content_parameter(parameters, "VALUE", &type))
		return slice_is_nocase(type, "TEXT");
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (slice_is(name, others[i]))
			return false;
	return true;
}

/* The parameters in which a caret escapes something (RFC 6868). */
static int decode_parameters(struct arena *arena, struct ical_property *p)
{
	struct slice rest = p->parameters, name, value;
	const struct ical_parameter **end = &p->decoded;

	if (slice_find_byte(rest, '^') < 0)
		return 0;
	while (content_parameter_next(&rest, &name, &value)) {
		struct ical_parameter *parameter;

		if (slice_find_byte(value, '^') < 0)
			continue;
		parameter = arena_zalloc(arena, sizeof(*parameter));
		if (parameter == NULL)
			return -ENOMEM;
		parameter->name = name;
		parameter->value = ical_parameter_unescape(arena, value);
		if (parameter->value.at == NULL)
			return -ENOMEM;
		*end = parameter;
		end = &parameter->next;
	}
	return 0;
}

int component_add_property(struct arena *arena, struct component *c, const struct content_line *line)
{
	void *array = c->properties;
	struct ical_property *p;
	int ret = grow(arena, &array, c->property_count, &c->property_capacity, sizeof(*p));

	if (ret < 0)
		return ret;
	c->properties = array;
	p = &c->properties[c->property_count];
	*p = (struct ical_property){.name = upper(arena, line->name),
	    .parameters = line->parameters,
	    .value = line->value,
	    .text = line->value,
	    .line = line->line};
	if (p->name.at == NULL)
		return -ENOMEM;
	/* The type matters only where something is escaped. */
	if (slice_find_byte(p->value, '\\') >= 0 && is_text(p->name, p->parameters))
		p->text = ical_value_unescape(arena, p->value);
	if (p->text.at == NULL || decode_parameters(arena, p) < 0)
		return -ENOMEM;
	c->property_count++;
	return 0;
}

/* ---- zones ---- */

#define ZONES_MAX 64 /* TZIDs of one object: bounds the VTIMEZONEs that are computed */

static bool is_definition(const struct component *child, struct slice tzid)
{
	const struct ical_property *id = child->bit == ICAL_VTIMEZONE ? component_find(child, "TZID") : NULL;

	return id != NULL &&
	       (slice_equal_nocase(slice_trim(id->text), tzid) || slice_equal_nocase(slice_trim(id->value), tzid));
}

static bool zone_finder_defines(const struct zone_finder *finder, struct slice tzid)
{
	for (size_t i = 0; i < finder->root->child_count; i++)
		if (is_definition(finder->root->children[i], tzid))
			return true;
	return false;
}

static int find_in_object(struct zone_finder *finder, struct slice tzid, const struct zone **zone_r)
{
	*zone_r = NULL;
	for (size_t i = 0; i < finder->root->child_count; i++) {
		const struct component *child = finder->root->children[i];
		int ret;

		if (!is_definition(child, tzid))
			continue;
		ret = zone_from_vtimezone(finder->arena, child->raw, zone_r);
		if (ret != -EINVAL)
			return ret;
		*zone_r = NULL; /* another of the same name may be readable */
	}
	return 0;
}

int zone_finder_find(struct zone_finder *finder, struct slice tzid, const struct zone **zone_r)
{
	struct zone_found *found;
	int ret;

	for (found = finder->found; found != NULL; found = found->next) {
		if (slice_equal(found->tzid, tzid)) {
			*zone_r = found->zone;
			return found->zone != NULL ? 0 : -EINVAL;
		}
	}
	if (finder->count == ZONES_MAX)
		return -EINVAL;
	finder->count++;
	found = arena_zalloc(finder->arena, sizeof(*found));
	if (found == NULL)
		return -ENOMEM;
	found->tzid = tzid;
	found->zone = finder->zones != NULL ? zone_set_find(finder->zones, tzid) : NULL;
	if (found->zone == NULL) {
		ret = find_in_object(finder, tzid, &found->zone);
		if (ret < 0)
			return ret;
	}
	found->next = finder->found;
	finder->found = found;
	*zone_r = found->zone;
	return found->zone != NULL ? 0 : -EINVAL;
}

/* ---- values ---- */

struct reading {
	struct component *component;
	struct zone_finder *finder;
	struct error *err;
};

static int refuse(const struct reading *r, const struct ical_property *p, const char *what)
{
	return error_set(r->err, 403, CALDAV_VALID_CALENDAR_DATA, "line %zu: %.*s %s", p->line,
	    (int)(p->name.len < 40 ? p->name.len : 40), p->name.at, what);
}

/* What the parameters say about all the times of a property. */
struct time_frame {
	bool value_date; /* VALUE=DATE */
	bool has_tzid;
	struct slice tzid;
};

static struct time_frame frame_of(const struct ical_property *p)
{
	struct time_frame frame = {0};
	struct slice type;

	if (p->parameters.len == 0)
		return frame;
	frame.value_date = content_parameter(p->parameters, "VALUE", &type) && slice_is_nocase(type, "DATE");
	/* An empty TZID, as some exports write it, means none: the time is floating. */
	frame.has_tzid = content_parameter(p->parameters, "TZID", &frame.tzid);
	frame.tzid = slice_trim(frame.tzid);
	frame.has_tzid = frame.has_tzid && frame.tzid.len > 0;
	return frame;
}

/*
 * The form of a value says what it is, not VALUE: a date with a TZID is a date (bitfireAT/davx5-ose#2019), and a UTC
 * time with a TZID is UTC. Midnight under VALUE=DATE is a date.
 */
static int place_time(const struct reading *r, const struct ical_property *p, const struct time_frame *frame,
    struct ical_time *time)
{
	const struct civil *c = &time->civil;
	int ret;

	if (!time->is_date && frame->value_date && c->hour == 0 && c->minute == 0 && c->second == 0) {
		time->is_date = true;
		time->zone = NULL;
	}
	if (time->is_date || time->zone != NULL || !frame->has_tzid)
		return 0;
	ret = zone_finder_find(r->finder, frame->tzid, &time->zone);
	if (ret == -EINVAL && r->finder->unknown_is_floating)
		return 0;
	if (ret != -EINVAL)
		return ret;
	if (!zone_finder_defines(r->finder, frame->tzid))
		return error_set(r->err, 403, CALDAV_VALID_TIMEZONE,
		    "line %zu: %.*s names a time zone that is neither known nor defined here", p->line,
		    (int)(p->name.len < 40 ? p->name.len : 40), p->name.at);
	return refuse(r, p, "names a time zone whose definition cannot be read");
}

static int read_time(const struct reading *r, struct ical_property *p)
{
	struct time_frame frame = frame_of(p);
	struct ical_time *time = arena_zalloc(r->finder->arena, sizeof(*time));
	int ret;

	if (time == NULL)
		return -ENOMEM;
	if (ical_value_time(p->value, time) < 0 && slice_starts(slice_trim(p->value), SLICE("0000")))
		return error_set(r->err, 403, CALDAV_MIN_DATE_TIME, "line %zu: before the year 1", p->line);
	if (ical_value_time(p->value, time) < 0)
		return refuse(r, p, "is not a date or time");
	ret = place_time(r, p, &frame, time);
	if (ret == 0)
		p->time = time;
	return ret;
}

/* A time that decides nothing: what cannot be read is as if it were missing. */
static int read_note(const struct reading *r, struct ical_property *p)
{
	struct reading quiet = {r->component, r->finder, NULL};
	int ret = read_time(&quiet, p);

	return ret == -EINVAL ? 0 : ret;
}

static size_t count_values(struct slice value)
{
	size_t commas = 0;

	for (size_t i = 0; i < value.len; i++)
		commas += value.at[i] == ',';
	return commas + 1;
}

/* The length of a period is exact (RFC 5545, 3.3.6), so its end depends on the zone. */
static void place_period_end(struct slice text, struct ical_period *period)
{
	struct ical_duration duration;
	struct slice start;

	slice_next(&text, '/', &start);
	if (period->start.zone == NULL || period->start.is_date || text.at == NULL ||
	    ical_value_duration(text, &duration) < 0 || duration.days != 0)
		return;
	zoned_from_instant(period->start.zone,
	    instant_add(zoned_to_instant(period->start.zone, &period->start.civil), duration.seconds),
	    &period->end.civil, NULL);
	period->end.zone = period->start.zone;
}

static int read_rdates(const struct reading *r, const struct ical_property *p)
{
	struct time_frame frame = frame_of(p);
	struct slice rest = p->value, one;
	int ret = 0;

	while (ret == 0 && slice_next(&rest, ',', &one)) {
		struct ical_period period;

		if (slice_trim(one).len == 0)
			continue;
		if (ical_value_period(one, &period) < 0)
			return refuse(r, p, "has a value that is not a date, time or period");
		ret = place_time(r, p, &frame, &period.start);
		if (ret == 0 && period.has_end) {
			ret = place_time(r, p, &frame, &period.end);
			place_period_end(one, &period);
		}
		if (ret == 0)
			r->component->rdates[r->component->rdate_count++] = period;
	}
	return ret;
}

static int read_exdates(const struct reading *r, const struct ical_property *p)
{
	struct time_frame frame = frame_of(p);
	struct slice rest = p->value, one;
	int ret = 0;

	while (ret == 0 && slice_next(&rest, ',', &one)) {
		struct ical_time time;

		if (slice_trim(one).len == 0)
			continue;
		if (ical_value_time(one, &time) < 0)
			return refuse(r, p, "has a value that is not a date or time");
		ret = place_time(r, p, &frame, &time);
		if (ret == 0)
			r->component->exdates[r->component->exdate_count++] = time;
	}
	return ret;
}

static int read_rrule(const struct reading *r, const struct ical_property *p)
{
	struct slice rest = p->value, part, name;

	while (slice_next(&rest, ';', &part)) {
		slice_next(&part, '=', &name);
		if (slice_is_nocase(slice_trim(name), "RSCALE") && part.at != NULL &&
		    !slice_is_nocase(slice_trim(part), "GREGORIAN"))
			return error_set(r->err, 403, CALDAV_SUPPORTED_RSCALE,
			    "line %zu: only the Gregorian calendar is supported", p->line);
	}
	if (slice_trim(p->value).len == 0)
		return refuse(r, p, "is empty");
	r->component->rrules[r->component->rrule_count++] = slice_trim(p->value);
	return 0;
}

static int read_participant(const struct reading *r, const struct ical_property *p, struct ical_attendee *a)
{
	struct arena *arena = r->finder->arena;
	struct slice rest = p->parameters, name, value;

	*a = (struct ical_attendee){.address = slice_trim(p->value),
	    .email = SLICE_EMPTY,
	    .partstat = SLICE_EMPTY,
	    .cutype = SLICE_EMPTY,
	    .role = SLICE_EMPTY,
	    .schedule_agent = SLICE_EMPTY,
	    .common_name = SLICE_EMPTY};
	while (content_parameter_next(&rest, &name, &value)) {
		struct slice *target = NULL;

		value = ical_parameter_unescape(arena, value);
		if (value.at == NULL)
			return -ENOMEM;
		if (slice_is_nocase(name, "PARTSTAT"))
			target = &a->partstat;
		else if (slice_is_nocase(name, "CUTYPE"))
			target = &a->cutype;
		else if (slice_is_nocase(name, "ROLE"))
			target = &a->role;
		else if (slice_is_nocase(name, "SCHEDULE-AGENT"))
			target = &a->schedule_agent;
		else if (slice_is_nocase(name, "EMAIL"))
			a->email = value;
		else if (slice_is_nocase(name, "CN"))
			a->common_name = value;
		if (target != NULL) {
			*target = upper(arena, value);
			if (target->at == NULL)
				return -ENOMEM;
		}
	}
	return 0;
}

/* Room for all values of the lists, counted first. */
static int allocate_lists(struct component *c, struct arena *arena)
{
	size_t rrules = 0, rdates = 0, exdates = 0, attendees = 0;

	for (size_t i = 0; i < c->property_count; i++) {
		const struct ical_property *p = &c->properties[i];

		if (slice_is(p->name, "RRULE"))
			rrules++;
		else if (slice_is(p->name, "RDATE"))
			rdates += count_values(p->value);
		else if (slice_is(p->name, "EXDATE"))
			exdates += count_values(p->value);
		else if (slice_is(p->name, "ATTENDEE"))
			attendees++;
	}
	if ((rrules > 0 && (c->rrules = arena_array(arena, rrules, sizeof(*c->rrules))) == NULL) ||
	    (rdates > 0 && (c->rdates = arena_array(arena, rdates, sizeof(*c->rdates))) == NULL) ||
	    (exdates > 0 && (c->exdates = arena_array(arena, exdates, sizeof(*c->exdates))) == NULL) ||
	    (attendees > 0 && (c->attendees = arena_array(arena, attendees, sizeof(*c->attendees))) == NULL))
		return -ENOMEM;
	return 0;
}

static int read_property(const struct reading *r, struct ical_property *p)
{
	static const struct {
		const char *name;
		bool decides; /* when something takes place; others are read if they can be */
	} times[] = {{"DTSTART", true}, {"DTEND", true}, {"DUE", true}, {"RECURRENCE-ID", true}, {"CREATED", false},
	    {"DTSTAMP", false}, {"LAST-MODIFIED", false}, {"COMPLETED", false}, {"ACKNOWLEDGED", false}};
	struct component *c = r->component;

	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		if (slice_is(p->name, times[i].name))
			return times[i].decides ? read_time(r, p) : read_note(r, p);
	if (slice_is(p->name, "RRULE"))
		return read_rrule(r, p);
	if (slice_is(p->name, "RDATE"))
		return read_rdates(r, p);
	if (slice_is(p->name, "EXDATE"))
		return read_exdates(r, p);
	if (slice_is(p->name, "ATTENDEE"))
		return read_participant(r, p, &c->attendees[c->attendee_count++]);
	if (slice_is(p->name, "ORGANIZER") && !c->has_organizer) {
		c->has_organizer = true;
		return read_participant(r, p, &c->organizer);
	}
	return 0;
}

int component_read_values(struct component *c, struct zone_finder *finder, struct error *err)
{
	struct reading reading = {c, finder, err};
	int ret = allocate_lists(c, finder->arena);

	for (size_t i = 0; ret == 0 && i < c->property_count; i++)
		ret = read_property(&reading, &c->properties[i]);
	for (size_t i = 0; ret == 0 && i < c->child_count; i++) {
		struct component *child = c->children[i];

		/* Zones are read when one is asked for; nothing unknown decides anything. */
		if ((child->bit != ICAL_VTIMEZONE && child->bit != ICAL_OTHER) || slice_is(child->name, "AVAILABLE"))
			ret = component_read_values(child, finder, err);
	}
	return ret;
}

bool component_duration(const struct component *c, struct ical_duration *duration_r)
{
	const struct ical_property *p = component_find(c, "DURATION");
	struct ical_duration duration;

	if (p == NULL || ical_value_duration(p->value, &duration) < 0)
		return false;
	*duration_r = duration;
	return true;
}
