/* Each kind of damage, done to one table behind the store's back, is found and named. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/store_write.h"
#include "storage/verify.h"
#include "tests/contract/store_fixture.h"

#define NOW INT64_C(1800000000)

static int fill_bookings(struct kv_txn *txn)
{
	static const struct slice staff[] = {{"anna", 4}};
	struct booking booking = {
	    .id = SLICE("id-b"), .uid = SLICE("uid-b"), .status = BOOKING_HELD, .service = SLICE("cut"), .core = {NOW, NOW + 60},
	    .staff = staff, .staff_count = 1, .has_token = true, .expires = NOW, .created = NOW,
	};
	struct arena *arena = arena_new(1 << 16);
	int ret = store_service_put(txn, &(struct service){.id = SLICE("cut"), .json = SLICE("{}")});

	if (ret == 0)
		ret = arena != NULL ? store_booking_put(txn, arena, &booking) : -ENOMEM;
	arena_free(arena);
	return ret;
}

/* One user, one calendar, one event with two rows, one deleted event, a series, a guard, a job. */
static int fill(struct kv_txn *txn, void *arg)
{
	struct principal p = {.kind = PRINCIPAL_USER, .name = SLICE("anna"), .email = SLICE("anna@example.org")};
	struct collection c = {.kind = COLLECTION_CALENDAR, .home = SLICE("anna"), .name = SLICE("work")};
	struct object o = {.name = SLICE("a.ics"), .uid = SLICE("uid-a")}, gone = {.name = SLICE("b.ics"), .uid = SLICE("uid-b")};
	struct job job = {.kind = SLICE("mail"), .key = SLICE("k"), .due = NOW};
	int ret = store_principal_put(txn, &p);

	(void)arg;
	c.owner = p.id;
	if (ret == 0)
		ret = store_collection_put(txn, &c);
	o.collection = gone.collection = c.id;
	if (ret == 0)
		ret = store_property_put(txn, PROPERTY_OF_COLLECTION, c.id, SLICE("n"), SLICE("p"), SLICE("x"));
	if (ret == 0)
		ret = store_object_put(txn, p.id, &o, SLICE("body"), NOW);
	if (ret == 0)
		ret = store_property_put(txn, PROPERTY_OF_OBJECT, o.id, SLICE("n"), SLICE("p"), SLICE("x"));
	if (ret == 0)
		ret = store_object_put(txn, p.id, &gone, SLICE("body"), NOW);
	if (ret == 0)
		ret = store_object_delete(txn, p.id, &gone, NOW);
	if (ret == 0) {
		const struct busy rows[] = {
		    {.at = {NOW, NOW + 60}, .collection = c.id, .object = o.id, .instance = 0, .kind = BUSY_KIND_BUSY},
		    {.at = {NOW, NOW + 99}, .collection = c.id, .object = o.id, .instance = 1, .kind = BUSY_KIND_FREE},
		};
		const struct series series = {c.id, o.id, o.name, {NOW, INSTANT_MAX}, {NOW, NOW + 100}};

		ret = store_index_put(txn, p.id, c.id, o.id, rows, 2);
		if (ret == 0)
			ret = store_series_put(txn, &series);
	}
	if (ret == 0)
		ret = store_occupancy_put(txn, p.id, SLICE("uid-a"), &(struct interval){NOW, NOW + 60}, 1, NULL);
	if (ret == 0)
		ret = store_alert_put(txn, &(struct alert){.kind = ALERT_OVERLAP, .state = ALERT_OPEN, .member = p.id,
		    .collection = c.id, .event = SLICE("uid-a"), .booking = SLICE("uid-b")});
	if (ret == 0)
		ret = store_feed_put(txn, &(struct feed){.owner = p.id, .collection = c.id, .digest = "a digest"});
	if (ret == 0)
		ret = store_session_put(txn, &(struct session){.principal = p.id, .digest = "a digest", .created = NOW});
	if (ret == 0)
		ret = store_api_key_put(txn, &(struct api_key){.digest = "a digest", .role = API_ROLE_ADMIN});
	if (ret == 0)
		ret = store_audit_add(txn, &(struct audit){.who = SLICE("anna"), .kind = SLICE("job"), .action = SLICE("drop")});
	if (ret == 0)
		ret = store_idempotency_put(txn, &(struct idempotency){.scope = SLICE("key 1"), .key = SLICE("k"), .at = NOW});
	if (ret == 0)
		ret = fill_bookings(txn);
	return ret < 0 ? ret : store_job_put(txn, &job);
}

/* The first row of a table is removed, or copied under a key with one more byte, or gets other bytes. */
enum damage {
	REMOVE,
	COPY,
	REWRITE,
};

struct damage_row {
	char table;
	enum damage damage;
	const char *sentence; /* part of one that must be said */
};

