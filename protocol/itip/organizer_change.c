#include <config.h>

#include "protocol/itip/organizer_change.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/ascii.h"
#include "protocol/base/cleanup.h"
#include "protocol/itip/schedule_status.h"
#include "protocol/itip/view.h"
#include "protocol/recur/instances.h"

#define CELLS_MAX 1000000 /* components times people: bounds memory and time of one change */

/* ---- everybody who takes part, before or after ---- */

struct person {
	struct slice address, email;
	bool forced; /* SCHEDULE-FORCE-SEND=REQUEST */
};

/* Who is in which component: lines[component * capacity + person]. */
struct side {
	struct itip_view view;
	bool there;
	struct draft_line **lines;
	instant_t *excluded; /* by EXDATE; sorted */
	size_t excluded_count;
};

struct work {
	const struct itip_env *env;
	const struct itip_user *owner;
	const struct itip_local *local;
	struct side old, new;
	struct person *people;
	size_t count, capacity;
	uint32_t *slots; /* of a hash table: index of the person + 1 */
	size_t slot_count;
	bool master_differs;
	bool *override_differs; /* of each component of the new side */
	struct itip_organizer_change *change;
	size_t delivery_capacity;
};

static uint32_t hash_of(struct slice address)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < address.len; i++)
		hash = (hash ^ (unsigned char)ascii_lower(address.at[i])) * 16777619u;
	return hash;
}

static size_t person_of(struct work *work, const struct draft_line *line)
{
	struct slice address = slice_trim(line->value);
	size_t slot = hash_of(address) % work->slot_count;

	for (; work->slots[slot] != 0; slot = (slot + 1) % work->slot_count)
		if (slice_equal_nocase(work->people[work->slots[slot] - 1].address, address))
			return work->slots[slot] - 1;
	work->people[work->count] = (struct person){.address = address, .email = itip_parameter(line, "EMAIL")};
	work->slots[slot] = (uint32_t)++work->count;
	return work->count - 1;
}

static size_t count_lines(const struct side *side)
{
	size_t count = 0;

	for (size_t i = 0; side->there && i < side->view.count; i++)
		for (struct draft_line *line = draft_find(side->view.at[i].part, "ATTENDEE"); line != NULL;
		     line = draft_find_next(line, "ATTENDEE"))
			count++;
	return count;
}

static int fill_side(struct work *work, struct side *side)
{
	side->lines = arena_array(work->env->arena, side->view.count * work->capacity + 1, sizeof(*side->lines));
	if (side->lines == NULL)
		return -ENOMEM;
	for (size_t i = 0; side->there && i < side->view.count; i++)
		for (struct draft_line *line = draft_find(side->view.at[i].part, "ATTENDEE"); line != NULL;
		     line = draft_find_next(line, "ATTENDEE"))
			if (!itip_user_is(work->owner, line->value, itip_parameter(line, "EMAIL")))
				side->lines[i * work->capacity + person_of(work, line)] = line;
	return 0;
}

static int find_people(struct work *work, struct error *err)
{
	size_t lines = count_lines(&work->old) + count_lines(&work->new), most = work->old.view.count + work->new.view.count;
	int ret;

	work->capacity = lines + 1;
	if (most * work->capacity > CELLS_MAX)
		return error_set(err, 403, CALDAV_MAX_ATTENDEES_PER_INSTANCE, "too many attendees in too many instances");
	work->slot_count = 2 * work->capacity + 1;
	work->people = arena_array(work->env->arena, work->capacity, sizeof(*work->people));
	work->slots = arena_array(work->env->arena, work->slot_count, sizeof(*work->slots));
	if (work->people == NULL || work->slots == NULL)
		return -ENOMEM;
	ret = fill_side(work, &work->old);
	return ret < 0 ? ret : fill_side(work, &work->new);
}

