#include <config.h>

#include "protocol/recur/override.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/ical/zoned_time.h"

/* ---- frame ---- */

static int64_t day_of(int64_t local)
{
	return local / DAY_SECONDS - (local % DAY_SECONDS < 0);
}

static instant_t local_to_instant(const struct zone *zone, bool is_date, int64_t local)
{
	struct civil civil;

	/* A length or a shift can lead out of the calendar; its last days stand for what is beyond. */
	if (local < INSTANT_MIN)
		local = INSTANT_MIN;
	if (local > INSTANT_MAX - DAY_SECONDS)
		local = INSTANT_MAX - DAY_SECONDS;
	if (is_date)
		return instant_add(zoned_day_start(zone, day_of(local)), 0);
	civil_from_utc(local, &civil);
	return instant_add(zoned_to_instant(zone, &civil), 0);
}

void recur_frame_init(struct recur_frame *frame, const struct ical_time *start, const struct zone *floating)
{
	frame->zone = start->zone != NULL && !start->is_date ? start->zone : floating;
	frame->floating = floating;
	frame->is_date = start->is_date;
	frame->start = civil_to_utc(&start->civil);
}

instant_t recur_frame_instant(const struct recur_frame *frame, int64_t local)
{
	return local_to_instant(frame->zone, frame->is_date, local);
}

int64_t recur_frame_local(const struct recur_frame *frame, instant_t at)
{
	struct civil civil;

	if (frame->is_date)
		return zoned_day_of(frame->zone, at) * DAY_SECONDS;
	zoned_from_instant(frame->zone, at, &civil, NULL);
	return civil_to_utc(&civil);
}

/* The date that a time names in a set of dates. */
static int64_t date_of(const struct recur_frame *frame, const struct ical_time *time)
{
	int64_t local = civil_to_utc(&time->civil);

	if (!time->is_date && time->zone == zone_utc() && local % DAY_SECONDS != 0)
		return zoned_day_of(frame->zone, local);
	return day_of(local);
}

instant_t recur_frame_named(const struct recur_frame *frame, const struct ical_time *time)
{
	int64_t day;

	if (frame->is_date)
		return zoned_day_start(frame->zone, date_of(frame, time));
	if (!time->is_date)
		return zoned_to_instant(time->zone != NULL ? time->zone : frame->zone, &time->civil);
	day = day_of(civil_to_utc(&time->civil));
	return recur_frame_instant(frame, day * DAY_SECONDS + frame->start - day_of(frame->start) * DAY_SECONDS);
}

int64_t recur_frame_named_local(const struct recur_frame *frame, const struct ical_time *time)
{
	if (!frame->is_date && !time->is_date && (time->zone == NULL || time->zone == frame->zone))
		return civil_to_utc(&time->civil);
	return recur_frame_local(frame, recur_frame_named(frame, time));
}

struct recur_until recur_frame_until(const struct recur_frame *frame, const struct recur_rule *rule)
{
	struct recur_until end = {INT64_MAX, INSTANT_MAX};

	if (!rule->has_until)
		return end;
	end.local = civil_to_utc(&rule->until);
	if (rule->until_is_date || frame->is_date) {
		end.local = (day_of(end.local) + 1) * DAY_SECONDS - 1;
	} else if (rule->until_is_utc) {
		end.at = end.local;
		end.local = recur_frame_local(frame, end.at);
	}
	return end;
}

/* ---- length ---- */

instant_t recur_end_of(const struct recur_frame *frame, int64_t local, instant_t start, struct recur_length length)
{
	instant_t end = start;

	if (length.days != 0)
		end = recur_frame_instant(frame, instant_add(local, length.days * DAY_SECONDS));
	end = instant_add(end, length.seconds);
	return end > start ? end : start;
}

static instant_t own_instant(const struct ical_time *time, const struct zone *floating)
{
	return local_to_instant(time->zone != NULL && !time->is_date ? time->zone : floating, time->is_date,
	    civil_to_utc(&time->civil));
}

#define LENGTH_DAYS_MAX 3660000 /* the calendar's ten thousand years: keeps sums within an int64 */

