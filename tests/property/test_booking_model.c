/*
 * The change service against a model that is a list: random writes of one person's private events and bookings, strict
 * and lenient. Each answer and the store afterwards must be what the model says.
 */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/booking_world.h"

#define UIDS  6
#define STEPS 400
#define RUNS  12

enum where { WORK, BOOKINGS, WHERE_COUNT };

enum model_state { ABSENT, LIVE, REFUSED };

struct entry {
	enum model_state state;
	struct interval at;
	bool blocks;
	const char *body; /* as it was put */
};

struct model {
	struct shop *world;
	struct entry entries[WHERE_COUNT][UIDS];
	unsigned seed;
};

static unsigned pick(struct model *model, unsigned n)
{
	return (unsigned)rand_r(&model->seed) % n;
}

static const char *path_of(struct model *model, enum where where, unsigned uid)
{
	return arena_printf(model->world->arena, "alice/%s/u%u.ics", where == WORK ? "work" : "bookings", uid);
}

static bool is_blocking(const struct entry *entry)
{
	return entry->state == LIVE && entry->blocks;
}

/* A booking may go where nothing of another UID blocks; what it holds already it may keep. */
static bool may_book(const struct model *model, unsigned uid, struct interval at)
{
	const struct entry *own = &model->entries[BOOKINGS][uid];
	bool holds = is_blocking(own) && own->at.start <= at.start && at.end <= own->at.end;

	for (unsigned where = 0; where < WHERE_COUNT; where++) {
		for (unsigned i = 0; i < UIDS; i++) {
			const struct entry *other = &model->entries[where][i];

			if (i == uid || !is_blocking(other) || !interval_overlaps(other->at, at))
				continue;
			if (where == BOOKINGS || !holds)
				return false;
		}
	}
	return true;
}

static size_t alerts(const struct model *model)
{
	size_t count = 0;

	for (unsigned i = 0; i < UIDS; i++) {
		for (unsigned j = 0; j < UIDS; j++)
			count += i != j && is_blocking(&model->entries[WORK][i]) && is_blocking(&model->entries[BOOKINGS][j]) &&
			         interval_overlaps(model->entries[WORK][i].at, model->entries[BOOKINGS][j].at);
	}
	return count;
}

static void put(struct model *model, int step)
{
	enum where where = (enum where)pick(model, WHERE_COUNT);
	unsigned uid = pick(model, UIDS);
	struct entry *entry = &model->entries[where][uid];
	instant_t start = world_time("20270302T080000Z") + pick(model, 24) * 900;
	struct entry new = {LIVE, {start, start + (1 + pick(model, 6)) * 900}, pick(model, 6) != 0, NULL};
	enum handling handling = pick(model, 2) ? HANDLING_STRICT : HANDLING_LENIENT;
	AUTO_BUF struct buf text = BUF_INIT(64);
	struct change_result result;
	enum change_outcome outcome;
	bool allowed = where == WORK || !new.blocks || may_book(model, uid, new.at);

	buf_add_basic_utc(&text, start);
	new.body = world_event(model->world, arena_printf(model->world->arena, "u%u", uid), buf_cstr(&text),
	    (int)(new.at.end - start) / 60, new.blocks ? "" : "TRANSP:TRANSPARENT\r\n").at;
	if (entry->state == LIVE && strcmp(entry->body, new.body) == 0)
		outcome = CHANGE_UNCHANGED;
	else if (allowed)
		outcome = entry->state == ABSENT ? CHANGE_CREATED : CHANGE_UPDATED;
	else
		outcome = handling == HANDLING_STRICT ? CHANGE_REFUSED : CHANGE_REFUSED_LENIENT;
	result = world_put(model->world, path_of(model, where, uid), slice_str(new.body), handling, NULL);
	if (result.outcome != outcome)
		fail_msg("step %d: put u%u %s: %d instead of %d (ret %d, %s)", step, uid, where == WORK ? "work" : "bookings",
		    (int)result.outcome, (int)outcome, result.ret, result.error.detail);
	if (outcome == CHANGE_CREATED || outcome == CHANGE_UPDATED)
		*entry = new;
	else if (outcome == CHANGE_REFUSED_LENIENT && entry->state == ABSENT)
		entry->state = REFUSED;
}

static void take_away(struct model *model, int step)
{
	enum where where = (enum where)pick(model, WHERE_COUNT);
	unsigned uid = pick(model, UIDS);
	struct entry *entry = &model->entries[where][uid];
	struct change_result result = world_delete(model->world, path_of(model, where, uid), NULL);

	if (result.outcome != (entry->state == ABSENT ? CHANGE_REFUSED : CHANGE_DELETED))
		fail_msg("step %d: delete u%u: %d", step, uid, (int)result.outcome);
	entry->state = ABSENT;
}

static void compare(struct model *model, int step)
{
	size_t blocking = 0;

	for (unsigned where = 0; where < WHERE_COUNT; where++) {
		for (unsigned uid = 0; uid < UIDS; uid++) {
			struct entry *entry = &model->entries[where][uid];
			struct object object;
			struct slice body;
			int ret = world_get(model->world, path_of(model, (enum where)where, uid), &object, &body);

			blocking += is_blocking(entry);
			if (ret != (entry->state == ABSENT ? -ENOENT : 0))
				fail_msg("step %d: u%u is %d", step, uid, ret);
			if (entry->state == LIVE && !slice_is(body, entry->body))
				fail_msg("step %d: u%u has another body", step, uid);
			if (ret == 0 && ((object.flags & OBJECT_REFUSED) != 0) != (entry->state == REFUSED))
				fail_msg("step %d: u%u refused: %x", step, uid, object.flags);
		}
	}
	assert_int_equal(world_busy(model->world, "alice", "20270301T000000Z", "20270401T000000Z"), blocking);
	assert_int_equal(world_overlaps(model->world, "alice"), 0);
	assert_int_equal(world_jobs(model->world, "overlap_alert"), alerts(model));
}

static void test_random_writes_do_what_the_model_says(void **state)
{
	(void)state;
	for (unsigned run = 0; run < RUNS; run++) {
		struct model model = {.world = world_new("memory:again", NULL), .seed = run + 1};

		for (int step = 0; step < STEPS; step++) {
			if (pick(&model, 5) == 0)
				take_away(&model, step);
			else
				put(&model, step);
			model.world->clock.now += pick(&model, 20);
			if (pick(&model, 40) == 0)
				world_run_due(model.world, "touch");
			compare(&model, step);
		}
		assert_int_equal(world_verify(model.world, true), 0);
		world_free(model.world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_writes_do_what_the_model_says)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
