#include <config.h>

#include "protocol/dav/calendar_range.h"

#include <errno.h>

#include "protocol/freebusy/busy.h"
#include "protocol/ical/value.h"

#define ALARM_REPEATS_MAX 1000
#define RANGE_INSTANCES   20000 /* looked at for one answer */

/* 1, 0, or a negative errno; what is too costly counts as a match, so that nothing is hidden. */
static int too_costly(int ret)
{
	return ret == -EINVAL ? 1 : ret;
}

static int instances_match(struct arena *arena, const struct calendar_object *object, const struct component *component,
    struct interval range, const struct zone *floating)
{
	struct instances_options options = {floating, range, RANGE_INSTANCES};
	struct instances instances;
	int ret = recur_instances(arena, object, &options, &instances, NULL);

	if (ret < 0)
		return too_costly(ret);
	for (size_t i = 0; i < instances.count; i++)
		if (instances.at[i].component == component)
			return 1;
	return 0;
}

static int periods_match(struct arena *arena, const struct calendar_object *object, struct interval range,
    const struct zone *floating)
{
	struct instances_options options = {floating, range, RANGE_INSTANCES};
	struct busy_list list;
	int ret = freebusy_rows(arena, object, SLICE_EMPTY, &options, &list, NULL);

	return ret < 0 ? too_costly(ret) : list.count > 0;
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

static int alarm_matches(struct arena *arena, const struct calendar_object *object, const struct component *component,
    struct interval range, const struct zone *floating)
{
	const struct component *parent = parent_of(object, component);
	struct ical_duration between = {0, 0};
	struct alarm alarm = {0};
	struct instances_options options = {.floating = floating, .max_instances = RANGE_INSTANCES};
	struct instances instances;
	int64_t reach;
	int ret;

	if (parent == NULL || !read_trigger(component, floating, &alarm))
		return 0;
	if (component_duration(component, &between))
		alarm.interval = seconds_of(&between);
	alarm.repeat = alarm.interval > 0 ? component_integer(component, "REPEAT", 0) : 0;
	if (alarm.repeat > ALARM_REPEATS_MAX)
		alarm.repeat = ALARM_REPEATS_MAX;
	if (alarm.absolute)
		return alarm_rings(&alarm, alarm.at, range);
	reach = (int64_t)alarm.repeat * alarm.interval;
	options.window.start = instant_add(range.start, -alarm.offset - reach - 1);
	options.window.end = instant_add(range.end, -alarm.offset + 1);
	ret = recur_instances(arena, object, &options, &instances, NULL);
	if (ret < 0)
		return too_costly(ret);
	for (size_t i = 0; i < instances.count; i++) {
		instant_t from = alarm.from_end ? instances.at[i].at.end : instances.at[i].at.start;

		if (instances.at[i].component == parent && alarm_rings(&alarm, instant_add(from, alarm.offset), range))
			return 1;
	}
	return 0;
}

bool calendar_range_matches(struct arena *arena, const struct calendar_object *object, const struct component *component,
    struct interval range, const struct zone *floating, int *ret)
{
	int matches = 0;

	switch (component_bit(component)) {
	case ICAL_VALARM:
		matches = alarm_matches(arena, object, component, range, floating);
		break;
	case ICAL_VFREEBUSY:
		matches = periods_match(arena, object, range, floating);
		break;
	default:
		matches = instances_match(arena, object, component, range, floating);
		break;
	}
	if (matches < 0) {
		*ret = matches;
		return false;
	}
	return matches > 0;
}
