#include <config.h>

#include "protocol/dav/calendar_range.h"

#include <errno.h>

#include "protocol/freebusy/busy.h"
#include "protocol/ical/value.h"

#define ALARM_REPEATS_MAX 1000
#define RANGE_INSTANCES   20000 /* looked at for one answer */
#define NEAR_SECONDS      (INT64_C(400) * DAY_SECONDS)

static bool failed(struct range_object *o, int ret)
{
	if (ret == -ENOMEM)
		o->ret = ret;
	return ret < 0;
}

/* Expands WINDOW, unless that is what the last call did. False when that cannot be: memory, or too costly. */
static bool expand(struct range_object *o, struct interval window)
{
	struct instances_options options = {o->floating, window, RANGE_INSTANCES};
	int ret;

	if (o->has_expansion && o->window.start == window.start && o->window.end == window.end)
		return !o->too_costly;
	ret = recur_instances(o->arena, o->object, &options, &o->instances, NULL);
	o->has_expansion = true;
	o->too_costly = failed(o, ret);
	o->window = window;
	return !o->too_costly;
}

static bool has_instance_of(const struct instances *instances, const struct component *component)
{
	for (size_t i = 0; i < instances->count; i++)
		if (instances->at[i].component == component)
			return true;
	return false;
}

/* A range without an end is tried with a near one first: an endless rule has an instance there. */
static bool instances_match(struct range_object *o, const struct component *component, struct interval range)
{
	struct interval near = {range.start, instant_add(range.start, NEAR_SECONDS)};

	if (range.end == INSTANT_MAX && range.start > INSTANT_MIN && near.end < range.end && expand(o, near) &&
	    has_instance_of(&o->instances, component))
		return true;
	return expand(o, range) ? has_instance_of(&o->instances, component) : o->ret == 0;
}

static bool periods_match(struct range_object *o, struct interval range)
{
	struct instances_options options = {o->floating, range, RANGE_INSTANCES};
	struct busy_list list;
	int ret = freebusy_rows(o->arena, o->object, SLICE_EMPTY, &options, &list, NULL);

	return failed(o, ret) ? o->ret == 0 : list.count > 0;
}

/* ---- alarms ---- */

struct alarm {
	bool absolute;
	instant_t at;       /* absolute */
	int64_t offset;     /* relative, in seconds */
	bool from_end;
	uint32_t repeat;
	int64_t interval;   /* seconds between repetitions */
};

static int64_t seconds_of(const struct ical_duration *duration)
{
	return duration->days * DAY_SECONDS + duration->seconds;
}

static bool read_trigger(const struct component *component, const struct zone *floating, struct alarm *alarm)
{
	for (size_t i = 0; i < component_property_count(component); i++) {
		const struct ical_property *property = component_property_at(component, i);
		struct slice related = SLICE_EMPTY, value = ical_property_value(property);
		struct ical_duration duration;
		struct ical_time time;

		if (!slice_is(ical_property_name(property), "TRIGGER"))
			continue;
		ical_property_parameter(property, "RELATED", &related);
		alarm->from_end = slice_is_nocase(related, "END");
		if (ical_value_duration(value, &duration) == 0) {
			alarm->offset = seconds_of(&duration);
			return true;
		}
		if (ical_value_time(value, &time) < 0)
			return false;
		alarm->absolute = true;
		alarm->at = ical_time_instant(&time, floating);
		return true;
	}
	return false;
}

static bool alarm_rings(const struct alarm *alarm, instant_t first, struct interval range)
{
	for (uint32_t i = 0; i <= alarm->repeat; i++) {
		instant_t at = instant_add(first, (int64_t)i * alarm->interval);

		if (at >= range.start && at < range.end)
			return true;
	}
	return false;
}

/* The component that holds ALARM, or NULL. */
static const struct component *parent_of(const struct calendar_object *object, const struct component *alarm)
{
	for (size_t i = 0; i < calendar_object_count(object); i++) {
		const struct component *parent = calendar_object_at(object, i);

		for (size_t k = 0; k < component_child_count(parent); k++)
			if (component_child(parent, k) == alarm)
				return parent;
	}
	return NULL;
}

/* RFC 5545, 3.8.6.2 and 3.8.6.3: REPEAT counts only together with DURATION. */
static void read_repeats(const struct component *component, struct alarm *alarm)
{
	struct ical_duration between;

	if (component_duration(component, &between))
		alarm->interval = seconds_of(&between);
	if (alarm->interval > 0)
		alarm->repeat = component_integer(component, "REPEAT", 0);
	if (alarm->repeat > ALARM_REPEATS_MAX)
		alarm->repeat = ALARM_REPEATS_MAX;
}

/* Where an instance must be for ALARM to ring in RANGE. */
static struct interval window_of(const struct alarm *alarm, struct interval range)
{
	int64_t reach = (int64_t)alarm->repeat * alarm->interval;
	struct interval window = range;

	if (window.start > INSTANT_MIN)
		window.start = instant_add(range.start, -alarm->offset - reach - 1);
	if (window.end < INSTANT_MAX)
		window.end = instant_add(range.end, -alarm->offset + 1);
	return window;
}

static bool alarm_matches(struct range_object *o, const struct component *component, struct interval range)
{
	const struct component *parent = parent_of(o->object, component);
	struct alarm alarm = {0};

	if (parent == NULL || !read_trigger(component, o->floating, &alarm))
		return false;
	read_repeats(component, &alarm);
	if (alarm.absolute)
		return alarm_rings(&alarm, alarm.at, range);
	if (!expand(o, window_of(&alarm, range)))
		return o->ret == 0;
	for (size_t i = 0; i < o->instances.count; i++) {
		const struct instance *instance = &o->instances.at[i];
		instant_t from = alarm.from_end ? instance->at.end : instance->at.start;

		if (instance->component == parent && alarm_rings(&alarm, instant_add(from, alarm.offset), range))
			return true;
	}
	return false;
}

bool calendar_range_matches(struct range_object *o, const struct component *component, struct interval range)
{
	switch (component_bit(component)) {
	case ICAL_VALARM:
		return alarm_matches(o, component, range);
	case ICAL_VFREEBUSY:
		return periods_match(o, range);
	default:
		return instances_match(o, component, range);
	}
}
