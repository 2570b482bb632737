#include <config.h>

#include "server/jobs/job_text.h"

#include "protocol/json/json.h"

#define KEY_SHOWN 40 /* bytes of a key in a line */

static const char *const words[] = {
    [JOB_READY] = "ready",
    [JOB_RUNNING] = "running",
    [JOB_DONE] = "done",
    [JOB_DEAD] = "dead",
};

const char *job_state_word(enum job_state state)
{
	return words[state];
}

enum job_state job_state_of(struct slice word)
{
	for (enum job_state state = JOB_READY; state <= JOB_DEAD; state++) {
		if (slice_is(word, words[state]))
			return state;
	}
	return 0;
}

static void add_text_or_null(struct buf *b, const char *name, struct slice text)
{
	if (text.len > 0)
		json_add_text(b, name, text);
	else
		json_add_null(b, name);
}

void job_add_json(struct buf *b, const struct job *job)
{
	json_open_object(b, NULL);
	json_add_integer(b, "id", (int64_t)job->id);
	json_add_text(b, "kind", job->kind);
	json_add_text(b, "state", slice_str(job_state_word(job->state)));
	json_add_text(b, "key", job->key);
	json_add_instant(b, "created", job->created);
	json_add_instant(b, "due", job->due);
	if (job->state == JOB_RUNNING)
		json_add_instant(b, "lease_end", job->lease_end);
	else
		json_add_null(b, "lease_end");
	json_add_integer(b, "attempts", job->attempts);
	add_text_or_null(b, "last_error", job->last_error);
	add_text_or_null(b, "request", job->request);
	json_add_text(b, "payload", job->payload);
	json_close_object(b);
}

void job_add_line(struct buf *b, const struct job *job)
{
	struct slice key = slice_sub(job->key, 0, job->key.len < KEY_SHOWN ? job->key.len : KEY_SHOWN);

	buf_printf(b, "%-8llu %-18.*s %-8s ", (unsigned long long)job->id, SLICE_ARG(job->kind),
	    job_state_word(job->state));
	buf_add_rfc3339(b, job->due, 0);
	buf_printf(b, " %3u %.*s", (unsigned)job->attempts, SLICE_ARG(key));
	if (job->last_error.len > 0)
		buf_printf(b, " (%.*s)", SLICE_ARG(job->last_error));
	buf_add_char(b, '\n');
}
