/*
 * The answer to a case: explain_read.c makes the world of it, the rules answer, and here it is written.
 */
#include <config.h>

#include "server/booking/explain.h"

#include <errno.h>

#include "protocol/ical/zoned_time.h"
#include "server/booking/explain_private.h"

/* ---- as JSON ---- */

static void add_instant(struct buf *b, const char *name, instant_t at)
{
	AUTO_BUF struct buf text = BUF_INIT(64);

	buf_add_rfc3339(&text, at, 0);
	json_add_text(b, name, buf_slice(&text));
}

static void add_members(struct buf *b, const char *name, const struct member *const *members, size_t count)
{
	json_open_array(b, name);
	for (size_t i = 0; i < count; i++)
		json_add_text(b, NULL, members[i]->name);
	json_close_array(b);
}

static void add_rooms(struct buf *b, const struct placement *placement)
{
	const struct reserved *session = placement->session;

	if (session == NULL) {
		add_members(b, "resources", placement->rooms, placement->room_count);
		return;
	}
	json_open_array(b, "resources");
	for (size_t i = 0; i < session->room_count; i++)
		json_add_text(b, NULL, session->rooms[i]);
	json_close_array(b);
}

static void add_assigned(struct buf *b, const struct world *world, const struct member *assigned)
{
	json_open_array(b, "assign");
	for (size_t i = 0; i < world->staff_count; i++)
		if (&world->staff[i] == assigned || world->policy->assignment == ASSIGN_COLLECTIVE)
			json_add_text(b, NULL, world->staff[i].name);
	json_close_array(b);
}

struct writing {
	const struct explain_case *question;
	enum explain_form form;
	struct buf *out;
	size_t count;
};

static void add_local(struct buf *b, const struct zone *zone, instant_t at)
{
	buf_add_rfc3339(b, at, zone_offset_at(zone, at));
}

static int write_slot(const struct slot *slot, void *arg)
{
	struct writing *writing = arg;
	struct buf *b = writing->out;

	writing->count++;
	if (writing->form == EXPLAIN_FOR_PEOPLE) {
		add_local(b, writing->question->zone, slot->start);
		for (size_t i = 0; i < slot->staff_count; i++)
			buf_printf(b, "%s %.*s", i == 0 ? " with" : ",", SLICE_ARG(slot->staff[i]->name));
		for (size_t i = 0; i < slot->placement.room_count; i++)
			buf_printf(b, "%s %.*s", i == 0 ? "; in" : ",", SLICE_ARG(slot->placement.rooms[i]->name));
		buf_add_char(b, '\n');
		return b->err;
	}
	json_open_object(b, NULL);
	add_instant(b, "start", slot->start);
	add_members(b, "staff", slot->staff, slot->staff_count);
	add_assigned(b, &writing->question->world, slot->assigned);
	add_rooms(b, &slot->placement);
	json_add_integer(b, "seats_left", slot->placement.seats_left);
	json_close_object(b);
	return b->err;
}

static int write_query(struct arena *arena, struct explain_case *question, enum explain_form form, struct buf *out)
{
	struct writing writing = {question, form, out, 0};
	int ret;

	if (form == EXPLAIN_JSON) {
		json_open_object(out, NULL);
		json_open_array(out, "slots");
	}
	ret = slots_each(arena, &question->world, question->window, NULL, write_slot, &writing);
	if (form == EXPLAIN_JSON) {
		json_close_array(out);
		json_close_object(out);
		buf_add_char(out, '\n');
	} else {
		buf_printf(out, "%zu slots\n", writing.count);
	}
	return ret;
}

static void write_others(const struct slot_answer *answer, struct buf *out)
{
	json_add_boolean(out, "accepted", false);
	json_add_text(out, "reason", slice_str(why_not_word(answer->why)));
	json_open_array(out, "alternatives");
	for (size_t i = 0; i < answer->other_count; i++) {
		json_open_object(out, NULL);
		add_instant(out, "start", answer->others[i].start);
		if (answer->others[i].member != NULL)
			json_add_text(out, "staff", answer->others[i].member->name);
		json_add_integer(out, "cost", answer->others[i].cost);
		json_close_object(out);
	}
	json_close_array(out);
}