static const struct damage_row damage_rows[] = {
    {'p', REMOVE, "principal id: a row of anna"},
    {'p', REWRITE, "principal: a row that cannot be read"},
    {'i', REMOVE, "principal anna: not found by its id"},
    {'i', REWRITE, "principal anna: not found by its id"},
    {'e', REMOVE, "principal anna: not found by its address"},
    {'e', COPY, "address: a row of anna"},
    {'c', REMOVE, "object: a row of collection"},
    {'c', REWRITE, "collection: a row that cannot be read"},
    {'d', REMOVE, "collection anna/work: not found by its id"},
    {'o', REMOVE, "body: a row of object"},
    {'o', REWRITE, "object: a row that cannot be read"},
    {'o', COPY, "object a.ics: under another name"},
    {'O', REMOVE, "object a.ics: not found by its id"},
    {'O', REMOVE, "property: a row of object"},
    {'r', REWRITE, "property: a row that cannot be read"},
    {'b', REMOVE, "object a.ics: no body"},
    {'b', REWRITE, "object a.ics: not the body that was written"},
    {'u', REMOVE, "object a.ics: not found by its UID"},
    {'u', REWRITE, "UID: a row of"},
    {'U', REMOVE, "object a.ics: not found by owner and UID"},
    {'h', REMOVE, "object a.ics: no change row 1"},
    {'h', REWRITE, "change: a row that cannot be read"},
    {'q', REMOVE, "above the counter"},
    {'t', REWRITE, "tombstone: no change row"},
    {'x', REMOVE, "busy: 2 rows, 0 are listed elsewhere"},
    {'x', REWRITE, "index: a row that cannot be read"},
    {'y', REMOVE, "busy: instance 0 of object"},
    {'y', REWRITE, "busy: instance 0 of object"},
    {'y', COPY, "busy: 3 rows, 2 are listed elsewhere"},
    {'Y', REMOVE, "member's busy: instance 0 of object"},
    {'Y', COPY, "member's busy: 2 rows, 1 are listed elsewhere"},
    {'a', REMOVE, "a guard at 1800000000 is missing"},
    {'a', COPY, "occupancy: 2 rows, 1 are listed elsewhere"},
    {'a', REWRITE, "occupancy: a row that cannot be read"},
    {'A', REMOVE, "occupancy: 1 rows, 0 are listed elsewhere"},
    {'A', REWRITE, "occupied: a row that cannot be read"},
    {'s', REMOVE, "series by end: 1 rows, 0 are listed elsewhere"},
    {'s', REWRITE, "series: a row that cannot be read"},
    {'S', REMOVE, "not in the order of their ends"},
    {'B', REWRITE, "usage: a row that cannot be read"},
    {'B', COPY, "usage: a row that cannot be read"},
    {'o', REMOVE, "usage: not the sum of the objects"},
    {'z', REMOVE, "feeds: a row of table Z: its counterpart"},
    {'z', REWRITE, "feeds: a row of table z: a row that cannot be read"},
    {'Z', REMOVE, "feeds: a row of table z: its counterpart"},
    {'Z', REWRITE, "feeds: a row of table Z: its counterpart"},
    {'Z', COPY, "feeds: a row of table Z: its counterpart"},
    {'v', REWRITE, "session: a row that cannot be read"},
    {'v', COPY, "session: a row that cannot be read"},
    {'i', REMOVE, "session: a principal that is not there"},
    {'P', REWRITE, "API: a row of table P: a row that cannot be read"},
    {'P', COPY, "API: a row of table P: a row that cannot be read"},
    {'Q', REWRITE, "API: a row of table Q: a row that cannot be read"},
    {'Q', COPY, "API: a row of table Q: a row that cannot be read"},
    {'R', REMOVE, "API: a row of table T: its counterpart"},
    {'R', REWRITE, "API: a row of table R: a row that cannot be read"},
    {'T', REMOVE, "API: a row of table R: its counterpart is missing"},
    {'T', COPY, "API: a row of table T: a row that cannot be read"},
    {'C', REWRITE, "service: a row that cannot be read"},
    {'D', REMOVE, "bookings: a row of table E: it leads to no booking"},
    {'D', REWRITE, "bookings: a row of table D: a row that cannot be read"},
    {'E', REMOVE, "bookings: a row of table D: a row that leads to it is missing"},
    {'E', REWRITE, "bookings: a row of table E: it leads to no booking"},
    {'E', COPY, "bookings: a row of table E: its booking says something else"},
    {'I', REMOVE, "bookings: a row of table D: a row that leads to it is missing"},
    {'I', COPY, "bookings: a row of table I: it leads to no booking"},
    {'K', REMOVE, "bookings: a row of table D: a row that leads to it is missing"},
    {'L', REMOVE, "bookings: a row of table D: a row that leads to it is missing"},
    {'M', REMOVE, "bookings: a row of table D: a row that leads to it is missing"},
    {'1', REMOVE, "bookings: a row of table D: a row that leads to it is missing"},
    {'1', COPY, "bookings: a row of table 1: it leads to no booking"},
    {'j', REMOVE, "job's key: a row of job 1"},
    {'j', REWRITE, "job: a row that cannot be read"},
    {'J', REMOVE, "not in the order of what is due"},
    {'k', REMOVE, "job 1: not found by its key"},
    {'k', REWRITE, "job's key: a row of job"},
    {'k', COPY, "job's key: a row of job 1, which has another key"},
    {'W', REWRITE, "alert: it cannot be read"},
    {'W', COPY, "alert: it lies under another's key"},
    {'i', REMOVE, "alert: its member is not there"},
};

