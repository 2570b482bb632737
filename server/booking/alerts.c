/*
 * People fall ill: a private event over a booking is stored, and a person has to know. An alert is a job with a key of
 * owner, event and booking, so that however often the event is written there is one; it goes when the two no longer meet.
 */
#include <config.h>

#include <errno.h>

#include "protocol/json/json.h"
#include "server/booking/change_private.h"
#include "storage/pack.h"

#define ALERT_KIND SLICE("overlap_alert")
#define ALERTS_MAX 1000 /* bookings under one event: more than a year of working days with four each */

struct met {
	struct slice uid; /* of the booking */
	struct interval at;
};

struct meetings {
	struct arena *arena;
	struct slice event; /* its own UID */
	const struct interval_set *time; /* that it takes */
	struct met *at;
	size_t count;
};

static int see_booking(const struct occupancy *occupancy, void *arg)
{
	struct meetings *meetings = arg;
	struct met *met;

	if (slice_equal(occupancy->uid, meetings->event) || meetings->count == ALERTS_MAX ||
	    !interval_set_overlaps(meetings->time, occupancy->guard))
		return 0;
	for (size_t i = 0; i < meetings->count; i++) {
		if (slice_equal(meetings->at[i].uid, occupancy->uid))
			return 0;
	}
	if (meetings->at == NULL) /* most events meet nobody */
		meetings->at = arena_array(meetings->arena, ALERTS_MAX, sizeof(*meetings->at));
	if (meetings->at == NULL)
		return -ENOMEM;
	met = &meetings->at[meetings->count];
	met->uid = slice_of(arena_copy(meetings->arena, occupancy->uid), occupancy->uid.len);
	met->at = occupancy->guard;
	if (met->uid.at == NULL)
		return -ENOMEM;
	meetings->count++;
	return 0;
}

/* One look over the whole stretch: a series has many instances and a person few bookings. */
static int meet(struct kv_txn *txn, struct arena *arena, const struct place *place, struct slice event,
    const struct interval *at, size_t count, struct meetings *meetings_r)
{
	AUTO_INTERVAL_SET struct interval_set time = INTERVAL_SET_INIT;
	struct meetings meetings = {.arena = arena, .event = event, .time = &time};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = interval_set_add(&time, at[i]);
	if (ret == 0 && time.count > 0)
		ret = store_occupancy_each(txn, place->owner.id,
		    (struct interval){time.at[0].start, time.at[time.count - 1].end}, see_booking, &meetings);
	meetings.time = NULL;
	*meetings_r = meetings;
	return ret;
}

static int alert_key(struct arena *arena, uint64_t owner, struct slice event, struct slice booking, struct slice *key_r)
{
	AUTO_BUF struct buf b = BUF_INIT(8u << 20);

	pack_u64(&b, owner);
	pack_text(&b, event);
	pack_text(&b, booking);
	return b.err < 0 ? b.err : job_key_hash(arena, buf_slice(&b), key_r);
}

static void add_time(struct buf *b, const char *name, instant_t at)
{
	AUTO_BUF struct buf text = BUF_INIT(64);

	buf_add_rfc3339(&text, at, 0);
	json_add_text(b, name, buf_slice(&text));
}

static int raise(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    struct slice event, const struct met *met, struct slice request)
{
	AUTO_BUF struct buf payload = BUF_INIT(8u << 20);
	struct slice key;
	instant_t now = clock_now(service->clock);
	struct job job = {.due = now, .created = now, .kind = ALERT_KIND, .request = request}, present;
	int ret = alert_key(arena, place->owner.id, event, met->uid, &key);

	json_open_object(&payload, NULL);
	json_add_text(&payload, "principal", place->owner.name);
	json_add_text(&payload, "collection", place->collection.name);
	json_add_text(&payload, "event", event);
	json_add_text(&payload, "booking", met->uid);
	add_time(&payload, "start", met->at.start);
	add_time(&payload, "end", met->at.end);
	json_close_object(&payload);
	if (ret < 0 || payload.err < 0)
		return ret < 0 ? ret : payload.err;
	ret = store_job_get_by_key(txn, arena, ALERT_KIND, key, &present);
	if (ret == 0 && slice_equal(present.payload, buf_slice(&payload)))
		return 0; /* known, perhaps resolved already */
	if (ret < 0 && ret != -ENOENT)
		return ret;
	job.key = key;
	job.payload = buf_slice(&payload);
	return store_job_put(txn, &job);
}

