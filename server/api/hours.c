/* /staff/NAME/hours and /resources/NAME/hours: when somebody works, when something can be used. */
#include <config.h>

#include <errno.h>

#include "server/api/api_private.h"
#include "server/booking/rules/hours.h"

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
	struct hours hours;
	int ret = hours_read(r->arena, &r->body, &hours, &r->error);

	if (ret == 0 && hours.timezone.len > 0 && zone_set_find(r->app->zones, hours.timezone) == NULL)
		return api_refuse(r, "timezone", "there is no such time zone");
	return ret;
}

int api_hours_put(struct api_request *r, struct kv_txn *txn)
{
	struct principal principal;
	struct slice before;
	int ret = api_principal_find(r, txn, &principal);

	if (ret < 0)
		return ret;
	before = principal.hours;
	principal.hours = slice_trim(r->http->body);
	ret = store_principal_put(txn, &principal);
	if (ret < 0)
		return ret;
	buf_add_slice(api_answer(r, 200), principal.hours);
	return api_audit(r, txn, "hours", principal.name, before.len > 0 ? "update" : "create", before, principal.hours);
}
