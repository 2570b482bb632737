/* Alerts: that they come, change and go with what they tell of, and what a person sees and does. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "server/booking/alerts.h"
#include "storage/store_write.h"
#include "tests/unit/booking_world.h"

static int setup(void **state)
{
	*state = world_new("memory:again", NULL);
	return 0;
}

static int teardown(void **state)
{
	uint64_t wrong = world_verify(*state, true);

	world_free(*state);
	return wrong == 0 ? 0 : -1;
}

static void put(struct shop *world, const char *path, const char *uid, const char *start, int minutes)
{
	struct change_result result =
	    world_put(world, path, world_event(world, uid, start, minutes, ""), HANDLING_STRICT, NULL);

	if (result.outcome != CHANGE_CREATED && result.outcome != CHANGE_UPDATED)
		fail_msg("%s at %s: outcome %d (%s)", path, start, (int)result.outcome, result.error.detail);
}

struct listing {
	struct shop *world;
	struct alerts_filter filter;
	struct alerts_page page;
};

static int list_in(struct kv_txn *txn, void *arg)
{
	struct listing *listing = arg;

	return alerts_list(listing->world->changes, txn, listing->world->arena, &listing->filter, &listing->page);
}

static struct alerts_page list(struct shop *world, enum alert_state state)
{
	struct listing listing = {world, {.state = state, .limit = 50}, {0}};

	assert_int_equal(kv_view(store_kv(world->store), list_in, &listing), 0);
	return listing.page;
}

/* The only alert. */
static struct alert_view one(struct shop *world)
{
	struct alerts_page page = list(world, 0);

	assert_int_equal(page.count, 1);
	return page.at[0];
}

struct resolving {
	struct shop *world;
	uint64_t id;
};

static int resolve_in(struct kv_txn *txn, void *arg)
{
	const struct resolving *resolving = arg;
	struct change_origin origin = {.kind = ORIGIN_API, .principal = SLICE("alice"), .request = SLICE("req-9")};

	return alerts_resolve(resolving->world->changes, txn, resolving->world->arena, resolving->id, &origin);
}

static int resolve(struct shop *world, uint64_t id)
{
	struct resolving resolving = {world, id};

	return kv_update_wait(store_kv(world->store), resolve_in, &resolving);
}

/* ---- tests ---- */

static void test_it_tells_whose_time_and_what_meets(void **state)
{
	struct shop *world = *state;
	struct alert_view view;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 120);
	view = one(world);
	assert_true(view.alert.kind == ALERT_OVERLAP && view.alert.state == ALERT_OPEN);
	assert_true(slice_is(view.member, "alice") && slice_is(view.collection, "work"));
	assert_true(slice_is(view.alert.event, "ill") && slice_is(view.alert.booking, "a"));
	assert_int_equal(view.alert.at.start, world_time("20270302T090000Z"));
	assert_int_equal(view.alert.at.end, world_time("20270302T100000Z"));
	assert_int_equal(view.alert.created, world->clock.now);
	assert_int_equal(world_jobs(world, "overlap_alert"), 1);
}

static void test_the_booking_could_go_to_times_that_are_free(void **state)
{
	struct shop *world = *state;
	const struct interval taken[] = {
	    {world_time("20270302T093000Z"), world_time("20270302T113000Z")},
	    {world_time("20270302T080000Z"), world_time("20270302T090000Z")},
	};
	struct alert_view view;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	put(world, "alice/bookings/b.ics", "b", "20270302T080000Z", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 120);
	view = one(world);
	assert_int_equal(view.alternative_count, CHANGE_ALTERNATIVES_MAX);
	for (size_t i = 0; i < view.alternative_count; i++) {
		assert_int_equal(view.alternatives[i].end - view.alternatives[i].start, 3600);
		for (size_t j = 0; j < ARRAY_LEN(taken); j++)
			assert_false(interval_overlaps(view.alternatives[i], taken[j]));
	}
	world_set_hours(world, "alice", "{\"weekly\": {\"thu\": [[\"09:00\", \"10:00\"]]}}");
	view = one(world);
	assert_int_equal(view.alternative_count, 2); /* the two Thursdays within 14 days */
	assert_int_equal(view.alternatives[0].start, world_time("20270304T080000Z"));
	world->clock.now = world_time("20270302T090000Z"); /* it is late for that */
	assert_int_equal(one(world).alternative_count, 0);
}

static void test_what_is_resolved_stays_so_while_nothing_changes(void **state)
{
	struct shop *world = *state;
	struct alert_view view;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 120);
	world->clock.now += 60;
	assert_int_equal(resolve(world, one(world).alert.id), 0);
	view = one(world);
	assert_int_equal(view.alert.state, ALERT_RESOLVED);
	assert_int_equal(view.alert.resolved, world->clock.now);
	assert_true(slice_is(view.alert.resolved_by, "user alice"));
	assert_int_equal(view.alternative_count, 0);
	assert_int_equal(list(world, ALERT_OPEN).count, 0);
	assert_int_equal(list(world, ALERT_RESOLVED).count, 1);
	put(world, "alice/work/ill.ics", "ill", "20270302T094500Z", 120); /* longer ill, over the same booking */
	assert_int_equal(one(world).alert.state, ALERT_RESOLVED);
	assert_int_equal(resolve(world, view.alert.id), -EALREADY);
	assert_int_equal(resolve(world, view.alert.id + 1), -ENOENT);
	assert_int_equal(resolve(world, 0), -ENOENT);
}

