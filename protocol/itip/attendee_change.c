#include <config.h>

#include "protocol/itip/attendee_change.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/edit.h"
#include "protocol/itip/view.h"
#include "protocol/recur/instances.h"

struct work {
	const struct itip_env *env;
	const struct itip_user *user;
	struct itip_view old, new;
	instant_t *dropped; /* instances that the client leaves out now */
	size_t dropped_count;
	struct itip_view reply; /* made when there is something to say */
	bool has_reply;
};

static int refuse(struct error *err, const char *what)
{
	return error_set(err, 403, CALDAV_ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE, "only the organizer changes %s", what);
}

static bool is_agent_server(const struct itip_view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		const struct draft_line *line = draft_find(view->at[i].part, "ORGANIZER");
		struct slice agent = line != NULL ? itip_parameter(line, "SCHEDULE-AGENT") : SLICE_EMPTY;

		if (agent.len > 0 && !slice_is_nocase(agent, "SERVER"))
			return false;
	}
	return true;
}

/* What stands for the client's component in the store. */
static const struct itip_component *stored_for(const struct work *work, const struct itip_component *c)
{
	return c->is_master ? itip_view_master(&work->old) : itip_view_for(&work->old, c->id);
}

/* ---- what he may not ---- */

static bool is_same_organizer(const struct itip_component *a, const struct itip_component *b)
{
	struct ical_attendee x, y;

	return component_organizer(a->c, &x) && component_organizer(b->c, &y) &&
	       (ical_address_is(x.address, y.address) || slice_equal(x.address, y.address));
}

/* Nobody joins by an attendee's hand but the one to whom he delegates. */
static bool brings_people(const struct work *work, const struct itip_component *new, const struct itip_component *old)
{
	const struct draft_line *own = itip_attendee(new->part, work->user);
	struct slice delegate = own != NULL ? itip_parameter(own, "DELEGATED-TO") : SLICE_EMPTY;

	for (const struct draft_line *line = draft_find(new->part, "ATTENDEE"); line != NULL;
	     line = draft_find_next(line, "ATTENDEE"))
		if (line != own && itip_attendee_at(old->part, slice_trim(line->value)) == NULL &&
		    !ical_address_is(line->value, delegate))
			return true;
	return false;
}

static bool is_moved(const struct work *work, const struct itip_component *new, const struct itip_component *old)
{
	if (old->is_master && !new->is_master)
		return !itip_same_as_master(work->env, new->c, new->id, old->c);
	return !itip_same_times(work->env, old->c, new->c);
}

static int check_component(const struct work *work, const struct itip_component *c, struct error *err)
{
	const struct itip_component *old = stored_for(work, c);

	if (old == NULL || (!c->is_master && !itip_view_has_instance(&work->old, c->id)))
		return refuse(err, "which instances there are");
	if (!is_same_organizer(c, old))
		return refuse(err, "who organizes");
	if (is_moved(work, c, old))
		return refuse(err, "when it takes place");
	if (!itip_content_within(c->c, old->c))
		return refuse(err, "what it is about");
	if (brings_people(work, c, old))
		return refuse(err, "who takes part");
	return 0;
}

static int check(const struct work *work, struct error *err)
{
	int ret = 0;

	if (itip_view_master(&work->old) != NULL && itip_view_master(&work->new) == NULL)
		return refuse(err, "which instances there are");
	for (size_t i = 0; ret == 0 && i < work->new.count; i++)
		ret = check_component(work, &work->new.at[i], err);
	return ret;
}

/* ---- instances left out ---- */

static int compare_instants(const void *left, const void *right)
{
	instant_t a = *(const instant_t *)left, b = *(const instant_t *)right;

	return (a > b) - (a < b);
}

