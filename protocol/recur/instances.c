#include <config.h>

#include "protocol/recur/instances.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/ical/zoned_time.h"
#include "protocol/recur/iterator.h"
#include "protocol/recur/override.h"
#include "protocol/recur/screen.h"

/* Local time is within a day and two hours of UTC; two days also cover a zone that changes its side of the date line. */
#define ZONE_SLACK (2 * DAY_SECONDS)

/* A member of the recurrence set before overrides and the window are applied. */
struct member {
	instant_t id;
	int64_t local; /* the same in the frame of the set */
	instant_t end; /* of an RDATE period; INSTANT_MIN: the length of the set */
};

struct expansion {
	struct arena *arena;
	const struct component *master;
	const struct zone *floating;
	struct interval window;
	size_t max;

	struct recur_frame frame;
	struct recur_extent extent; /* the master's */
	struct recur_overrides overrides;
	struct member *rdates; /* sorted by id, distinct */
	size_t rdate_count;
	instant_t *excluded; /* EXDATEs with a time, sorted */
	size_t excluded_count;
	int64_t *excluded_days; /* and those that are dates, in a set with times; local dates, sorted */
	size_t excluded_day_count;

	uint32_t steps;
	size_t rules; /* RRULEs: how often one instance may be found */
	struct instance *found;
	size_t count, capacity;
	bool more;
};

/* ---- sorting and searching ---- */

static int compare_i64(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

static int compare_members(const void *left, const void *right)
{
	const struct member *a = left, *b = right;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return (b->end > a->end) - (b->end < a->end); /* the longest first: it is kept */
}

static int compare_ids(const void *left, const void *right)
{
	const struct instance *a = left, *b = right;

	if (a->recurrence_id != b->recurrence_id)
		return a->recurrence_id < b->recurrence_id ? -1 : 1;
	/* The longest first: it is kept. A date that a zone skipped has no length and gives way to the next one. */
	return (b->at.end > a->at.end) - (b->at.end < a->at.end);
}

static int compare_starts(const void *left, const void *right)
{
	const struct instance *a = left, *b = right;

	if (a->at.start != b->at.start)
		return a->at.start < b->at.start ? -1 : 1;
	return (a->ordinal > b->ordinal) - (a->ordinal < b->ordinal);
}

static bool has_i64(const int64_t *sorted, size_t count, int64_t wanted)
{
	return count > 0 && bsearch(&wanted, sorted, count, sizeof(*sorted), compare_i64) != NULL;
}

/* ---- what has been found ---- */

struct interval recur_instance_hull(const struct instance *instance)
{
	struct interval hull = instance->at;

	switch (component_bit(instance->component)) {
	case ICAL_VTODO:
		hull.start = instant_add(hull.start, -1);
		hull.end = instant_add(hull.end, 1);
		break;
	case ICAL_VJOURNAL:
	case ICAL_VFREEBUSY:
		hull.end = instant_add(hull.end, 1);
		break;
	default:
		break;
	}
	return hull;
}

/* 0, -ENOMEM, -E2BIG. Instances outside the window are dropped; one after it is remembered in MORE. */
static int add_instance(struct expansion *e, const struct instance *instance)
{
	struct interval hull = recur_instance_hull(instance);

	if (hull.start >= e->window.end) {
		e->more = true;
		return 0;
	}
	if (hull.start < hull.end ? hull.end <= e->window.start : hull.start < e->window.start)
		return 0;
	/* What two rules both yield is found twice, and counted once at the end. */
	if (e->count >= e->max * (e->rules > 1 ? e->rules : 1))
		return -E2BIG;
	if (e->count == e->capacity) {
		size_t capacity = e->capacity ? e->capacity * 2 : 32;
		struct instance *grown = arena_array(e->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (e->count > 0)
			memcpy(grown, e->found, e->count * sizeof(*grown));
		e->found = grown;
		e->capacity = capacity;
	}
	e->found[e->count++] = *instance;
	return 0;
}

static int add_extent(struct expansion *e, const struct component *component, const struct recur_extent *extent,
    instant_t id, int64_t local_id)
{
	struct instance instance = {
		.at = extent->at,
		.recurrence_id = id,
		.local_start = extent->local,
		.local_id = local_id,
		.component = component,
		.floating = extent->has_start && (extent->start.is_date || extent->start.zone == NULL),
		.all_day = extent->has_start && extent->start.is_date,
	};

	return extent->never ? 0 : add_instance(e, &instance);
}

/* ---- the set ---- */

static bool is_excluded(const struct expansion *e, const struct member *member)
{
	int64_t day;

	if (has_i64(e->excluded, e->excluded_count, member->id))
		return true;
	if (e->excluded_day_count == 0)
		return false;
	day = member->local / DAY_SECONDS - (member->local % DAY_SECONDS < 0);
	return has_i64(e->excluded_days, e->excluded_day_count, day);
}

/* What an instance under a THISANDFUTURE override becomes: moved as that one was, with its length and component. */
static void apply_future(const struct expansion *e, const struct member *member, const struct recur_override *override,
    struct instance *instance)
{
	const struct recur_frame *frame = &override->frame;
	/* Not by way of the instant where that can be avoided: a time in a gap would come back an hour later. */
	bool same = !frame->is_date && !e->frame.is_date && frame->zone == e->frame.zone;
	int64_t local = (same ? member->local : recur_frame_local(frame, member->id)) + override->shift;

	instance->local_start = local;
	instance->at.start = recur_frame_instant(frame, local);
	instance->at.end = recur_end_of(frame, local, instance->at.start, override->extent.length);
	instance->component = override->component;
	instance->floating = override->extent.start.is_date || override->extent.start.zone == NULL;
	instance->all_day = override->extent.start.is_date;
}

static int add_member(struct expansion *e, const struct member *member)
{
	const struct recur_override *future;
	struct instance instance = {
		.at = {member->id, member->end},
		.recurrence_id = member->id,
		.local_start = member->local,
		.local_id = member->local,
		.component = e->master,
		.floating = e->extent.start.is_date || e->extent.start.zone == NULL,
		.all_day = e->extent.start.is_date,
	};

	if (is_excluded(e, member) || recur_override_find(&e->overrides, member->id) != NULL)
		return 0;
	future = recur_override_before(&e->overrides, member->id);
	if (future != NULL)
		apply_future(e, member, future, &instance);
	else if (member->end == INSTANT_MIN)
		instance.at.end = recur_end_of(&e->frame, member->local, member->id, e->extent.length);
	return add_instance(e, &instance);
}

static int collect_exdates(struct expansion *e)
{
	const struct ical_time *dates;
	size_t count = component_exdates(e->master, &dates);

	if (count == 0)
		return 0;
	e->excluded = arena_array(e->arena, count, sizeof(*e->excluded));
	e->excluded_days = arena_array(e->arena, count, sizeof(*e->excluded_days));
	if (e->excluded == NULL || e->excluded_days == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (dates[i].is_date && !e->frame.is_date) {
			const struct civil *c = &dates[i].civil;

			e->excluded_days[e->excluded_day_count++] = civil_to_days(c->year, c->month, c->day);
		} else {
			e->excluded[e->excluded_count++] = recur_frame_named(&e->frame, &dates[i]);
		}
	}
	qsort(e->excluded, e->excluded_count, sizeof(*e->excluded), compare_i64);
	qsort(e->excluded_days, e->excluded_day_count, sizeof(*e->excluded_days), compare_i64);
	return 0;
}

static int collect_rdates(struct expansion *e)
{
	const struct ical_period *periods;
	size_t count = component_rdates(e->master, &periods), kept = 0;

	if (count == 0)
		return 0;
	e->rdates = arena_array(e->arena, count, sizeof(*e->rdates));
	if (e->rdates == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct member *m = &e->rdates[i];

		m->id = recur_frame_named(&e->frame, &periods[i].start);
		m->local = recur_frame_named_local(&e->frame, &periods[i].start);
		m->end = INSTANT_MIN;
		if (periods[i].has_end) {
			m->end = recur_frame_named(&e->frame, &periods[i].end);
			m->end = m->end > m->id ? m->end : m->id;
		}
	}
	qsort(e->rdates, count, sizeof(*e->rdates), compare_members);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || e->rdates[kept - 1].id != e->rdates[i].id)
			e->rdates[kept++] = e->rdates[i];
	}
	e->rdate_count = kept;
	return 0;
}

