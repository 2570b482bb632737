/*
 * The rows of objects whose text stays, when what they are computed from changes: a calendar's zone or transparency, the
 * rules of zones, the site.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/log.h"
#include "server/booking/change_private.h"
#include "storage/repair.h"

#define REINDEX_ARENA (2048u << 20)

/* ---- the rows of one object, and of all in a calendar ---- */

struct reindexed {
	struct rows rows;
	struct interval *guards;
	size_t guard_count;
};

static int reindex_one(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, const struct object *object, struct reindexed *new_r)
{
	struct calendar_object *parsed;
	struct slice body;
	int ret = store_body_get(txn, object->id, &body);

	if (ret == 0)
		ret = calendar_object_read(arena, service->zones, body, &parsed);
	if (ret < 0)
		return ret;
	ret = rows_make(service, arena, place, parsed, rows_window(clock_now(service->clock)), &new_r->rows, NULL);
	calendar_object_free(parsed);
	if (ret < 0)
		return ret == -EINVAL ? -EBADMSG : ret;
	return rows_blocking(arena, new_r->rows.at, new_r->rows.count, &new_r->guards, &new_r->guard_count);
}

enum on_clash { CLASH_REFUSES, CLASH_ALERTS };

/* What happens when bookings that were apart come to lie over one another: only new rules of a zone can do that. */
static int put_clashing(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, struct object *object, struct reindexed *new)
{
	int ret = rows_put_unguarded(txn, place, object, &new->rows);

	log_event(LOG_ERROR_LEVEL, "booking", NULL, "bookings overlap under the present rules of their zones",
	    "collection=%llu name=%.*s", (unsigned long long)object->collection, SLICE_ARG(object->name));
	return ret < 0 ? ret
	               : alerts_raise_event(service, txn, arena, place, object->uid, new->guards, new->guard_count, SLICE_EMPTY);
}

static int put_one(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    enum on_clash on_clash, struct object *object, struct reindexed *new)
{
	alerts_fn *raise = place->collection.kind == COLLECTION_BOOKINGS ? alerts_raise_booking : alerts_raise_event;
	int ret = store_index_clear(txn, object->collection, object->id);

	if (ret == 0)
		ret = rows_put(txn, arena, place, object, &new->rows);
	if (ret == -EBUSY && on_clash == CLASH_ALERTS)
		ret = put_clashing(service, txn, arena, place, object, new);
	object->span = new->rows.span;
	if (ret == 0)
		ret = store_object_reindexed(txn, object);
	if (ret < 0 || place_member(place) == 0)
		return ret;
	return raise(service, txn, arena, place, object->uid, new->guards, new->guard_count, SLICE_EMPTY);
}

/* All guards go before the first comes back, so that bookings which move together do not stand in each other's way. */
static int reindex(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    enum on_clash on_clash, struct object *objects, size_t count)
{
	struct reindexed *new = arena_array(arena, count + 1, sizeof(*new));
	int ret = new != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; ret == 0 && i < count; i++) {
		ret = reindex_one(service, txn, arena, place, &objects[i], &new[i]);
		if (ret == 0 && place->collection.kind == COLLECTION_BOOKINGS)
			ret = store_occupancy_clear(txn, place->owner.id, objects[i].uid);
	}
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = put_one(service, txn, arena, place, on_clash, &objects[i], &new[i]);
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = alerts_review(service, txn, arena, place->owner.id, objects[i].uid, SLICE_EMPTY);
	return ret;
}

/* ---- slotkeeper check --repair ---- */