static int excluded_of(const struct work *work, const struct itip_view *view, instant_t **at_r, size_t *count_r)
{
	const struct itip_component *master = itip_view_master(view);
	const struct ical_time *exdates;
	size_t count = master != NULL ? component_exdates(master->c, &exdates) : 0;
	instant_t *at = arena_array(work->env->arena, count + 1, sizeof(*at));

	if (at == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		at[i] = recur_named_instant(master->c, &exdates[i], work->env->floating);
	qsort(at, count, sizeof(*at), compare_instants);
	*at_r = at;
	*count_r = count;
	return 0;
}

/* *KEPT_R: whether the client still leaves out all that was left out before. */
static int find_dropped(struct work *work, bool *kept_r)
{
	instant_t *before, *now;
	size_t before_count, count;
	int ret = excluded_of(work, &work->old, &before, &before_count);

	if (ret == 0)
		ret = excluded_of(work, &work->new, &now, &count);
	if (ret < 0)
		return ret;
	*kept_r = true;
	for (size_t i = 0; i < before_count; i++)
		*kept_r &= bsearch(&before[i], now, count, sizeof(*now), compare_instants) != NULL;
	work->dropped = now;
	for (size_t i = 0; i < count; i++) {
		instant_t id = now[i];

		if (bsearch(&id, before, before_count, sizeof(id), compare_instants) == NULL)
			work->dropped[work->dropped_count++] = id;
	}
	return 0;
}

/* ---- the text ---- */

static bool has_everybody(const struct itip_component *new, const struct itip_component *old)
{
	for (const struct draft_line *line = draft_find(old->part, "ATTENDEE"); line != NULL;
	     line = draft_find_next(line, "ATTENDEE"))
		if (itip_attendee_at(new->part, slice_trim(line->value)) == NULL)
			return false;
	return true;
}

/* Whether the client's own text has all that the organizer said, so that it can be stored as it is. */
static bool is_complete(const struct work *work)
{
	for (size_t i = 0; i < work->old.count; i++) {
		const struct itip_component *old = &work->old.at[i];
		const struct itip_component *new = old->is_master ? itip_view_master(&work->new) : itip_view_at(&work->new, old->id);
		bool dropped = !old->is_master && bsearch(&old->id, work->dropped, work->dropped_count, sizeof(old->id),
		                                      compare_instants) != NULL;

		if (dropped)
			continue;
		if (new == NULL || itip_sequence(new->part) != itip_sequence(old->part) ||
		    !itip_content_within(old->c, new->c))
			return false;
	}
	for (size_t i = 0; i < work->new.count; i++)
		if (!has_everybody(&work->new.at[i], stored_for(work, &work->new.at[i])) ||
		    itip_attendee(work->new.at[i].part, work->user) == NULL)
			return false;
	return true;
}

/* Others' answers are as the store knows them: the client may have read it before they came (RFC 6638, 3.2.10). */
static void keep_others(struct work *work, struct itip_view *view, struct draft_part *part, const struct draft_part *old)
{
	static const char *const kept[] = {"PARTSTAT", "DELEGATED-TO", "DELEGATED-FROM"};

	for (struct draft_line *line = draft_find(part, "ATTENDEE"); line != NULL; line = draft_find_next(line, "ATTENDEE")) {
		const struct draft_line *was = itip_attendee_at(old, slice_trim(line->value));

		if (was == NULL || itip_user_is(work->user, line->value, itip_parameter(line, "EMAIL")))
			continue;
		if (!slice_equal_nocase(itip_partstat(line), itip_partstat(was)))
			itip_set_parameter(view, line, kept[0], itip_partstat(was));
		for (size_t i = 1; i < ARRAY_LEN(kept); i++)
			if (itip_parameter(was, kept[i]).len > 0)
				itip_set_parameter(view, line, kept[i], itip_parameter(was, kept[i]));
	}
}

static bool drop_force(struct itip_view *view, struct draft_part *part)
{
	struct draft_line *line = draft_find(part, "ORGANIZER");
	bool forced = line != NULL && slice_is_nocase(itip_parameter(line, "SCHEDULE-FORCE-SEND"), "REPLY");

	if (line != NULL)
		itip_drop_parameter(view, line, "SCHEDULE-FORCE-SEND");
	return forced;
}

/* His line, and what is his, out of what he wrote. */
static int take_his(struct work *work, struct itip_view *merged, const struct itip_component *from)
{
	const struct draft_line *said = itip_attendee(from->part, work->user);
	struct itip_component *target = itip_view_master(merged);
	struct draft_line *line;
	int ret = from->is_master ? 0 : itip_view_derive(merged, from->id, &target);

	if (ret < 0 || target == NULL)
		return ret == -ENOENT ? 0 : ret;
	line = itip_attendee(target->part, work->user);
	if (said != NULL && line != NULL)
		draft_set(merged->draft, line, said->parameters, line->value);
	itip_take_personal(merged, target->part, from->part);
	draft_remove_all(target->part, "COMMENT");
	for (const struct draft_line *at = draft_find(from->part, "COMMENT"); at != NULL; at = draft_find_next(at, "COMMENT"))
		draft_copy_line(merged->draft, target->part, at);
	return 0;
}

static int merge(struct work *work, struct slice *text_r)
{
	struct itip_view merged;
	int ret = itip_view_open(work->env, calendar_object_text(work->old.object), &merged);

	for (size_t i = 0; ret == 0 && i < work->new.count; i++)
		ret = take_his(work, &merged, &work->new.at[i]);
	for (size_t i = 0; ret == 0 && i < work->dropped_count; i++)
		ret = itip_view_exclude(&merged, work->dropped[i]);
	return ret < 0 ? ret : itip_view_text(&merged, text_r);
}

static int make_text(struct work *work, bool complete, struct slice *text_r)
{
	if (!complete)
		return merge(work, text_r);
	for (size_t i = 0; i < work->new.count; i++)
		keep_others(work, &work->new, work->new.at[i].part, stored_for(work, &work->new.at[i])->part);
	return itip_view_text(&work->new, text_r);
}

/* ---- the answer ---- */

static bool is_told(const struct draft_line *line)
{
	static const char *const names[] = {"UID", "SEQUENCE", "ORGANIZER", "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION",
	    "DUE", "SUMMARY", "COMMENT"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is_nocase(line->name, names[i]))
			return true;
	return false;
}

/* A REPLY has one ATTENDEE, and of the rest what is needed to recognise it. */
static struct draft_line *reduce(struct work *work, struct draft_part *part)
{
	struct itip_view *view = &work->reply;
	struct draft_line *own = itip_attendee(part, work->user), *next, *line;
	static const char *const parameters[] = {"RSVP", "SCHEDULE-STATUS", "SCHEDULE-AGENT", "SCHEDULE-FORCE-SEND"};

	draft_remove_inside(part);
	for (line = part->first; line != NULL; line = next) {
		next = line->next;
		if (line->name.len > 0 && line != own && !is_told(line))
			draft_remove(part, line);
	}
	line = draft_find(part, "ORGANIZER");
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
		if (line != NULL)
			itip_drop_parameter(view, line, parameters[i]);
		if (own != NULL)
			itip_drop_parameter(view, own, parameters[i]);
	}
	itip_set_stamp(view, part);
	draft_put(view->draft, part, "REQUEST-STATUS", SLICE_EMPTY, SLICE("2.0;Success"));
	return own;
}