/* A date lasts whole days: what is left of a day in an odd DURATION counts as one. */
static struct recur_length length_from_duration(const struct component *c, bool is_date)
{
	struct ical_duration d = {0};
	struct recur_length length = {0};

	component_duration(c, &d);
	if (d.days < 0 || d.seconds < 0)
		return length;
	length.days = d.days < LENGTH_DAYS_MAX ? d.days : LENGTH_DAYS_MAX;
	length.seconds = d.seconds < LENGTH_DAYS_MAX * DAY_SECONDS ? d.seconds : LENGTH_DAYS_MAX * DAY_SECONDS;
	if (is_date) {
		length.days += (length.seconds + DAY_SECONDS - 1) / DAY_SECONDS;
		length.seconds = 0;
	}
	return length;
}

static struct recur_length length_until(const struct ical_time *start, const struct ical_time *end,
    const struct zone *floating)
{
	struct recur_length length = {0};

	if (start->is_date && end->is_date)
		length.days = day_of(civil_to_utc(&end->civil)) - day_of(civil_to_utc(&start->civil));
	else
		length.seconds = own_instant(end, floating) - own_instant(start, floating);
	if (length.days < 0 || length.seconds < 0)
		return (struct recur_length){0};
	return length;
}

/* ---- extent ---- */

/* A VTODO without DTSTART and DUE: by COMPLETED and CREATED, or always (the table of RFC 4791, 9.9). */
static void extent_of_undated_todo(const struct component *c, const struct zone *floating, struct recur_extent *extent)
{
	struct ical_time time;
	bool completed = component_time(c, "COMPLETED", &time);

	extent->at = (struct interval){INSTANT_MIN, INSTANT_MAX};
	if (completed)
		extent->at.start = extent->at.end = own_instant(&time, floating);
	if (component_time(c, "CREATED", &time)) {
		instant_t created = own_instant(&time, floating);

		if (!completed || created < extent->at.start)
			extent->at.start = created;
		if (completed && created > extent->at.end)
			extent->at.end = created;
	}
}

static void extent_without_start(const struct component *c, const struct zone *floating, struct recur_extent *extent)
{
	struct ical_time end;

	switch (component_bit(c)) {
	case ICAL_VTODO:
		if (component_time(c, "DUE", &end)) {
			extent->has_start = true;
			extent->start = end;
			extent->at.start = extent->at.end = own_instant(&end, floating);
		} else {
			extent_of_undated_todo(c, floating, extent);
		}
		break;
	case ICAL_VAVAILABILITY: /* unbounded on that side: RFC 7953, 3.1 */
		extent->at = (struct interval){INSTANT_MIN, INSTANT_MAX};
		if (component_time(c, "DTEND", &end))
			extent->at.end = own_instant(&end, floating);
		break;
	default:
		extent->never = true;
	}
}

void recur_extent_of(const struct component *component, const struct zone *floating, struct recur_extent *extent_r)
{
	uint32_t kind = component_bit(component);
	struct recur_extent e = {0};
	struct recur_frame frame;
	struct ical_time end;
	struct ical_duration duration;

	e.has_start = component_time(component, "DTSTART", &e.start);
	if (!e.has_start) {
		extent_without_start(component, floating, &e);
		*extent_r = e;
		return;
	}
	if (component_time(component, kind == ICAL_VTODO ? "DUE" : "DTEND", &end))
		e.length = length_until(&e.start, &end, floating);
	else if (component_duration(component, &duration))
		e.length = length_from_duration(component, e.start.is_date);
	else if (e.start.is_date && kind != ICAL_VTODO)
		e.length.days = 1;
	recur_frame_init(&frame, &e.start, floating);
	e.at.start = recur_frame_instant(&frame, frame.start);
	e.at.end = recur_end_of(&frame, frame.start, e.at.start, e.length);
	e.local = frame.start;
	if (kind == ICAL_VAVAILABILITY && !component_time(component, "DTEND", &end) &&
	    !component_duration(component, &duration))
		e.at.end = INSTANT_MAX;
	*extent_r = e;
}

/* ---- overrides ---- */

