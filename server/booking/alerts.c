/*
 * People fall ill: a private event over a booking is stored, and a person has to know. There is one alert for a member, an
 * event and a booking, however often the event is written; it goes when the two no longer meet. A job tells of it.
 */
#include <config.h>

#include "server/booking/alerts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "protocol/json/json.h"
#include "server/booking/change_private.h"

#define ALERT_KIND   SLICE("overlap_alert")
#define JOB_KEY_SIZE 24   /* of the alert's id, in digits */
#define ALERTS_MAX   1000 /* bookings under one event: more than a year of working days with four each */

/* ---- whether an event and a booking meet, as the index has them now ---- */

struct meeting {
	struct kv_txn *txn;
	struct arena *arena;
	const struct alert *alert;
	struct interval_set time; /* that the event takes, in all calendars that hold it */
	struct interval at;       /* the soonest */
	bool met;
};

static int add_object(const struct object *object, void *arg)
{
	struct meeting *meeting = arg;
	struct interval *guards;
	size_t count, guard_count;
	uint64_t member;
	struct busy *rows;
	int ret = store_index_get(meeting->txn, meeting->arena, object->collection, object->id, &member, &rows, &count);

	if (ret < 0 || member != meeting->alert->member)
		return ret < 0 ? ret : 0;
	ret = rows_blocking(meeting->arena, rows, count, &guards, &guard_count);
	for (size_t i = 0; ret == 0 && i < guard_count; i++)
		ret = interval_set_add(&meeting->time, guards[i]);
	return ret;
}

static int see_guard(const struct occupancy *occupancy, void *arg)
{
	struct meeting *meeting = arg;

	if (!slice_equal(occupancy->uid, meeting->alert->booking) ||
	    !interval_set_overlaps(&meeting->time, occupancy->guard))
		return 0;
	if (!meeting->met || occupancy->guard.start < meeting->at.start)
		meeting->at = occupancy->guard;
	meeting->met = true;
	return 0;
}

int alert_meeting(struct kv_txn *txn, struct arena *arena, const struct alert *alert, struct interval *at_r)
{
	struct meeting meeting = {.txn = txn, .arena = arena, .alert = alert};
	int ret = store_object_each_by_owner_uid(txn, alert->member, alert->event, add_object, &meeting);

	if (ret == 0 && meeting.time.count > 0)
		ret = store_occupancy_each(txn, alert->member,
		    (struct interval){meeting.time.at[0].start, meeting.time.at[meeting.time.count - 1].end}, see_guard,
		    &meeting);
	interval_set_free(&meeting.time);
	if (ret < 0)
		return ret;
	*at_r = meeting.at;
	return meeting.met;
}

/* ---- one alert ---- */

static void job_key(const struct alert *alert, char key_r[static JOB_KEY_SIZE])
{
	snprintf(key_r, JOB_KEY_SIZE, "%" PRIu64, alert->id);
}

/* What it says is read when it is told: the alert may have gone by then. */
static int tell(struct kv_txn *txn, const struct alert *alert)
{
	AUTO_BUF struct buf payload = BUF_INIT(8u << 20);
	char key[JOB_KEY_SIZE];
	struct job job = {.due = alert->created, .created = alert->created, .kind = ALERT_KIND, .request = alert->request};

	json_open_object(&payload, NULL);
	json_add_integer(&payload, "alert", (int64_t)alert->id);
	json_add_integer(&payload, "member", (int64_t)alert->member);
	json_add_text(&payload, "event", alert->event);
	json_add_text(&payload, "booking", alert->booking);
	json_close_object(&payload);
	job_key(alert, key);
	job.key = slice_str(key);
	job.payload = buf_slice(&payload);
	return payload.err < 0 ? payload.err : store_job_put(txn, &job);
}

int alert_drop(struct kv_txn *txn, struct arena *arena, const struct alert *alert)
{
	char key[JOB_KEY_SIZE];
	struct job job;
	int ret = store_alert_delete(txn, alert);

	if (ret < 0)
		return ret;
	job_key(alert, key);
	ret = store_job_get_by_key(txn, arena, ALERT_KIND, slice_str(key), &job);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	return store_job_delete(txn, job.id);
}

/* A new one, or one that meets at another time and so is open again. */
static int open_alert(struct change_service *service, struct kv_txn *txn, struct alert *alert, struct slice request)
{
	int ret;

	alert->kind = ALERT_OVERLAP;
	alert->state = ALERT_OPEN;
	alert->created = clock_now(service->clock);
	alert->request = request;
	alert->resolved = 0;
	alert->resolved_by = SLICE_EMPTY;
	ret = store_alert_put(txn, alert);
	return ret < 0 ? ret : tell(txn, alert);
}

/* Makes ALERT, new when its id is 0, what it must be by now; its event lies in COLLECTION. */
static int settle(struct change_service *service, struct kv_txn *txn, struct arena *arena, struct alert *alert,
    uint64_t collection, struct slice request)
{
	bool elsewhere = alert->collection != collection, known = alert->id != 0;
	struct interval at;
	int ret = alert_meeting(txn, arena, alert, &at);

	if (ret < 0)
		return ret;
	if (ret == 0)
		return known ? alert_drop(txn, arena, alert) : 0;
	alert->collection = collection;
	if (known && alert->at.start == at.start && alert->at.end == at.end)
		return elsewhere ? store_alert_put(txn, alert) : 0; /* perhaps resolved already */
	alert->at = at;
	return open_alert(service, txn, alert, request);
}

/* ---- what is known ---- */

struct known {
	struct arena *arena;
	struct slice uid; /* of the event or the booking; empty: all that there are */
	struct alert *at;
	size_t count, max;
};

