#include <config.h>

#include <errno.h>

#include "protocol/freebusy/busy.h"
#include "server/booking/calendar_user.h"
#include "server/booking/change_private.h"

#define FAR_SERIES_MAX 10000 /* of one person: bounds the memory of a check years ahead */

struct found {
	uint64_t collection, object;
	struct slice name;
};

struct search {
	struct kv_txn *txn;
	struct arena *arena;
	struct slice uid;
	struct interval window;
	struct found *at;
	size_t count, capacity;
};

static int see_series(const struct series *series, void *arg)
{
	struct search *search = arg;
	struct found found = {series->collection, series->object, SLICE_EMPTY};

	if (search->count == FAR_SERIES_MAX)
		return -E2BIG;
	if (search->count == search->capacity) {
		size_t capacity = search->capacity ? search->capacity * 2 : 16;
		struct found *grown = arena_array(search->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (search->count > 0)
			memcpy(grown, search->at, search->count * sizeof(*grown));
		search->at = grown;
		search->capacity = capacity;
	}
	found.name = slice_of(arena_copy(search->arena, series->name), series->name.len);
	if (found.name.at == NULL)
		return -ENOMEM;
	search->at[search->count++] = found;
	return 0;
}

static int see_collection(const struct collection *collection, void *arg)
{
	struct search *search = arg;

	if (collection->kind != COLLECTION_CALENDAR || collection->transparent)
		return 0;
	return store_series_each(search->txn, collection->id, search->window, see_series, search);
}

static int find_series(struct search *search, const struct place *place)
{
	return store_collection_each(search->txn, place->owner.name, see_collection, search);
}

/* What the series blocks, each calendar's floating times in its own zone. */
static int expand(const struct change_service *service, struct search *search, const struct found *found,
    struct interval_set *busy)
{
	struct instances_options options = {.window = search->window, .max_instances = 0};
	struct calendar_object *object;
	struct object stored;
	struct place place;
	struct slice body;
	struct busy_list list;
	struct slice owner;
	int ret = place_get_by_id(service, search->txn, search->arena, found->collection, &place);

	if (ret == 0)
		ret = store_object_get(search->txn, search->arena, found->collection, found->name, &stored);
	if (ret < 0)
		return ret;
	if (slice_equal(stored.uid, search->uid))
		return 0; /* its own */
	ret = store_body_get(search->txn, found->object, &body);
	if (ret == 0)
		ret = calendar_object_read(search->arena, service->zones, body, &object);
	if (ret < 0)
		return ret;
	options.floating = place.zone;
	owner = calendar_user_addresses(search->arena, store_epoch(service->store), &place.owner);
	ret = owner.at != NULL ? freebusy_rows(search->arena, object, owner, &options, &list, NULL) : -ENOMEM;
	for (size_t i = 0; ret == 0 && i < list.count; i++) {
		if (list.at[i].kind != FREEBUSY_FREE)
			ret = interval_set_add(busy, list.at[i].at);
	}
	calendar_object_free(object);
	return ret == -EINVAL ? -E2BIG : ret; /* it was read before: only the window is too wide for it */
}

int far_collect(const struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, struct slice uid, struct interval window, struct far *far_r)
{
	struct search search = {.txn = txn, .arena = arena, .uid = uid, .window = window};
	AUTO_INTERVAL_SET struct interval_set busy = INTERVAL_SET_INIT;
	uint64_t *objects;
	int ret = find_series(&search, place);

	if (ret < 0)
		return ret;
	objects = arena_array(arena, search.count + 1, sizeof(*objects));
	if (objects == NULL)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && i < search.count; i++) {
		objects[i] = search.at[i].object;
		ret = expand(service, &search, &search.at[i], &busy);
	}
	if (ret < 0)
		return ret;
	interval_set_free(&far_r->busy);
	far_r->busy = busy;
	busy = INTERVAL_SET_INIT;
	far_r->objects = objects;
	far_r->count = search.count;
	return 0;
}

int far_is_same(struct kv_txn *txn, struct arena *arena, const struct place *place, struct slice uid,
    struct interval window, const struct far *far)
{
	struct search search = {.txn = txn, .arena = arena, .uid = uid, .window = window};
	int ret = find_series(&search, place);

	if (ret < 0)
		return ret;
	if (search.count != far->count)
		return 0;
	for (size_t i = 0; i < far->count; i++) {
		if (search.at[i].object != far->objects[i])
			return 0;
	}
	return 1;
}
