/* Services by id. */
#include <config.h>

#include <errno.h>

#include "storage/store_private.h"

#define SERVICE_VERSION 1

static void service_key(struct key *key, struct slice id)
{
	key_begin(key, TABLE_SERVICE);
	key_add_text(key, id);
}

int store_service_decode(struct slice key, struct slice value, struct arena *arena, struct service *service_r)
{
	struct unpack u = unpack_begin(value, SERVICE_VERSION);
	struct service service = {.created = unpack_i64(&u)};
	struct slice rest = slice_from(key, 1);
	char *id = arena_alloc(arena, RECORD_NAME_MAX + 1);

	if (id == NULL)
		return -ENOMEM;
	service.updated = unpack_i64(&u);
	service.json = unpack_text(&u);
	if (unpack_end(&u) < 0 || !key_take_text(&rest, id, RECORD_NAME_MAX + 1, &service.id) || rest.len > 0)
		return -EBADMSG;
	*service_r = service;
	return 0;
}

int store_service_get(struct kv_txn *txn, struct arena *arena, struct slice id, struct service *service_r)
{
	struct slice value;
	struct key key;
	int ret;

	service_key(&key, id);
	ret = store_get_copy(txn, arena, &key, &value);
	return ret < 0 ? ret : store_service_decode(key_slice(&key), value, arena, service_r);
}

struct walk {
	store_service_fn *fn;
	void *arg;
};

static int see_service(struct slice key, struct slice value, void *arg)
{
	struct walk *walk = arg;
	struct arena *arena = arena_new(4 * RECORD_NAME_MAX);
	struct service service;
	int ret = arena == NULL ? -ENOMEM : store_service_decode(key, value, arena, &service);

	if (ret == 0)
		ret = walk->fn(&service, walk->arg);
	arena_free(arena);
	return ret;
}

int store_service_each(struct kv_txn *txn, store_service_fn *fn, void *arg)
{
	struct walk walk = {fn, arg};
	struct key prefix;

	key_begin(&prefix, TABLE_SERVICE);
	return store_range(txn, &prefix, see_service, &walk);
}

int store_service_put(struct kv_txn *txn, const struct service *service)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key;

	if (service->id.len == 0 || service->id.len > RECORD_NAME_MAX)
		return -EINVAL;
	pack_u8(&b, SERVICE_VERSION);
	pack_i64(&b, service->created);
	pack_i64(&b, service->updated);
	pack_text(&b, service->json);
	service_key(&key, service->id);
	return store_put_buf(txn, &key, &b);
}

int store_service_delete(struct kv_txn *txn, struct slice id)
{
	struct key key;

	service_key(&key, id);
	return kv_delete(txn, key_slice(&key));
}
