/* What comes from attendees: REPLY, REFRESH, COUNTER; and their answers into the copies of the others. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/ascii.h"
#include "protocol/base/cleanup.h"
#include "protocol/itip/apply_private.h"
#include "protocol/itip/schedule_status.h"

/* ---- REPLY ---- */

static struct slice replied_text(struct application *a, const struct draft_part *answer)
{
	AUTO_BUF struct buf b = BUF_INIT(64);
	char *text;

	buf_printf(&b, "%u-", itip_sequence(answer));
	buf_add_basic_utc(&b, itip_stamp(answer));
	text = b.err == 0 ? arena_copy(a->env->arena, buf_slice(&b)) : NULL;
	if (text == NULL)
		a->stored.draft->err = -ENOMEM;
	return text != NULL ? slice_of(text, b.len) : SLICE_EMPTY;
}

/* An answer to an older version of the object, or older than the last one that was taken. */
static bool is_old_answer(const struct draft_part *answer, const struct draft_part *part, const struct draft_line *line)
{
	struct slice rest = itip_parameter(line, ITIP_REPLIED), number;
	uint32_t sequence = itip_sequence(answer);
	instant_t at = INSTANT_MIN;
	uint64_t last;

	if (draft_find(answer, "SEQUENCE") != NULL && sequence < itip_sequence(part))
		return true;
	if (!slice_next(&rest, '-', &number) || slice_to_u64(number, UINT32_MAX, &last) < 0 || rest.at == NULL ||
	    instant_parse_basic(rest, &at) < 0)
		return false;
	return sequence < last || (sequence == last && itip_stamp(answer) < at);
}

/* What he said, in place of what he said before. */
static void take_comment(struct application *a, struct draft_part *part, const struct draft_part *answer,
    struct slice sender)
{
	const struct draft_line *comment = draft_find(answer, "COMMENT");
	struct draft_line *line = draft_find(part, "COMMENT"), *next;
	struct slice parameters;

	for (; line != NULL; line = next) {
		next = draft_find_next(line, "COMMENT");
		if (ical_address_is(itip_parameter(line, ITIP_COMMENT_FROM), sender))
			draft_remove(part, line);
	}
	if (comment == NULL || comment->value.len == 0)
		return;
	parameters = draft_parameter(a->stored.draft, SLICE_EMPTY, ITIP_COMMENT_FROM, sender);
	draft_add(a->stored.draft, part, SLICE("COMMENT"), parameters, comment->value);
}

static void take_answer(struct application *a, struct draft_part *part, struct draft_line *line,
    const struct draft_part *answer, const struct draft_line *said)
{
	static const char *const taken[] = {"DELEGATED-TO", "DELEGATED-FROM"};
	struct itip_view *view = &a->stored;

	itip_set_parameter(view, line, "PARTSTAT", itip_partstat(said));
	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		struct slice value = itip_parameter(said, taken[i]);

		if (value.len > 0)
			itip_set_parameter(view, line, taken[i], value);
	}
	if (!slice_is_nocase(itip_partstat(said), "NEEDS-ACTION"))
		itip_drop_parameter(view, line, "RSVP");
	itip_set_parameter(view, line, "SCHEDULE-STATUS", schedule_status_code(SCHEDULE_SUCCESS));
	itip_set_parameter(view, line, ITIP_REPLIED, replied_text(a, answer));
	take_comment(a, part, answer, said->value);
}

/* He to whom an attendee delegated answers though he was not invited (RFC 5546, 3.2.2.3). */
static struct draft_line *add_delegate(struct application *a, struct draft_part *part, const struct draft_line *said)
{
	struct slice from = itip_parameter(said, "DELEGATED-FROM");

	if (from.len == 0 || itip_attendee_at(part, from) == NULL)
		return NULL;
	draft_copy_line(a->stored.draft, part, said);
	return itip_attendee_at(part, slice_trim(said->value));
}

static struct draft_line *line_of(struct application *a, struct draft_part *part, const struct draft_line *said)
{
	struct slice addresses[] = {slice_trim(said->value), itip_parameter(said, "EMAIL")};
	struct itip_user user = {addresses, addresses[1].len > 0 ? 2 : 1};
	struct draft_line *line = itip_attendee(part, &user);

	return line != NULL ? line : add_delegate(a, part, said);
}

/* One component of the answer. The outcome is set where it is not taken. */
static int answer_one(struct application *a, const struct itip_component *answer, bool *taken)
{
	const struct draft_line *said = draft_find(answer->part, "ATTENDEE");
	struct itip_component *target = itip_view_master(&a->stored);
	struct draft_line *line;
	int ret = 0;

	if (!answer->is_master) {
		const struct itip_component *standing = itip_view_for(&a->stored, answer->id);

		if (standing != NULL && said != NULL && line_of(a, standing->part, said) == NULL)
			return apply_outcome(a, ITIP_NOT_INVITED);
		ret = itip_view_derive(&a->stored, answer->id, &target);
	}
	if (ret == -ENOENT || target == NULL)
		return apply_outcome(a, ITIP_NO_INSTANCE);
	if (ret < 0)
		return ret;
	line = said != NULL ? line_of(a, target->part, said) : NULL;
	if (line == NULL)
		return apply_outcome(a, ITIP_NOT_INVITED);
	if (is_old_answer(answer->part, target->part, line))
		return apply_outcome(a, ITIP_STALE);
	take_answer(a, target->part, line, answer->part, said);
	*taken = true;
	return 0;
}

