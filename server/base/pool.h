/*
 * server/base/pool - worker threads for what may not run on a loop: parsing, expansion, password hashes.
 *
 * Work is queued up to a limit and run in order by the next free worker.
 */
#ifndef SERVER_BASE_POOL_H
#define SERVER_BASE_POOL_H

#include <stddef.h>

struct pool;

typedef void pool_fn(void *arg);

/* NULL when threads cannot be made. */
struct pool *pool_new(const char *name, size_t workers, size_t max_queued);
/* Runs what is queued, then ends the workers and frees. */
void pool_free(struct pool *pool);
/* -EAGAIN when the queue is full: answer 503 with Retry-After. */
int pool_run(struct pool *pool, pool_fn *fn, void *arg);
/* Depth of the queue now, for metrics. */
size_t pool_queued(struct pool *pool);

#endif
