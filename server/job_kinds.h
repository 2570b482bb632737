/*
 * server/job_kinds - which kinds of job there are, and who runs them: the only list.
 *
 * The argument of their runs is the `struct app`.
 */
#ifndef SERVER_JOB_KINDS_H
#define SERVER_JOB_KINDS_H

#include "server/jobs/queue.h"

extern const struct job_kinds job_kinds;

#endif