/* An answer for the whole series holds for the instances that stand alone, too, where he said nothing yet. */
static void answer_overrides(struct application *a, const struct itip_component *answer)
{
	const struct draft_line *said = draft_find(answer->part, "ATTENDEE");

	for (size_t i = 0; said != NULL && i < a->stored.count; i++) {
		struct itip_component *c = &a->stored.at[i];
		struct draft_line *line = c->is_master || itip_view_at(&a->message, c->id) != NULL ? NULL
		                                                                                   : line_of(a, c->part, said);

		if (line != NULL && slice_is_nocase(itip_partstat(line), "NEEDS-ACTION") &&
		    !is_old_answer(answer->part, c->part, line))
			take_answer(a, c->part, line, answer->part, said);
	}
}

int apply_reply(struct application *a)
{
	const struct draft_line *said = draft_find(a->message.at[0].part, "ATTENDEE");
	bool taken = false;
	int ret = 0;

	a->applied->sender = said != NULL ? slice_trim(said->value) : SLICE_EMPTY;
	for (size_t i = 0; ret == 0 && i < a->message.count; i++) {
		const struct itip_component *answer = &a->message.at[i];
		bool this_one = false;

		ret = answer_one(a, answer, &this_one);
		if (ret == 0 && this_one && answer->is_master)
			answer_overrides(a, answer);
		taken |= this_one;
	}
	return ret < 0 || !taken ? ret : apply_finish(a);
}

/* ---- REFRESH and COUNTER ---- */

static const struct itip_component *asked_about(const struct application *a)
{
	const struct itip_component *c = &a->message.at[0];

	return c->is_master ? itip_view_master(&a->stored) : itip_view_for(&a->stored, c->id);
}

static struct draft_line *find_sender(struct application *a, const struct draft_line **said_r)
{
	const struct itip_component *about = asked_about(a);

	*said_r = draft_find(a->message.at[0].part, "ATTENDEE");
	if (*said_r == NULL || about == NULL)
		return NULL;
	a->applied->sender = slice_trim((*said_r)->value);
	return line_of(a, about->part, *said_r);
}

int apply_refresh(struct application *a)
{
	const struct draft_line *said;

	return apply_outcome(a, find_sender(a, &said) != NULL ? ITIP_SEND_AGAIN : ITIP_NOT_INVITED);
}

/* The organizer's object with the times of the proposal: what it becomes when he takes it. */
static int propose(struct application *a, instant_t id, bool whole)
{
	static const char *const times[] = {"DTSTART", "DTEND", "DURATION", "DUE"};
	const struct itip_component *wanted = &a->message.at[0];
	struct itip_component *target;
	struct itip_view view;
	int ret = itip_view_open(a->env, calendar_object_text(a->stored.object), &view);

	target = ret == 0 ? itip_view_master(&view) : NULL;
	if (ret == 0 && !whole)
		ret = itip_view_derive(&view, id, &target);
	if (ret < 0 || target == NULL)
		return ret < 0 ? ret : -ENOENT;
	draft_take_zones(view.draft, a->message.draft);
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		const struct draft_line *line = draft_find(wanted->part, times[i]);

		draft_remove_all(target->part, times[i]);
		if (line != NULL)
			draft_copy_line(view.draft, target->part, line);
	}
	itip_set_sequence(&view, target->part, itip_sequence(target->part) + 1);
	return itip_view_text(&view, &a->applied->proposal);
}

static bool takes_no_proposals(const struct draft_part *part)
{
	const struct draft_line *line = draft_find(part, "X-MICROSOFT-DISALLOW-COUNTER");

	return line != NULL && slice_is_nocase(slice_trim(line->value), "TRUE");
}

int apply_counter(struct application *a)
{
	const struct itip_component *about = asked_about(a), *wanted = &a->message.at[0];
	const struct draft_line *said;
	bool taken = false;
	int ret;

	if (about == NULL)
		return apply_outcome(a, ITIP_NO_INSTANCE);
	if (find_sender(a, &said) == NULL)
		return apply_outcome(a, ITIP_NOT_INVITED);
	if (takes_no_proposals(about->part))
		return apply_outcome(a, ITIP_REFUSED);
	if (itip_sequence(wanted->part) != itip_sequence(about->part))
		return apply_outcome(a, ITIP_STALE);
	ret = propose(a, wanted->id, wanted->is_master);
	if (ret < 0)
		return ret == -ENOENT ? apply_outcome(a, ITIP_NO_INSTANCE) : ret;
	ret = answer_one(a, wanted, &taken);
	if (ret < 0 || !taken)
		return ret;
	ret = itip_view_text(&a->stored, &a->applied->text);
	return ret < 0 ? ret : apply_outcome(a, ITIP_PROPOSED);
}

/* ---- the others' answers ---- */

