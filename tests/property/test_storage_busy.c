/* Lookups in the busy index and the occupancy table against a list that is looked through from end to end. */
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
#include "tests/contract/store_fixture.h"

#define OBJECTS  60
#define ROWS     12  /* at most, of one object */
#define LOOKUPS  30  /* after each change of the rows */
#define ROUNDS   80
#define SPAN     INT64_C(40000000) /* seconds in which starts lie */
#define MEMBER   7
#define CALENDAR 3

struct rows {
	struct busy at[ROWS];
	size_t count;
	uint64_t member; /* 0: counts for nobody */
};

struct world {
	uint64_t seed;
	struct rows objects[OBJECTS];
};

/* From empty to years: every class, with borders of classes and touching ends. */
static struct interval random_interval(uint64_t *seed)
{
	instant_t start = (instant_t)(random_next(seed) % (uint64_t)SPAN) / 900 * 900 - SPAN / 2;
	int64_t length = 0;

	switch (random_below(seed, 4)) {
	case 0:
		length = random_below(seed, 9) * INT64_C(900);
		break;
	case 1:
		length = (INT64_C(1) << random_below(seed, 27)) - random_below(seed, 2);
		break;
	case 2:
		length = random_below(seed, 200) * DAY_SECONDS;
		break;
	case 3:
		start = random_below(seed, 9) * INT64_C(900); /* a crowd */
		length = 900;
		break;
	}
	return (struct interval){start, start + length};
}

static int change_rows(struct kv_txn *txn, void *arg)
{
	struct world *w = arg;
	size_t n = random_below(&w->seed, OBJECTS);
	struct rows *rows = &w->objects[n];

	rows->count = random_below(&w->seed, ROWS + 1);
	rows->member = random_below(&w->seed, 4) == 0 ? 0 : MEMBER;
	for (size_t i = 0; i < rows->count; i++)
		rows->at[i] = (struct busy){
		    .at = random_interval(&w->seed),
		    .collection = CALENDAR,
		    .object = n + 1,
		    .instance = (uint32_t)i,
		    .kind = (enum busy_kind)random_below(&w->seed, 4),
		};
	return store_index_put(txn, rows->member, CALENDAR, n + 1, rows->at, rows->count);
}

struct lookup {
	const struct world *w;
	struct interval window;
	bool seen[OBJECTS][ROWS];
	bool twice;
};

static int see(const struct busy *busy, void *arg)
{
	struct lookup *lookup = arg;
	const struct busy *own;

	if (busy->object < 1 || busy->object > OBJECTS || busy->instance >= lookup->w->objects[busy->object - 1].count)
		return -EPROTO;
	own = &lookup->w->objects[busy->object - 1].at[busy->instance];
	if (busy->at.start != own->at.start || busy->at.end != own->at.end || busy->kind != own->kind ||
	    busy->collection != CALENDAR)
		return -EPROTO;
	lookup->twice |= lookup->seen[busy->object - 1][busy->instance];
	lookup->seen[busy->object - 1][busy->instance] = true;
	return 0;
}

static bool expected(struct interval at, struct interval window)
{
	if (at.start == at.end)
		return window.start <= at.start && at.start < window.end;
	return at.start < window.end && window.start < at.end;
}

static int by_calendar(struct kv_txn *txn, void *arg)
{
	struct lookup *lookup = arg;

	return store_busy_each(txn, CALENDAR, lookup->window, see, lookup);
}

static int by_member(struct kv_txn *txn, void *arg)
{
	struct lookup *lookup = arg;

	return store_member_busy_each(txn, MEMBER, lookup->window, see, lookup);
}

static void check(struct fixture *f, const struct world *w, struct interval window, bool member)
{
	struct lookup lookup = {.w = w, .window = window};

	assert_int_equal(kv_view(f->kv, member ? by_member : by_calendar, &lookup), 0);
	assert_false(lookup.twice);
	for (size_t n = 0; n < OBJECTS; n++)
		for (size_t i = 0; i < w->objects[n].count; i++) {
			const struct busy *busy = &w->objects[n].at[i];
			bool want = expected(busy->at, window);

			if (member)
				want = want && w->objects[n].member == MEMBER && busy->kind != BUSY_KIND_FREE &&
				       busy->at.start < busy->at.end;
			if (lookup.seen[n][i] != want)
				fail_msg("[%lld, %lld) %s in [%lld, %lld) %s", (long long)busy->at.start,
				    (long long)busy->at.end, want ? "is not found" : "is found", (long long)window.start,
				    (long long)window.end, member ? "of the member" : "of the calendar");
		}
}

