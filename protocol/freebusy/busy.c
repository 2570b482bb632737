#include <config.h>

#include "protocol/freebusy/busy.h"

#include <errno.h>

#include "protocol/base/ascii.h"
#include "protocol/base/cleanup.h"

/* ---- one component ---- */

struct status_row {
	const char *value;
	enum freebusy_kind kind;
};

static bool look_up(const struct status_row *rows, size_t count, struct slice value, enum freebusy_kind *kind_r)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_is_nocase(value, rows[i].value)) {
			*kind_r = rows[i].kind;
			return true;
		}
	}
	return false;
}

/* What Outlook and Exchange say; anything else says nothing. */
static bool busy_status(const struct component *c, enum freebusy_kind *kind_r)
{
	static const struct status_row rows[] = {
		{"FREE", FREEBUSY_FREE},
		{"WORKINGELSEWHERE", FREEBUSY_FREE},
		{"TENTATIVE", FREEBUSY_TENTATIVE},
		{"BUSY", FREEBUSY_BUSY},
		{"OOF", FREEBUSY_UNAVAILABLE},
	};

	return look_up(rows, ARRAY_LEN(rows), component_text(c, "X-MICROSOFT-CDO-BUSYSTATUS"), kind_r) ||
	       look_up(rows, ARRAY_LEN(rows), component_text(c, "X-APPLE-EWS-BUSYSTATUS"), kind_r);
}

static bool is_owners(const struct ical_attendee *attendee, struct slice owner)
{
	struct slice address;

	while (slice_next(&owner, ' ', &address))
		if (ical_address_is(attendee->address, address) ||
		    (attendee->email.len > 0 && ical_address_is(attendee->email, address)))
			return true;
	return false;
}

/* The owner's own answer, or the empty slice when he is not among the attendees. */
static struct slice own_partstat(const struct component *c, struct slice owner)
{
	const struct ical_attendee *attendees;
	size_t count = owner.len > 0 ? component_attendees(c, &attendees) : 0;

	for (size_t i = 0; i < count; i++) {
		const struct ical_attendee *a = &attendees[i];

		if (is_owners(a, owner))
			return a->partstat.len > 0 ? a->partstat : SLICE("NEEDS-ACTION");
	}
	return SLICE_EMPTY;
}

enum freebusy_kind freebusy_kind_of(const struct component *component, struct slice owner)
{
	struct slice status, partstat;
	enum freebusy_kind kind = FREEBUSY_BUSY;

	if (component_bit(component) == ICAL_VFREEBUSY)
		return FREEBUSY_BUSY;
	if (component_bit(component) != ICAL_VEVENT)
		return FREEBUSY_FREE;
	status = component_text(component, "STATUS");
	partstat = own_partstat(component, owner);
	if (slice_is_nocase(status, "CANCELLED") || slice_is_nocase(partstat, "DECLINED") ||
	    slice_is_nocase(partstat, "DELEGATED"))
		return FREEBUSY_FREE;
	if (busy_status(component, &kind)) {
		if (kind != FREEBUSY_BUSY)
			return kind;
	} else if (slice_is_nocase(component_text(component, "TRANSP"), "TRANSPARENT")) {
		return FREEBUSY_FREE;
	}
	if (slice_is_nocase(status, "TENTATIVE") || slice_is_nocase(partstat, "TENTATIVE") ||
	    slice_is_nocase(partstat, "NEEDS-ACTION"))
		return FREEBUSY_TENTATIVE;
	return FREEBUSY_BUSY;
}

/* ---- VFREEBUSY ---- */

/* "P1DT2H30M", "P2W": exact seconds, for these periods are in UTC. -EINVAL for anything else or a negative one. */
static int parse_duration(struct slice text, int64_t *seconds_r)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = {{'W', 7 * DAY_SECONDS}, {'D', DAY_SECONDS}, {'H', HOUR_SECONDS}, {'M', MINUTE_SECONDS}, {'S', 1}};
	int64_t seconds = 0;

	if (text.len > 0 && text.at[0] == '+')
		text = slice_from(text, 1);
	if (text.len < 3 || ascii_upper(text.at[0]) != 'P')
		return -EINVAL;
	text = slice_from(text, 1);
	while (text.len > 0) {
		size_t digits = 0, unit = 0;
		uint64_t value;

		if (ascii_upper(text.at[0]) == 'T') {
			text = slice_from(text, 1);
			continue;
		}
		while (digits < text.len && ascii_is_digit(text.at[digits]))
			digits++;
		if (digits == text.len || slice_to_u64(slice_sub(text, 0, digits), 100000000, &value) < 0)
			return -EINVAL;
		while (unit < ARRAY_LEN(units) && units[unit].letter != ascii_upper(text.at[digits]))
			unit++;
		if (unit == ARRAY_LEN(units))
			return -EINVAL;
		seconds = instant_add(seconds, (int64_t)value * units[unit].seconds);
		text = slice_from(text, digits + 1);
	}
	*seconds_r = seconds;
	return 0;
}