static void test_it_is_open_again_when_they_meet_at_another_time(void **state)
{
	struct shop *world = *state;
	uint64_t id;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 15);
	id = one(world).alert.id;
	assert_int_equal(resolve(world, id), 0);
	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 35); /* shorter: it does not claim more */
	assert_int_equal(one(world).alert.id, id);
	assert_int_equal(one(world).alert.state, ALERT_OPEN);
	assert_int_equal(one(world).alert.at.end, world_time("20270302T093500Z"));
	assert_int_equal(world_jobs(world, "overlap_alert"), 1);
}

static void test_it_goes_with_either_side(void **state)
{
	struct shop *world = *state;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 120);
	put(world, "alice/bookings/a.ics", "a", "20270303T090000Z", 60);
	assert_int_equal(list(world, 0).count, 0);
	put(world, "alice/work/ill.ics", "ill", "20270303T093000Z", 120);
	assert_int_equal(list(world, 0).count, 1);
	put(world, "alice/work/ill.ics", "ill", "20270304T093000Z", 120);
	assert_int_equal(list(world, 0).count, 0);
	put(world, "alice/work/ill.ics", "ill", "20270303T093000Z", 120);
	assert_int_equal(world_delete(world, "alice/bookings/a.ics", NULL).outcome, CHANGE_DELETED);
	assert_int_equal(list(world, 0).count, 0);
	assert_int_equal(world_jobs(world, "overlap_alert"), 0);
}

static void set_transparent(struct collection *collection)
{
	collection->transparent = true;
}

static void set_opaque(struct collection *collection)
{
	collection->transparent = false;
}

static void test_it_goes_and_comes_with_the_calendar_that_counts(void **state)
{
	struct shop *world = *state;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 120);
	world_change_collection(world, "alice/work", set_transparent);
	assert_int_equal(list(world, 0).count, 0);
	world_change_collection(world, "alice/work", set_opaque);
	assert_int_equal(list(world, 0).count, 1);
}

static void go_to_new_york(struct collection *collection)
{
	collection->timezone_id = SLICE("America/New_York");
}

/* Floating times: the event moves away with its calendar's zone, then the booking moves under it with its own. */
static void test_it_goes_and_comes_with_zones_on_either_side(void **state)
{
	struct shop *world = *state;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000", 120);
	assert_int_equal(one(world).alert.at.start, world_time("20270302T080000Z"));
	world_change_collection(world, "alice/work", go_to_new_york);
	assert_int_equal(list(world, 0).count, 0);
	world_change_collection(world, "alice/bookings", go_to_new_york);
	assert_int_equal(one(world).alert.at.start, world_time("20270302T140000Z"));
}

static void test_pages_come_by_number_and_by_person(void **state)
{
	struct shop *world = *state;
	struct listing listing = {world, {.limit = 2}, {0}}, of_bob = {world, {.member = SLICE("bob"), .limit = 5}, {0}},
		       of_nobody = {world, {.member = SLICE("nobody"), .limit = 5}, {0}};
	uint64_t last = 0;
	size_t seen = 0;

	for (int i = 0; i < 5; i++) {
		const char *who = i % 2 ? "bob" : "alice", *start = arena_printf(world->arena, "202703%02dT090000Z", i + 2);

		put(world, arena_printf(world->arena, "%s/bookings/%d.ics", who, i), arena_printf(world->arena, "b%d", i), start, 60);
		put(world, arena_printf(world->arena, "%s/work/%d.ics", who, i), arena_printf(world->arena, "e%d", i), start, 30);
	}
	do {
		assert_int_equal(kv_view(store_kv(world->store), list_in, &listing), 0);
		assert_true(listing.page.count == 2 || listing.page.next == 0);
		for (size_t i = 0; i < listing.page.count; i++, seen++) {
			assert_true(listing.page.at[i].alert.id > last);
			last = listing.page.at[i].alert.id;
		}
		listing.filter.after = listing.page.next;
	} while (listing.page.next != 0);
	assert_int_equal(seen, 5);
	assert_int_equal(kv_view(store_kv(world->store), list_in, &of_bob), 0);
	assert_int_equal(of_bob.page.count, 2);
	assert_int_equal(kv_view(store_kv(world->store), list_in, &of_nobody), -ENOENT);
}

static int remove_alice(struct kv_txn *txn, void *arg)
{
	struct shop *world = arg;

	return change_principal_delete(world->changes, txn, world->arena, SLICE("alice"), true);
}

static void test_it_goes_with_the_person(void **state)
{
	struct shop *world = *state;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 120);
	assert_int_equal(kv_update_wait(store_kv(world->store), remove_alice, world), 0);
	assert_int_equal(list(world, 0).count, 0);
}