static int drop(struct kv_txn *txn, struct arena *arena, uint64_t owner, struct slice event, struct slice booking)
{
	struct slice key;
	struct job job;
	int ret = alert_key(arena, owner, event, booking, &key);

	if (ret == 0)
		ret = store_job_get_by_key(txn, arena, ALERT_KIND, key, &job);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	return store_job_delete(txn, job.id);
}

static bool has_met(const struct meetings *meetings, struct slice booking)
{
	for (size_t i = 0; i < meetings->count; i++) {
		if (slice_equal(meetings->at[i].uid, booking))
			return true;
	}
	return false;
}

int alerts_of_event(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    struct slice uid, const struct interval *guards, size_t guard_count, const struct interval *old, size_t old_count,
    struct slice request)
{
	struct meetings present, before;
	int ret;

	if (guard_count == 0 && old_count == 0)
		return 0;
	ret = meet(txn, arena, place, uid, guards, guard_count, &present);
	if (ret == 0)
		ret = meet(txn, arena, place, uid, old, old_count, &before);
	for (size_t i = 0; ret == 0 && i < before.count; i++) {
		if (!has_met(&present, before.at[i].uid))
			ret = drop(txn, arena, place->owner.id, uid, before.at[i].uid);
	}
	for (size_t i = 0; ret == 0 && i < present.count; i++)
		ret = raise(service, txn, arena, place, uid, &present.at[i], request);
	return ret;
}

/* ---- the booking's side ---- */

struct events {
	struct kv_txn *txn;
	struct arena *arena;
	struct slice *uids;
	size_t count;
};

static int see_event(const struct busy *busy, void *arg)
{
	struct events *events = arg;
	struct object object;
	int ret;

	if (busy->flags & BUSY_BOOKING || events->count == ALERTS_MAX)
		return 0;
	ret = store_object_get_by_id(events->txn, events->arena, busy->collection, busy->object, &object);
	if (ret == 0)
		events->uids[events->count++] = object.uid;
	return ret;
}

static int meet_events(struct kv_txn *txn, struct arena *arena, uint64_t owner, const struct interval *at, size_t count,
    struct events *events_r)
{
	struct events events = {.txn = txn, .arena = arena};
	int ret = 0;

	events.uids = arena_array(arena, ALERTS_MAX + 1, sizeof(*events.uids));
	if (events.uids == NULL)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = store_member_busy_each(txn, owner, at[i], see_event, &events);
	*events_r = events;
	return ret;
}

static bool has_event(const struct events *events, struct slice uid)
{
	for (size_t i = 0; i < events->count; i++) {
		if (slice_equal(events->uids[i], uid))
			return true;
	}
	return false;
}

int alerts_of_booking(struct kv_txn *txn, struct arena *arena, uint64_t owner, struct slice booking,
    const struct interval *left, size_t left_count, const struct interval *guards, size_t guard_count)
{
	struct events before, present;
	int ret;

	if (left_count == 0)
		return 0;
	ret = meet_events(txn, arena, owner, left, left_count, &before);
	if (ret == 0 && before.count > 0)
		ret = meet_events(txn, arena, owner, guards, guard_count, &present);
	for (size_t i = 0; ret == 0 && i < before.count; i++) {
		if (!has_event(&present, before.uids[i]))
			ret = drop(txn, arena, owner, before.uids[i], booking);
	}
	return ret;
}
