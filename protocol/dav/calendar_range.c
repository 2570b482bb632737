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

/* ---- series without end ---- */

/* From when on OBJECT is nothing but its rule: its latest time that is written down. */
static instant_t last_written(const struct range_object *o)
{
	instant_t last = INSTANT_MIN, at;

	for (size_t i = 0; i < calendar_object_count(o->object); i++) {
		const struct component *component = calendar_object_at(o->object, i);
		const struct ical_period *rdates;
		struct ical_time time;
		bool this_and_future;

		if (component_time(component, "DTSTART", &time) && (at = ical_time_instant(&time, o->floating)) > last)
			last = at;
		if (component_recurrence_id(component, &time, &this_and_future) &&
		    (at = ical_time_instant(&time, o->floating)) > last)
			last = at;
		for (size_t k = component_rdates(component, &rdates); k > 0; k--)
			if ((at = ical_time_instant(&rdates[k - 1].start, o->floating)) > last)
				last = at;
	}
	return last;
}

/* Whether the instances after all that is written down are COMPONENT's: the master, or the last THISANDFUTURE. */
static bool goes_on(const struct range_object *o, const struct component *component)
{
	struct ical_time own, other;
	bool this_and_future, is_override = component_recurrence_id(component, &own, &this_and_future);

	if (is_override && !this_and_future)
		return false;
	for (size_t i = 0; i < calendar_object_count(o->object); i++) {
		if (!component_recurrence_id(calendar_object_at(o->object, i), &other, &this_and_future) || !this_and_future)
			continue;
		if (!is_override || ical_time_instant(&other, o->floating) > ical_time_instant(&own, o->floating))
			return false;
	}
	return true;
}

/* The instances of COMPONENT in WINDOW are wanted. False: they cannot be listed, and there may be some. */
static bool list(struct range_object *o, const struct component *component, struct interval window)
{
	instant_t last;

	if (window.end == INSTANT_MAX && !goes_on(o, component)) {
		last = last_written(o);
		window.end = instant_add(last > window.start ? last : window.start, NEAR_SECONDS);
	}
	return expand(o, window);
}

/* ---- the tables of RFC 4791, 9.9, for what the window of recur_instances does not decide alone ---- */

/* The fourth and later rows for VTODO: nothing but COMPLETED and CREATED, or nothing at all. */
static bool undated_todo_matches(const struct component *component, struct interval range, const struct zone *floating)
{
	struct ical_time completed, created;
	bool has_completed = component_time(component, "COMPLETED", &completed);
	bool has_created = component_time(component, "CREATED", &created);
	instant_t done = has_completed ? ical_time_instant(&completed, floating) : 0;
	instant_t made = has_created ? ical_time_instant(&created, floating) : 0;

	if (has_completed && has_created)
		return (range.start <= made || range.start <= done) && (range.end >= made || range.end >= done);
	if (has_completed)
		return range.start <= done && range.end >= done;
	return !has_created || range.end > made;
}

/* AT is when the instance takes place. */
static bool todo_matches(const struct component *component, struct interval at, struct interval range,
    const struct zone *floating)
{
	struct ical_time time;
	struct ical_duration duration;
	bool has_start = component_time(component, "DTSTART", &time);

	if (component_time(component, "DUE", &time)) {
		if (!has_start)
			return range.start < at.end && range.end >= at.end;
		return (range.start < at.end || range.start <= at.start) && (range.end > at.start || range.end >= at.end);
	}
	if (!has_start)
		return undated_todo_matches(component, range, floating);
	if (component_duration(component, &duration))
		return range.start <= at.end && (range.end > at.start || range.end >= at.end);
	return range.start <= at.start && range.end > at.start;
}

static bool journal_matches(const struct instance *instance, struct interval range)
{
	if (instance->all_day)
		return range.start < instance->at.end && range.end > instance->at.start;
	return range.start <= instance->at.start && range.end > instance->at.start;
}

static bool instance_matches(const struct instance *instance, struct interval range, const struct zone *floating)
{
	switch (component_bit(instance->component)) {
	case ICAL_VTODO:
		return todo_matches(instance->component, instance->at, range, floating);
	case ICAL_VJOURNAL:
		return journal_matches(instance, range);
	default:
		return true; /* VEVENT: the window is the test */
	}
}

static bool has_instance_of(const struct range_object *o, const struct component *component, struct interval range)
{
	for (size_t i = 0; i < o->instances.count; i++)
		if (o->instances.at[i].component == component && instance_matches(&o->instances.at[i], range, o->floating))
			return true;
	return false;
}

/* A range without an end is tried with a near one first: an endless rule has an instance there. */
static bool instances_match(struct range_object *o, const struct component *component, struct interval range)
{
	struct interval near = {range.start, instant_add(range.start, NEAR_SECONDS)};

	if (range.end == INSTANT_MAX && range.start > INSTANT_MIN && near.end < range.end && expand(o, near) &&
	    has_instance_of(o, component, range))
		return true;
	return list(o, component, range) ? has_instance_of(o, component, range) : o->ret == 0;
}

/* DTSTART and DTEND decide; only without them the periods do. */
static bool freebusy_matches(struct range_object *o, const struct component *component, struct interval range)
{
	struct instances_options options = {o->floating, range, RANGE_INSTANCES};
	struct ical_time start, end;
	struct busy_list list;
	int ret;

	if (component_time(component, "DTSTART", &start) && component_time(component, "DTEND", &end))
		return range.start <= ical_time_instant(&end, o->floating) &&
		       range.end > ical_time_instant(&start, o->floating);
	ret = freebusy_rows(o->arena, o->object, SLICE_EMPTY, &options, &list, NULL);
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

/* A task may have none, and then nothing that its alarms could be relative to. */
static bool has_time(const struct component *component)
{
	struct ical_time time;

	return component_time(component, "DTSTART", &time) || component_time(component, "DUE", &time);
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
	if (!has_time(parent))
		return false;
	if (!list(o, parent, window_of(&alarm, range)))
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
		return freebusy_matches(o, component, range);
	default:
		return instances_match(o, component, range);
	}
}
