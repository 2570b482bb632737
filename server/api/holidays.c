/* /holidays: the dates on which the business is closed (R5). */
#include <config.h>

#include <errno.h>

#include "server/api/api_private.h"
#include "server/booking/rules/hours.h"

#define HOLIDAYS SLICE("holidays") /* the name of the value in the store */
#define NOTHING  SLICE("{\"dates\":[]}")

static int get(struct api_request *r, struct kv_txn *txn, struct slice *json_r)
{
	int ret = store_meta_get(txn, r->arena, HOLIDAYS, json_r);

	if (ret == -ENOENT)
		*json_r = NOTHING;
	return ret == -ENOENT ? 0 : ret;
}

int api_holidays_get(struct api_request *r, struct kv_txn *txn)
{
	struct slice json;
	int ret = get(r, txn, &json);

	if (ret == 0)
		buf_add_slice(api_answer(r, 200), json);
	return ret;
}

int api_holidays_read(struct api_request *r)
{
	const int64_t *dates;
	size_t count;

	return hours_read_holidays(r->arena, &r->body, &dates, &count, &r->error);
}

int api_holidays_put(struct api_request *r, struct kv_txn *txn)
{
	struct slice before, after = slice_trim(r->http->body);
	int ret = get(r, txn, &before);

	if (ret == 0)
		ret = store_meta_put(txn, HOLIDAYS, after);
	if (ret < 0)
		return ret;
	buf_add_slice(api_answer(r, 200), after);
	return api_audit(r, txn, "holidays", SLICE("site"), "update", before, after);
}
