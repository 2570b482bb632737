/*
 * kill -9 at random moments: a child writes durable updates in several tables, and says through a pipe what was
 * acknowledged. After each kill nothing acknowledged is lost, nothing is half written, and all tables agree.
 */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "storage/store_write.h"
#include "tests/contract/store_fixture.h"

#define KILLS       40
#define NAMES       64
#define OUTSTANDING 16 /* updates queued at a time: kills fall into batches of many */
#define LIFE_MAX_US 40000
#define NOW         INT64_C(1800000000)
#define OWNER_NAME  "anna"

/* What the child says: update SEQUENCE of NAME is on disk. */
struct acknowledgement {
	uint32_t name, sequence;
};

static int create(struct kv_txn *txn, void *arg)
{
	struct principal p = {.kind = PRINCIPAL_USER, .name = SLICE(OWNER_NAME)};
	struct collection c = {.kind = COLLECTION_BOOKINGS, .home = SLICE(OWNER_NAME), .name = SLICE("work")};
	int ret = store_principal_put(txn, &p);

	(void)arg;
	c.owner = p.id;
	return ret < 0 ? ret : store_collection_put(txn, &c);
}

/* ---- the child ---- */

struct write {
	struct kv *kv;
	int pipe;
	uint32_t name;     /* only ever written by this one */
	uint32_t sequence; /* of the update under way, from 1 */
	uint64_t seed;
};

static int write_object(struct kv_txn *txn, const struct collection *calendar, const struct write *w)
{
	char name[16], uid[16], body[700];
	struct object o = {
	    .collection = calendar->id,
	    .name = slice_of(name, (size_t)snprintf(name, sizeof(name), "%u", w->name)),
	    .uid = slice_of(uid, (size_t)snprintf(uid, sizeof(uid), "uid-%u", w->name)),
	};
	struct interval guard = {w->name * 1000, w->name * 1000 + 1 + w->sequence % 999};
	struct arena *arena = arena_new(1 << 16);
	struct object old;
	int len = snprintf(body, sizeof(body), "%u %*s", w->sequence, (int)(random_next(&(uint64_t){w->seed}) % 600), "x");
	int ret = store_object_get(txn, arena, calendar->id, o.name, &old);

	if (ret == 0)
		ret = store_index_clear(txn, calendar->id, old.id);
	if (ret == 0 && w->sequence % 7 == 0)
		ret = store_object_delete(txn, calendar->owner, &old, NOW); /* and written again, in one update */
	arena_free(arena);
	if (ret == 0 || ret == -ENOENT)
		ret = store_object_put(txn, calendar->owner, &o, slice_of(body, (size_t)len), NOW);
	if (ret == 0) {
		const struct busy busy = {.at = guard, .collection = calendar->id, .object = o.id, .kind = BUSY_KIND_BUSY};

		ret = store_index_put(txn, calendar->owner, calendar->id, o.id, &busy, 1);
	}
	return ret < 0 ? ret : store_occupancy_put(txn, calendar->owner, o.uid, &guard, 1, NULL);
}

static int write_one(struct kv_txn *txn, void *arg)
{
	struct arena *arena = arena_new(1 << 16);
	struct collection calendar;
	int ret = store_collection_get(txn, arena, SLICE(OWNER_NAME), SLICE("work"), &calendar);

	if (ret == 0)
		ret = write_object(txn, &calendar, arg);
	arena_free(arena);
	return ret;
}

static void queue_write(struct write *w);

