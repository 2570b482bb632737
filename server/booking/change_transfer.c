/*
 * COPY and MOVE of one object: a write whose bytes lie in the store already. The destination passes every check of a PUT;
 * here is what the source adds to it.
 */
#include <config.h>

#include <errno.h>

#include "server/booking/booking_private.h"
#include "server/booking/scheduling.h"

static int find_source(struct kv_txn *txn, struct write *write, struct place *place_r, struct object *object_r)
{
	const struct change_transfer *transfer = write->transfer;
	int ret = place_get(write->service, txn, write->arena, transfer->home, transfer->collection, place_r);

	if (ret == 0)
		ret = store_object_get(txn, write->arena, place_r->collection.id, transfer->name, object_r);
	if (ret == -ENOENT)
		return result_refuse(&write->result, 404, CONDITION_NONE, "There is no such object.");
	return ret;
}

int transfer_read(struct kv_txn *txn, struct write *write)
{
	struct slice body;
	int ret = find_source(txn, write, &write->source_place, &write->source);

	if (ret == 0)
		ret = store_body_get(txn, write->source.id, &body);
	if (ret < 0)
		return ret;
	write->transfer_put.body = slice_of(arena_copy(write->arena, body), body.len);
	return write->transfer_put.body.at != NULL ? 0 : -ENOMEM;
}

int transfer_check(struct kv_txn *txn, struct write *write)
{
	struct object source;
	struct place place;
	int ret = find_source(txn, write, &place, &source);

	if (ret < 0)
		return ret;
	if (!condition_holds(&write->transfer->condition, &source)) {
		ret = result_refuse(&write->result, 412, CONDITION_NONE, "It is not what you have seen: read it again.");
		object_etag(&source, write->result.etag);
		return ret;
	}
	if (source.id != write->source.id)
		return -ESTALE;
	write->source_place = place;
	write->source = source; /* a touch leaves the id */
	return store_property_list(txn, write->arena, PROPERTY_OF_OBJECT, source.id, &write->source_properties);
}

int transfer_properties(struct kv_txn *txn, struct write *write, uint64_t object)
{
	int ret = store_property_delete_all(txn, PROPERTY_OF_OBJECT, object);

	return ret < 0 ? ret : store_property_put_list(txn, PROPERTY_OF_OBJECT, object, write->source_properties);
}

int transfer_clear(struct kv_txn *txn, struct write *write, const struct object *old)
{
	struct removal_cause cause = {
		.request = write->transfer->origin.request,
		.tell_after = CANCELLATION_SECONDS,
		.origin = &write->transfer->origin,
	};
	int ret = 0;

	if (old != NULL)
		ret = scheduling_remove(write->service, txn, write->arena, &write->place, old, &cause, false,
		    write->transfer->unscheduled ? &write->result : NULL);
	if (ret < 0 || !write->transfer->move)
		return ret;
	cause.moved = true;
	cause.renamed = write->source_place.collection.id == write->place.collection.id;
	if (!cause.renamed && write->source_place.collection.kind == COLLECTION_BOOKINGS)
		ret = own_event_end(write->service, txn, write->arena, &write->source_place, write->source.uid, cause.origin);
	if (ret < 0)
		return ret;
	if (write->source_place.owner.id != write->place.owner.id) /* it leaves its owner: he cancels or declines it */
		return scheduling_remove(write->service, txn, write->arena, &write->source_place, &write->source, &cause, false,
		    write->transfer->unscheduled ? &write->result : NULL);
	return object_remove(write->service, txn, write->arena, &write->source_place, &write->source, &cause);
}

int transfer_refuse(struct kv_txn *txn, struct write *write)
{
	instant_t now = clock_now(write->service->clock);
	bool allowed;
	int ret = touch_take(txn, write->arena, &write->source, now, &allowed);

	if (ret < 0 || !allowed)
		return ret;
	return store_object_touch(txn, write->source_place.owner.id, &write->source, now);
}
