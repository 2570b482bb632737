/* /services: what can be booked. */
#include <config.h>

#include <errno.h>

#include "server/api/api_private.h"
#include "server/base/config.h"
#include "server/booking/services.h"

/* As the caller may see it: who has no key sees no weights. The zone is shown although it is the site's. */
static void write_service(struct api_request *r, struct buf *b, const struct policy *policy)
{
	struct policy shown = *policy;

	if (shown.timezone.len == 0)
		shown.timezone = slice_str(config_get(r->app->config)->timezone);
	policy_write(b, NULL, &shown, r->caller.kind >= CALLER_BOOKING);
}

static bool is_visible(const struct api_request *r, const struct policy *policy)
{
	return policy->visible || r->caller.kind >= CALLER_BOOKING;
}

/* ---- reading ---- */

struct page {
	struct api_request *r;
	struct api_list list;
};

static int see(const struct service *service, void *arg)
{
	struct page *page = arg;
	struct policy policy;
	int ret = services_read(page->r->arena, service, &policy);

	if (ret < 0 || !is_visible(page->r, &policy))
		return ret;
	ret = api_list_takes(page->r, &page->list, service->id);
	if (ret > 0)
		write_service(page->r, page->list.b, &policy);
	return ret < 0 ? ret : 0;
}

int api_service_list(struct api_request *r, struct kv_txn *txn)
{
	struct page page = {.r = r};
	int ret = api_list_begin(r, &page.list);

	if (ret == 0)
		ret = store_service_each(txn, see, &page);
	if (ret == 0)
		api_list_end(&page.list);
	return ret;
}

int api_service_get(struct api_request *r, struct kv_txn *txn)
{
	struct service service;
	struct policy policy;
	int ret = store_service_get(txn, r->arena, r->segments[0], &service);

	if (ret == 0)
		ret = services_read(r->arena, &service, &policy);
	if (ret < 0)
		return ret;
	if (!is_visible(r, &policy))
		return -ENOENT;
	write_service(r, api_answer(r, 200), &policy);
	return 0;
}

/* ---- writing ---- */

int api_service_read(struct api_request *r)
{
	struct policy *policy = r->state = arena_zalloc(r->arena, sizeof(*policy));
	struct json_value id;
	int given, ret = policy != NULL ? policy_read(r->arena, &r->body, true, policy, &r->error) : -ENOMEM;

	if (ret < 0)
		return ret;
	given = json_member(&r->body, "id", JSON_OPTIONAL, JSON_KIND_TEXT, &id, &r->error);
	if (given < 0)
		return given;
	if (r->row->method == HTTP_PUT) {
		if (given > 0 && !slice_equal(policy->id, r->segments[0]))
			return api_refuse(r, "id", "it is another than that of the address");
		policy->id = r->segments[0];
	}
	return policy_id_is_good(policy->id) ? 0 : api_refuse(r, "id", "letters, digits and -_. are wanted");
}

static int write_it(struct api_request *r, struct kv_txn *txn, enum services_how how)
{
	const struct policy *policy = r->state;
	struct change_origin origin = api_origin(r);
	bool created;
	int ret = services_write(txn, r->arena, r->app->zones, r->now, &origin, policy, how, &created, &r->error);

	if (ret < 0)
		return ret;
	write_service(r, api_answer(r, created ? 201 : 200), policy);
	if (created)
		api_location(r, "services", policy->id);
	return 0;
}

int api_service_create(struct api_request *r, struct kv_txn *txn)
{
	return write_it(r, txn, SERVICES_CREATE);
}

int api_service_put(struct api_request *r, struct kv_txn *txn)
{
	return write_it(r, txn, SERVICES_PUT);
}

int api_service_delete(struct api_request *r, struct kv_txn *txn)
{
	struct change_origin origin = api_origin(r);
	int ret = services_remove(txn, r->arena, r->now, &origin, r->segments[0]);

	if (ret == -EBUSY)
		return api_problem(r, 409, "wrong-state", "Live bookings of it lie ahead.");
	if (ret == 0)
		api_answer(r, 204);
	return ret;
}