static void test_lookups_find_what_a_slow_search_finds(void **state)
{
	struct fixture *f = *state;
	static struct world w;

	w = (struct world){.seed = 0xb0b};
	for (int round = 0; round < ROUNDS; round++) {
		assert_int_equal(kv_update_wait(f->kv, change_rows, &w), 0);
		for (int i = 0; i < LOOKUPS; i++) {
			struct interval window = random_interval(&w.seed);

			if (window.start == window.end)
				window.end++;
			if (random_below(&w.seed, 50) == 0)
				window = (struct interval){INSTANT_MIN, INSTANT_MAX};
			check(f, &w, window, i % 2);
		}
	}
}

/* ---- occupancy ---- */

#define UIDS   40
#define GUARDS 3
#define TRIES  6000
#define BATCH  50 /* tries in one update */

struct reservation {
	struct interval guards[GUARDS];
	size_t count;
};

struct booked {
	uint64_t seed;
	struct reservation bookings[UIDS];
	size_t accepted, refused;
};

static bool clashes(const struct booked *b, size_t own, const struct interval *guards, size_t count)
{
	for (size_t n = 0; n < UIDS; n++)
		for (size_t i = 0; n != own && i < b->bookings[n].count; i++)
			for (size_t k = 0; k < count; k++)
				if (interval_overlaps(b->bookings[n].guards[i], guards[k]))
					return true;
	return false;
}

static int book(struct kv_txn *txn, void *arg)
{
	struct booked *b = arg;
	size_t n = random_below(&b->seed, UIDS);
	struct reservation wish = {.count = random_below(&b->seed, GUARDS + 1)};
	struct interval clash = {0, 0};
	char uid[16];
	bool refuse;
	int ret;

	snprintf(uid, sizeof(uid), "uid-%zu", n);
	for (size_t i = 0; i < wish.count; i++) {
		wish.guards[i].start = random_below(&b->seed, 400) * INT64_C(900);
		wish.guards[i].end = wish.guards[i].start + 900 * (INT64_C(1) << random_below(&b->seed, 6)) -
				     random_below(&b->seed, 2);
	}
	refuse = clashes(b, n, wish.guards, wish.count);
	ret = store_occupancy_put(txn, MEMBER, slice_str(uid), wish.guards, wish.count, &clash);
	if (ret != (refuse ? -EBUSY : 0))
		return -EPROTO;
	if (refuse && !clashes(b, n, &clash, 1)) /* the guard it names is another's */
		return -EPROTO;
	b->accepted += !refuse;
	b->refused += refuse;
	if (!refuse)
		b->bookings[n] = wish;
	return 0; /* a refusal is recorded in the same update: what UID had must still stand */
}

static int book_many(struct kv_txn *txn, void *arg)
{
	int ret = 0;

	for (int i = 0; ret == 0 && i < BATCH; i++)
		ret = book(txn, arg);
	return ret;
}

static int count_guard(const struct occupancy *occupancy, void *arg)
{
	(void)occupancy;
	++*(size_t *)arg;
	return 0;
}

static int count_guards(struct kv_txn *txn, void *arg)
{
	return store_occupancy_each(txn, MEMBER, (struct interval){INSTANT_MIN, INSTANT_MAX}, count_guard, arg);
}

static void test_no_order_of_bookings_makes_two_overlap(void **state)
{
	struct fixture *f = *state;
	struct booked b = {.seed = 0x60d};
	size_t guards = 0, found = 0;

	for (int i = 0; i < TRIES / BATCH; i++)
		assert_int_equal(kv_update_wait(f->kv, book_many, &b), 0);
	for (size_t n = 0; n < UIDS; n++) {
		assert_false(clashes(&b, n, b.bookings[n].guards, b.bookings[n].count));
		guards += b.bookings[n].count;
	}
	assert_int_equal(kv_view(f->kv, count_guards, &found), 0);
	assert_int_equal(found, guards);
	assert_true(b.accepted > TRIES / 10 && b.refused > TRIES / 10); /* both sides of the rule were tried */
	assert_true(fixture_agrees(f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_MEMORY(test_lookups_find_what_a_slow_search_finds),
	    ON_LMDB(test_lookups_find_what_a_slow_search_finds),
	    ON_MEMORY(test_no_order_of_bookings_makes_two_overlap),
	    ON_LMDB(test_no_order_of_bookings_makes_two_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