static void tell_answer(const struct explain_case *question, const struct slot_answer *answer, struct buf *out)
{
	if (answer->why == WHY_FREE) {
		buf_printf(out, "free, with %.*s\n", SLICE_ARG(answer->assigned->name));
		return;
	}
	buf_printf(out, "not offered: %s\n", why_not_word(answer->why));
	for (size_t i = 0; i < answer->other_count; i++) {
		buf_add_str(out, "instead ");
		add_local(out, question->zone, answer->others[i].start);
		if (answer->others[i].member != NULL)
			buf_printf(out, " with %.*s", SLICE_ARG(answer->others[i].member->name));
		buf_printf(out, " (cost %lld)\n", (long long)answer->others[i].cost);
	}
}

static int write_request(struct explain_case *question, enum explain_form form, struct buf *out)
{
	struct slot_answer answer;

	slots_ask(&question->world, &question->request, &answer);
	if (form == EXPLAIN_FOR_PEOPLE) {
		tell_answer(question, &answer, out);
		return out->err;
	}
	json_open_object(out, NULL);
	if (answer.why == WHY_FREE) {
		json_add_boolean(out, "accepted", true);
		add_assigned(out, &question->world, answer.assigned);
		add_rooms(out, &answer.placement);
	} else {
		write_others(&answer, out);
	}
	json_close_object(out);
	buf_add_char(out, '\n');
	return out->err;
}

static int write_series(struct arena *arena, struct explain_case *question, enum explain_form form, struct buf *out)
{
	struct slot_occurrence *occurrences = arena_array(arena, question->series.count, sizeof(*occurrences));
	size_t conflicts;
	bool accepted;

	if (occurrences == NULL)
		return -ENOMEM;
	accepted = slots_ask_series(&question->world, &question->series, occurrences, &conflicts);
	if (form == EXPLAIN_FOR_PEOPLE) {
		buf_printf(out, "%s, %zu of %zu in conflict\n", accepted ? "accepted" : "refused", conflicts, question->series.count);
		for (size_t i = 0; i < question->series.count; i++) {
			add_local(out, question->zone, occurrences[i].start);
			buf_printf(out, " %s\n", occurrences[i].why == WHY_FREE ? "free" : why_not_word(occurrences[i].why));
		}
		return out->err;
	}
	json_open_object(out, NULL);
	json_add_boolean(out, "accepted", accepted);
	json_add_integer(out, "conflicts", (int64_t)conflicts);
	json_open_array(out, "occurrences");
	for (size_t i = 0; i < question->series.count; i++) {
		json_open_object(out, NULL);
		add_instant(out, "start", occurrences[i].start);
		json_add_boolean(out, "ok", occurrences[i].why == WHY_FREE);
		if (occurrences[i].why != WHY_FREE)
			json_add_text(out, "reason", slice_str(why_not_word(occurrences[i].why)));
		json_close_object(out);
	}
	json_close_array(out);
	json_close_object(out);
	buf_add_char(out, '\n');
	return out->err;
}

int explain_answer(struct arena *arena, struct explain_case *question, enum explain_form form, struct buf *out)
{
	switch (question->kind) {
	case EXPLAIN_QUERY:
		return write_query(arena, question, form, out);
	case EXPLAIN_REQUEST:
		return write_request(question, form, out);
	case EXPLAIN_SERIES:
		return write_series(arena, question, form, out);
	}
	return -EINVAL;
}

int explain_case(struct arena *arena, const struct zone_set *zones, struct slice json, enum explain_form form,
    struct buf *out, struct error *err)
{
	struct explain_case question = {0};
	int ret = explain_read(arena, zones, json, &question, err);

	if (ret == 0)
		ret = world_prepare(&question.world, question.window);
	if (ret == 0)
		ret = explain_answer(arena, &question, form, out);
	world_done(&question.world);
	return ret;
}
