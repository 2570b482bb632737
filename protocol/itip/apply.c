/* What comes from an organizer: REQUEST, ADD, CANCEL, DECLINECOUNTER. */
#include <config.h>

#include "protocol/itip/apply.h"

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/itip/apply_private.h"
#include "protocol/recur/instances.h"

int apply_outcome(struct application *a, enum itip_outcome outcome)
{
	a->applied->outcome = outcome;
	return 0;
}

int apply_finish(struct application *a)
{
	int ret = itip_view_text(&a->stored, &a->applied->text);

	if (ret < 0)
		return ret;
	return apply_outcome(a,
	    slice_equal(a->applied->text, calendar_object_text(a->stored.object)) ? ITIP_SAME : ITIP_APPLIED);
}

bool apply_is_stale(const struct draft_part *message, const struct draft_part *stored)
{
	uint32_t sent = itip_sequence(message), known = itip_sequence(stored);

	return sent < known || (sent == known && itip_stamp(message) < itip_stamp(stored));
}

static bool is_same_organizer(const struct application *a)
{
	struct ical_attendee sent, known;

	return component_organizer(a->message.at[0].c, &sent) && component_organizer(a->stored.at[0].c, &known) &&
	       (ical_address_is(sent.address, known.address) || slice_equal(sent.address, known.address));
}

/* ---- REQUEST ---- */

/* Whether the one whose calendar it is is invited to any of it. */
static bool is_invited(const struct application *a)
{
	for (size_t i = 0; i < a->message.count; i++)
		if (itip_attendee(a->message.at[i].part, a->user) != NULL)
			return true;
	return false;
}

static bool is_moved(const struct application *a, const struct itip_component *new, const struct itip_component *old)
{
	if (old->is_master && !new->is_master)
		return !itip_same_as_master(a->env, new->c, new->id, old->c);
	return !itip_same_times(a->env, old->c, new->c);
}