static int parse_period(struct slice text, struct interval *at_r)
{
	struct slice start;
	int64_t seconds;

	text = slice_trim(text);
	if (!slice_next(&text, '/', &start) || text.at == NULL || instant_parse_basic(start, &at_r->start) < 0)
		return -EINVAL;
	if (instant_parse_basic(text, &at_r->end) == 0)
		return 0;
	if (parse_duration(text, &seconds) < 0)
		return -EINVAL;
	at_r->end = instant_add(at_r->start, seconds);
	return 0;
}

/* FBTYPE (RFC 5545, 3.2.9): missing and unknown ones are BUSY. */
static enum freebusy_kind kind_of_property(const struct ical_property *property)
{
	static const struct status_row rows[] = {
		{"FREE", FREEBUSY_FREE},
		{"BUSY", FREEBUSY_BUSY},
		{"BUSY-TENTATIVE", FREEBUSY_TENTATIVE},
		{"BUSY-UNAVAILABLE", FREEBUSY_UNAVAILABLE},
	};
	enum freebusy_kind kind = FREEBUSY_BUSY;
	struct slice type;

	if (ical_property_parameter(property, "FBTYPE", &type))
		look_up(rows, ARRAY_LEN(rows), type, &kind);
	return kind;
}

/* ---- rows ---- */

struct row_list {
	struct arena *arena;
	struct interval window;
	size_t max;
	struct busy_list list;
	size_t capacity;
};

/* 0, -ENOMEM, -E2BIG. */
static int add_row(struct row_list *rows, struct busy_row row)
{
	if (rows->list.count >= rows->max)
		return -E2BIG;
	if (rows->list.count == rows->capacity) {
		size_t capacity = rows->capacity ? rows->capacity * 2 : 16;
		struct busy_row *grown = arena_array(rows->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (rows->list.count > 0)
			memcpy(grown, rows->list.at, rows->list.count * sizeof(*grown));
		rows->list.at = grown;
		rows->capacity = capacity;
	}
	row.ordinal = (uint32_t)rows->list.count;
	rows->list.at[rows->list.count++] = row;
	return 0;
}

static int add_periods(struct row_list *rows, const struct ical_property *property)
{
	struct slice value = ical_property_value(property), one;
	enum freebusy_kind kind = kind_of_property(property);

	while (slice_next(&value, ',', &one)) {
		struct busy_row row = {.kind = kind};
		int ret;

		if (parse_period(one, &row.at) < 0 || row.at.end <= row.at.start)
			continue; /* a period without length blocks nothing */
		if (row.at.start >= rows->window.end)
			rows->list.more = true;
		if (!interval_overlaps(row.at, rows->window))
			continue;
		ret = add_row(rows, row);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int add_freebusy_component(struct row_list *rows, const struct component *c)
{
	size_t count = component_property_count(c);

	for (size_t i = 0; i < count; i++) {
		const struct ical_property *property = component_property_at(c, i);
		int ret;

		if (!slice_is(ical_property_name(property), "FREEBUSY"))
			continue;
		ret = add_periods(rows, property);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int add_instances(struct row_list *rows, const struct instances *instances, struct slice owner)
{
	/* Instances of one component come in a row mostly; its kind is worth remembering. */
	const struct component *known = NULL;
	enum freebusy_kind kind = FREEBUSY_FREE;

	for (size_t i = 0; i < instances->count; i++) {
		const struct instance *instance = &instances->at[i];
		uint32_t bit = component_bit(instance->component);
		struct busy_row row = {.at = instance->at, .floating = instance->floating};
		int ret;

		if (instance->component != known) {
			known = instance->component;
			kind = bit == ICAL_VEVENT ? freebusy_kind_of(known, owner) : FREEBUSY_FREE;
		}
		row.kind = kind;
		if (bit != ICAL_VEVENT) {
			row.at = recur_instance_hull(instance);
			row.inexact = true;
		}
		ret = add_row(rows, row);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int freebusy_rows(struct arena *arena, const struct calendar_object *object, struct slice owner,
    const struct instances_options *options, struct busy_list *list_r, struct error *err)
{
	struct row_list rows = {
		.arena = arena,
		.window = options->window,
		.max = options->max_instances ? options->max_instances : RECUR_INSTANCES_MAX,
	};
	struct instances instances;
	int ret = recur_instances(arena, object, options, &instances, err);

	if (ret < 0)
		return ret;
	rows.list.more = instances.more;
	ret = add_instances(&rows, &instances, owner);
	for (size_t i = 0; ret == 0 && i < calendar_object_count(object); i++) {
		const struct component *c = calendar_object_at(object, i);

		if (component_bit(c) == ICAL_VFREEBUSY)
			ret = add_freebusy_component(&rows, c);
	}
	if (ret == -E2BIG)
		return error_set(err, 403, CALDAV_MAX_INSTANCES, "more than %zu periods", rows.max);
	if (ret < 0)
		return ret;
	*list_r = rows.list;
	return 0;
}
