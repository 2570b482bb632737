#include <config.h>

#include <errno.h>

#include "server/booking/scheduling.h"

/* ---- all objects of a calendar, one after the other: an update may not write while it walks ---- */

struct listing {
	struct arena *arena;
	struct object *at;
	size_t count, capacity;
};

static int copy_slice(struct arena *arena, struct slice *s)
{
	s->at = arena_copy(arena, *s);
	return s->at != NULL ? 0 : -ENOMEM;
}

static int see_object(const struct object *object, void *arg)
{
	struct listing *listing = arg;
	struct object *copy;
	int ret;

	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity ? listing->capacity * 2 : 64;
		struct object *grown = arena_array(listing->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (listing->count > 0)
			memcpy(grown, listing->at, listing->count * sizeof(*grown));
		listing->at = grown;
		listing->capacity = capacity;
	}
	copy = &listing->at[listing->count];
	*copy = *object;
	ret = copy_slice(listing->arena, &copy->name);
	if (ret == 0)
		ret = copy_slice(listing->arena, &copy->uid);
	if (ret == 0)
		listing->count++;
	return ret;
}

int collection_objects(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct object **objects_r,
    size_t *count_r)
{
	struct listing listing = {.arena = arena};
	int ret = store_object_each(txn, collection, see_object, &listing);

	*objects_r = listing.at;
	*count_r = listing.count;
	return ret;
}

static int remove_files(struct kv_txn *txn, struct arena *arena, uint64_t collection)
{
	struct file *files;
	size_t count;
	int ret = store_file_list(txn, arena, collection, SLICE_EMPTY, SIZE_MAX, &files, &count);

	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = store_file_delete(txn, &files[i]);
	return ret;
}

int collection_remove(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, const struct change_origin *origin)
{
	struct object *objects;
	size_t count;
	int ret = collection_objects(txn, arena, place->collection.id, &objects, &count);

	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = scheduling_remove(service, txn, arena, place, &objects[i],
		    &(struct removal_cause){.request = origin->request, .origin = origin}, false, NULL);
	if (ret == 0 && place->collection.kind == COLLECTION_PLAIN)
		ret = remove_files(txn, arena, place->collection.id);
	if (ret == 0)
		ret = store_lock_forget(txn, arena, place->owner.id, place->collection.name, true);
	if (ret == 0)
		ret = store_collection_forget_grants(txn, arena, place->collection.owner, place->collection.id);
	if (ret == 0)
		ret = store_feed_forget(txn, arena, place->collection.owner, place->collection.id);
	return ret < 0 ? ret : store_collection_delete(txn, &place->collection);
}

/* ---- DELETE of a calendar ---- */

struct removal {
	struct change_service *service;
	struct arena *arena;
	struct slice home, name;
	const struct change_origin *origin;
	change_done_fn *done;
	void *arg;
	struct change_result result;
};

static int removal_decide(struct removal *removal, struct kv_txn *txn)
{
	struct place place;
	int ret = place_get(removal->service, txn, removal->arena, removal->home, removal->name, &place);

	if (ret == -ENOENT)
		return result_refuse(&removal->result, 404, CONDITION_NONE, "There is no such calendar.");
	if (ret < 0)
		return ret;
	if (place_is_permanent(&place.collection))
		return result_refuse(&removal->result, 403,
		    slice_is(place.collection.name, "work") ? CALDAV_DEFAULT_CALENDAR_NEEDED : CONDITION_NONE,
		    "This calendar cannot be deleted.");
	ret = collection_remove(removal->service, txn, removal->arena, &place, removal->origin);
	if (ret == 0)
		removal->result.outcome = CHANGE_DELETED;
	return ret;
}

static int removal_commit(struct kv_txn *txn, void *arg)
{
	struct removal *removal = arg;
	int ret;

	removal->result = (struct change_result){0};
	ret = origin_guard(removal->origin, txn, &removal->result);
	if (ret == 0)
		ret = removal_decide(removal, txn);
	return ret == -EINVAL && removal->result.outcome == CHANGE_REFUSED ? 0 : ret;
}

static void removal_done(int ret, void *arg)
{
	struct removal *removal = arg;

	if (ret < 0)
		removal->result = (struct change_result){.outcome = CHANGE_FAILED, .ret = ret};
	removal->done(&removal->result, removal->arg);
}

void change_collection_delete(struct change_service *service, struct arena *arena, struct slice home, struct slice name,
    const struct change_origin *origin, change_done_fn *done, void *arg)
{
	struct removal *removal = arena_zalloc(arena, sizeof(*removal));

	if (removal == NULL) {
		struct change_result result = {.outcome = CHANGE_FAILED, .ret = -ENOMEM};

		done(&result, arg);
		return;
	}
	*removal = (struct removal){service, arena, home, name, origin, done, arg, {0}};
	kv_update(store_kv(service->store), removal_commit, removal_done, removal);
}

/* ---- MOVE of a calendar ---- */

int change_collection_rename(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct collection *collection, struct slice name)
{
	(void)service, (void)arena;
	if (place_is_permanent(collection) || change_name_is_reserved(name))
		return -EPERM;
	return store_collection_rename(txn, collection, name);
}
