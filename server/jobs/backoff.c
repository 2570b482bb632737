#include <config.h>

#include "server/jobs/backoff.h"

int64_t job_backoff_seconds(uint32_t attempts, uint64_t random)
{
	int64_t span = JOB_BACKOFF_FIRST;

	for (uint32_t i = 1; i < attempts && span < JOB_BACKOFF_MAX; i++)
		span *= 2;
	if (span > JOB_BACKOFF_MAX)
		span = JOB_BACKOFF_MAX;
	return span / 2 + (int64_t)(random % (uint64_t)(span - span / 2 + 1));
}
