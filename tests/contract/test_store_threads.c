/* Many threads write and read at once: no update is lost, every snapshot is of one moment, order holds per thread. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "storage/kv.h"
#include "tests/contract/store_fixture.h"

#define WRITERS  6
#define READERS  4
#define UPDATES  150 /* of each writer */
#define VIEWS    400 /* of each reader */
#define ACCOUNTS 16
#define MONEY    INT64_C(1000) /* of each account at first: transfers keep the sum */

static struct slice account_key(unsigned n, char *out)
{
	return slice_of(out, (size_t)snprintf(out, 16, "account%02u", n));
}

static int get_balance(struct kv_txn *txn, unsigned n, int64_t *balance_r)
{
	char key[16];
	struct slice value;
	int ret = kv_get(txn, account_key(n, key), &value);

	if (ret < 0)
		return ret;
	if (value.len != sizeof(*balance_r))
		return -EBADMSG;
	memcpy(balance_r, value.at, sizeof(*balance_r));
	return 0;
}

static int put_balance(struct kv_txn *txn, unsigned n, int64_t balance)
{
	char key[16];

	return kv_put(txn, account_key(n, key), slice_of((const char *)&balance, sizeof(balance)));
}

static int open_accounts(struct kv_txn *txn, void *arg)
{
	int ret = 0;

	(void)arg;
	for (unsigned n = 0; ret == 0 && n < ACCOUNTS; n++)
		ret = put_balance(txn, n, MONEY);
	return ret;
}

struct worker {
	pthread_t thread;
	struct kv *kv;
	uint64_t seed;
	unsigned id;
	int failed;      /* first error */
	uint64_t told;   /* updates whose DONE was called with 0 */
	uint64_t refused;
	sem_t done;
	uint64_t expected; /* the count this writer's row must have, read inside the update */
};

/* Moves money, counts under the writer's own row; every fifth fails after it has written. */
static int transfer(struct kv_txn *txn, void *arg)
{
	struct worker *w = arg;
	uint64_t seed = w->seed; /* the same numbers when it runs again */
	unsigned from = random_below(&seed, ACCOUNTS), to = random_below(&seed, ACCOUNTS);
	int64_t amount = random_below(&seed, 50), a, b;
	char key[16];
	struct slice mine = slice_of(key, (size_t)snprintf(key, sizeof(key), "writer%u", w->id)), value;
	uint64_t count = 0;
	int ret = get_balance(txn, from, &a);

	if (ret == 0)
		ret = put_balance(txn, from, a - amount);
	if (ret == 0)
		ret = get_balance(txn, to, &b);
	if (ret == 0)
		ret = put_balance(txn, to, b + amount);
	if (ret == 0 && kv_get(txn, mine, &value) == 0)
		memcpy(&count, value.at, sizeof(count));
	if (ret == 0 && count != w->expected)
		return -EPROTO;
	count++;
	if (ret == 0)
		ret = kv_put(txn, mine, slice_of((const char *)&count, sizeof(count)));
	return ret < 0 ? ret : random_below(&seed, 5) == 0 ? -ECANCELED : 0;
}

static void transferred(int ret, void *arg)
{
	struct worker *w = arg;

	if (ret == 0) {
		w->told++;
		w->expected++;
	} else if (ret == -ECANCELED) {
		w->refused++;
	} else if (w->failed == 0) {
		w->failed = ret;
	}
	sem_post(&w->done);
}

static void *write_main(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < UPDATES; i++) {
		random_next(&w->seed);
		kv_update(w->kv, transfer, transferred, w);
		while (sem_wait(&w->done) < 0 && errno == EINTR)
			;
	}
	return NULL;
}

struct total {
	int64_t sum;
	unsigned count;
};

static int add_balance(struct slice key, struct slice value, void *arg)
{
	struct total *total = arg;
	int64_t balance;

	(void)key;
	memcpy(&balance, value.at, sizeof(balance));
	total->sum += balance;
	total->count++;
	return 0;
}

static int sum(struct kv_txn *txn, void *arg)
{
	struct total total = {0, 0};
	int ret = kv_range(txn, SLICE("account"), SLICE("account~"), *(bool *)arg, 0, add_balance, &total);

	return ret < 0 ? ret : total.sum == ACCOUNTS * MONEY && total.count == ACCOUNTS ? 0 : -EPROTO;
}

static void *read_main(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < VIEWS && w->failed == 0; i++) {
		bool reverse = i % 2;
		int ret = kv_view(w->kv, sum, &reverse);

		if (ret != 0)
			w->failed = ret;
	}
	return NULL;
}

static int get_count(struct kv_txn *txn, void *arg)
{
	struct worker *w = arg;
	char key[16];
	struct slice value;
	int ret = kv_get(txn, slice_of(key, (size_t)snprintf(key, sizeof(key), "writer%u", w->id)), &value);
	uint64_t count;

	if (ret < 0)
		return ret;
	memcpy(&count, value.at, sizeof(count));
	return count == w->told ? 0 : -EPROTO;
}

static void test_no_update_is_lost_and_every_snapshot_is_of_one_moment(void **state)
{
	struct fixture *f = *state;
	struct worker workers[WRITERS + READERS];
	struct kv_stats stats;
	bool reverse = false;

	assert_int_equal(kv_update_wait(f->kv, open_accounts, NULL), 0);
	for (unsigned i = 0; i < WRITERS + READERS; i++) {
		workers[i] = (struct worker){.kv = f->kv, .seed = i * 7919 + 1, .id = i};
		sem_init(&workers[i].done, 0, 0);
		assert_int_equal(
		    pthread_create(&workers[i].thread, NULL, i < WRITERS ? write_main : read_main, &workers[i]), 0);
	}
	for (unsigned i = 0; i < WRITERS + READERS; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned i = 0; i < WRITERS + READERS; i++)
		assert_int_equal(workers[i].failed, 0);
	for (unsigned i = 0; i < WRITERS; i++) {
		assert_int_equal(workers[i].told + workers[i].refused, UPDATES);
		assert_true(workers[i].refused > 0);
		assert_int_equal(kv_view(f->kv, get_count, &workers[i]), 0);
	}
	assert_int_equal(kv_view(f->kv, sum, &reverse), 0);
	assert_int_equal(kv_stats(f->kv, &stats), 0);
	assert_int_equal(stats.readers, 0);
	if (f->engine == ENGINE_LMDB) {
		fixture_reopen(f);
		for (unsigned i = 0; i < WRITERS; i++) {
			workers[i].kv = f->kv;
			assert_int_equal(kv_view(f->kv, get_count, &workers[i]), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_MEMORY(test_no_update_is_lost_and_every_snapshot_is_of_one_moment),
	    ON_LMDB(test_no_update_is_lost_and_every_snapshot_is_of_one_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
