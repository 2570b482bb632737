/*
 * Random puts, touches, deletes and prunings against a plain array, and clients that sync from whatever number they
 * have: each ends with exactly the objects that are there, or is told that its number is stale.
 */
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

#define NAMES   24
#define CLIENTS 6
#define ROUNDS  300
#define STEPS   5 /* in one update */
#define NOW     INT64_C(1800000000)

/* What one side believes: the change number of each object's last write, 0 when it is not there. */
struct copy {
	uint64_t change[NAMES];
	uint64_t number; /* synced up to here */
};

struct world {
	uint64_t seed;
	struct arena *arena;
	uint64_t owner, calendar;
	struct copy truth;
	int uid_of[NAMES];
	instant_t now;
	int stale;
};

static int create(struct kv_txn *txn, void *arg)
{
	struct world *w = arg;
	struct principal p = {.kind = PRINCIPAL_USER, .name = SLICE("anna")};
	struct collection c = {.kind = COLLECTION_CALENDAR, .home = SLICE("anna"), .name = SLICE("work")};
	int ret = store_principal_put(txn, &p);

	c.owner = w->owner = p.id;
	if (ret == 0)
		ret = store_collection_put(txn, &c);
	w->calendar = c.id;
	return ret;
}

static struct slice name_of(int n, char *out)
{
	return slice_of(out, (size_t)snprintf(out, 32, "%d.ics", n));
}

/* A put, sometimes under a UID that another name has: then it must be refused and nothing changes. */
static int put(struct kv_txn *txn, struct world *w, int n)
{
	char name[32], uid[32], body[64];
	int u = random_below(&w->seed, 5) == 0 ? (int)random_below(&w->seed, NAMES) : n, holder = -1, ret;
	struct object o = {
	    .collection = w->calendar,
	    .name = name_of(n, name),
	    .uid = slice_of(uid, (size_t)snprintf(uid, sizeof(uid), "uid-%d", u)),
	};

	for (int i = 0; i < NAMES; i++)
		if (w->truth.change[i] != 0 && w->uid_of[i] == u)
			holder = i;
	snprintf(body, sizeof(body), "body %u", random_below(&w->seed, 1000));
	ret = store_object_put(txn, w->owner, &o, slice_str(body), w->now);
	if (holder >= 0 && holder != n)
		return ret == -EEXIST ? 0 : -EPROTO;
	if (ret < 0)
		return ret;
	if (o.change != w->truth.number + 1)
		return -EPROTO;
	w->truth.change[n] = o.change;
	w->uid_of[n] = u;
	w->truth.number++;
	return 0;
}

static int touch(struct kv_txn *txn, struct world *w, int n)
{
	struct object o;
	char name[32];
	int ret = store_object_get(txn, w->arena, w->calendar, name_of(n, name), &o);

	if (ret < 0)
		return ret == -ENOENT && w->truth.change[n] == 0 ? 0 : -EPROTO;
	if (o.change != w->truth.change[n])
		return -EPROTO;
	ret = store_object_touch(txn, w->owner, &o, w->now);
	w->truth.change[n] = ++w->truth.number;
	return ret;
}

static int delete(struct kv_txn *txn, struct world *w, int n)
{
	struct object o;
	char name[32];
	int ret = store_object_get(txn, w->arena, w->calendar, name_of(n, name), &o);

	if (ret < 0)
		return ret == -ENOENT && w->truth.change[n] == 0 ? 0 : -EPROTO;
	ret = store_object_delete(txn, w->owner, &o, w->now);
	w->truth.change[n] = 0;
	w->truth.number++;
	return ret;
}

static int prune(struct kv_txn *txn, struct world *w)
{
	w->now += STORE_TOMBSTONE_KEPT_SECONDS / 3;
	return store_change_prune(txn, w->calendar, w->now, 1 + random_below(&w->seed, 4)) < 0 ? -EPROTO : 0;
}

static int step(struct kv_txn *txn, void *arg)
{
	struct world *w = arg;
	int n = (int)random_below(&w->seed, NAMES);

	arena_reset(w->arena);
	switch (random_below(&w->seed, 16)) {
	case 0:
		return prune(txn, w);
	case 1:
	case 2:
	case 3:
	case 4:
		return delete(txn, w, n);
	case 5:
	case 6:
		return touch(txn, w, n);
	}
	return put(txn, w, n);
}

static int steps(struct kv_txn *txn, void *arg)
{
	int ret = 0;

	for (int i = 0; ret == 0 && i < STEPS; i++)
		ret = step(txn, arg);
	return ret;
}

struct sync {
	struct world *w;
	struct copy *client;
};

static int apply(const struct change *change, void *arg)
{
	struct sync *sync = arg;
	struct slice name = change->name, digits;
	uint64_t n;

	if (!slice_next(&name, '.', &digits) || slice_to_u64(digits, NAMES - 1, &n) < 0 ||
	    change->number <= sync->client->number)
		return -EPROTO;
	sync->client->change[n] = change->op == CHANGE_PUT ? change->number : 0;
	sync->client->number = change->number;
	return 0;
}

/* In pages, as a report with a limit does. -ESTALE begins anew with an empty copy. */
static int pull(struct kv_txn *txn, void *arg)
{
	struct sync *sync = arg;
	uint64_t number, began = 0;
	int ret = store_collection_change(txn, sync->w->calendar, &number);

	if (ret < 0 || number != sync->w->truth.number)
		return -EPROTO;
	for (int page = 0; page < 2 * NAMES + 2; page++) {
		uint64_t at = sync->client->number;

		ret = store_change_each_since(txn, sync->w->calendar, at, began > at ? began : at,
		    1 + random_below(&sync->w->seed, 9), apply, sync);
		if (ret == -ESTALE && (at == 0 || began != 0))
			return -EPROTO;
		if (ret == -ESTALE) {
			*sync->client = (struct copy){.number = 0};
			began = number;
			sync->w->stale++;
		} else if (ret < 0) {
			return ret;
		} else if (sync->client->number == at) { /* nothing more; the last tombstones may be gone */
			sync->client->number = number;
			return 0;
		}
	}
	return -ELOOP;
}

static void check_client(struct world *w, const struct copy *client, int round)
{
	for (int n = 0; n < NAMES; n++)
		if (client->change[n] != w->truth.change[n])
			fail_msg("step %d: object %d is at %llu here and at %llu there", round, n,
			    (unsigned long long)client->change[n], (unsigned long long)w->truth.change[n]);
}

static void test_every_client_converges_from_whatever_number_it_has(void **state)
{
	struct fixture *f = *state;
	struct world w = {.seed = 0x5ca1e, .arena = f->arena, .now = NOW};
	struct copy clients[CLIENTS] = {{{0}, 0}};

	assert_int_equal(kv_update_wait(f->kv, create, &w), 0);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(kv_update_wait(f->kv, steps, &w), 0);
		for (unsigned c = 0; c < CLIENTS; c++) { /* the first nearly always, the last hardly ever */
			struct sync sync = {.w = &w, .client = &clients[c]};

			if (random_below(&w.seed, 1u << 2 * c) != 0)
				continue;
			assert_int_equal(kv_view(f->kv, pull, &sync), 0);
			check_client(&w, &clients[c], i);
		}
		if (i % 50 == 0)
			assert_true(fixture_agrees(f));
	}
	assert_true(fixture_agrees(f));
	assert_true(w.stale > 0); /* somebody came too late, and caught up */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_MEMORY(test_every_client_converges_from_whatever_number_it_has),
	    ON_LMDB(test_every_client_converges_from_whatever_number_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
