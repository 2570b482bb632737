#include <config.h>

#include "protocol/itip/view.h"

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/value.h"
#include "protocol/ical/zoned_time.h"
#include "protocol/recur/instances.h"

/* ---- the view ---- */

static int reserve(struct itip_view *view)
{
	size_t capacity = view->capacity ? view->capacity * 2 : 8;
	struct itip_component *grown;

	if (view->count < view->capacity)
		return 0;
	grown = arena_array(view->env->arena, capacity, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	if (view->count > 0)
		memcpy(grown, view->at, view->count * sizeof(*grown));
	view->at = grown;
	view->capacity = capacity;
	return 0;
}

static int add(struct itip_view *view, struct itip_component component)
{
	int ret = reserve(view);

	if (ret == 0)
		view->at[view->count++] = component;
	return ret;
}

int itip_view_open(const struct itip_env *env, struct slice text, struct itip_view *view_r)
{
	struct itip_view view = {.env = env};
	const struct component *master;
	int ret = calendar_object_read(env->arena, env->zones, text, &view.object);

	if (ret == 0)
		ret = draft_parse(env->arena, text, &view.draft);
	if (ret < 0)
		return ret == -EILSEQ ? -EBADMSG : ret;
	if (calendar_object_count(view.object) > ITIP_COMPONENTS_MAX)
		return -EBADMSG;
	master = calendar_object_master(view.object);
	for (size_t i = 0; ret == 0 && i < calendar_object_count(view.object); i++) {
		struct itip_component one = {calendar_object_at(view.object, i), draft_component(view.draft, i), true, 0};
		struct ical_time id;
		bool future;

		if (one.part == NULL || !slice_equal_nocase(one.part->name, component_name(one.c)))
			return -EBADMSG; /* a component that is none of ours stands between */
		if (component_recurrence_id(one.c, &id, &future)) {
			one.is_master = false;
			one.id = recur_named_instant(master, &id, env->floating);
		}
		ret = add(&view, one);
	}
	if (ret == 0)
		*view_r = view;
	return ret;
}

int itip_view_text(const struct itip_view *view, struct slice *text_r)
{
	return draft_text(view->draft, text_r);
}

struct itip_component *itip_view_master(const struct itip_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->at[i].is_master)
			return &view->at[i];
	return NULL;
}

struct itip_component *itip_view_at(const struct itip_view *view, instant_t id)
{
	for (size_t i = 0; i < view->count; i++)
		if (!view->at[i].is_master && view->at[i].id == id)
			return &view->at[i];
	return NULL;
}

const struct itip_component *itip_view_for(const struct itip_view *view, instant_t id)
{
	const struct itip_component *override = itip_view_at(view, id);

	return override != NULL ? override : itip_view_master(view);
}

void itip_view_drop(struct itip_view *view, struct itip_component *component)
{
	size_t i = (size_t)(component - view->at);

	draft_drop(view->draft, component->part);
	memmove(component, component + 1, (view->count - i - 1) * sizeof(*component));
	view->count--;
}

int itip_view_bring(struct itip_view *view, const struct itip_component *from)
{
	struct itip_component copy = *from;

	copy.part = draft_append(view->draft, from->part);
	return copy.part != NULL ? add(view, copy) : -ENOMEM;
}

/* ---- instances ---- */

bool itip_view_has_instance(const struct itip_view *view, instant_t id)
{
	struct instances_options options = {.floating = view->env->floating, .window = {id, instant_add(id, 1)}};
	struct instances instances;

	if (itip_view_at(view, id) != NULL)
		return true;
	if (!recur_is_recurring(view->object) ||
	    recur_instances(view->env->arena, view->object, &options, &instances, NULL) < 0)
		return false;
	for (size_t i = 0; i < instances.count; i++)
		if (instances.at[i].recurrence_id == id)
			return true;
	return false;
}

bool itip_view_is_excluded(const struct itip_view *view, instant_t id)
{
	const struct itip_component *master = itip_view_master(view);
	const struct ical_time *exdates;
	size_t count = master != NULL ? component_exdates(master->c, &exdates) : 0;

	for (size_t i = 0; i < count; i++)
		if (recur_named_instant(master->c, &exdates[i], view->env->floating) == id)
			return true;
	return false;
}