/* His line in the component that stands for an instance (NULL: he is not in it, or it is cancelled). */
static struct draft_line *line_in(const struct work *work, const struct side *side, const struct itip_component *c,
    size_t person)
{
	if (!side->there || c == NULL || itip_is_cancelled(c->part))
		return NULL;
	return side->lines[(size_t)(c - side->view.at) * work->capacity + person];
}

static bool is_anywhere(const struct work *work, const struct side *side, size_t person)
{
	for (size_t i = 0; side->there && i < side->view.count; i++)
		if (line_in(work, side, &side->view.at[i], person) != NULL)
			return true;
	return false;
}

static bool is_servers(const struct draft_line *line)
{
	struct slice agent = itip_parameter(line, "SCHEDULE-AGENT");

	return agent.len == 0 || slice_is_nocase(agent, "SERVER");
}

/* Whether the server speaks to him on that side: by the first line that names him. */
static bool is_server_side(const struct work *work, const struct side *side, size_t person)
{
	for (size_t i = 0; side->there && i < side->view.count; i++) {
		const struct draft_line *line = side->lines[i * work->capacity + person];

		if (line != NULL)
			return is_servers(line);
	}
	return false;
}

/* ---- the organizer's own text ---- */

/* What stood for the same instance before; NULL: the object is new. */
static const struct itip_component *before(const struct work *work, const struct itip_component *c)
{
	if (!work->old.there)
		return NULL;
	return c->is_master ? itip_view_master(&work->old.view) : itip_view_for(&work->old.view, c->id);
}

static bool is_rescheduled(const struct work *work, const struct itip_component *c)
{
	const struct itip_component *old = before(work, c);

	if (old == NULL)
		return false;
	if (old->is_master && !c->is_master)
		return !itip_same_as_master(work->env, c->c, c->id, old->c);
	return !itip_same_times(work->env, old->c, c->c);
}

static void ask_again(struct work *work, const struct itip_component *c)
{
	const struct itip_component *old = before(work, c);
	struct itip_view *view = &work->new.view;
	size_t first = (size_t)(c - view->at) * work->capacity;

	if (itip_sequence(c->part) <= itip_sequence(old->part))
		itip_set_sequence(view, c->part, itip_sequence(old->part) + 1);
	for (size_t p = 0; p < work->count; p++) {
		struct draft_line *line = work->new.lines[first + p];

		if (line == NULL || !is_servers(line))
			continue;
		itip_set_parameter(view, line, "PARTSTAT", SLICE("NEEDS-ACTION"));
		itip_set_parameter(view, line, "RSVP", SLICE("TRUE"));
		itip_drop_parameter(view, line, ITIP_REPLIED);
	}
	work->change->rescheduled = true;
}

static void keep_answer(struct work *work, struct draft_line *line, const struct draft_line *old)
{
	struct itip_view *view = &work->new.view;
	struct slice status = itip_parameter(old, "SCHEDULE-STATUS"), replied = itip_parameter(old, ITIP_REPLIED);

	if (status.len > 0)
		itip_set_parameter(view, line, "SCHEDULE-STATUS", status);
	if (!schedule_status_is_delivered(status))
		return;
	if (!slice_equal_nocase(itip_partstat(line), itip_partstat(old)))
		itip_set_parameter(view, line, "PARTSTAT", itip_partstat(old));
	if (replied.len > 0)
		itip_set_parameter(view, line, ITIP_REPLIED, replied);
}

/* He was not in it before: what a client says of him and of the server's doings is not believed. */
static void begin_answer(struct work *work, struct draft_line *line, const struct person *person)
{
	itip_drop_parameter(&work->new.view, line, "SCHEDULE-STATUS");
	itip_drop_parameter(&work->new.view, line, ITIP_REPLIED);
	if (work->local != NULL && !slice_is_nocase(itip_partstat(line), "NEEDS-ACTION") &&
	    work->local->is(person->address, person->email, work->local->arg))
		itip_set_parameter(&work->new.view, line, "PARTSTAT", SLICE("NEEDS-ACTION"));
}

