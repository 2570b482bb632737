#include <config.h>

#include "server/booking/services.h"

#include <errno.h>

#include "protocol/ical/timezone.h"
#include "server/booking/audit.h"
#include "server/booking/booking.h"

int services_read(struct arena *arena, const struct service *service, struct policy *policy_r)
{
	struct json_document *document;
	struct json_value root;
	int ret = json_read(service->json, POLICY_BYTES_MAX, &document, NULL);

	if (ret < 0)
		return ret == -ENOMEM ? ret : -EBADMSG;
	root = json_root(document);
	ret = policy_read(arena, &root, true, policy_r, NULL);
	json_free(document);
	return ret == -EINVAL ? -EBADMSG : ret;
}

/* ---- who and what it names ---- */

static int check_staff(struct kv_txn *txn, struct arena *arena, const struct policy *policy, struct error *err)
{
	for (size_t i = 0; i < policy->staff_count; i++) {
		struct principal principal;
		int ret = store_principal_get(txn, arena, policy->staff[i], &principal);

		if (ret < 0 && ret != -ENOENT)
			return ret;
		if (ret == -ENOENT || principal.kind != PRINCIPAL_USER)
			return error_set(err, 422, CONDITION_NONE, "staff[%zu]: there is no such person", i);
	}
	return 0;
}

struct pool {
	struct slice name;
	int64_t count;
};

static int see_principal(const struct principal *principal, void *arg)
{
	struct pool *pool = arg;

	pool->count += principal->kind == PRINCIPAL_RESOURCE && slice_equal(principal->pool, pool->name);
	return 0;
}

static int check_need(struct kv_txn *txn, struct arena *arena, const struct policy_need *need, size_t i,
    struct error *err)
{
	struct pool pool = {.name = need->pool};
	struct principal principal;
	int ret;

	if (need->id.len > 0) {
		ret = store_principal_get(txn, arena, need->id, &principal);
		if (ret < 0 && ret != -ENOENT)
			return ret;
		if (ret == -ENOENT || principal.kind != PRINCIPAL_RESOURCE)
			return error_set(err, 422, CONDITION_NONE, "resources[%zu].id: there is no such resource", i);
		return 0;
	}
	ret = store_principal_each(txn, see_principal, &pool);
	if (ret == 0 && pool.count < need->count)
		return error_set(err, 422, CONDITION_NONE, "resources[%zu].pool: there are %lld of it", i, (long long)pool.count);
	return ret;
}

static int check(struct kv_txn *txn, struct arena *arena, const struct zone_set *zones, const struct policy *policy,
    struct error *err)
{
	int ret = check_staff(txn, arena, policy, err);

	for (size_t i = 0; ret == 0 && i < policy->need_count; i++)
		ret = check_need(txn, arena, &policy->needs[i], i, err);
	if (ret == 0 && policy->timezone.len > 0 && zone_set_find(zones, policy->timezone) == NULL)
		return error_set(err, 422, CONDITION_NONE, "timezone: there is no such time zone");
	return ret;
}

/* ---- writing ---- */

int services_write(struct kv_txn *txn, struct arena *arena, const struct zone_set *zones, instant_t now,
    const struct change_origin *origin, const struct policy *policy, enum services_how how, bool *created_r,
    struct error *err)
{
	AUTO_BUF struct buf json = BUF_INIT(POLICY_BYTES_MAX);
	struct service service = {.id = policy->id, .created = now, .updated = now}, before = {.json = SLICE_EMPTY};
	int ret = check(txn, arena, zones, policy, err);

	if (ret < 0)
		return ret;
	ret = store_service_get(txn, arena, policy->id, &before);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	*created_r = ret == -ENOENT;
	if (!*created_r && how == SERVICES_CREATE)
		return -EEXIST;
	policy_write(&json, NULL, policy, true);
	if (json.err == -EMSGSIZE)
		return error_set(err, 422, CONDITION_NONE, "preparation: the service is longer than %d bytes", POLICY_BYTES_MAX);
	if (json.err < 0)
		return json.err;
	service.json = buf_slice(&json);
	if (!*created_r)
		service.created = before.created;
	ret = store_service_put(txn, &service);
	return ret < 0 ? ret
	               : audit_change(txn, now, origin, "service", service.id, *created_r ? "create" : "update", before.json,
	                     service.json);
}

/* ---- removing ---- */

int services_remove(struct kv_txn *txn, struct arena *arena, instant_t now, const struct change_origin *origin,
    struct slice id)
{
	const struct booking_ahead ahead = {.service = id, .now = now};
	struct service service;
	int ret = store_service_get(txn, arena, id, &service);

	if (ret == 0)
		ret = booking_is_ahead(txn, arena, &ahead);
	if (ret > 0)
		return -EBUSY;
	if (ret == 0)
		ret = store_service_delete(txn, id);
	return ret < 0 ? ret : audit_change(txn, now, origin, "service", id, "delete", service.json, SLICE_EMPTY);
}
