#include <config.h>

#include <errno.h>

#include "server/booking/change_private.h"

/* The VTIMEZONE inside the iCalendar object that a client set as the calendar's zone; empty: none. */
static struct slice vtimezone_of(struct slice text)
{
	ptrdiff_t start = slice_find(text, SLICE("BEGIN:VTIMEZONE")), end = slice_find(text, SLICE("END:VTIMEZONE"));

	if (start < 0 || end < start)
		return SLICE_EMPTY;
	return slice_sub(text, (size_t)start, (size_t)(end - start) + sizeof("END:VTIMEZONE") - 1);
}

int place_find_zone(const struct change_service *service, struct arena *arena, struct place *place)
{
	const struct collection *collection = &place->collection;
	const struct zone *zone = NULL;

	if (collection->timezone_id.len > 0)
		zone = zone_set_find(service->zones, collection->timezone_id);
	if (zone == NULL && collection->timezone.len > 0) {
		struct slice text = vtimezone_of(collection->timezone);

		if (text.len > 0 && zone_from_vtimezone(arena, text, &zone) == -ENOMEM)
			return -ENOMEM;
	}
	if (zone == NULL && place->owner.timezone.len > 0)
		zone = zone_set_find(service->zones, place->owner.timezone);
	if (zone == NULL)
		zone = zone_set_find(service->zones, service->timezone);
	place->zone = zone != NULL ? zone : zone_utc();
	return 0;
}

static int complete(const struct change_service *service, struct kv_txn *txn, struct arena *arena, struct place *place)
{
	int ret = store_principal_get_by_id(txn, arena, place->collection.owner, &place->owner);

	if (ret == -ENOENT)
		return -EBADMSG; /* a calendar without an owner */
	return ret < 0 ? ret : place_find_zone(service, arena, place);
}

int place_get(const struct change_service *service, struct kv_txn *txn, struct arena *arena, struct slice home,
    struct slice name, struct place *place_r)
{
	int ret = store_collection_get(txn, arena, home, name, &place_r->collection);

	return ret < 0 ? ret : complete(service, txn, arena, place_r);
}

int place_get_by_id(const struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t collection,
    struct place *place_r)
{
	int ret = store_collection_get_by_id(txn, arena, collection, &place_r->collection);

	return ret < 0 ? ret : complete(service, txn, arena, place_r);
}

int place_hours(const struct change_service *service, struct arena *arena, const struct place *place,
    struct hours *hours_r, const struct zone **zone_r)
{
	const struct zone *zone = NULL;
	int ret = place->owner.hours.len > 0 ? hours_parse(arena, place->owner.hours, hours_r, NULL) : -EINVAL;

	if (ret < 0)
		return ret == -EINVAL ? 0 : ret;
	hours_r->zones = service->zones;
	if (hours_r->timezone.len > 0)
		zone = zone_set_find(service->zones, hours_r->timezone);
	*zone_r = zone != NULL ? zone : place->zone;
	return 1;
}

bool place_is_same(const struct place *a, const struct place *b)
{
	return a->collection.id == b->collection.id && a->collection.revision == b->collection.revision &&
	       a->owner.id == b->owner.id && slice_equal(a->owner.email, b->owner.email) &&
	       slice_equal(a->owner.timezone, b->owner.timezone);
}

uint64_t place_member(const struct place *place)
{
	switch (place->collection.kind) {
	case COLLECTION_BOOKINGS:
		return place->owner.id;
	case COLLECTION_CALENDAR:
		return place->collection.transparent ? 0 : place->owner.id;
	case COLLECTION_INBOX:
	case COLLECTION_OUTBOX:
	case COLLECTION_PLAIN:
		break;
	}
	return 0;
}

bool place_is_permanent(const struct collection *collection)
{
	if (collection->kind == COLLECTION_PLAIN)
		return false;
	return collection->kind != COLLECTION_CALENDAR || slice_is(collection->name, "work");
}

bool change_name_is_reserved(struct slice name)
{
	return slice_is(name, "inbox") || slice_is(name, "outbox");
}