/* The index of one calendar, which is empty: what cannot be read is told and left without. */
static int index_calendar(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, change_told_fn *tell, void *arg)
{
	struct reindexed new;
	struct object *objects;
	size_t count;
	int ret = store_repair_objects(txn, arena, place->collection.id, &objects, &count);

	for (size_t i = 0; ret == 0 && i < count; i++) {
		ret = reindex_one(service, txn, arena, place, &objects[i], &new);
		if (ret == 0) {
			ret = put_one(service, txn, arena, place, CLASH_ALERTS, &objects[i], &new);
		} else if (ret == -EBADMSG || ret == -ENOENT) {
			char *sentence = arena_printf(arena, "object %.*s of calendar %.*s/%.*s: cannot be read, and is in no index",
			    SLICE_ARG(slice_sub(objects[i].name, 0, 80)), SLICE_ARG(place->collection.home),
			    SLICE_ARG(place->collection.name));

			tell(sentence != NULL ? sentence : "an object cannot be read", arg);
			ret = 0;
		}
	}
	return ret;
}

struct repairing {
	struct change_service *service;
	struct arena *arena;
	struct buf told; /* sentences, each with its NUL: the update may run again */
};

static void keep_sentence(const char *sentence, void *arg)
{
	struct repairing *repairing = arg;

	buf_add(&repairing->told, sentence, strlen(sentence) + 1);
}

static int repair_in(struct kv_txn *txn, void *arg)
{
	struct repairing *repairing = arg;
	struct collection *collections;
	size_t count;
	int ret;

	buf_reset(&repairing->told);
	arena_reset(repairing->arena);
	ret = store_repair(txn, keep_sentence, repairing);
	if (ret == 0)
		ret = store_repair_collections(txn, repairing->arena, &collections, &count);
	for (size_t i = 0; ret == 0 && i < count; i++) {
		struct place place;

		if (collections[i].kind != COLLECTION_CALENDAR && collections[i].kind != COLLECTION_BOOKINGS)
			continue;
		ret = place_get_by_id(repairing->service, txn, repairing->arena, collections[i].id, &place);
		if (ret == 0)
			ret = index_calendar(repairing->service, txn, repairing->arena, &place, keep_sentence, repairing);
		if (ret == -ENOENT || ret == -EBADMSG) {
			keep_sentence("a calendar, or its owner, cannot be read", repairing);
			ret = 0;
		}
	}
	return ret < 0 ? ret : alerts_review_all(repairing->service, txn, repairing->arena);
}

int change_repair(struct change_service *service, change_told_fn *tell, void *arg)
{
	struct repairing repairing = {.service = service, .arena = arena_new(REINDEX_ARENA), .told = BUF_INIT(16u << 20)};
	int ret = repairing.arena != NULL ? kv_update_wait(store_kv(service->store), repair_in, &repairing) : -ENOMEM;

	for (size_t at = 0; ret == 0 && at < repairing.told.len; at += strlen(repairing.told.at + at) + 1)
		tell(repairing.told.at + at, arg);
	buf_free(&repairing.told);
	arena_free(repairing.arena);
	return ret;
}

/* ---- its properties change ---- */

int change_collection_update(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    struct collection *collection)
{
	struct place before, after;
	struct object *objects;
	size_t count;
	int ret = place_get(service, txn, arena, collection->home, collection->name, &before);

	if (ret < 0)
		return ret;
	if (before.collection.id != collection->id)
		return -ENOENT;
	collection->revision = before.collection.revision;
	if (before.collection.transparent == collection->transparent &&
	    slice_equal(before.collection.timezone, collection->timezone) &&
	    slice_equal(before.collection.timezone_id, collection->timezone_id))
		return store_collection_put(txn, collection);
	collection->revision++;
	ret = store_collection_put(txn, collection);
	after = before;
	after.collection = *collection;
	if (ret == 0)
		ret = place_find_zone(service, arena, &after);
	if (ret == 0)
		ret = collection_objects(txn, arena, collection->id, &objects, &count);
	return ret < 0 ? ret
	               : reindex(service, txn, arena, &after, CLASH_REFUSES, objects, count);
}

/* ---- an owner changes ---- */

#define CALENDARS_OF_OWNER_MAX 10000

struct owned {
	struct arena *arena;
	struct slice *names;
	size_t count;
};