struct strike {
	const struct damage_row *row;
	struct kv_txn *txn;
};

static int first_row(struct slice key, struct slice value, void *arg)
{
	char kept[KV_KEY_MAX + 1], bytes[4096];
	struct slice copy = slice_of(kept, key.len);

	memcpy(kept, key.at, key.len);
	kept[key.len] = 'x';
	memcpy(bytes, value.at, value.len);
	switch (((struct strike *)arg)->row->damage) {
	case REMOVE:
		return kv_delete(((struct strike *)arg)->txn, copy);
	case COPY:
		copy.len++;
		return kv_put(((struct strike *)arg)->txn, copy, slice_of(bytes, value.len));
	case REWRITE:
		break;
	}
	return kv_put(((struct strike *)arg)->txn, copy, SLICE("????????????????"));
}

static int strike(struct kv_txn *txn, void *arg)
{
	const char from[] = {((struct strike *)arg)->row->table}, to[] = {(char)(from[0] + 1)};

	((struct strike *)arg)->txn = txn;
	return kv_range(txn, slice_of(from, 1), slice_of(to, 1), false, 1, first_row, arg);
}

struct heard {
	const char *sentence;
	bool said;
	char last[256];
};

static void hear(const char *sentence, void *arg)
{
	struct heard *heard = arg;

	snprintf(heard->last, sizeof(heard->last), "%s", sentence);
	heard->said |= heard->sentence != NULL && strstr(sentence, heard->sentence) != NULL;
}

struct look {
	struct heard heard;
	struct store_verify_counts counts;
};

static int verify(struct kv_txn *txn, void *arg)
{
	struct look *look = arg;

	return store_verify(txn, hear, &look->heard, &look->counts);
}

static void test_a_sound_store_is_counted_and_not_blamed(void **state)
{
	struct fixture *f = fixture_new(ENGINE_MEMORY, 0);
	struct look look = {.heard = {0}};

	(void)state;
	assert_int_equal(kv_update_wait(f->kv, fill, NULL), 0);
	assert_int_equal(kv_view(f->kv, verify, &look), 0);
	assert_string_equal(look.heard.last, "");
	assert_true(look.counts.principals == 1 && look.counts.collections == 1 && look.counts.objects == 1);
	assert_true(look.counts.rows > 25 && look.counts.disagreements == 0);
	fixture_free(f);
}

static void test_each_damage_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(damage_rows); i++) {
		const struct damage_row *row = &damage_rows[i];
		struct fixture *f = fixture_new(ENGINE_MEMORY, 0);
		struct look look = {.heard = {.sentence = row->sentence}};
		struct strike one = {.row = row};

		assert_int_equal(kv_update_wait(f->kv, fill, NULL), 0);
		assert_int_equal(kv_update_wait(f->kv, strike, &one), 0);
		assert_int_equal(kv_view(f->kv, verify, &look), 0);
		if (!look.heard.said)
			fail_msg("table %c, damage %d: not \"%s\" but \"%s\"", row->table, (int)row->damage,
			    row->sentence, look.heard.last);
		assert_true(look.counts.disagreements > 0);
		fixture_free(f);
	}
}

static int put_unknown(struct kv_txn *txn, void *arg)
{
	(void)arg;
	return kv_put(txn, SLICE("\x7fwhat"), SLICE(""));
}

static void test_a_row_of_no_table_is_found(void **state)
{
	struct fixture *f = fixture_new(ENGINE_MEMORY, 0);
	struct look look = {.heard = {.sentence = "a row of no table: 7f"}};

	(void)state;
	assert_int_equal(kv_update_wait(f->kv, put_unknown, NULL), 0);
	assert_int_equal(kv_view(f->kv, verify, &look), 0);
	assert_true(look.heard.said);
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_sound_store_is_counted_and_not_blamed),
	    cmocka_unit_test(test_each_damage_is_found),
	    cmocka_unit_test(test_a_row_of_no_table_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