static void keep_answers(struct work *work, const struct itip_component *c)
{
	const struct itip_component *old = before(work, c);
	size_t at = (size_t)(c - work->new.view.at) * work->capacity;

	for (size_t p = 0; p < work->count; p++) {
		struct draft_line *line = work->new.lines[at + p];
		const struct draft_line *was =
		    old != NULL ? work->old.lines[(size_t)(old - work->old.view.at) * work->capacity + p] : NULL;

		if (line == NULL || !is_servers(line))
			continue;
		if (was != NULL)
			keep_answer(work, line, was);
		else
			begin_answer(work, line, &work->people[p]);
	}
}

static void note_forced(struct work *work, const struct itip_component *c)
{
	size_t at = (size_t)(c - work->new.view.at) * work->capacity;

	for (size_t p = 0; p < work->count; p++) {
		struct draft_line *line = work->new.lines[at + p];

		if (line == NULL || itip_parameter(line, "SCHEDULE-FORCE-SEND").len == 0)
			continue;
		work->people[p].forced |= slice_is_nocase(itip_parameter(line, "SCHEDULE-FORCE-SEND"), "REQUEST");
		itip_drop_parameter(&work->new.view, line, "SCHEDULE-FORCE-SEND");
	}
}

static int make_text(struct work *work, struct slice new)
{
	struct itip_view *view = &work->new.view;
	int ret;

	for (size_t i = 0; i < view->count; i++) {
		const struct itip_component *c = &view->at[i];

		note_forced(work, c);
		if (is_rescheduled(work, c))
			ask_again(work, c);
		else
			keep_answers(work, c);
	}
	ret = itip_view_text(view, &work->change->text);
	work->change->rewritten = ret == 0 && !slice_equal(work->change->text, new);
	return ret;
}

/* ---- who is told what ---- */

static bool is_everywhere(const struct work *work, const struct side *side, size_t person)
{
	for (size_t i = 0; i < side->view.count; i++)
		if (line_in(work, side, &side->view.at[i], person) == NULL)
			return false;
	return side->there;
}

