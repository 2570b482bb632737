/* /staff/NAME/hours and /resources/NAME/hours: when somebody works, when something can be used. */
#include <config.h>

#include <errno.h>

#include "server/api/api_private.h"
#include "server/booking/person_hours.h"

int api_hours_get(struct api_request *r, struct kv_txn *txn)
{
	struct principal principal;
	int ret = api_principal_find(r, txn, &principal);

	if (ret < 0)
		return ret;
	buf_add_slice(api_answer(r, 200), principal.hours.len > 0 ? principal.hours : SLICE("{}"));
	return 0;
}

int api_hours_read(struct api_request *r)
{
	return person_hours_check(r->arena, r->app->zones, r->http->body, &r->error);
}

int api_hours_put(struct api_request *r, struct kv_txn *txn)
{
	struct principal principal;
	struct slice before;
	int ret = api_principal_find(r, txn, &principal);

	if (ret < 0)
		return ret;
	before = principal.hours;
	ret = person_hours_set(r->app->changes, txn, r->arena, &principal, slice_trim(r->http->body));
	if (ret < 0)
		return ret;
	buf_add_slice(api_answer(r, 200), principal.hours);
	return api_audit(r, txn, "hours", principal.name, before.len > 0 ? "update" : "create", before, principal.hours);
}
