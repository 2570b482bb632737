/* /alerts: what a person has to see to, and that he has. */
#include <config.h>

#include <errno.h>

#include "server/api/api_private.h"
#include "server/booking/alerts.h"

static const char *const states[] = {"open", "resolved", NULL}; /* from ALERT_OPEN */

int api_alert_list(struct api_request *r, struct kv_txn *txn)
{
	struct alerts_filter filter = {.member = api_parameter(r, "member")};
	struct alerts_page page;
	struct api_list list;
	int state, ret = api_parameter_word(r, "state", states, &state);

	if (ret > 0)
		filter.state = ALERT_OPEN + (enum alert_state)state;
	if (ret >= 0)
		ret = api_list_begin(r, &list);
	if (ret == 0)
		ret = api_list_number(r, &list, &filter.after);
	filter.limit = ret == 0 ? list.left : 0;
	if (ret == 0)
		ret = alerts_list(r->app->changes, txn, r->arena, &filter, &page);
	if (ret == -ENOENT)
		return api_refuse(r, "member", "there is no such person");
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < page.count; i++)
		alert_add_json(list.b, &page.at[i]);
	return api_list_end_number(r, &list, page.next);
}

int api_alert_resolve(struct api_request *r, struct kv_txn *txn)
{
	struct change_origin origin = api_origin(r);
	uint64_t id;
	int ret = slice_to_u64(r->segments[0], UINT64_MAX, &id) < 0 ? -ENOENT : 0;

	if (ret == 0)
		ret = alerts_resolve(r->app->changes, txn, r->arena, id, &origin);
	if (ret == -EALREADY)
		return api_problem(r, 409, "wrong-state", "It is resolved.");
	if (ret == 0)
		api_answer(r, 204);
	return ret;
}