/* ---- what older versions and mishaps leave ---- */

static int forget_records(struct kv_txn *txn, void *arg)
{
	const char *bookings[] = {"a", "gone"};
	struct shop *world = arg;
	struct principal alice;
	int ret = store_principal_get(txn, world->arena, SLICE("alice"), &alice);

	if (ret == 0)
		ret = store_alert_forget(txn, alice.id);
	for (size_t i = 0; ret == 0 && i < ARRAY_LEN(bookings); i++) {
		char text[400];
		struct job job = {.kind = SLICE("overlap_alert"), .key = slice_str(bookings[i]), .request = SLICE("req-1")};

		snprintf(text, sizeof(text),
		    "{\"principal\":\"alice\",\"collection\":\"work\",\"event\":\"ill\",\"booking\":\"%s\","
		    "\"start\":\"2027-03-02T09:00:00Z\",\"end\":\"2027-03-02T10:00:00Z\"}",
		    bookings[i]);
		job.payload = slice_str(text);
		ret = store_job_put(txn, &job);
	}
	return ret;
}

static void test_what_an_older_version_kept_as_jobs_becomes_alerts(void **state)
{
	struct shop *world = *state;
	size_t jobs;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 120);
	assert_int_equal(kv_update_wait(store_kv(world->store), forget_records, world), 0);
	assert_int_equal(list(world, 0).count, 0);
	jobs = world_jobs(world, "overlap_alert");
	assert_int_equal(change_adopt_alerts(world->changes), 0);
	assert_true(slice_is(one(world).alert.booking, "a") && slice_is(one(world).alert.request, "req-1"));
	assert_int_equal(world_jobs(world, "overlap_alert"), jobs - 1); /* one told of a booking that is gone */
	assert_int_equal(change_adopt_alerts(world->changes), 0);
	assert_int_equal(list(world, 0).count, 1);
}

static int put_untrue(struct kv_txn *txn, void *arg)
{
	struct shop *world = arg;
	struct alert alert = {.kind = ALERT_OVERLAP, .state = ALERT_OPEN, .event = SLICE("ill"), .booking = SLICE("b")};
	struct principal alice;
	int ret = store_principal_get(txn, world->arena, SLICE("alice"), &alice);

	alert.member = alice.id;
	return ret < 0 ? ret : store_alert_put(txn, &alert);
}

static void count_told(const char *sentence, void *arg)
{
	(void)sentence;
	++*(int *)arg;
}

static void test_one_that_is_not_so_is_told_and_repaired(void **state)
{
	struct shop *world = *state;
	uint64_t id;
	int told = 0;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	put(world, "alice/bookings/b.ics", "b", "20270305T090000Z", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 120);
	id = one(world).alert.id;
	assert_int_equal(resolve(world, id), 0);
	assert_int_equal(kv_update_wait(store_kv(world->store), put_untrue, world), 0);
	assert_int_equal(world_verify(world, false), 1);
	assert_int_equal(change_repair(world->changes, count_told, &told), 0);
	assert_int_equal(told, 0);
	assert_int_equal(one(world).alert.id, id);
	assert_int_equal(one(world).alert.state, ALERT_RESOLVED); /* what a person has seen to stays so */
}

static void test_an_alert_in_json(void **state)
{
	struct shop *world = *state;
	AUTO_BUF struct buf b = BUF_INIT(8192);
	struct alert_view view;

	put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 120);
	view = one(world);
	view.alternative_count = 1;
	view.alternatives[0] = (struct interval){0, 60};
	alert_add_json(&b, &view);
	assert_string_equal(buf_cstr(&b),
	    "{\"id\":1,\"kind\":\"overlap\",\"state\":\"open\",\"member\":\"alice\",\"calendar\":\"work\",\"event\":\"ill\","
	    "\"booking\":\"a\",\"start\":\"2027-03-02T09:00:00Z\",\"end\":\"2027-03-02T10:00:00Z\","
	    "\"created\":\"2027-03-01T08:00:00Z\",\"resolved\":null,\"resolved_by\":null,"
	    "\"alternatives\":[{\"start\":\"1970-01-01T00:00:00Z\",\"end\":\"1970-01-01T00:01:00Z\"}]}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_it_tells_whose_time_and_what_meets),
	    TEST(test_the_booking_could_go_to_times_that_are_free),
	    TEST(test_what_is_resolved_stays_so_while_nothing_changes),
	    TEST(test_it_is_open_again_when_they_meet_at_another_time),
	    TEST(test_it_goes_with_either_side),
	    TEST(test_it_goes_and_comes_with_the_calendar_that_counts),
	    TEST(test_it_goes_and_comes_with_zones_on_either_side),
	    TEST(test_pages_come_by_number_and_by_person),
	    TEST(test_it_goes_with_the_person),
	    TEST(test_what_an_older_version_kept_as_jobs_becomes_alerts),
	    TEST(test_one_that_is_not_so_is_told_and_repaired),
	    TEST(test_an_alert_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