static bool is_rdate(const struct expansion *e, const struct member *member)
{
	struct member key = {member->id, 0, INSTANT_MIN};
	size_t low = 0, high = e->rdate_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (e->rdates[middle].id < key.id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < e->rdate_count && e->rdates[low].id == key.id;
}

/* ---- rules ---- */

static struct interval local_window(const struct expansion *e)
{
	int64_t longest = (e->extent.length.days + 2) * DAY_SECONDS + e->extent.length.seconds;

	if (e->overrides.longest > longest)
		longest = e->overrides.longest;
	return (struct interval){
		e->window.start - longest - e->overrides.shift_max - ZONE_SLACK,
		e->window.end - e->overrides.shift_min + ZONE_SLACK,
	};
}

/* 0, -ENOMEM, -E2BIG (too many instances or steps). */
static int expand_rule(struct expansion *e, const struct recur_rule *rule)
{
	struct recur_until end = recur_frame_until(&e->frame, rule);
	struct interval window = local_window(e);
	struct recur_iterator_options options = {
		.start = e->frame.start,
		.is_date = e->frame.is_date,
		.from = window.start,
		.limit = window.end,
		/* Around a gap the order of instants is not that of local times: there the instant decides. */
		.until = end.at < INSTANT_MAX ? end.local + DAY_SECONDS : end.local,
		.steps = &e->steps,
	};
	struct recur_iterator it;
	struct member member = {.end = INSTANT_MIN};
	enum recur_next next;

	recur_iterator_init(&it, rule, &options);
	while ((next = recur_iterator_next(&it, &member.local)) == RECUR_FOUND) {
		int ret;

		member.id = recur_frame_instant(&e->frame, member.local);
		if (member.id > end.at || is_rdate(e, &member))
			continue;
		ret = add_member(e, &member);
		if (ret < 0)
			return ret;
	}
	if (next == RECUR_BEYOND)
		e->more = true;
	return next == RECUR_COSTLY ? -E2BIG : 0;
}

static int refuse_count(struct error *err)
{
	return error_set(err, 403, CALDAV_MAX_INSTANCES, "the recurrence rules have too many instances");
}

/* DTSTART is an instance whatever its rule says, but for a rule that ended before it: then there is none. */
static int expand_rules(struct expansion *e, struct error *err)
{
	size_t ended = 0;

	if (e->rules > RECUR_RULES_MAX)
		return error_set(err, 403, CALDAV_MAX_INSTANCES, "more than %d recurrence rules", RECUR_RULES_MAX);
	for (size_t i = 0; i < e->rules; i++) {
		struct recur_rule rule;
		struct recur_until end;
		int ret = recur_rule_parse(component_rrule(e->master, i), &rule, err);

		if (ret < 0)
			return ret;
		end = recur_frame_until(&e->frame, &rule);
		ret = recur_screen(&rule, e->frame.start, e->frame.is_date, end.local, err);
		if (ret < 0)
			return ret;
		if (e->frame.start > end.local || e->extent.at.start > end.at) {
			ended++;
			continue;
		}
		ret = expand_rule(e, &rule);
		if (ret < 0)
			return ret == -E2BIG ? refuse_count(err) : ret;
	}
	if (e->rules == 0 || ended < e->rules) {
		struct member first = {e->extent.at.start, e->frame.start, INSTANT_MIN};

		return is_rdate(e, &first) ? 0 : add_member(e, &first);
	}
	return 0;
}

static int expand_master(struct expansion *e, struct error *err)
{
	int ret;

	e->rules = component_rrule_count(e->master);
	ret = collect_exdates(e);
	if (ret == 0)
		ret = collect_rdates(e);
	if (ret == 0)
		ret = expand_rules(e, err);
	for (size_t i = 0; ret == 0 && i < e->rdate_count; i++)
		ret = add_member(e, &e->rdates[i]);
	return ret;
}

/* Numbers the instances in the order of what they stand for, drops what was found twice, sorts by start. */
static void finish(struct expansion *e)
{
	size_t kept = 0;

	if (e->count == 0)
		return;
	qsort(e->found, e->count, sizeof(*e->found), compare_ids);
	for (size_t i = 0; i < e->count; i++) {
		if (kept > 0 && e->found[kept - 1].recurrence_id == e->found[i].recurrence_id)
			continue;
		e->found[kept] = e->found[i];
		e->found[kept].ordinal = (uint32_t)kept;
		kept++;
	}
	e->count = kept;
	qsort(e->found, e->count, sizeof(*e->found), compare_starts);
}

static int expand(struct expansion *e, const struct calendar_object *object, struct error *err)
{
	int ret;

	if (e->master != NULL) {
		recur_extent_of(e->master, e->floating, &e->extent);
		if (e->extent.has_start)
			recur_frame_init(&e->frame, &e->extent.start, e->floating);
	}
	ret = recur_overrides_collect(e->arena, object, e->extent.has_start ? &e->extent : NULL, e->floating,
	    &e->overrides);
	for (size_t i = 0; ret == 0 && i < e->overrides.count; i++) {
		const struct recur_override *o = &e->overrides.at[i];

		ret = add_extent(e, o->component, &o->extent, o->id, o->local_id);
	}
	if (ret == 0 && e->master != NULL)
		ret = e->extent.has_start ? expand_master(e, err)
		                          : add_extent(e, e->master, &e->extent, e->extent.at.start, e->extent.local);
	return ret;
}

static instant_t within_time(instant_t at)
{
	return at < INSTANT_MIN ? INSTANT_MIN : at > INSTANT_MAX ? INSTANT_MAX : at;
}

int recur_instances(struct arena *arena, const struct calendar_object *object, const struct instances_options *options,
    struct instances *instances_r, struct error *err)
{
	struct expansion e = {
		.arena = arena,
		.master = calendar_object_master(object),
		.floating = options->floating,
		.window = {within_time(options->window.start), within_time(options->window.end)},
		.max = options->max_instances ? options->max_instances : RECUR_INSTANCES_MAX,
		.steps = RECUR_STEPS_MAX,
	};
	int ret = expand(&e, object, err);

	if (ret == -E2BIG)
		return refuse_count(err);
	if (ret < 0)
		return ret;
	finish(&e);
	if (e.count > e.max)
		return refuse_count(err);
	*instances_r = (struct instances){e.found, e.count, e.more};
	return 0;
}

bool recur_is_recurring(const struct calendar_object *object)
{
	const struct component *master = calendar_object_master(object);
	const struct ical_period *rdates;

	if (master == NULL || calendar_object_count(object) > 1)
		return true;
	return component_rrule_count(master) > 0 || component_rdates(master, &rdates) > 0;
}