static int begin_reply(struct work *work, const struct itip_view *from)
{
	int ret;

	if (work->has_reply)
		return 0;
	work->has_reply = true;
	work->reply = (struct itip_view){.env = work->env, .object = from->object};
	ret = draft_parse(work->env->arena,
	    SLICE("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//EN\r\nEND:VCALENDAR\r\n"), &work->reply.draft);
	if (ret == 0)
		draft_take_zones(work->reply.draft, from->draft);
	return ret;
}

/* Adds what C says of him to the answer; PARTSTAT empty: as it stands there. */
static int say(struct work *work, const struct itip_view *from, const struct itip_component *c, struct slice partstat)
{
	struct draft_line *own;
	int ret = begin_reply(work, from);

	if (ret == 0)
		ret = itip_view_bring(&work->reply, c);
	if (ret < 0)
		return ret;
	own = reduce(work, work->reply.at[work->reply.count - 1].part);
	if (own != NULL && partstat.len > 0)
		itip_set_parameter(&work->reply, own, "PARTSTAT", partstat);
	return 0;
}

static bool is_changed(const struct work *work, const struct itip_component *c)
{
	const struct itip_component *old = stored_for(work, c);
	const struct draft_line *now = itip_attendee(c->part, work->user);
	const struct draft_line *was = old != NULL ? itip_attendee(old->part, work->user) : NULL;

	if (now == NULL)
		return false;
	return was == NULL || !slice_equal_nocase(itip_partstat(now), itip_partstat(was)) ||
	       !slice_equal(itip_parameter(now, "DELEGATED-TO"), itip_parameter(was, "DELEGATED-TO"));
}