static int deliver(struct work *work, struct itip_delivery delivery, size_t person)
{
	struct itip_organizer_change *change = work->change;

	if (change->count == work->delivery_capacity) {
		size_t capacity = 2 * work->delivery_capacity + 16;
		struct itip_delivery *grown = arena_array(work->env->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (change->count > 0)
			memcpy(grown, change->deliveries, change->count * sizeof(*grown));
		change->deliveries = grown;
		work->delivery_capacity = capacity;
	}
	delivery.everywhere = delivery.id_count == 0 && is_everywhere(work, delivery.as_it_was ? &work->old : &work->new, person);
	delivery.address = work->people[person].address;
	delivery.email = work->people[person].email;
	change->deliveries[change->count++] = delivery;
	return 0;
}

/* How far a person's part of the object has changed. */
struct difference {
	bool whole; /* all of it is sent again */
	instant_t *changed, *cancelled; /* else these instances */
	size_t changed_count, cancelled_count;
};

static bool is_same_content(const struct component *a, const struct component *b)
{
	return itip_content_within(a, b) && itip_content_within(b, a);
}

static int compare_instants(const void *left, const void *right)
{
	instant_t a = *(const instant_t *)left, b = *(const instant_t *)right;

	return (a > b) - (a < b);
}

static bool is_excluded(const struct side *side, instant_t id)
{
	return side->excluded_count > 0 &&
	       bsearch(&id, side->excluded, side->excluded_count, sizeof(id), compare_instants) != NULL;
}

static int read_excluded(const struct work *work, struct side *side)
{
	const struct itip_component *master = side->there ? itip_view_master(&side->view) : NULL;
	const struct ical_time *exdates;
	size_t count = master != NULL ? component_exdates(master->c, &exdates) : 0;

	side->excluded = arena_array(work->env->arena, count + 1, sizeof(*side->excluded));
	if (side->excluded == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		side->excluded[i] = recur_named_instant(master->c, &exdates[i], work->env->floating);
	qsort(side->excluded, count, sizeof(*side->excluded), compare_instants);
	side->excluded_count = count;
	return 0;
}

/* The master: its rule, its times, its words; an EXDATE taken back brings an instance that nobody has. */
static bool master_differs(const struct work *work)
{
	const struct itip_component *old = itip_view_master(&work->old.view), *new = itip_view_master(&work->new.view);

	if (old == NULL || new == NULL)
		return false; /* there is more to it then, for each person */
	if (!itip_same_times(work->env, old->c, new->c) || !is_same_content(old->c, new->c))
		return true;
	for (size_t i = 0; i < work->old.excluded_count; i++)
		if (!is_excluded(&work->new, work->old.excluded[i]))
			return true;
	return false;
}

/* An override that was not there before says something new only where it differs from the master. */
static bool override_differs(const struct work *work, const struct itip_component *old, const struct itip_component *new)
{
	if (old->is_master)
		return !itip_same_as_master(work->env, new->c, new->id, old->c) || !itip_content_within(new->c, old->c);
	return !itip_same_times(work->env, old->c, new->c) || !is_same_content(old->c, new->c);
}

/* What is the same for everybody. */
static int compare_sides(struct work *work)
{
	int ret = read_excluded(work, &work->old);

	if (ret == 0)
		ret = read_excluded(work, &work->new);
	work->override_differs = arena_array(work->env->arena, work->new.view.count + 1, sizeof(bool));
	if (ret < 0 || work->override_differs == NULL)
		return ret < 0 ? ret : -ENOMEM;
	if (!work->old.there || !work->new.there)
		return 0;
	work->master_differs = master_differs(work);
	for (size_t i = 0; i < work->new.view.count; i++) {
		const struct itip_component *c = &work->new.view.at[i], *old = before(work, c);

		work->override_differs[i] = !c->is_master && (old == NULL || override_differs(work, old, c));
	}
	return 0;
}

static void compare_overrides(const struct work *work, size_t person, struct difference *d)
{
	const struct itip_view *view = &work->new.view;

	for (size_t i = 0; i < view->count; i++) {
		const struct itip_component *c = &view->at[i], *old = before(work, c);
		bool was = line_in(work, &work->old, old, person) != NULL, is = line_in(work, &work->new, c, person) != NULL;

		if (c->is_master)
			continue;
		if (is && (!was || work->override_differs[i]))
			d->changed[d->changed_count++] = c->id;
		else if (was && !is)
			d->cancelled[d->cancelled_count++] = c->id;
	}
}

/* Instances that were there: gone by EXDATE, or back to what the master says. */
static void compare_gone(const struct work *work, size_t person, struct difference *d)
{
	const struct itip_view *old = &work->old.view;
	const struct itip_component *master = itip_view_master(&work->new.view);

	for (size_t i = 0; i < old->count; i++) {
		const struct itip_component *c = &old->at[i];

		if (c->is_master || itip_view_at(&work->new.view, c->id) != NULL || line_in(work, &work->old, c, person) == NULL)
			continue;
		if (is_excluded(&work->new, c->id))
			continue; /* with the EXDATEs */
		if (line_in(work, &work->new, master, person) != NULL)
			d->whole = true;
		else
			d->cancelled[d->cancelled_count++] = c->id;
	}
	for (size_t i = 0; i < work->new.excluded_count; i++) {
		instant_t id = work->new.excluded[i];
		const struct itip_component *was;

		if (is_excluded(&work->old, id))
			continue;
		was = itip_view_for(old, id);
		if (line_in(work, &work->old, was, person) != NULL)
			d->cancelled[d->cancelled_count++] = id;
	}
}

static int compare(const struct work *work, size_t person, struct difference *d)
{
	const struct itip_component *old = itip_view_master(&work->old.view), *new = itip_view_master(&work->new.view);
	bool was = line_in(work, &work->old, old, person) != NULL, is = line_in(work, &work->new, new, person) != NULL;
	size_t room = work->old.view.count + work->new.view.count + work->new.excluded_count + 1;

	*d = (struct difference){.whole = was != is || (is && work->master_differs)};
	d->changed = arena_array(work->env->arena, room, sizeof(*d->changed));
	d->cancelled = arena_array(work->env->arena, room, sizeof(*d->cancelled));
	if (d->changed == NULL || d->cancelled == NULL)
		return -ENOMEM;
	compare_overrides(work, person, d);
	compare_gone(work, person, d);
	return 0;
}

static int tell_changed(struct work *work, size_t person)
{
	struct difference d;
	int ret = compare(work, person, &d);

	if (ret < 0)
		return ret;
	if (d.whole || work->people[person].forced || (d.changed_count == 0 && d.cancelled_count == 0)) {
		bool quiet = !d.whole && !work->people[person].forced;

		return deliver(work, (struct itip_delivery){.method = ITIP_REQUEST, .quiet = quiet}, person);
	}
	if (d.changed_count > 0)
		ret = deliver(work, (struct itip_delivery){.method = ITIP_REQUEST, .ids = d.changed, .id_count = d.changed_count},
		    person);
	if (ret == 0 && d.cancelled_count > 0)
		ret = deliver(work,
		    (struct itip_delivery){
		        .method = ITIP_CANCEL, .ids = d.cancelled, .id_count = d.cancelled_count, .as_it_was = true},
		    person);
	return ret;
}

/* All who are taken out of everything hear of it by one message. */
static int gather_cancelled(struct work *work)
{
	struct itip_organizer_change *change = work->change;
	struct slice *together = arena_array(work->env->arena, change->count + 1, sizeof(*together));
	size_t count = 0;

	if (together == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < change->count; i++)
		if (change->deliveries[i].method == ITIP_CANCEL && change->deliveries[i].everywhere)
			together[count++] = change->deliveries[i].address;
	for (size_t i = 0; i < change->count; i++) {
		if (change->deliveries[i].method != ITIP_CANCEL || !change->deliveries[i].everywhere)
			continue;
		change->deliveries[i].together = together;
		change->deliveries[i].together_count = count;
	}
	return 0;
}

static int tell(struct work *work, size_t person)
{
	bool was = is_anywhere(work, &work->old, person) && is_server_side(work, &work->old, person);
	bool is = is_anywhere(work, &work->new, person) && is_server_side(work, &work->new, person);

	if (was && !is)
		return deliver(work, (struct itip_delivery){.method = ITIP_CANCEL, .as_it_was = true}, person);
	if (is && !was)
		return deliver(work, (struct itip_delivery){.method = ITIP_REQUEST}, person);
	return is ? tell_changed(work, person) : 0;
}

static int open_side(const struct itip_env *env, struct slice text, struct side *side)
{
	side->there = text.len > 0;
	return side->there ? itip_view_open(env, text, &side->view) : 0;
}

int itip_organizer_change(const struct itip_env *env, struct slice old, struct slice new, const struct itip_user *owner,
    const struct itip_local *local, struct itip_organizer_change *change_r, struct error *err)
{
	struct itip_organizer_change change = {.text = SLICE_EMPTY};
	struct work work = {.env = env, .owner = owner, .local = local, .change = &change};
	int ret = open_side(env, old, &work.old);

	if (ret == 0)
		ret = open_side(env, new, &work.new);
	if (ret == 0)
		ret = find_people(&work, err);
	if (ret == 0 && work.new.there)
		ret = make_text(&work, new);
	if (ret == 0)
		ret = compare_sides(&work);
	for (size_t p = 0; ret == 0 && p < work.count; p++)
		ret = tell(&work, p);
	if (ret == 0)
		ret = gather_cancelled(&work);
	if (ret == 0)
		*change_r = change;
	return ret;
}