static int compare_ids(const void *left, const void *right)
{
	const struct recur_override *a = left, *b = right;
	uint32_t a_sequence, b_sequence;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	a_sequence = component_integer(a->component, "SEQUENCE", 0);
	b_sequence = component_integer(b->component, "SEQUENCE", 0);
	if (a_sequence != b_sequence)
		return a_sequence > b_sequence ? -1 : 1; /* the newest first: it is kept */
	return a->order > b->order ? -1 : 1;
}

static void fill_override(struct recur_override *o, const struct recur_extent *master, const struct zone *floating,
    const struct ical_time *id)
{
	struct recur_frame *frame = &o->frame, set;

	recur_extent_of(o->component, floating, &o->extent);
	recur_frame_init(&set, master != NULL ? &master->start : id, floating);
	*frame = set;
	o->id = recur_frame_named(&set, id);
	o->local_id = recur_frame_named_local(&set, id);
	if (o->extent.has_start) {
		bool same;

		recur_frame_init(frame, &o->extent.start, floating);
		same = frame->zone == set.zone && !frame->is_date && !set.is_date;
		o->shift = frame->start - (same ? o->local_id : recur_frame_local(frame, o->id));
	} else if (master == NULL || component_bit(o->component) == ICAL_VTODO) {
		o->this_and_future = false;
	} else { /* without DTSTART it takes place when the instance would have */
		o->extent = *master;
		o->extent.at.start = o->id;
		o->extent.local = o->local_id;
		o->extent.at.end = recur_end_of(frame, o->local_id, o->id, master->length);
	}
}

static void note_reach(struct recur_overrides *all, const struct recur_override *o)
{
	int64_t longest = (o->extent.length.days + 2) * DAY_SECONDS + o->extent.length.seconds;

	all->future[all->future_count++] = o;
	if (o->shift < all->shift_min)
		all->shift_min = o->shift;
	if (o->shift > all->shift_max)
		all->shift_max = o->shift;
	if (longest > all->longest)
		all->longest = longest;
}

int recur_overrides_collect(struct arena *arena, const struct calendar_object *object,
    const struct recur_extent *master, const struct zone *floating, struct recur_overrides *overrides_r)
{
	size_t components = calendar_object_count(object), kept = 0;
	struct recur_overrides all = {0};

	*overrides_r = all;
	if (components == 0 || (components == 1 && calendar_object_master(object) != NULL))
		return 0;
	all.at = arena_array(arena, components, sizeof(*all.at));
	all.future = arena_array(arena, components, sizeof(*all.future));
	if (all.at == NULL || all.future == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < components; i++) {
		struct recur_override *o = &all.at[all.count];
		struct ical_time id;

		o->component = calendar_object_at(object, i);
		if (!component_recurrence_id(o->component, &id, &o->this_and_future))
			continue;
		fill_override(o, master, floating, &id);
		o->order = i;
		all.count++;
	}
	qsort(all.at, all.count, sizeof(*all.at), compare_ids);
	for (size_t i = 0; i < all.count; i++) {
		if (kept == 0 || all.at[kept - 1].id != all.at[i].id)
			all.at[kept++] = all.at[i];
	}
	all.count = kept;
	for (size_t i = 0; i < kept; i++) {
		if (all.at[i].this_and_future)
			note_reach(&all, &all.at[i]);
	}
	*overrides_r = all;
	return 0;
}

const struct recur_override *recur_override_find(const struct recur_overrides *overrides, instant_t id)
{
	size_t low = 0, high = overrides->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (overrides->at[middle].id == id)
			return &overrides->at[middle];
		if (overrides->at[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct recur_override *recur_override_before(const struct recur_overrides *overrides, instant_t id)
{
	size_t low = 0, high = overrides->future_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (overrides->future[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? overrides->future[low - 1] : NULL;
}

instant_t recur_named_instant(const struct component *master, const struct ical_time *id, const struct zone *floating)
{
	struct recur_extent extent = {0};
	struct recur_frame frame;

	if (master != NULL)
		recur_extent_of(master, floating, &extent);
	recur_frame_init(&frame, extent.has_start ? &extent.start : id, floating);
	return recur_frame_named(&frame, id);
}