/* AT as LIKE is written: a date, in the same zone, or in UTC. */
static struct slice time_like(const struct itip_view *view, const struct ical_time *like, instant_t at)
{
	const struct zone *zone = like->zone != NULL && !like->is_date ? like->zone : view->env->floating;
	struct civil c;
	char *text;

	zoned_from_instant(zone, at, &c, NULL);
	if (like->is_date)
		text = arena_printf(view->env->arena, "%04d%02d%02d", c.year, c.month, c.day);
	else
		text = arena_printf(view->env->arena, "%04d%02d%02dT%02d%02d%02d%s", c.year, c.month, c.day, c.hour, c.minute,
		    c.second, like->zone == zone_utc() ? "Z" : "");
	if (text == NULL)
		view->draft->err = -ENOMEM;
	return slice_str(text);
}

static void move_end(struct itip_view *view, struct draft_part *part, const struct component *master, const char *name,
    const struct ical_time *start, instant_t id)
{
	struct draft_line *line = draft_find(part, name);
	struct ical_time end;
	instant_t at;

	if (line == NULL || !component_time(master, name, &end))
		return;
	if (start->is_date || end.is_date) { /* days on the calendar, whatever the clocks do */
		int64_t days = (civil_to_utc(&end.civil) - civil_to_utc(&start->civil)) / DAY_SECONDS;

		at = zoned_day_start(view->env->floating, zoned_day_of(view->env->floating, id) + days);
	} else {
		at = instant_add(id, ical_time_instant(&end, view->env->floating) -
		                         ical_time_instant(start, view->env->floating));
	}
	draft_set(view->draft, line, line->parameters, time_like(view, &end, at));
}

int itip_view_derive(struct itip_view *view, instant_t id, struct itip_component **component_r)
{
	static const char *const of_the_set[] = {"RRULE", "RDATE", "EXDATE", "EXRULE"};
	const struct itip_component *master = itip_view_master(view);
	struct itip_component *present = itip_view_at(view, id), derived = {.id = id};
	const struct draft_line *line;
	struct ical_time start;
	int ret;

	if (present != NULL) {
		*component_r = present;
		return 0;
	}
	line = master != NULL ? draft_find(master->part, "DTSTART") : NULL;
	if (line == NULL || !component_time(master->c, "DTSTART", &start) || !itip_view_has_instance(view, id))
		return -ENOENT;
	derived.c = master->c;
	derived.part = draft_append(view->draft, master->part);
	if (derived.part == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(of_the_set); i++)
		draft_remove_all(derived.part, of_the_set[i]);
	move_end(view, derived.part, master->c, "DTEND", &start, id);
	move_end(view, derived.part, master->c, "DUE", &start, id);
	draft_put(view->draft, derived.part, "DTSTART", line->parameters, time_like(view, &start, id));
	draft_put(view->draft, derived.part, "RECURRENCE-ID", line->parameters, time_like(view, &start, id));
	ret = add(view, derived);
	if (ret == 0)
		*component_r = &view->at[view->count - 1];
	return ret;
}

int itip_view_exclude(struct itip_view *view, instant_t id)
{
	struct itip_component *master = itip_view_master(view), *override = itip_view_at(view, id);
	const struct draft_line *line;
	struct ical_time start;

	if (master == NULL || !component_time(master->c, "DTSTART", &start))
		return -ENOENT;
	line = draft_find(master->part, "DTSTART");
	if (!itip_view_is_excluded(view, id) && line != NULL)
		draft_add(view->draft, master->part, SLICE("EXDATE"), line->parameters, time_like(view, &start, id));
	if (override != NULL)
		itip_view_drop(view, override);
	return view->draft->err;
}

