/* Each table that is made from others is damaged, and repaired; what people wrote is left as it is and told. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "server/booking/verify.h"
#include "storage/store_private.h"
#include "tests/unit/booking_world.h"

enum damage {
	REMOVE,     /* the first row of the table goes */
	COPY,       /* stands a second time under a longer key */
	REWRITE,    /* gets other bytes */
	REMOVE_ALL, /* the table is emptied */
};

static const struct row {
	char table;
	enum damage damage;
	bool healed; /* afterwards a check finds nothing; else something is told */
} rows[] = {
    {TABLE_PRINCIPAL_ID, REMOVE, true},
    {TABLE_SESSION, REWRITE, true},
    {TABLE_SESSION, COPY, true},
    {TABLE_PRINCIPAL_ID, REWRITE, true},
    {TABLE_PRINCIPAL_ID, COPY, true},
    {TABLE_PRINCIPAL_ID, REMOVE_ALL, true},
    {TABLE_PRINCIPAL_EMAIL, REMOVE, true},
    {TABLE_PRINCIPAL_EMAIL, COPY, true},
    {TABLE_COLLECTION_ID, REMOVE_ALL, true},
    {TABLE_COLLECTION_ID, COPY, true},
    {TABLE_OBJECT_ID, REMOVE_ALL, true},
    {TABLE_OBJECT_ID, COPY, true},
    {TABLE_UID, REMOVE_ALL, true},
    {TABLE_UID, REWRITE, true},
    {TABLE_OWNER_UID, REMOVE_ALL, true},
    {TABLE_CHANGE, REMOVE, true},
    {TABLE_CHANGE, REWRITE, true},
    {TABLE_TOMBSTONE, REMOVE, true},
    {TABLE_TOMBSTONE, REWRITE, true},
    {TABLE_COUNTER, REMOVE_ALL, true},
    {TABLE_INDEX, REMOVE, true},
    {TABLE_INDEX, REWRITE, true},
    {TABLE_INDEX, REMOVE_ALL, true},
    {TABLE_BUSY, REMOVE, true},
    {TABLE_BUSY, COPY, true},
    {TABLE_BUSY, REMOVE_ALL, true},
    {TABLE_MEMBER_BUSY, REMOVE, true},
    {TABLE_MEMBER_BUSY, REMOVE_ALL, true},
    {TABLE_OCCUPANCY, REMOVE, true},
    {TABLE_OCCUPANCY, COPY, true},
    {TABLE_OCCUPANCY, REMOVE_ALL, true},
    {TABLE_OCCUPIED, REMOVE_ALL, true},
    {TABLE_SERIES, REMOVE_ALL, true},
    {TABLE_SERIES, REWRITE, true},
    {TABLE_SERIES_DUE, REMOVE_ALL, true},
    {TABLE_JOB_DUE, REMOVE_ALL, true},
    {TABLE_JOB_KEY, REMOVE_ALL, true},
    {TABLE_ALERT, REMOVE, true},
    {TABLE_ALERT, COPY, true},
    {TABLE_ALERT, REWRITE, true},
    {TABLE_GRANTED, REMOVE_ALL, true},
    {TABLE_GRANTED, REWRITE, true},
    {TABLE_MEMBERSHIP, REMOVE_ALL, true},
    {TABLE_IDEMPOTENCY, REMOVE, true},
    {TABLE_IDEMPOTENCY, REWRITE, true}, /* nobody wrote it by hand: it goes */
    {TABLE_IDEMPOTENCY_DUE, REMOVE_ALL, true},
    {TABLE_IDEMPOTENCY_DUE, COPY, true},
    {TABLE_USAGE, REWRITE, true},
    {TABLE_USAGE, REMOVE_ALL, true},
    {TABLE_BODY, COPY, true}, /* a body of no object goes */
    {TABLE_PRINCIPAL, REWRITE, false},
    {TABLE_COLLECTION, REWRITE, false},
    {TABLE_OBJECT, REWRITE, false},
    {TABLE_PROPERTY, REWRITE, false},
    {TABLE_BODY, REWRITE, false},
    {TABLE_BODY, REMOVE, false},
    {TABLE_JOB, REWRITE, false},
    {TABLE_GRANT, REWRITE, false},
};

/* ---- a business with something in every table ---- */

#define PROPERTIES 5

