/* /jobs: what is still to be done, what was given up, and what a person does about it. */
#include <config.h>

#include <errno.h>

#include "server/api/api_private.h"
#include "server/jobs/job_text.h"
#include "server/jobs/queue.h"

#define RECORD_MAX (1 << 20)

static const char *const states[] = {"ready", "running", "done", "dead", NULL}; /* from JOB_READY */

int api_job_list(struct api_request *r, struct kv_txn *txn)
{
	struct jobs_filter filter = {.kind = api_parameter(r, "kind")};
	struct jobs_page page;
	struct api_list list;
	int state, ret = api_parameter_word(r, "state", states, &state);

	if (ret > 0)
		filter.state = JOB_READY + (enum job_state)state;
	if (ret >= 0)
		ret = api_list_begin(r, &list);
	if (ret == 0)
		ret = api_list_number(r, &list, &filter.after);
	filter.limit = ret == 0 ? list.left : 0;
	if (ret == 0)
		ret = jobs_list(txn, r->arena, &filter, &page);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < page.count; i++)
		job_add_json(list.b, &page.at[i]);
	return api_list_end_number(r, &list, page.next);
}

static int find(struct api_request *r, struct kv_txn *txn, struct job *job_r)
{
	uint64_t id;

	return slice_to_u64(r->segments[0], UINT64_MAX, &id) < 0 ? -ENOENT : store_job_get(txn, r->arena, id, job_r);
}

/* The change, with the job as it was. */
static int tell(struct api_request *r, struct kv_txn *txn, const struct job *before, const char *action)
{
	AUTO_BUF struct buf json = BUF_INIT(RECORD_MAX);

	job_add_json(&json, before);
	return json.err < 0 ? json.err : api_audit(r, txn, "job", r->segments[0], action, buf_slice(&json), SLICE_EMPTY);
}

int api_job_retry(struct api_request *r, struct kv_txn *txn)
{
	struct job job;
	int ret = find(r, txn, &job);

	if (ret == 0)
		ret = jobs_retry(txn, r->arena, job.id, r->now);
	if (ret == -EBUSY)
		return api_problem(r, 409, "wrong-state", "It runs.");
	if (ret == -EALREADY || ret == -ESTALE)
		return api_problem(r, 409, "wrong-state", "It is done, or a newer one says what it said.");
	if (ret < 0)
		return ret;
	api_answer(r, 204);
	return tell(r, txn, &job, "retry");
}

int api_job_drop(struct api_request *r, struct kv_txn *txn)
{
	struct job job;
	int ret = find(r, txn, &job);

	if (ret == 0)
		ret = jobs_drop(txn, r->arena, job.id);
	if (ret == -EBUSY)
		return api_problem(r, 409, "wrong-state", "It runs.");
	if (ret < 0)
		return ret;
	api_answer(r, 204);
	return tell(r, txn, &job, "drop");
}
