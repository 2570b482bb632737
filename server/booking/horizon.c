/*
 * The index of a series without end holds a window that time moves on: what is left of it is extended in good time.
 */
#include <config.h>

#include <errno.h>

#include "server/booking/change_private.h"

#define EXTEND_SLACK  (31 * DAY_SECONDS) /* a series is extended once a month, not every day anew */
#define EXTEND_IN_ONE 16                 /* series in one update: bounds how long others wait */

struct extension {
	struct change_service *service;
	struct arena *arena;
	instant_t now;
	size_t limit;
	struct {
		uint64_t collection;
		struct slice name;
	} at[EXTEND_IN_ONE];
	size_t count;
};

static int see_due(const struct series *series, void *arg)
{
	struct extension *extension = arg;
	size_t i = extension->count++;

	extension->at[i].collection = series->collection;
	extension->at[i].name = slice_of(arena_copy(extension->arena, series->name), series->name.len);
	return extension->at[i].name.at != NULL ? 0 : -ENOMEM;
}

static int extend_one(const struct extension *extension, struct kv_txn *txn, uint64_t collection, struct slice name)
{
	struct change_service *service = extension->service;
	struct arena *arena = extension->arena;
	struct calendar_object *parsed;
	struct interval *guards;
	size_t guard_count;
	struct object object;
	struct place place;
	struct rows rows;
	struct slice body;
	int ret = place_get_by_id(service, txn, arena, collection, &place);

	if (ret == 0)
		ret = store_object_get(txn, arena, collection, name, &object);
	if (ret == 0)
		ret = store_body_get(txn, object.id, &body);
	if (ret == 0)
		ret = calendar_object_read(arena, service->zones, body, &parsed);
	if (ret < 0)
		return ret == -ENOENT ? -EBADMSG : ret;
	ret = rows_make(service, arena, &place, parsed, rows_window(extension->now), &rows, NULL);
	calendar_object_free(parsed);
	if (ret == 0)
		ret = rows_put(txn, arena, &place, &object, &rows);
	if (ret == 0)
		ret = rows_blocking(arena, rows.at, rows.count, &guards, &guard_count);
	if (ret < 0)
		return ret == -EINVAL ? -EBADMSG : ret;
	if (place_member(&place) == 0 || place.collection.kind == COLLECTION_BOOKINGS)
		return 0;
	/* What has come into sight may lie over a booking made long ahead. */
	return alerts_raise_event(service, txn, arena, &place, object.uid, guards, guard_count, SLICE_EMPTY);
}

static int extend_some(struct kv_txn *txn, void *arg)
{
	struct extension *extension = arg;
	instant_t horizon = instant_add(extension->now, CHANGE_WINDOW_AHEAD - EXTEND_SLACK);
	int ret;

	extension->count = 0;
	ret = store_series_each_due(txn, horizon, extension->limit, see_due, extension);
	for (size_t i = 0; ret == 0 && i < extension->count; i++)
		ret = extend_one(extension, txn, extension->at[i].collection, extension->at[i].name);
	return ret;
}

int change_extend_horizon(struct change_service *service, size_t limit)
{
	struct extension extension = {.service = service, .now = clock_now(service->clock)};
	size_t done = 0;
	int ret = 0;

	if (limit == 0)
		limit = SIZE_MAX;
	do {
		extension.limit = limit - done < EXTEND_IN_ONE ? limit - done : EXTEND_IN_ONE;
		if (extension.limit == 0)
			break;
		extension.arena = arena_new(256u << 20);
		ret = extension.arena == NULL ? -ENOMEM : kv_update_wait(store_kv(service->store), extend_some, &extension);
		arena_free(extension.arena);
		done += ret == 0 ? extension.count : 0;
	} while (ret == 0 && extension.count == extension.limit);
	return ret < 0 ? ret : (int)done;
}