static int see_owned(const struct collection *collection, void *arg)
{
	struct owned *owned = arg;

	if (collection->kind != COLLECTION_CALENDAR && collection->kind != COLLECTION_BOOKINGS)
		return 0;
	if (owned->count == CALENDARS_OF_OWNER_MAX)
		return -E2BIG;
	owned->names[owned->count] = slice_of(arena_copy(owned->arena, collection->name), collection->name.len);
	return owned->names[owned->count++].at != NULL ? 0 : -ENOMEM;
}

static int reindex_owned(struct change_service *service, struct kv_txn *txn, struct arena *arena, struct slice home,
    struct slice name)
{
	struct object *objects;
	struct place place;
	size_t count;
	int ret = place_get(service, txn, arena, home, name, &place);

	if (ret < 0)
		return ret;
	place.collection.revision++; /* what was computed for the owner as he was is stale */
	ret = store_collection_put(txn, &place.collection);
	if (ret == 0)
		ret = collection_objects(txn, arena, place.collection.id, &objects, &count);
	return ret < 0 ? ret : reindex(service, txn, arena, &place, CLASH_REFUSES, objects, count);
}

int change_principal_update(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    struct principal *principal)
{
	struct owned owned = {.arena = arena};
	struct principal before;
	int ret = store_principal_get(txn, arena, principal->name, &before);

	if (ret == 0 && before.id != principal->id)
		return -ENOENT;
	if (ret == 0)
		ret = store_principal_put(txn, principal);
	if (ret < 0 || (slice_equal(before.timezone, principal->timezone) && slice_equal(before.email, principal->email)))
		return ret;
	owned.names = arena_array(arena, CALENDARS_OF_OWNER_MAX, sizeof(*owned.names));
	ret = owned.names != NULL ? store_collection_each(txn, principal->name, see_owned, &owned) : -ENOMEM;
	for (size_t i = 0; ret == 0 && i < owned.count; i++)
		ret = reindex_owned(service, txn, arena, principal->name, owned.names[i]);
	return ret;
}

/* ---- what moves, when that on which the index rests has changed ---- */

#define BASIS_NAME      SLICE("index-basis")
#define BASIS_VERSION   3 /* of how rows are computed: raise it when stored rows must be made anew */
#define CALENDARS_MAX   1000000
#define LOOKED_AT_ONCE  500 /* objects of one snapshot: an old one keeps pages from use */
#define MOVED_AT_ONCE   32  /* objects of one update, but for bookings: bounds how long others wait */

struct reindexing {
	struct change_service *service;
	struct arena *arena; /* of the present calendar */
	struct arena *scratch;
	struct arena *basis_arena;
	struct slice basis, stored;
	uint64_t *calendars;
	size_t count;
	struct kv_txn *txn;

	uint64_t calendar; /* the present one */
	struct place place;
	struct object *objects;
	size_t object_count, from; /* the next to look at */
	struct object *moved;
	size_t moved_count, moved_from;
	size_t total;
};

