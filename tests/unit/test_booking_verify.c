/* Each fault that is planted in a store's rows is named by the check. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "server/booking/verify.h"
#include "storage/store_private.h"
#include "storage/store_write.h"
#include "tests/unit/booking_world.h"

struct plot {
	struct shop *world;
	struct kv_txn *txn;
	struct principal alice;
	struct collection work, bookings;
	struct object event, series, booking, refused;
};

static int read_plot(struct kv_txn *txn, struct plot *plot)
{
	struct arena *arena = plot->world->arena;
	int ret = store_principal_get(txn, arena, SLICE("alice"), &plot->alice);

	plot->txn = txn;
	if (ret == 0)
		ret = store_collection_get(txn, arena, SLICE("alice"), SLICE("work"), &plot->work);
	if (ret == 0)
		ret = store_collection_get(txn, arena, SLICE("alice"), SLICE("bookings"), &plot->bookings);
	if (ret == 0)
		ret = store_object_get(txn, arena, plot->work.id, SLICE("event.ics"), &plot->event);
	if (ret == 0)
		ret = store_object_get(txn, arena, plot->work.id, SLICE("series.ics"), &plot->series);
	if (ret == 0)
		ret = store_object_get(txn, arena, plot->bookings.id, SLICE("booking.ics"), &plot->booking);
	return ret < 0 ? ret : store_object_get(txn, arena, plot->bookings.id, SLICE("refused.ics"), &plot->refused);
}

static int rewrite_index(struct plot *plot, const struct object *object, uint64_t member, int64_t shift, size_t drop,
    enum busy_kind kind)
{
	struct busy *rows;
	size_t count;
	uint64_t old;
	int ret = store_index_get(plot->txn, plot->world->arena, object->collection, object->id, &old, &rows, &count);

	for (size_t i = 0; ret == 0 && i < count; i++) {
		rows[i].at.start += shift;
		rows[i].at.end += shift;
		rows[i].kind = kind;
	}
	return ret < 0 ? ret : store_index_put(plot->txn, member, object->collection, object->id, rows, count - drop);
}

/* ---- faults ---- */

static int lose_index(struct plot *plot)
{
	return store_index_clear(plot->txn, plot->event.collection, plot->event.id);
}

static int shift_index(struct plot *plot)
{
	return rewrite_index(plot, &plot->event, plot->alice.id, 60, 0, BUSY_KIND_BUSY);
}

static int free_index(struct plot *plot)
{
	return rewrite_index(plot, &plot->event, plot->alice.id, 0, 0, BUSY_KIND_FREE);
}

static int lose_member(struct plot *plot)
{
	return rewrite_index(plot, &plot->event, 0, 0, 0, BUSY_KIND_BUSY);
}

static int lose_series(struct plot *plot)
{
	struct busy *rows;
	size_t count;
	uint64_t member;
	int ret = store_index_get(plot->txn, plot->world->arena, plot->series.collection, plot->series.id, &member, &rows,
	    &count);

	/* a put takes the series row with it */
	return ret < 0 ? ret : store_index_put(plot->txn, member, plot->series.collection, plot->series.id, rows, count);
}

static int invent_series(struct plot *plot)
{
	struct series series = {plot->event.collection, plot->event.id, plot->event.name, plot->event.span,
	    {0, INSTANT_MAX}};

	return store_series_put(plot->txn, &series);
}

static int lose_guard(struct plot *plot)
{
	return store_occupancy_clear(plot->txn, plot->alice.id, plot->booking.uid);
}

static int shift_guard(struct plot *plot)
{
	struct interval guard = {plot->booking.span.start + 60, plot->booking.span.end + 60};

	return store_occupancy_put(plot->txn, plot->alice.id, plot->booking.uid, &guard, 1, NULL);
}

static int invent_guard(struct plot *plot)
{
	struct interval guard = {0, 3600};

	return store_occupancy_put(plot->txn, plot->alice.id, SLICE("nobody"), &guard, 1, NULL);
}

static int guard_the_refused(struct plot *plot)
{
	struct interval guard = {plot->refused.span.start + DAY_SECONDS, plot->refused.span.end + DAY_SECONDS};

	return store_occupancy_put(plot->txn, plot->alice.id, plot->refused.uid, &guard, 1, NULL);
}

/* Two bookings at one time, in rows that agree with one another. */
static int book_twice(struct plot *plot)
{
	struct interval guard = plot->booking.span;
	struct key key, listed;
	AUTO_BUF struct buf value = BUF_INIT(1024), list = BUF_INIT(1024);
	int ret;

	pack_u8(&value, 1);
	pack_i64(&value, guard.end);
	pack_u32(&value, 0);
	pack_text(&value, SLICE("twice"));
	key_begin(&key, TABLE_OCCUPANCY);
	key_add_u64(&key, plot->alice.id);
	key_add_u8(&key, store_interval_class(guard));
	key_add_i64(&key, guard.start);
	key_add_hash(&key, SLICE("twice"));
	key_add_u32(&key, 0);
	pack_u8(&list, 1);
	pack_u32(&list, 1);
	pack_interval(&list, guard);
	key_begin(&listed, TABLE_OCCUPIED);
	key_add_u64(&listed, plot->alice.id);
	key_add_hash(&listed, SLICE("twice"));
	ret = kv_put(plot->txn, key_slice(&key), buf_slice(&value));
	return ret < 0 ? ret : kv_put(plot->txn, key_slice(&listed), buf_slice(&list));
}

static int widen_span(struct plot *plot)
{
	plot->event.span.end += 60;
	return store_object_reindexed(plot->txn, &plot->event);
}

static int change_flags(struct plot *plot)
{
	plot->event.flags |= OBJECT_RECURRING;
	return store_object_reindexed(plot->txn, &plot->event);
}