static int count_known(const struct alert *alert, void *arg)
{
	struct known *known = arg;

	(void)alert;
	known->max++;
	return 0;
}

static int see_known(const struct alert *alert, void *arg)
{
	struct known *known = arg;

	if (known->uid.len > 0 && !slice_equal(alert->event, known->uid) && !slice_equal(alert->booking, known->uid))
		return 0;
	if (known->at == NULL) /* most meet nobody */
		known->at = arena_array(known->arena, known->max, sizeof(*known->at));
	if (known->at == NULL)
		return -ENOMEM;
	if (known->count == known->max)
		return 0;
	known->at[known->count] = *alert;
	return alert_copy(known->arena, &known->at[known->count++]);
}

static int settle_known(struct change_service *service, struct kv_txn *txn, struct known *known, struct slice request)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < known->count; i++)
		ret = settle(service, txn, known->arena, &known->at[i], known->at[i].collection, request);
	return ret;
}

int alerts_review(struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t member,
    struct slice uid, struct slice request)
{
	struct known known = {.arena = arena, .uid = uid, .max = ALERTS_MAX};
	int ret = store_alert_each_of(txn, member, see_known, &known);

	return ret < 0 ? ret : settle_known(service, txn, &known, request);
}

int alerts_review_all(struct change_service *service, struct kv_txn *txn, struct arena *arena)
{
	struct known known = {.arena = arena};
	int ret = store_alert_each(txn, count_known, &known);

	if (ret == 0)
		ret = store_alert_each(txn, see_known, &known);
	return ret < 0 ? ret : settle_known(service, txn, &known, SLICE_EMPTY);
}

/* ---- who lies over whom ---- */

struct pair {
	struct slice uid;    /* of the other one */
	uint64_t collection; /* of the event */
};

/* All that one event, or one booking, meets. */
struct met {
	struct kv_txn *txn;
	struct arena *arena;
	struct slice own; /* UID */
	const struct interval_set *time; /* that it takes */
	struct pair *at;
	size_t count;
};

static int note(struct met *met, struct slice uid, uint64_t collection)
{
	if (slice_equal(uid, met->own) || met->count == ALERTS_MAX)
		return 0;
	for (size_t i = 0; i < met->count; i++) {
		if (slice_equal(met->at[i].uid, uid))
			return 0;
	}
	if (met->at == NULL) /* most meet nobody */
		met->at = arena_array(met->arena, ALERTS_MAX, sizeof(*met->at));
	if (met->at == NULL)
		return -ENOMEM;
	met->at[met->count].collection = collection;
	met->at[met->count].uid = slice_of(arena_copy(met->arena, uid), uid.len);
	return met->at[met->count++].uid.at != NULL ? 0 : -ENOMEM;
}

static int see_booking(const struct occupancy *occupancy, void *arg)
{
	struct met *met = arg;

	return interval_set_overlaps(met->time, occupancy->guard) ? note(met, occupancy->uid, 0) : 0;
}

static int see_event(const struct busy *busy, void *arg)
{
	struct met *met = arg;
	struct object object;
	int ret;

	if (busy->flags & BUSY_BOOKING || !interval_set_overlaps(met->time, busy->at))
		return 0;
	ret = store_object_get_by_id(met->txn, met->arena, busy->collection, busy->object, &object);
	return ret < 0 ? ret : note(met, object.uid, busy->collection);
}

/* One look over the whole stretch: a series has many instances and a person few bookings. EVENTS: who lies over a booking. */
static int meet(struct met *met, uint64_t member, const struct interval *at, size_t count, bool events)
{
	AUTO_INTERVAL_SET struct interval_set time = INTERVAL_SET_INIT;
	struct interval hull;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = interval_set_add(&time, at[i]);
	if (ret < 0 || time.count == 0)
		return ret;
	hull = (struct interval){time.at[0].start, time.at[time.count - 1].end};
	met->time = &time;
	ret = events ? store_member_busy_each(met->txn, member, hull, see_event, met)
	             : store_occupancy_each(met->txn, member, hull, see_booking, met);
	met->time = NULL;
	return ret;
}

static int raise(struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t member,
    struct slice event, struct slice booking, uint64_t collection, struct slice request)
{
	struct alert alert;
	int ret = store_alert_get(txn, arena, member, event, booking, &alert);

	if (ret == -ENOENT)
		alert = (struct alert){.member = member, .event = event, .booking = booking};
	else if (ret < 0)
		return ret;
	return settle(service, txn, arena, &alert, collection, request);
}

int alerts_raise_pair(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    struct slice event, struct slice booking, struct slice request)
{
	return raise(service, txn, arena, place->owner.id, event, booking, place->collection.id, request);
}

int alerts_raise_event(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, struct slice uid, const struct interval *guards, size_t count, struct slice request)
{
	struct met met = {.txn = txn, .arena = arena, .own = uid};
	uint64_t member = place->owner.id;
	int ret = meet(&met, member, guards, count, false);

	for (size_t i = 0; ret == 0 && i < met.count; i++)
		ret = raise(service, txn, arena, member, uid, met.at[i].uid, place->collection.id, request);
	return ret;
}

int alerts_raise_booking(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, struct slice uid, const struct interval *guards, size_t count, struct slice request)
{
	struct met met = {.txn = txn, .arena = arena, .own = uid};
	uint64_t member = place->owner.id;
	int ret = meet(&met, member, guards, count, true);

	for (size_t i = 0; ret == 0 && i < met.count; i++)
		ret = raise(service, txn, arena, member, met.at[i].uid, uid, met.at[i].collection, request);
	return ret;
}
