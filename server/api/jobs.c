/* /jobs: what is still to be done. */
#include <config.h>

#include <errno.h>
#include <stdio.h>

#include "server/api/api_private.h"
#include "server/jobs/job_text.h"
#include "server/jobs/queue.h"

#define NUMBER_SIZE 24

static const char *const states[] = {"ready", "running", "done", "dead", NULL}; /* from JOB_READY */

static int take_filter(struct api_request *r, const struct api_list *list, struct jobs_filter *filter_r)
{
	int state, ret = api_parameter_word(r, "state", states, &state);

	if (ret < 0)
		return ret;
	*filter_r = (struct jobs_filter){.kind = api_parameter(r, "kind"), .limit = list->left};
	if (ret > 0)
		filter_r->state = JOB_READY + (enum job_state)state;
	if (list->cursor.len > 0 && slice_to_u64(list->cursor, UINT64_MAX, &filter_r->after) < 0)
		return api_refuse(r, "cursor", "it is not one that was given");
	return 0;
}

int api_job_list(struct api_request *r, struct kv_txn *txn)
{
	struct api_list list;
	struct jobs_filter filter;
	struct jobs_page page;
	char number[NUMBER_SIZE];
	int ret = api_list_begin(r, &list);

	if (ret == 0)
		ret = take_filter(r, &list, &filter);
	if (ret == 0)
		ret = jobs_list(txn, r->arena, &filter, &page);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < page.count; i++)
		job_add_json(list.b, &page.at[i]);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)page.next);
	list.last = slice_str(number);
	list.more = page.next != 0;
	api_list_end(r, &list);
	return 0;
}
