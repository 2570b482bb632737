/*
 * server/base/pool - worker threads for what may not run on a loop: parsing, expansion, password hashes.
 *
 * Work is queued up to a limit and run by the next free worker: in the order in which it came for one sender, and among
 * senders in turns, so that nobody waits behind the many requests of another.
 */
#ifndef SERVER_BASE_POOL_H
#define SERVER_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_LANES       64 /* queues that take turns; senders are spread over them by number */
#define POOL_LANE_SHARE  4  /* of the whole queue one sender may fill one part in so many */

struct pool;

typedef void pool_fn(void *arg);

/* NULL when threads cannot be made. */
struct pool *pool_new(const char *name, size_t workers, size_t max_queued);
/* Runs what is queued, then ends the workers and frees. */
void pool_free(struct pool *pool);
/* -EAGAIN when the queue is full: answer 503 with Retry-After. */
int pool_run(struct pool *pool, pool_fn *fn, void *arg);
/* The same for SENDER (a user's id, a hash of an address; not 0), whose own part of the queue may be full too. */
int pool_run_for(struct pool *pool, uint64_t sender, pool_fn *fn, void *arg);
/* Depth of the queue now, for metrics. */
size_t pool_queued(struct pool *pool);

#endif
