#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/freebusy/busy.h"
#include "protocol/recur/instances.h"
#include "server/booking/booking_private.h"
#include "server/booking/calendar_user.h"

_Static_assert((int)FREEBUSY_FREE == (int)BUSY_KIND_FREE && (int)FREEBUSY_UNAVAILABLE == (int)BUSY_KIND_UNAVAILABLE,
    "both sides count kinds alike");
_Static_assert((int)ICAL_VEVENT == (int)COMPONENT_VEVENT && (int)ICAL_VAVAILABILITY == (int)COMPONENT_VAVAILABILITY,
    "both sides number components alike");

struct interval rows_window(instant_t now)
{
	return (struct interval){instant_add(now, -CHANGE_WINDOW_BACK), instant_add(now, CHANGE_WINDOW_AHEAD)};
}

static struct busy row_of(const struct place *place, const struct calendar_object *object, const struct busy_row *row)
{
	struct busy busy = {
		.at = row->at,
		.collection = place->collection.id,
		.instance = row->ordinal,
		.component = calendar_object_component(object),
		.kind = (enum busy_kind)row->kind,
	};

	if (row->floating)
		busy.flags |= BUSY_FLOATING;
	if (place->collection.kind == COLLECTION_BOOKINGS)
		busy.flags |= BUSY_BOOKING;
	if (row->inexact)
		busy.flags |= BUSY_INEXACT;
	return busy;
}

int rows_make(const struct change_service *service, struct arena *arena, const struct place *place,
    const struct calendar_object *object, struct interval window, struct rows *rows_r, struct error *err)
{
	struct instances_options options = {
		.floating = place->zone,
		.window = {INSTANT_MIN, INSTANT_MAX},
		.max_instances = service->max_instances,
	};
	struct rows rows = {.recurring = recur_is_recurring(object)};
	struct busy_list list;
	struct slice owner;
	int ret = recur_span(arena, object, place->zone, &rows.span, err);

	if (ret < 0)
		return ret;
	rows.endless = rows.recurring && rows.span.end >= INSTANT_MAX;
	if (rows.endless)
		options.window = rows.indexed = window;
	owner = calendar_user_addresses(arena, store_epoch(service->store), &place->owner);
	ret = owner.at != NULL ? freebusy_rows(arena, object, owner, &options, &list, err) : -ENOMEM;
	if (ret < 0)
		return ret;
	rows.at = arena_array(arena, list.count + 1, sizeof(*rows.at));
	if (rows.at == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < list.count; i++)
		rows.at[i] = row_of(place, object, &list.at[i]);
	rows.count = list.count;
	*rows_r = rows;
	return 0;
}

static int compare_intervals(const void *left, const void *right)
{
	const struct interval *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->end > b->end) - (a->end < b->end);
}

int rows_blocking(struct arena *arena, const struct busy *rows, size_t count, struct interval **guards_r,
    size_t *count_r)
{
	struct interval *guards = arena_array(arena, count + 1, sizeof(*guards));
	size_t n = 0;

	if (guards == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].kind != BUSY_KIND_FREE && rows[i].at.start < rows[i].at.end)
			guards[n++] = rows[i].at;
	}
	qsort(guards, n, sizeof(*guards), compare_intervals);
	*guards_r = guards;
	*count_r = n;
	return 0;
}

bool rows_is_same(const struct busy *a, const struct busy *b)
{
	return a->at.start == b->at.start && a->at.end == b->at.end && a->instance == b->instance &&
	       a->component == b->component && a->kind == b->kind && a->flags == b->flags;
}

static int put_occupancy(struct kv_txn *txn, struct arena *arena, const struct place *place,
    const struct object *object, const struct rows *rows)
{
	struct interval *guards, guard;
	bool is_booking;
	size_t count;
	int ret = booking_guards_of(txn, arena, object->uid, place->owner.name, &is_booking, &guard, &count);

	if (ret < 0)
		return ret;
	if (is_booking)
		return store_occupancy_put(txn, place->owner.id, object->uid, &guard, count, NULL);
	if (place->collection.kind != COLLECTION_BOOKINGS)
		return 0;
	ret = rows_blocking(arena, rows->at, rows->count, &guards, &count);
	return ret < 0 ? ret : store_occupancy_put(txn, place->owner.id, object->uid, guards, count, NULL);
}

int rows_put(struct kv_txn *txn, struct arena *arena, const struct place *place, const struct object *object,
    struct rows *rows)
{
	int ret = place->collection.kind == COLLECTION_BOOKINGS || place_member(place) != 0
	            ? put_occupancy(txn, arena, place, object, rows) : 0;

	return ret < 0 ? ret : rows_put_unguarded(txn, place, object, rows);
}

int rows_put_unguarded(struct kv_txn *txn, const struct place *place, const struct object *object, struct rows *rows)
{
	struct series series = {
		.collection = object->collection,
		.object = object->id,
		.name = object->name,
		.span = rows->span,
		.indexed = rows->indexed,
	};
	int ret;

	for (size_t i = 0; i < rows->count; i++)
		rows->at[i].object = object->id;
	ret = store_index_put(txn, place_member(place), object->collection, object->id, rows->at, rows->count);
	return ret < 0 || !rows->endless ? ret : store_series_put(txn, &series);
}
