/*
 * Versions before format 3 knew no bookings beside calendar objects: what lies in `bookings` calendars gets its record when
 * the store is opened for the first time.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "server/booking/booking_private.h"

#define DONE_NAME SLICE("own-events-recorded")
#define ARENA_MAX (512u << 20)

struct adopting {
	struct change_service *service;
	struct kv_txn *txn;
	struct arena *arena; /* of one run of the update */
	struct slice *homes;
	size_t count, capacity;
};

static int see_principal(const struct principal *principal, void *arg)
{
	struct adopting *adopting = arg;
	struct slice *grown;

	if (principal->kind == PRINCIPAL_GROUP)
		return 0;
	if (adopting->count == adopting->capacity) {
		adopting->capacity = adopting->capacity > 0 ? 2 * adopting->capacity : 64;
		grown = arena_array(adopting->arena, adopting->capacity, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		if (adopting->count > 0)
			memcpy(grown, adopting->homes, adopting->count * sizeof(*grown));
		adopting->homes = grown;
	}
	adopting->homes[adopting->count] = slice_of(arena_copy(adopting->arena, principal->name), principal->name.len);
	return adopting->homes[adopting->count++].at != NULL ? 0 : -ENOMEM;
}

static int adopt_object(struct adopting *adopting, const struct place *place, const struct object *object)
{
	const struct change_origin engine = {.kind = ORIGIN_ENGINE};
	struct interval *blocking;
	struct busy *rows;
	size_t count, blocking_count;
	uint64_t member;
	int ret;

	if (object->flags & OBJECT_REFUSED)
		return 0;
	ret = store_index_get(adopting->txn, adopting->arena, object->collection, object->id, &member, &rows, &count);
	if (ret == 0)
		ret = rows_blocking(adopting->arena, rows, count, &blocking, &blocking_count);
	if (ret < 0 || blocking_count == 0)
		return ret;
	return own_event_record(adopting->service, adopting->txn, adopting->arena, place, object->uid, blocking[0], &engine);
}

static int adopt_home(struct adopting *adopting, struct slice home)
{
	struct object *objects;
	struct place place;
	size_t count;
	int ret = place_get(adopting->service, adopting->txn, adopting->arena, home, SLICE("bookings"), &place);

	if (ret == 0)
		ret = collection_objects(adopting->txn, adopting->arena, place.collection.id, &objects, &count);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = adopt_object(adopting, &place, &objects[i]);
	return ret;
}

static int adopt_in(struct kv_txn *txn, void *arg)
{
	struct adopting *adopting = arg;
	int ret;

	arena_reset(adopting->arena);
	adopting->txn = txn;
	adopting->homes = NULL;
	adopting->count = adopting->capacity = 0;
	ret = store_principal_each(txn, see_principal, adopting);
	for (size_t i = 0; ret == 0 && i < adopting->count; i++)
		ret = adopt_home(adopting, adopting->homes[i]);
	return ret < 0 ? ret : store_meta_put(txn, DONE_NAME, SLICE("1"));
}

static int find_done(struct kv_txn *txn, void *arg)
{
	struct adopting *adopting = arg;
	struct slice value;

	return store_meta_get(txn, adopting->arena, DONE_NAME, &value);
}

int change_adopt_events(struct change_service *service)
{
	struct adopting adopting = {.service = service, .arena = arena_new(ARENA_MAX)};
	int ret = adopting.arena == NULL ? -ENOMEM : kv_view(store_kv(service->store), find_done, &adopting);

	if (ret == -ENOENT)
		ret = kv_update_wait(store_kv(service->store), adopt_in, &adopting);
	arena_free(adopting.arena);
	return ret;
}