/* One of each kind of owner. */
static int put_properties(struct kv_txn *txn, struct shop *world, uint64_t alice, uint64_t bob)
{
	struct collection work;
	struct object event;
	int ret = store_collection_get(txn, world->arena, SLICE("alice"), SLICE("work"), &work);

	if (ret == 0)
		ret = store_object_get(txn, world->arena, work.id, SLICE("event.ics"), &event);
	if (ret < 0)
		return ret;
	const struct {
		enum property_owner owner;
		uint64_t id;
	} owners[PROPERTIES] = {
	    {PROPERTY_OF_COLLECTION, work.id},
	    {PROPERTY_OF_HOME, alice},
	    {PROPERTY_OF_PRINCIPAL, alice},
	    {PROPERTY_OF_SHAREE, store_sharee_id(work.id, bob)},
	    {PROPERTY_OF_OBJECT, event.id},
	};
	for (size_t i = 0; ret == 0 && i < PROPERTIES; i++)
		ret = store_property_put(txn, owners[i].owner, owners[i].id, SLICE("urn:x"), SLICE("x"), SLICE("<x/>"));
	return ret;
}

static int count_row(struct slice key, struct slice value, void *arg)
{
	(void)key, (void)value;
	++*(size_t *)arg;
	return 0;
}

static int count_properties(struct kv_txn *txn, void *arg)
{
	struct key prefix;

	key_begin(&prefix, TABLE_PROPERTY);
	return store_range(txn, &prefix, count_row, arg);
}

static int grant_and_group(struct kv_txn *txn, void *arg)
{
	struct shop *world = arg;
	struct principal alice, bob, group = {.kind = PRINCIPAL_GROUP, .name = SLICE("desk")};
	int ret = store_principal_get(txn, world->arena, SLICE("alice"), &alice);

	if (ret == 0)
		ret = store_principal_get(txn, world->arena, SLICE("bob"), &bob);
	if (ret == 0)
		ret = store_principal_put(txn, &group);
	if (ret == 0)
		ret = store_member_put(txn, group.id, bob.id);
	if (ret == 0)
		ret = put_properties(txn, world, alice.id, bob.id);
	if (ret == 0)
		ret = store_session_put(txn, &(struct session){.principal = alice.id, .digest = "a digest"});
	if (ret == 0)
		ret = store_idempotency_put(txn, &(struct idempotency){.scope = SLICE("key 1"), .key = SLICE("k")});
	return ret < 0 ? ret
	               : store_grant_put(txn, &(struct grant){alice.id, 0, GRANT_TO_PRINCIPAL, group.id, ACL_READ});
}

static struct shop *make_world(void)
{
	struct shop *world = world_new("memory:", NULL);

	world_put(world, "alice/work/event.ics", world_event(world, "event", "20270302T090000Z", 60, ""), HANDLING_DEFAULT, NULL);
	world_put(world, "alice/work/series.ics", world_event(world, "series", "20270303T090000Z", 60, "RRULE:FREQ=DAILY\r\n"),
	    HANDLING_DEFAULT, NULL);
	world_put(world, "alice/work/day.ics", world_event(world, "day", "20270304T000000", 1440, ""), HANDLING_DEFAULT, NULL);
	world_put(world, "alice/work/gone.ics", world_event(world, "gone", "20270305T090000Z", 60, ""), HANDLING_DEFAULT, NULL);
	world_delete(world, "alice/work/gone.ics", NULL);
	world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20270310T130000Z", 60, ""), HANDLING_DEFAULT, NULL);
	world_put(world, "alice/bookings/refused.ics", world_event(world, "refused", "20270310T133000Z", 60, ""),
	    HANDLING_LENIENT, NULL);
	world_put(world, "alice/work/over.ics", world_event(world, "over", "20270310T130000Z", 30, ""), HANDLING_DEFAULT, NULL);
	world_put(world, "room-1/bookings/r.ics", world_event(world, "r", "20270310T130000Z", 60, ""), HANDLING_DEFAULT, NULL);
	assert_int_equal(kv_update_wait(store_kv(world->store), grant_and_group, world), 0);
	assert_int_equal(world_verify(world, true), 0);
	return world;
}

/* ---- damage ---- */

struct strike {
	const struct row *row;
	struct key key;
	size_t len;
	char value[4096];
};

static int see_first(struct slice key, struct slice value, void *arg)
{
	struct strike *strike = arg;

	strike->key.len = key.len;
	memcpy(strike->key.at, key.at, key.len);
	strike->len = value.len < sizeof(strike->value) ? value.len : sizeof(strike->value);
	memcpy(strike->value, value.at, strike->len);
	return 0;
}

