#include <config.h>

#include "server/base/pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define THREAD_NAME_SIZE 16 /* pthread_setname_np takes no more */

struct work {
	pool_fn *fn;
	void *arg;
};

struct pool {
	pthread_mutex_t lock; /* over all below but the threads, which only pool_new and pool_free touch */
	pthread_cond_t changed;
	struct work *queue; /* a ring of max_queued entries */
	size_t first, queued, max_queued;
	bool stopping;
	size_t workers;
	pthread_t threads[];
};

static bool take(struct pool *pool, struct work *work_r)
{
	bool found;

	pthread_mutex_lock(&pool->lock);
	while (pool->queued == 0 && !pool->stopping)
		pthread_cond_wait(&pool->changed, &pool->lock);
	found = pool->queued > 0;
	if (found) {
		*work_r = pool->queue[pool->first];
		pool->first = (pool->first + 1) % pool->max_queued;
		pool->queued--;
	}
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
	pool->queue = calloc(max_queued, sizeof(*pool->queue));
	if (pool->queue != NULL)
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
	free(pool->queue);
	free(pool);
}

int pool_run(struct pool *pool, pool_fn *fn, void *arg)
{
	int ret = -EAGAIN;

	pthread_mutex_lock(&pool->lock);
	if (pool->queued < pool->max_queued) {
		pool->queue[(pool->first + pool->queued) % pool->max_queued] = (struct work){fn, arg};
		pool->queued++;
		pthread_cond_signal(&pool->changed);
		ret = 0;
	}
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

size_t pool_queued(struct pool *pool)
{
	size_t queued;

	pthread_mutex_lock(&pool->lock);
	queued = pool->queued;
	pthread_mutex_unlock(&pool->lock);
	return queued;
}