static void written(int ret, void *arg)
{
	struct write *w = arg;
	struct acknowledgement ack = {w->name, w->sequence};

	if (ret < 0 || write(w->pipe, &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
		_exit(1);
	w->name = (w->name + OUTSTANDING) % NAMES;
	queue_write(w);
}

static void queue_write(struct write *w)
{
	w->sequence++;
	random_next(&w->seed);
	kv_update(w->kv, write_one, written, w);
}

/* Never returns: is killed. */
static void child(const char *url, int pipe, uint32_t first, uint64_t seed)
{
	struct store_options options = {0};
	struct error err = ERROR_NONE;
	struct store *store;
	struct write writes[OUTSTANDING];

	if (store_open(url, &options, &store, &err) < 0) {
		fprintf(stderr, "the child cannot open its store: %s\n", err.detail);
		_exit(1);
	}
	for (uint32_t i = 0; i < OUTSTANDING; i++) {
		writes[i] = (struct write){store_kv(store), pipe, i, first, seed + i + 1};
		queue_write(&writes[i]);
	}
	for (;;)
		pause();
}

/* ---- the parent ---- */

struct ledger {
	uint32_t acknowledged[NAMES]; /* the highest sequence that was */
	uint32_t highest, count;
};

static bool read_ack(int pipe, struct ledger *ledger)
{
	struct acknowledgement ack;

	if (read(pipe, &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
		return false;
	ledger->acknowledged[ack.name] = ack.sequence;
	if (ack.sequence > ledger->highest)
		ledger->highest = ack.sequence;
	ledger->count++;
	return true;
}

static int64_t now_us(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * INT64_C(1000000) + at.tv_nsec / 1000;
}

/* Reads for LIFE_US from the first acknowledgement on, kills, and reads what was still in the pipe. */
static void live_and_kill(const struct fixture *f, struct ledger *ledger, uint64_t *seed, unsigned life_us)
{
	int ends[2];
	pid_t pid;
	int64_t end;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		child(f->url, ends[1], ledger->highest, *seed);
	}
	close(ends[1]);
	assert_true(read_ack(ends[0], ledger));
	end = now_us() + life_us;
	while (now_us() < end) {
		struct pollfd fd = {.fd = ends[0], .events = POLLIN};

		if (poll(&fd, 1, (int)((end - now_us()) / 1000) + 1) == 1)
			assert_true(read_ack(ends[0], ledger));
	}
	kill(pid, SIGKILL);
	while (read_ack(ends[0], ledger))
		;
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
}

struct look {
	const struct ledger *ledger;
	struct arena *arena;
	char problem[128];
};

static int check_name(struct kv_txn *txn, uint64_t calendar, uint32_t n, struct look *look)
{
	char name[16];
	struct object o;
	struct slice body, first;
	uint64_t sequence = 0;
	int ret = store_object_get(txn, look->arena, calendar,
	    slice_of(name, (size_t)snprintf(name, sizeof(name), "%u", n)), &o);

	if (ret == 0)
		ret = store_body_get(txn, o.id, &body);
	if (ret == 0 && (!slice_next(&body, ' ', &first) || slice_to_u64(first, UINT32_MAX, &sequence) < 0))
		return -EBADMSG;
	if (sequence >= look->ledger->acknowledged[n])
		return 0;
	snprintf(look->problem, sizeof(look->problem), "name %u is at %llu, %u was acknowledged", n,
	    (unsigned long long)sequence, look->ledger->acknowledged[n]);
	return -EPROTO;
}

static int check_all(struct kv_txn *txn, void *arg)
{
	struct look *look = arg;
	struct collection calendar;
	int ret = store_collection_get(txn, look->arena, SLICE(OWNER_NAME), SLICE("work"), &calendar);

	for (uint32_t n = 0; ret == 0 && n < NAMES; n++)
		ret = check_name(txn, calendar.id, n, look);
	return ret;
}

static void test_nothing_acknowledged_is_lost_and_nothing_is_half_written(void **state)
{
	struct fixture *f = fixture_new(ENGINE_LMDB, 0);
	struct ledger ledger = {.count = 0};
	uint64_t seed = (uint64_t)now_us() | 1;

	(void)state;
	assert_int_equal(kv_update_wait(f->kv, create, NULL), 0);
	for (int i = 0; i < KILLS; i++) {
		unsigned life_us = random_below(&seed, LIFE_MAX_US);
		struct look look = {.ledger = &ledger, .arena = f->arena};

		store_close(f->store); /* no thread is left, so a fork is safe; and the child may have the store */
		f->store = NULL;
		live_and_kill(f, &ledger, &seed, life_us);
		fixture_reopen(f);
		if (kv_view(f->kv, check_all, &look) < 0)
			fail_msg("kill %d after %u us: %s", i, life_us, look.problem);
		if (!fixture_agrees(f))
			fail_msg("kill %d after %u us: the tables do not agree", i, life_us);
		arena_reset(f->arena);
	}
	assert_true(ledger.count > KILLS * 2);
	fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_acknowledged_is_lost_and_nothing_is_half_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
