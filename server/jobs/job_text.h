/*
 * jobs/job_text - a job as people and programs read it: on the command line and in the API.
 */
#ifndef SERVER_JOBS_JOB_TEXT_H
#define SERVER_JOBS_JOB_TEXT_H

#include "protocol/base/buf.h"
#include "storage/record.h"

/* "ready", "running", "done", "dead"; by enum job_state, which begins at 1. */
const char *job_state_word(enum job_state state);
/* 0 when there is no such word. */
enum job_state job_state_of(struct slice word);
/*
 * An object: id, kind, state, key, created, due, lease_end (null unless it runs), attempts, last_error (null when none
 * failed), request (null when nobody's), payload (its JSON, as text).
 */
void job_add_json(struct buf *b, const struct job *job);
/* A line with aligned columns. */
void job_add_line(struct buf *b, const struct job *job);

#endif
