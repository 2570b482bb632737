#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

#include "protocol/base/cleanup.h"
#include "server/base/pool.h"

struct gate {
	sem_t entered, open;
};

static void wait_at_gate(void *arg)
{
	struct gate *gate = arg;

	sem_post(&gate->entered);
	sem_wait(&gate->open);
}

static void count_one(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void test_all_that_is_queued_runs_before_the_end(void **state)
{
	struct pool *pool = pool_new("test", 3, 1000);
	atomic_int count = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		while (pool_run(pool, count_one, &count) == -EAGAIN)
			;
	pool_free(pool);
	assert_int_equal(count, 1000);
}

static void test_a_full_queue_refuses_and_recovers(void **state)
{
	struct pool *pool = pool_new("test", 1, 2);
	atomic_int count = 0;
	struct gate gate;

	(void)state;
	sem_init(&gate.entered, 0, 0);
	sem_init(&gate.open, 0, 0);
	assert_int_equal(pool_run(pool, wait_at_gate, &gate), 0);
	sem_wait(&gate.entered); /* the one worker is busy, the queue empty */
	assert_int_equal(pool_run(pool, count_one, &count), 0);
	assert_int_equal(pool_run(pool, count_one, &count), 0);
	assert_int_equal(pool_queued(pool), 2);
	assert_int_equal(pool_run(pool, count_one, &count), -EAGAIN);
	sem_post(&gate.open);
	pool_free(pool);
	assert_int_equal(count, 2);
}

struct order {
	int seen[64];
	int count;
};

struct numbered {
	struct order *order;
	int number;
};

static void note_number(void *arg)
{
	const struct numbered *one = arg;

	one->order->seen[one->order->count++] = one->number; /* one worker: no two at a time */
}

static void test_one_worker_keeps_the_order(void **state)
{
	static struct order order;
	struct numbered numbers[64];
	struct pool *pool = pool_new("test", 1, 64);

	(void)state;
	for (int i = 0; i < 64; i++) {
		numbers[i] = (struct numbered){&order, i};
		assert_int_equal(pool_run(pool, note_number, &numbers[i]), 0);
	}
	pool_free(pool);
	assert_int_equal(order.count, 64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(order.seen[i], i);
}

struct chain {
	struct pool *pool;
	int left;
};

static void run_again(void *arg)
{
	struct chain *chain = arg;

	if (--chain->left > 0 && pool_run(chain->pool, run_again, chain) < 0)
		chain->left = -1000;
}

static void test_work_may_queue_work_while_the_pool_ends(void **state)
{
	struct chain chain = {pool_new("test", 2, 4), 500};

	(void)state;
	assert_int_equal(pool_run(chain.pool, run_again, &chain), 0);
	pool_free(chain.pool);
	assert_int_equal(chain.left, 0);
}

static void read_mask(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
}

static void test_workers_block_signals_and_the_maker_does_not(void **state)
{
	struct pool *pool = pool_new("a name longer than fits", 1, 1);
	sigset_t of_worker, own;

	(void)state;
	sigemptyset(&of_worker);
	assert_int_equal(pool_run(pool, read_mask, &of_worker), 0);
	pool_free(pool);
	pthread_sigmask(SIG_SETMASK, NULL, &own);
	assert_true(sigismember(&of_worker, SIGTERM) && sigismember(&of_worker, SIGHUP));
	assert_false(sigismember(&own, SIGTERM));
}

struct producers {
	struct pool *pool;
	atomic_int count;
};

static void *run_many(void *arg)
{
	struct producers *producers = arg;

	for (int i = 0; i < 500; i++)
		while (pool_run(producers->pool, count_one, &producers->count) == -EAGAIN)
			;
	return NULL;
}

static void test_many_threads_queue_and_none_is_lost(void **state)
{
	struct producers producers = {pool_new("test", 2, 8), 0};
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_many, &producers), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	pool_free(producers.pool);
	assert_int_equal(producers.count, 2000);
}

/* ---- turns ---- */

struct turns_taken {
	int at[64];
	int count;
};

struct turn {
	struct turns_taken *order;
	int sender;
};

static void note_turn(void *arg)
{
	struct turn *turn = arg;

	turn->order->at[turn->order->count++] = turn->sender; /* one worker */
}

/* A sender with many requests and two with one each: those two do not wait for all of his. */
static void test_senders_take_turns(void **state)
{
	struct pool *pool = pool_new("test", 1, 64);
	struct turns_taken taken = {.count = 0};
	struct turn turns[3] = {{&taken, 1}, {&taken, 2}, {&taken, 3}};
	struct gate gate;

	(void)state;
	sem_init(&gate.entered, 0, 0);
	sem_init(&gate.open, 0, 0);
	assert_int_equal(pool_run(pool, wait_at_gate, &gate), 0);
	sem_wait(&gate.entered);
	for (int i = 0; i < 16; i++)
		assert_int_equal(pool_run_for(pool, 1, note_turn, &turns[0]), 0);
	assert_int_equal(pool_run_for(pool, 1, note_turn, &turns[0]), -EAGAIN); /* a quarter of the queue is his */
	assert_int_equal(pool_run_for(pool, 2, note_turn, &turns[1]), 0);
	assert_int_equal(pool_run_for(pool, 3, note_turn, &turns[2]), 0);
	sem_post(&gate.open);
	pool_free(pool);
	assert_int_equal(taken.count, 18);
	for (int i = 0; i < 3; i++)
		assert_int_equal(taken.at[i], i + 1);
	for (int i = 3; i < taken.count; i++)
		assert_int_equal(taken.at[i], 1);
	sem_destroy(&gate.entered);
	sem_destroy(&gate.open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_that_is_queued_runs_before_the_end),
	    cmocka_unit_test(test_a_full_queue_refuses_and_recovers),
		cmocka_unit_test(test_senders_take_turns),
	    cmocka_unit_test(test_one_worker_keeps_the_order),
	    cmocka_unit_test(test_work_may_queue_work_while_the_pool_ends),
	    cmocka_unit_test(test_workers_block_signals_and_the_maker_does_not),
	    cmocka_unit_test(test_many_threads_queue_and_none_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
