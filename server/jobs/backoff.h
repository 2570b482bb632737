/*
 * jobs/backoff - how long a job that failed waits before it is tried again.
 *
 * Exponential with jitter, so that what failed together does not come back together. Pure: chance is an argument.
 */
#ifndef SERVER_JOBS_BACKOFF_H
#define SERVER_JOBS_BACKOFF_H

#include <stdint.h>

#define JOB_BACKOFF_FIRST 10   /* seconds after the first failure, at most; then twice as long each time */
#define JOB_BACKOFF_MAX   3600 /* never longer: an hour after the trouble has ended all have been tried */

/* Seconds to wait after the ATTEMPTS-th failure (from 1): half of the span is certain, RANDOM chooses within the rest. */
int64_t job_backoff_seconds(uint32_t attempts, uint64_t random);

#endif