/* A line may name several: it is written again without the one, when they are of a form that is read here. */
void itip_view_include(struct itip_view *view, instant_t id)
{
	struct itip_component *master = itip_view_master(view);
	struct draft_line *line, *next;

	for (line = master != NULL ? draft_find(master->part, "EXDATE") : NULL; line != NULL; line = next) {
		struct slice rest = line->value, one, tzid = itip_parameter(line, "TZID");
		AUTO_BUF struct buf kept = BUF_INIT(1u << 20);
		char *copy;

		next = draft_find_next(line, "EXDATE");
		while (slice_next(&rest, ',', &one)) {
			struct ical_time time;

			if (ical_value_time(slice_trim(one), &time) == 0) {
				if (time.zone == NULL && !time.is_date && tzid.len > 0)
					time.zone = calendar_object_zone(view->env->arena, view->object, tzid);
				if (recur_named_instant(master->c, &time, view->env->floating) == id)
					continue;
			}
			if (kept.len > 0)
				buf_add_char(&kept, ',');
			buf_add_slice(&kept, one);
		}
		copy = arena_copy(view->env->arena, buf_slice(&kept));
		if (kept.err < 0 || copy == NULL)
			view->draft->err = -ENOMEM;
		else if (kept.len == 0)
			draft_remove(master->part, line);
		else if (kept.len != line->value.len)
			draft_set(view->draft, line, line->parameters, slice_of(copy, kept.len));
	}
}

/* ---- lines ---- */

uint32_t itip_sequence(const struct draft_part *part)
{
	const struct draft_line *line = draft_find(part, "SEQUENCE");
	uint64_t value;

	return line != NULL && slice_to_u64(slice_trim(line->value), INT32_MAX, &value) == 0 ? (uint32_t)value : 0;
}

void itip_set_sequence(struct itip_view *view, struct draft_part *part, uint32_t sequence)
{
	char *text = arena_printf(view->env->arena, "%u", sequence);

	if (text == NULL)
		view->draft->err = -ENOMEM;
	else
		draft_put(view->draft, part, "SEQUENCE", SLICE_EMPTY, slice_str(text));
}

instant_t itip_stamp(const struct draft_part *part)
{
	const struct draft_line *line = draft_find(part, "DTSTAMP");
	instant_t at;

	return line != NULL && instant_parse_basic(slice_trim(line->value), &at) == 0 ? at : INSTANT_MIN;
}

void itip_set_stamp(struct itip_view *view, struct draft_part *part)
{
	AUTO_BUF struct buf b = BUF_INIT(64);
	char *text;

	buf_add_basic_utc(&b, view->env->now);
	text = arena_copy(view->env->arena, buf_slice(&b));
	if (text == NULL || b.err < 0)
		view->draft->err = -ENOMEM;
	else
		draft_put(view->draft, part, "DTSTAMP", SLICE_EMPTY, slice_of(text, b.len));
}

struct slice itip_parameter(const struct draft_line *line, const char *name)
{
	struct slice value;

	return content_parameter(line->parameters, name, &value) ? value : SLICE_EMPTY;
}

void itip_set_parameter(struct itip_view *view, struct draft_line *line, const char *name, struct slice value)
{
	if (!slice_equal(itip_parameter(line, name), value))
		draft_set(view->draft, line, draft_parameter(view->draft, line->parameters, name, value), line->value);
}

void itip_drop_parameter(struct itip_view *view, struct draft_line *line, const char *name)
{
	struct slice value;

	if (content_parameter(line->parameters, name, &value))
		draft_set(view->draft, line, draft_parameter(view->draft, line->parameters, name, slice_of(NULL, 0)),
		    line->value);
}

struct draft_line *itip_attendee(const struct draft_part *part, const struct itip_user *user)
{
	for (struct draft_line *line = draft_find(part, "ATTENDEE"); line != NULL; line = draft_find_next(line, "ATTENDEE"))
		if (itip_user_is(user, line->value, itip_parameter(line, "EMAIL")))
			return line;
	return NULL;
}

struct draft_line *itip_attendee_at(const struct draft_part *part, struct slice address)
{
	struct itip_user user = {&address, 1};

	return itip_attendee(part, &user);
}

struct slice itip_partstat(const struct draft_line *line)
{
	struct slice partstat = itip_parameter(line, "PARTSTAT");

	return partstat.len > 0 ? partstat : SLICE("NEEDS-ACTION");
}

bool itip_is_cancelled(const struct draft_part *part)
{
	const struct draft_line *line = draft_find(part, "STATUS");

	return line != NULL && slice_is_nocase(slice_trim(line->value), "CANCELLED");
}