static const char *const told[] = {"PARTSTAT", "RSVP", "DELEGATED-TO", "DELEGATED-FROM"};

static void tell_of(struct itip_view *view, struct draft_part *part, const struct draft_line *source)
{
	struct draft_line *line = itip_attendee_at(part, slice_trim(source->value));

	if (line == NULL) {
		draft_copy_line(view->draft, part, source);
		line = itip_attendee_at(part, slice_trim(source->value));
		for (size_t i = 0; line != NULL && i < 4; i++) {
			static const char *const kept_back[] = {"SCHEDULE-STATUS", "SCHEDULE-AGENT", "SCHEDULE-FORCE-SEND",
			    ITIP_REPLIED};

			itip_drop_parameter(view, line, kept_back[i]);
		}
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		struct slice value = itip_parameter(source, told[i]);

		if (value.len > 0)
			itip_set_parameter(view, line, told[i], value);
		else
			itip_drop_parameter(view, line, told[i]);
	}
}

static void tell_component(struct itip_view *view, struct draft_part *part, const struct draft_part *source,
    const struct itip_user *user, enum itip_whose whose)
{
	const struct draft_line *own = whose == ITIP_ALL ? NULL : itip_attendee(source, user);
	struct draft_line *next;

	/* Who takes part no more; but not the one to whom he delegates, of whom the organizer may not have heard. */
	for (struct draft_line *line = draft_find(part, "ATTENDEE"); line != NULL; line = next) {
		next = draft_find_next(line, "ATTENDEE");
		if (itip_attendee_at(source, slice_trim(line->value)) == NULL && itip_attendee(part, user) != line &&
		    itip_parameter(line, "DELEGATED-FROM").len == 0)
			draft_remove(part, line);
	}

	for (const struct draft_line *line = draft_find(source, "ATTENDEE"); line != NULL;
	     line = draft_find_next(line, "ATTENDEE"))
		if (line != own)
			tell_of(view, part, line);
}

int itip_apply_participation(const struct itip_env *env, struct slice source, struct slice copy,
    const struct itip_user *user, enum itip_whose whose, struct itip_applied *applied_r)
{
	struct itip_applied applied = {.outcome = ITIP_SAME};
	struct application a = {.env = env, .user = user, .applied = &applied};
	int ret = itip_view_open(env, source, &a.message);

	if (ret == 0)
		ret = itip_view_open(env, copy, &a.stored);
	/* An instance that somebody answered alone stands alone in the organizer's object, and then in this one. */
	for (size_t i = 0; ret == 0 && i < a.message.count; i++) {
		const struct itip_component *c = &a.message.at[i];
		struct itip_component *target = itip_view_master(&a.stored);

		if (itip_attendee(c->part, user) == NULL || itip_is_cancelled(c->part))
			continue;
		if (!c->is_master && target != NULL && !itip_view_is_excluded(&a.stored, c->id))
			ret = itip_view_derive(&a.stored, c->id, &target);
		else if (!c->is_master)
			target = itip_view_at(&a.stored, c->id);
		if (ret == -ENOENT) {
			ret = 0;
			continue;
		}
		if (ret == 0 && target != NULL)
			tell_component(&a.stored, target->part, c->part, user, whose);
	}
	if (ret == 0)
		ret = apply_finish(&a);
	if (ret == 0)
		*applied_r = applied;
	return ret;
}

static int compare_statuses(const void *left, const void *right)
{
	const struct itip_status *a = left, *b = right;

	for (size_t i = 0; i < a->address.len && i < b->address.len; i++) {
		int difference = ascii_lower(a->address.at[i]) - ascii_lower(b->address.at[i]);

		if (difference != 0)
			return difference;
	}
	return (a->address.len > b->address.len) - (a->address.len < b->address.len);
}

/* STATUSES are sorted: there may be a thousand, in as many components. */
static void set_statuses(struct itip_view *view, struct draft_part *part, const struct itip_status *statuses, size_t count)
{
	static const char *const names[] = {"ATTENDEE", "ORGANIZER"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (struct draft_line *line = draft_find(part, names[i]); line != NULL; line = draft_find_next(line, names[i])) {
			struct itip_status wanted = {.address = i == 0 ? slice_trim(line->value) : SLICE_EMPTY};
			const struct itip_status *found = bsearch(&wanted, statuses, count, sizeof(wanted), compare_statuses);

			if (found != NULL)
				itip_set_parameter(view, line, "SCHEDULE-STATUS", found->code);
		}
}

int itip_set_statuses(const struct itip_env *env, struct slice text, const struct itip_status *statuses, size_t count,
    struct slice *text_r)
{
	struct itip_status *sorted = arena_array(env->arena, count + 1, sizeof(*sorted));
	struct itip_view view;
	int ret = sorted != NULL ? itip_view_open(env, text, &view) : -ENOMEM;

	if (ret < 0)
		return ret;
	if (count > 0)
		memcpy(sorted, statuses, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_statuses);
	for (size_t i = 0; i < view.count; i++)
		set_statuses(&view, view.at[i].part, sorted, count);
	return ret < 0 ? ret : itip_view_text(&view, text_r);
}