static int answer(struct work *work, bool forced)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < work->new.count; i++) {
		const struct itip_component *c = &work->new.at[i];

		if (itip_attendee(c->part, work->user) != NULL && (forced || is_changed(work, c)))
			ret = say(work, &work->new, c, SLICE_EMPTY);
	}
	for (size_t i = 0; ret == 0 && i < work->dropped_count; i++) {
		struct itip_component *c;

		ret = itip_view_derive(&work->old, work->dropped[i], &c);
		if (ret == 0 && itip_attendee(c->part, work->user) != NULL)
			ret = say(work, &work->old, c, SLICE("DECLINED"));
		else if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

static int finish_reply(const struct work *work, struct slice *reply_r)
{
	*reply_r = SLICE_EMPTY;
	return work->has_reply ? draft_text(work->reply.draft, reply_r) : 0;
}

/* ---- together ---- */

static int change_new(struct work *work, struct slice new, struct itip_attendee_change *change)
{
	bool forced = false;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < work->new.count; i++) {
		const struct itip_component *c = &work->new.at[i];
		const struct draft_line *own = itip_attendee(c->part, work->user);

		forced |= drop_force(&work->new, c->part);
		if (own != NULL && (forced || !slice_is_nocase(itip_partstat(own), "NEEDS-ACTION")))
			ret = say(work, &work->new, c, SLICE_EMPTY);
	}
	if (ret == 0)
		ret = itip_view_text(&work->new, &change->text);
	change->rewritten = ret == 0 && !slice_equal(change->text, new);
	return ret < 0 ? ret : finish_reply(work, &change->reply);
}

static int change_stored(struct work *work, struct slice new, struct itip_attendee_change *change, struct error *err)
{
	bool forced = false, kept;
	int ret = check(work, err);

	if (ret == 0)
		ret = find_dropped(work, &kept);
	for (size_t i = 0; ret == 0 && i < work->new.count; i++)
		forced |= drop_force(&work->new, work->new.at[i].part);
	if (ret == 0)
		ret = make_text(work, kept && is_complete(work), &change->text);
	change->rewritten = ret == 0 && !slice_equal(change->text, new);
	if (ret == 0)
		ret = answer(work, forced);
	return ret < 0 ? ret : finish_reply(work, &change->reply);
}

int itip_attendee_change(const struct itip_env *env, struct slice old, struct slice new, const struct itip_user *user,
    struct itip_attendee_change *change_r, struct error *err)
{
	struct itip_attendee_change change = {.text = new, .reply = SLICE_EMPTY};
	struct work work = {.env = env, .user = user};
	int ret = itip_view_open(env, new, &work.new);

	if (ret == 0 && old.len > 0)
		ret = itip_view_open(env, old, &work.old);
	if (ret == 0 && is_agent_server(&work.new))
		ret = old.len > 0 ? change_stored(&work, new, &change, err) : change_new(&work, new, &change);
	if (ret == 0)
		*change_r = change;
	return ret;
}

int itip_attendee_decline(const struct itip_env *env, struct slice stored, const struct itip_user *user,
    struct slice *reply_r)
{
	struct work work = {.env = env, .user = user};
	int ret = itip_view_open(env, stored, &work.new);

	for (size_t i = 0; ret == 0 && is_agent_server(&work.new) && i < work.new.count; i++) {
		const struct itip_component *c = &work.new.at[i];
		const struct draft_line *own = itip_attendee(c->part, user);

		if (own != NULL && !itip_is_cancelled(c->part) && !slice_is_nocase(itip_partstat(own), "DECLINED"))
			ret = say(&work, &work.new, c, SLICE("DECLINED"));
	}
	return ret < 0 ? ret : finish_reply(&work, reply_r);
}

static int add_comment(struct work *work, struct slice comment)
{
	AUTO_BUF struct buf b = BUF_INIT(65536);
	char *text;

	if (comment.len == 0)
		return 0;
	ical_escape_text(&b, comment);
	text = b.err == 0 ? arena_copy(work->env->arena, buf_slice(&b)) : NULL;
	if (text == NULL)
		return -ENOMEM;
	draft_put(work->reply.draft, work->reply.at[work->reply.count - 1].part, "COMMENT", SLICE_EMPTY,
	    slice_of(text, b.len));
	return 0;
}

int itip_attendee_answer(const struct itip_env *env, struct slice stored, const struct itip_user *user,
    const struct itip_answer *answers, size_t count, struct slice *reply_r)
{
	struct work work = {.env = env, .user = user};
	int ret = itip_view_open(env, stored, &work.new);

	for (size_t i = 0; ret == 0 && i < count; i++) {
		struct itip_component *c = itip_view_master(&work.new);

		if (!answers[i].whole)
			ret = itip_view_derive(&work.new, answers[i].id, &c);
		if (ret < 0 || c == NULL || itip_attendee(c->part, user) == NULL)
			return ret < 0 ? ret : -ENOENT;
		draft_remove_all(c->part, "COMMENT");
		ret = say(&work, &work.new, c, answers[i].partstat);
		if (ret == 0)
			ret = add_comment(&work, answers[i].comment);
	}
	return ret < 0 ? ret : finish_reply(&work, reply_r);
}
