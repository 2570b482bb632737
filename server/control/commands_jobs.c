/* The queue of jobs, as a person sees and mends it. */
#include <config.h>

#include <errno.h>

#include "protocol/json/json.h"
#include "server/control/commands_private.h"
#include "server/jobs/job_text.h"
#include "server/jobs/queue.h"

#define ARENA_BYTES_MAX (64u << 20) /* of one page of jobs */

struct jobs_call {
	struct command_call *call;
	struct jobs_filter filter;
	struct arena *arena; /* of the page */
	struct jobs_page page;
	uint64_t id;
};

/* ---- jobs list ---- */

static int list_in(struct kv_txn *txn, void *arg)
{
	struct jobs_call *jobs = arg;

	return jobs_list(txn, jobs->arena, &jobs->filter, &jobs->page);
}

static int show_page(struct jobs_call *jobs, bool json)
{
	struct command_call *call = jobs->call;
	int ret;

	arena_reset(jobs->arena);
	ret = kv_view(store_kv(call->app->store), list_in, jobs);
	for (size_t i = 0; ret == 0 && i < jobs->page.count; i++) {
		if (json)
			job_add_json(&call->out, &jobs->page.at[i]);
		else
			job_add_line(&call->out, &jobs->page.at[i]);
	}
	jobs->filter.after = jobs->page.next;
	return ret;
}

int command_jobs_list(struct command_call *call)
{
	struct jobs_call jobs = {.call = call, .filter = {.limit = JOBS_PAGE_MAX}};
	const char *state = command_option(call, "state"), *kind = command_option(call, "kind");
	bool json = command_option(call, "json") != NULL;
	int ret = 0;

	if (state != NULL && (jobs.filter.state = job_state_of(slice_str(state))) == 0)
		return command_fail(call, COMMAND_USAGE, "--state: %s is none of ready, running, done, dead", state);
	if (kind != NULL)
		jobs.filter.kind = slice_str(kind);
	jobs.arena = arena_new(ARENA_BYTES_MAX);
	if (jobs.arena == NULL)
		return command_store_failed(call, -ENOMEM);
	if (json)
		json_open_array(&call->out, NULL);
	do
		ret = show_page(&jobs, json);
	while (ret == 0 && jobs.page.next != 0);
	arena_free(jobs.arena);
	if (json) {
		json_close_array(&call->out);
		buf_add_char(&call->out, '\n');
	}
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

/* ---- jobs retry, jobs drop ---- */

static int retry_in(struct kv_txn *txn, void *arg)
{
	const struct jobs_call *jobs = arg;
	struct command_call *call = jobs->call;

	return jobs_retry(txn, call->arena, jobs->id, clock_now(call->app->clock));
}

static int drop_in(struct kv_txn *txn, void *arg)
{
	const struct jobs_call *jobs = arg;

	return jobs_drop(txn, jobs->call->arena, jobs->id);
}

static int failed(struct command_call *call, int ret)
{
	const char *id = call->arguments[0];

	switch (ret) {
	case -ENOENT:
		return command_fail(call, COMMAND_FAILED, "there is no job %s", id);
	case -EBUSY:
		return command_fail(call, COMMAND_FAILED, "job %s is running", id);
	case -EALREADY:
		return command_fail(call, COMMAND_FAILED, "job %s is done", id);
	case -ESTALE:
		return command_fail(call, COMMAND_FAILED, "a newer job has taken the place of job %s: drop it", id);
	default:
		return command_store_failed(call, ret);
	}
}

static int change(struct command_call *call, kv_fn *fn)
{
	struct jobs_call jobs = {.call = call};
	int ret;

	if (slice_to_u64(slice_str(call->arguments[0]), UINT64_MAX, &jobs.id) < 0 || jobs.id == 0)
		return command_fail(call, COMMAND_USAGE, "%s is no number of jobs list", call->arguments[0]);
	ret = kv_update_wait(store_kv(call->app->store), fn, &jobs);
	return ret < 0 ? failed(call, ret) : COMMAND_OK;
}

int command_jobs_retry(struct command_call *call)
{
	return change(call, retry_in);
}

int command_jobs_drop(struct command_call *call)
{
	return change(call, drop_in);
}
