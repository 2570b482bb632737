/*
 * jobs/runner - the threads that run what is due.
 *
 * One thread looks: when an update has put a job, when a place has become free, and at the next time that lies ahead. It
 * leases what is due in one update and hands it to workers of its own, so that neither loops nor requests wait for a job;
 * a kind that runs in its update goes to the writer instead. How a run ended is recorded by jobs_finish.
 *
 * What runs in this process is never taken for lost, however long it takes; a lease that ended tells of a process that
 * is gone, or of an end that could not be written.
 */
#ifndef SERVER_JOBS_RUNNER_H
#define SERVER_JOBS_RUNNER_H

#include "protocol/base/clock.h"
#include "server/jobs/queue.h"

#define RUNNER_PLACES_MAX    64 /* of all kinds together: runs at the same time */
#define RUNNER_LOOK_SECONDS  60 /* between two looks at the most: a clock may be set */
#define RUNNER_COUNT_SECONDS 5  /* between two countings for the metrics at the least */

struct metrics;
struct runner;

struct runner_options {
	struct store *store; /* as the rest, it outlives the runner */
	const struct clock *clock;
	struct job_kinds kinds;
	void *arg; /* handed to every run */
	struct metrics *metrics;
	uint64_t (*random)(void); /* chance in the waits; NULL: the system's */
};

/* Makes ready what a crash left behind, waiting for the writer, and starts. 0 or -errno. */
int runner_new(const struct runner_options *options, struct runner **runner_r);
/* Begins nothing more, and tells what runs to end soon (job_run.stop). */
void runner_quiet(struct runner *runner);
/*
 * The same, and waits up to SECONDS for what runs. False when something still runs: its lease is given back, the
 * runner and what it uses must stay until the process ends.
 */
bool runner_stop(struct runner *runner, int64_t seconds);
/* After runner_stop has returned true. */
void runner_free(struct runner *runner);
/* Look now: the clock was set. */
void runner_wake(struct runner *runner);
/* The queue by kind and state, at most RUNNER_COUNT_SECONDS old, as Prometheus text. Never waits for the store. */
void runner_write_metrics(struct runner *runner, struct buf *b);

#endif
