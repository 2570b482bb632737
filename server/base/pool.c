#include <config.h>

#include "server/base/pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/base/cleanup.h"

#define THREAD_NAME_SIZE 16 /* pthread_setname_np takes no more */

struct work {
	pool_fn *fn;
	void *arg;
	struct work *next;
};

/* What waits of the senders whose numbers lead here; the first lane is that of work without a sender. */
struct lane {
	struct work *first, *last;
	size_t queued;
};

struct pool {
	pthread_mutex_t lock; /* over all below but the threads, which only pool_new and pool_free touch */
	pthread_cond_t changed;
	struct work *entries, *unused; /* max_queued of them; a list of those that are free */
	struct lane lanes[POOL_LANES + 1];
	size_t turn; /* the lane that was served last */
	size_t queued, max_queued;
	bool stopping;
	size_t workers;
	pthread_t threads[];
};

/* The first of the next lane in turn that has any; something is queued. */
static struct work take_turn(struct pool *pool)
{
	struct work *work, copy;
	struct lane *lane;

	do {
		pool->turn = (pool->turn + 1) % ARRAY_LEN(pool->lanes);
		lane = &pool->lanes[pool->turn];
	} while (lane->first == NULL);
	work = lane->first;
	copy = *work;
	lane->first = work->next;
	lane->queued--;
	pool->queued--;
	work->next = pool->unused;
	pool->unused = work;
	return copy;
}

static bool take(struct pool *pool, struct work *work_r)
{
	bool found;

	pthread_mutex_lock(&pool->lock);
	while (pool->queued == 0 && !pool->stopping)
		pthread_cond_wait(&pool->changed, &pool->lock);
	found = pool->queued > 0;
	if (found)
		*work_r = take_turn(pool);
	pthread_mutex_unlock(&pool->lock);
	return found;
}

static void *run(void *arg)
{
	struct pool *pool = arg;
	struct work work;

	while (take(pool, &work))
		work.fn(work.arg);
	return NULL;
}

/* Signals are for the thread that main chose: the workers block them all. */
static void start_workers(struct pool *pool, const char *name, size_t workers)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (pool->workers < workers) {
		char thread_name[THREAD_NAME_SIZE];

		if (pthread_create(&pool->threads[pool->workers], NULL, run, pool) != 0)
			break;
		snprintf(thread_name, sizeof(thread_name), "%.10s-%zu", name, pool->workers);
		pthread_setname_np(pool->threads[pool->workers++], thread_name);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct pool *pool_new(const char *name, size_t workers, size_t max_queued)
{
	struct pool *pool = calloc(1, sizeof(*pool) + workers * sizeof(pool->threads[0]));

	assert(workers > 0 && max_queued > 0);
	if (pool == NULL)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	pool->max_queued = max_queued;
	pool->entries = calloc(max_queued, sizeof(*pool->entries));
	for (size_t i = 0; pool->entries != NULL && i < max_queued; i++) {
		pool->entries[i].next = pool->unused;
		pool->unused = &pool->entries[i];
	}
	if (pool->entries != NULL)
		start_workers(pool, name, workers);
	if (pool->workers < workers) {
		pool_free(pool);
		return NULL;
	}
	return pool;
}

void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->workers; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool->entries);
	free(pool);
}

static int queue_in(struct pool *pool, struct lane *lane, size_t max, pool_fn *fn, void *arg)
{
	struct work *work;
	int ret = -EAGAIN;

	pthread_mutex_lock(&pool->lock);
	work = pool->unused;
	if (work != NULL && lane->queued < max) {
		pool->unused = work->next;
		*work = (struct work){fn, arg, NULL};
		if (lane->first == NULL)
			lane->first = work;
		else
			lane->last->next = work;
		lane->last = work;
		lane->queued++;
		pool->queued++;
		pthread_cond_signal(&pool->changed);
		ret = 0;
	}
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

int pool_run(struct pool *pool, pool_fn *fn, void *arg)
{
	return queue_in(pool, &pool->lanes[0], pool->max_queued, fn, arg);
}

int pool_run_for(struct pool *pool, uint64_t sender, pool_fn *fn, void *arg)
{
	size_t share = pool->max_queued / POOL_LANE_SHARE;

	/* ids are given one after the other, so that the first 64 senders have a lane each */
	return queue_in(pool, &pool->lanes[1 + sender % POOL_LANES], share > 0 ? share : 1, fn, arg);
}

size_t pool_queued(struct pool *pool)
{
	size_t queued;

	pthread_mutex_lock(&pool->lock);
	queued = pool->queued;
	pthread_mutex_unlock(&pool->lock);
	return queued;
}