/* A text that means another time, with its digest in order. */
static int change_body(struct plot *plot)
{
	struct slice body = world_event(plot->world, "event", "20270302T110000Z", 60, "");
	struct key key;
	int ret;

	key_begin(&key, TABLE_BODY);
	key_add_u64(&key, plot->event.id);
	plot->event.digest = key_digest(body);
	plot->event.size = (uint32_t)body.len;
	ret = kv_put(plot->txn, key_slice(&key), body);
	return ret < 0 ? ret : store_object_reindexed(plot->txn, &plot->event);
}

static int break_body(struct plot *plot)
{
	struct key key;

	key_begin(&key, TABLE_BODY);
	key_add_u64(&key, plot->event.id);
	return kv_put(plot->txn, key_slice(&key), SLICE("BEGIN:NOTHING"));
}

static int lose_body(struct plot *plot)
{
	struct key key;

	key_begin(&key, TABLE_BODY);
	key_add_u64(&key, plot->event.id);
	return kv_delete(plot->txn, key_slice(&key));
}

static int lose_uid(struct plot *plot)
{
	struct key key;

	key_begin(&key, TABLE_UID);
	key_add_u64(&key, plot->event.collection);
	key_add_hash(&key, plot->event.uid);
	return kv_delete(plot->txn, key_slice(&key));
}

static int move_calendar(struct plot *plot)
{
	plot->work.transparent = true; /* not by way of the change service */
	return store_collection_put(plot->txn, &plot->work);
}

struct fault {
	int (*plant)(struct plot *plot);
	const char *named; /* in one of the sentences */
};

static const struct fault faults[] = {
	{lose_index, "busy of alice/work/event.ics"},
	{shift_index, "busy of alice/work/event.ics"},
	{free_index, "busy of alice/work/event.ics"},
	{lose_member, "member's busy of alice/work/event.ics"},
	{lose_series, "series of alice/work/series.ics"},
	{invent_series, "series of alice/work/event.ics"},
	{lose_guard, "occupancy of alice/bookings/booking.ics"},
	{shift_guard, "occupancy of alice/bookings/booking.ics"},
	{invent_guard, "occupancy of alice: a guard at 0 without its booking, nobody"},
	{guard_the_refused, "occupancy of alice/bookings/refused.ics"},
	{book_twice, "overlap"},
	{widen_span, "object of alice/work/event.ics: its span"},
	{change_flags, "object of alice/work/event.ics: its flags"},
	{change_body, "busy of alice/work/event.ics"},
	{break_body, "body of alice/work/event.ics"},
	{lose_body, "body"},
	{lose_uid, "UID"},
	{move_calendar, "member's busy of alice/work/event.ics"},
};

struct sabotage {
	struct shop *world;
	const struct fault *fault;
};

static int plant(struct kv_txn *txn, void *arg)
{
	struct sabotage *sabotage = arg;
	struct plot plot = {.world = sabotage->world};
	int ret = read_plot(txn, &plot);

	return ret < 0 ? ret : sabotage->fault->plant(&plot);
}

struct hearing {
	const char *wanted;
	bool heard;
	struct buf all;
};

static void hear(const char *sentence, void *arg)
{
	struct hearing *hearing = arg;

	hearing->heard |= slice_find(slice_str(sentence), slice_str(hearing->wanted)) >= 0;
	buf_printf(&hearing->all, "%s\n", sentence);
}

static void put(struct shop *world, const char *path, const char *uid, const char *start, const char *extra,
    enum change_outcome outcome)
{
	assert_int_equal(world_put(world, path, world_event(world, uid, start, 60, extra), HANDLING_LENIENT, NULL).outcome,
	    outcome);
}

static struct shop *make_world(void)
{
	struct shop *world = world_new("memory:", NULL);

	put(world, "alice/work/event.ics", "event", "20270302T090000Z", "", CHANGE_CREATED);
	put(world, "alice/work/series.ics", "series", "20270303T090000Z", "RRULE:FREQ=WEEKLY\r\n", CHANGE_CREATED);
	put(world, "alice/bookings/booking.ics", "booking", "20270304T090000Z", "", CHANGE_CREATED);
	put(world, "alice/bookings/refused.ics", "refused", "20270304T093000Z", "", CHANGE_REFUSED_LENIENT);
	return world;
}

static void test_each_planted_fault_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct shop *world = make_world();
		struct sabotage sabotage = {world, &faults[i]};
		struct hearing hearing = {faults[i].named, false, BUF_INIT(1 << 20)};
		struct verify_counts counts;

		assert_int_equal(world_verify(world, true), 0);
		assert_int_equal(kv_update_wait(store_kv(world->store), plant, &sabotage), 0);
		assert_int_equal(verify_store(world->changes, hear, &hearing, &counts), 0);
		if (!hearing.heard || counts.disagreements == 0)
			fail_msg("fault %zu (%s) is not named, but: %s", i, faults[i].named, buf_cstr(&hearing.all));
		buf_free(&hearing.all);
		world_free(world);
	}
}

static void test_a_sound_store_is_counted(void **state)
{
	struct shop *world = make_world();
	struct hearing hearing = {"", false, BUF_INIT(1 << 20)};
	struct verify_counts counts;

	(void)state;
	assert_int_equal(verify_store(world->changes, hear, &hearing, &counts), 0);
	assert_int_equal(counts.disagreements, 0);
	assert_int_equal(counts.principals, 3);
	assert_int_equal(counts.collections, 9);
	assert_int_equal(counts.objects, 5);
	buf_free(&hearing.all);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_planted_fault_is_named),
		cmocka_unit_test(test_a_sound_store_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