/* His answer stands while the time does; after a move it is what the organizer says: mostly NEEDS-ACTION. */
static void keep_own_answer(struct application *a, struct itip_view *view, struct draft_part *part,
    const struct draft_part *old)
{
	static const char *const kept[] = {"PARTSTAT", "RSVP", "X-COMMENT"};
	struct draft_line *line = itip_attendee(part, a->user);
	const struct draft_line *own = itip_attendee(old, a->user);

	if (line == NULL || own == NULL || slice_is_nocase(itip_partstat(own), "NEEDS-ACTION"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		struct slice value = itip_parameter(own, kept[i]);

		if (value.len > 0)
			itip_set_parameter(view, line, kept[i], value);
		else
			itip_drop_parameter(view, line, kept[i]);
	}
}

static void merge_component(struct application *a, struct itip_view *view, const struct itip_component *new,
    const struct itip_component *old)
{
	bool moved = is_moved(a, new, old);

	itip_take_personal(view, new->part, old->part);
	if (moved)
		a->applied->rescheduled = true;
	else
		keep_own_answer(a, view, new->part, old->part);
}

static bool is_request_stale(const struct application *a)
{
	for (size_t i = 0; i < a->message.count; i++) {
		const struct itip_component *new = &a->message.at[i];
		const struct itip_component *old =
		    new->is_master ? itip_view_master(&a->stored) : itip_view_at(&a->stored, new->id);

		if (old != NULL && apply_is_stale(new->part, old->part))
			return true;
	}
	return false;
}

/* The whole series: what the message has not is gone. */
static int request_whole(struct application *a)
{
	int ret;

	for (size_t i = 0; i < a->message.count; i++) {
		const struct itip_component *new = &a->message.at[i];
		const struct itip_component *old = new->is_master ? itip_view_master(&a->stored) : itip_view_for(&a->stored, new->id);

		if (old != NULL)
			merge_component(a, &a->message, new, old);
	}
	ret = itip_view_text(&a->message, &a->applied->text);
	if (ret < 0)
		return ret;
	return apply_outcome(a,
	    slice_equal(a->applied->text, calendar_object_text(a->stored.object)) ? ITIP_SAME : ITIP_APPLIED);
}

/* Single instances, into what is stored. */
static int request_instances(struct application *a)
{
	int ret = 0;

	draft_take_zones(a->stored.draft, a->message.draft);
	for (size_t i = 0; ret == 0 && i < a->message.count; i++) {
		const struct itip_component *new = &a->message.at[i];
		struct itip_component *present = itip_view_at(&a->stored, new->id);
		const struct itip_component *old = itip_view_for(&a->stored, new->id);

		if (old != NULL)
			merge_component(a, &a->message, new, old);
		itip_view_include(&a->stored, new->id);
		if (present != NULL)
			itip_view_drop(&a->stored, present);
		ret = itip_view_bring(&a->stored, new);
	}
	return ret < 0 ? ret : apply_finish(a);
}

static int apply_request(struct application *a, bool there)
{
	if (!is_invited(a))
		return apply_outcome(a, ITIP_NOT_INVITED);
	if (!there) {
		a->applied->rescheduled = true;
		a->applied->outcome = ITIP_APPLIED;
		return itip_view_text(&a->message, &a->applied->text);
	}
	if (!is_same_organizer(a))
		return apply_outcome(a, ITIP_NOT_ORGANIZER);
	if (is_request_stale(a))
		return apply_outcome(a, ITIP_STALE);
	return itip_view_master(&a->message) != NULL ? request_whole(a) : request_instances(a);
}

/* ---- ADD: further instances, each an RDATE and what stands in its place ---- */

static int add_instance(struct application *a, const struct itip_component *new, struct itip_component *master)
{
	const struct draft_line *start = draft_find(new->part, "DTSTART");
	struct itip_component added = *new;
	struct ical_time time;
	int ret;

	if (start == NULL || !component_time(new->c, "DTSTART", &time))
		return 0;
	added.id = recur_named_instant(master->c, &time, a->env->floating);
	added.is_master = false;
	if (itip_view_has_instance(&a->stored, added.id))
		return 0; /* it came before */
	itip_take_personal(&a->message, new->part, master->part);
	draft_put(a->message.draft, new->part, "RECURRENCE-ID", start->parameters, start->value);
	draft_add(a->stored.draft, master->part, SLICE("RDATE"), start->parameters, start->value);
	ret = itip_view_bring(&a->stored, &added);
	a->applied->rescheduled = true;
	return ret;
}

static int apply_add(struct application *a)
{
	struct itip_component *master = itip_view_master(&a->stored);
	int ret = 0;

	if (!is_same_organizer(a))
		return apply_outcome(a, ITIP_NOT_ORGANIZER);
	if (!is_invited(a))
		return apply_outcome(a, ITIP_NOT_INVITED);
	if (master == NULL)
		return apply_outcome(a, ITIP_NO_OBJECT);
	if (apply_is_stale(a->message.at[0].part, master->part))
		return apply_outcome(a, ITIP_STALE);
	draft_take_zones(a->stored.draft, a->message.draft);
	for (size_t i = 0; ret == 0 && i < a->message.count; i++)
		ret = add_instance(a, &a->message.at[i], itip_view_master(&a->stored));
	return ret < 0 ? ret : apply_finish(a);
}

/* ---- CANCEL ---- */

static void cancel_component(struct application *a, const struct itip_component *c, uint32_t sequence)
{
	if (itip_is_cancelled(c->part))
		return;
	draft_put(a->stored.draft, c->part, "STATUS", SLICE_EMPTY, SLICE("CANCELLED"));
	if (sequence > itip_sequence(c->part))
		itip_set_sequence(&a->stored, c->part, sequence);
}

static int cancel_whole(struct application *a)
{
	uint32_t sequence = itip_sequence(a->message.at[0].part);

	for (size_t i = 0; i < a->stored.count; i++)
		cancel_component(a, &a->stored.at[i], sequence);
	a->applied->cancelled = true;
	return apply_finish(a);
}

/* An instance of a series is left out; of an object that has no series the override stays, cancelled. */
static int cancel_instance(struct application *a, const struct itip_component *cancelled)
{
	struct itip_component *present = itip_view_at(&a->stored, cancelled->id);

	if (itip_view_master(&a->stored) != NULL)
		return present != NULL || itip_view_has_instance(&a->stored, cancelled->id)
		           ? itip_view_exclude(&a->stored, cancelled->id)
		           : 0;
	if (present != NULL)
		cancel_component(a, present, itip_sequence(cancelled->part));
	return 0;
}

static bool is_all_cancelled(const struct application *a)
{
	for (size_t i = 0; i < a->stored.count; i++)
		if (!itip_is_cancelled(a->stored.at[i].part))
			return false;
	return true;
}

static int apply_cancel(struct application *a)
{
	const struct itip_component *known;
	int ret = 0;

	if (!is_same_organizer(a))
		return apply_outcome(a, ITIP_NOT_ORGANIZER);
	for (size_t i = 0; i < a->message.count; i++) {
		const struct itip_component *c = &a->message.at[i];

		known = c->is_master ? itip_view_master(&a->stored) : itip_view_at(&a->stored, c->id);
		if (known != NULL && itip_sequence(c->part) < itip_sequence(known->part))
			return apply_outcome(a, ITIP_STALE);
	}
	if (itip_view_master(&a->message) != NULL)
		return cancel_whole(a);
	for (size_t i = 0; ret == 0 && i < a->message.count; i++)
		ret = cancel_instance(a, &a->message.at[i]);
	a->applied->cancelled = is_all_cancelled(a);
	return ret < 0 ? ret : apply_finish(a);
}

/* ---- any ---- */

int itip_apply(const struct itip_env *env, const struct itip_message *message, struct slice stored,
    const struct itip_user *user, struct itip_applied *applied_r)
{
	struct itip_applied applied = {.outcome = ITIP_NO_OBJECT};
	struct application a = {.env = env, .user = user, .applied = &applied};
	bool there = stored.len > 0;
	int ret = itip_view_open(env, message->body, &a.message);

	if (ret == 0 && there)
		ret = itip_view_open(env, stored, &a.stored);
	if (ret < 0)
		return ret;
	if (there && !slice_equal(calendar_object_uid(a.message.object), calendar_object_uid(a.stored.object))) {
		*applied_r = applied;
		return 0; /* of another object */
	}
	if (!there && message->method != ITIP_REQUEST && message->method != ITIP_PUBLISH) {
		*applied_r = applied;
		return 0;
	}
	switch (message->method) {
	case ITIP_REQUEST:
		ret = apply_request(&a, there);
		break;
	case ITIP_ADD:
		ret = apply_add(&a);
		break;
	case ITIP_CANCEL:
		ret = apply_cancel(&a);
		break;
	case ITIP_REPLY:
		ret = apply_reply(&a);
		break;
	case ITIP_REFRESH:
		ret = apply_refresh(&a);
		break;
	case ITIP_COUNTER:
		ret = apply_counter(&a);
		break;
	case ITIP_DECLINECOUNTER:
		applied.outcome = is_same_organizer(&a) ? ITIP_SAME : ITIP_NOT_ORGANIZER;
		break;
	case ITIP_PUBLISH:
	case ITIP_METHOD_COUNT:
		applied.outcome = ITIP_NOT_HANDLED;
		break;
	}
	if (ret == 0)
		*applied_r = applied;
	return ret;
}