static int see_calendar(const struct collection *collection, void *arg)
{
	struct reindexing *all = arg;

	if (collection->kind != COLLECTION_CALENDAR && collection->kind != COLLECTION_BOOKINGS)
		return 0;
	if (all->count == CALENDARS_MAX)
		return -E2BIG;
	if ((all->count & (all->count - 1)) == 0) { /* at every power of two */
		uint64_t *grown = reallocarray(all->calendars, all->count ? all->count * 2 : 1, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		all->calendars = grown;
	}
	all->calendars[all->count++] = collection->id;
	return 0;
}

static int see_owner(const struct principal *principal, void *arg)
{
	struct reindexing *all = arg;

	return store_collection_each(all->txn, principal->name, see_calendar, all);
}

static int read_basis(struct kv_txn *txn, void *arg)
{
	struct reindexing *all = arg;
	int ret = store_meta_get(txn, all->basis_arena, BASIS_NAME, &all->stored);

	if (ret == -ENOENT)
		all->stored = SLICE_EMPTY;
	else if (ret < 0)
		return ret;
	all->txn = txn;
	return slice_equal(all->stored, all->basis) ? 0 : store_principal_each(txn, see_owner, all);
}

static int write_basis(struct kv_txn *txn, void *arg)
{
	struct reindexing *all = arg;

	return store_meta_put(txn, BASIS_NAME, all->basis);
}

static int list_objects(struct kv_txn *txn, void *arg)
{
	struct reindexing *all = arg;
	int ret = place_get_by_id(all->service, txn, all->arena, all->calendar, &all->place);

	return ret < 0 ? ret : collection_objects(txn, all->arena, all->calendar, &all->objects, &all->object_count);
}

/* Whether the rows of OBJECT are others than those that are stored, in the window that those were made for. */
static int is_moved(struct reindexing *all, struct kv_txn *txn, const struct object *object, bool *moved_r)
{
	struct calendar_object *parsed;
	struct series series = {0};
	uint64_t member;
	struct busy *stored;
	struct slice body;
	struct rows rows;
	size_t count, i = 0;
	int ret = store_series_get(txn, object->collection, object->id, &series);
	bool has_series = ret == 0;

	if (ret == 0 || ret == -ENOENT)
		ret = store_body_get(txn, object->id, &body);
	if (ret == 0)
		ret = calendar_object_parse(all->scratch, all->service->zones, body, SIZE_MAX, &parsed, NULL);
	if (ret == 0)
		ret = rows_make(all->service, all->scratch, &all->place, parsed,
		    has_series ? series.indexed : rows_window(clock_now(all->service->clock)), &rows, NULL);
	if (ret == 0)
		ret = store_index_get(txn, all->scratch, object->collection, object->id, &member, &stored, &count);
	if (ret < 0)
		return ret == -EINVAL ? -EBADMSG : ret;
	while (i < count && i < rows.count && rows_is_same(&stored[i], &rows.at[i]))
		i++;
	*moved_r = i < count || i < rows.count || rows.endless != has_series || object->span.start != rows.span.start ||
	           object->span.end != rows.span.end;
	return 0;
}

/* A page of the calendar's objects; those that move go to the list. What has gone or come since is not looked at. */
static int look(struct kv_txn *txn, void *arg)
{
	struct reindexing *all = arg;
	size_t end = all->from + LOOKED_AT_ONCE;

	for (; all->from < all->object_count && all->from < end; all->from++) {
		struct object object, *named = &all->objects[all->from];
		bool moved = false;
		int ret;

		arena_reset(all->scratch);
		ret = store_object_get(txn, all->scratch, all->calendar, named->name, &object);
		if (ret == 0)
			ret = is_moved(all, txn, &object, &moved);
		if (ret == -EBADMSG) /* its zone has gone, most likely: where it was found before is better than as floating time */
			log_event(LOG_WARN_LEVEL, "booking", NULL, "an object cannot be read by the present zones, its index stays",
			    "collection=%llu name=%.*s", (unsigned long long)all->calendar, SLICE_ARG(named->name));
		else if (ret < 0 && ret != -ENOENT)
			return ret;
		if (moved)
			all->moved[all->moved_count++] = *named;
	}
	return 0;
}

/* Reads again what an update before this one may have changed; *COUNT_R of them are left. */
static int read_again(struct reindexing *all, struct kv_txn *txn, size_t wanted, struct object *objects, size_t *count_r)
{
	*count_r = 0;
	for (size_t i = 0; i < wanted; i++) {
		int ret = store_object_get(txn, all->scratch, all->calendar, all->moved[all->moved_from + i].name,
		    &objects[*count_r]);

		if (ret == 0)
			++*count_r;
		else if (ret != -ENOENT)
			return ret;
	}
	return 0;
}

/* Bookings all at once: one that has moved and one that has not yet could lie over one another. */
static size_t moved_at_once(const struct reindexing *all)
{
	size_t left = all->moved_count - all->moved_from;

	return left < MOVED_AT_ONCE || all->place.collection.kind == COLLECTION_BOOKINGS ? left : MOVED_AT_ONCE;
}

static int move_some(struct kv_txn *txn, void *arg)
{
	struct reindexing *all = arg;
	size_t count = 0, wanted = moved_at_once(all);
	struct object *objects;
	struct place place;
	int ret;

	arena_reset(all->scratch);
	objects = arena_array(all->scratch, wanted, sizeof(*objects));
	if (objects == NULL)
		return -ENOMEM;
	ret = place_get_by_id(all->service, txn, all->scratch, all->calendar, &place);
	if (ret == 0)
		ret = read_again(all, txn, wanted, objects, &count);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	return reindex(all->service, txn, all->scratch, &place, CLASH_ALERTS, objects, count);
}

static int reindex_calendar(struct reindexing *all)
{
	struct kv *kv = store_kv(all->service->store);
	int ret;

	arena_reset(all->arena);
	all->from = all->moved_count = all->moved_from = 0;
	ret = kv_view(kv, list_objects, all);
	if (ret < 0 || all->object_count == 0)
		return ret == -ENOENT ? 0 : ret;
	all->moved = arena_array(all->arena, all->object_count, sizeof(*all->moved));
	if (all->moved == NULL)
		return -ENOMEM;
	while (ret == 0 && all->from < all->object_count)
		ret = kv_view(kv, look, all);
	while (ret == 0 && all->moved_from < all->moved_count) {
		size_t some = moved_at_once(all);

		ret = kv_update_wait(kv, move_some, all);
		all->moved_from += some;
	}
	all->total += all->moved_count;
	return ret;
}

static int reindex_moved(struct reindexing *all)
{
	struct kv *kv = store_kv(all->service->store);
	int ret = kv_view(kv, read_basis, all);

	if (ret < 0 || slice_equal(all->stored, all->basis))
		return ret;
	for (size_t i = 0; ret == 0 && i < all->count; i++) {
		all->calendar = all->calendars[i];
		ret = reindex_calendar(all);
	}
	if (ret == 0)
		ret = kv_update_wait(kv, write_basis, all);
	if (ret == 0)
		log_event(LOG_INFO_LEVEL, "booking", NULL, "zones have changed: what moves is indexed anew",
		    "calendars=%zu objects=%zu", all->count, all->total);
	return ret < 0 ? ret : (int)all->total;
}

int change_reindex_if_needed(struct change_service *service)
{
	AUTO_BUF struct buf basis = BUF_INIT(256);
	struct reindexing all = {.service = service,
	    .arena = arena_new(REINDEX_ARENA),
	    .scratch = arena_new(REINDEX_ARENA),
	    .basis_arena = arena_new(65536)};
	int ret = -ENOMEM;

	buf_printf(&basis, "%d %016llx %.*s", BASIS_VERSION, (unsigned long long)zone_set_digest(service->zones),
	    SLICE_ARG(service->timezone));
	all.basis = buf_slice(&basis);
	if (all.arena != NULL && all.scratch != NULL && all.basis_arena != NULL && basis.err == 0)
		ret = reindex_moved(&all);
	arena_free(all.arena);
	arena_free(all.scratch);
	arena_free(all.basis_arena);
	free(all.calendars);
	return ret;
}

static int nothing(struct kv_txn *txn, void *arg)
{
	(void)txn;
	(void)arg;
	return 0;
}

int change_service_set_zones(struct change_service *service, const struct zone_set *zones)
{
	int ret;

	service->zones = zones;
	/* What was computed with the old ones is on disk behind this update, or finds at its own that it is stale. */
	ret = kv_update_wait(store_kv(service->store), nothing, NULL);
	return ret < 0 ? ret : change_reindex_if_needed(service);
}