static int damage(struct kv_txn *txn, void *arg)
{
	struct strike *strike = arg;
	const char from[] = {strike->row->table}, to[] = {(char)(from[0] + 1)};
	struct key prefix;

	key_begin(&prefix, strike->row->table);
	strike->key.len = 0;
	if (kv_range(txn, slice_of(from, 1), slice_of(to, 1), false, 1, see_first, strike) < 0 || strike->key.len == 0)
		return -1000; /* nothing to damage: the world lacks something */
	switch (strike->row->damage) {
	case REMOVE:
		return kv_delete(txn, key_slice(&strike->key));
	case COPY:
		strike->key.at[strike->key.len++] = 'x';
		return kv_put(txn, key_slice(&strike->key), slice_of(strike->value, strike->len));
	case REWRITE:
		return kv_put(txn, key_slice(&strike->key), SLICE("????????????????"));
	case REMOVE_ALL:
		break;
	}
	return store_delete_range(txn, &prefix);
}

static void count_told(const char *sentence, void *arg)
{
	(void)sentence;
	++*(unsigned *)arg;
}

/* What a check says of a store with rows that cannot be read; 1 when it gives up. */
static uint64_t blamed(struct shop *world)
{
	struct verify_counts counts = {0};
	unsigned told = 0;

	return verify_store(world->changes, count_told, &told, &counts) < 0 ? 1 : counts.disagreements;
}

static void test_what_is_made_from_others_is_repaired(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct shop *world = make_world();
		struct strike strike = {.row = &rows[i]};
		unsigned told = 0;
		uint64_t left;

		if (kv_update_wait(store_kv(world->store), damage, &strike) != 0)
			fail_msg("row %zu: table %c could not be damaged", i, rows[i].table);
		if (change_repair(world->changes, count_told, &told) != 0)
			fail_msg("row %zu: table %c, damage %d: the repair failed", i, rows[i].table, (int)rows[i].damage);
		left = rows[i].healed ? world_verify(world, true) : blamed(world);
		if (rows[i].healed && (left != 0 || told != 0))
			fail_msg("row %zu: table %c, damage %d: %u told, %u left", i, rows[i].table, (int)rows[i].damage, told,
			    (unsigned)left);
		if (!rows[i].healed && (left == 0 || told == 0))
			fail_msg("row %zu: table %c, damage %d: nothing is told", i, rows[i].table, (int)rows[i].damage);
		world_free(world);
	}
}

static void test_a_sound_store_stays_as_it_is(void **state)
{
	struct shop *world = make_world();
	unsigned told = 0;
	char etag[RECORD_ETAG_SIZE];
	uint64_t changes = world_changes(world, "alice/work");
	size_t alerts = world_jobs(world, "overlap_alert"), properties = 0;

	(void)state;
	snprintf(etag, sizeof(etag), "%s", world_etag(world, "alice/work/event.ics"));
	assert_int_equal(change_repair(world->changes, count_told, &told), 0);
	assert_int_equal(told, 0);
	assert_int_equal(world_verify(world, true), 0);
	assert_string_equal(world_etag(world, "alice/work/event.ics"), etag);
	assert_int_equal(world_changes(world, "alice/work"), changes);
	assert_int_equal(world_jobs(world, "overlap_alert"), alerts);
	assert_int_equal(kv_view(store_kv(world->store), count_properties, &properties), 0);
	assert_int_equal(properties, PROPERTIES);
	/* the promise holds in what was made anew */
	assert_int_equal(world_put(world, "alice/bookings/c.ics", world_event(world, "c", "20270310T133000Z", 60, ""),
	    HANDLING_STRICT, NULL).outcome, CHANGE_REFUSED);
	world_free(world);
}

/* ---- tombstones ---- */

static void test_old_tombstones_go(void **state)
{
	struct shop *world = make_world();

	(void)state;
	assert_int_equal(change_prune(world->changes), 0);
	world->clock.now += 367 * DAY_SECONDS;
	assert_int_equal(change_prune(world->changes), 1);
	assert_int_equal(change_prune(world->changes), 0);
	assert_int_equal(world_verify(world, true), 0);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_made_from_others_is_repaired),
	    cmocka_unit_test(test_a_sound_store_stays_as_it_is),
	    cmocka_unit_test(test_old_tombstones_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
