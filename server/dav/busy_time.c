#include <config.h>

#include "server/dav/busy_time.h"

#include <errno.h>

#include "protocol/base/log.h"
#include "protocol/dav/xml_names.h"
#include "protocol/dav/xml_reader.h"
#include "protocol/freebusy/availability.h"
#include "protocol/ical/calendar_object.h"
#include "server/base/config.h"
#include "server/booking/calendar_user.h"
#include "server/booking/rules/policy.h"

#define SCRATCH_BYTES        (64u << 20) /* for one series while it is expanded, or somebody's availability */
#define MASKED_MAX           16 /* calendars of one person that hold one UID at a time */
#define BUFFER_SECONDS_MAX   (POLICY_MINUTES_MAX * MINUTE_SECONDS)
#define AVAILABILITY_CHECKED (366 * DAY_SECONDS) /* of a new one: more than is ever asked about at once */

struct question {
	struct dav_request *d;
	struct kv_txn *txn;
	struct freebusy_reply *reply;
	struct availability *availability;
	struct arena *scratch;
	struct dav_resource calendar; /* whose series are being expanded */
	struct slice mask;            /* UID of what is passed over; empty: nothing */
	uint64_t masked[MASKED_MAX];  /* objects that are passed over */
	size_t masked_count;
};

static int see_masked(const struct object *object, void *arg)
{
	struct question *question = arg;

	if (question->masked_count < MASKED_MAX)
		question->masked[question->masked_count++] = object->id;
	return 0;
}

static bool is_masked(const struct question *question, uint64_t object)
{
	for (size_t i = 0; i < question->masked_count; i++)
		if (question->masked[i] == object)
			return true;
	return false;
}

static int see_row(const struct busy *busy, void *arg)
{
	struct question *question = arg;

	if (is_masked(question, busy->object))
		return 0;
	return freebusy_reply_add(question->reply, busy->at, (enum freebusy_kind)busy->kind);
}

static int add_rows(struct question *question, const struct calendar_object *object)
{
	struct dav_request *d = question->d;
	struct instances_options options = {
	    .floating = dav_zone(d, question->txn, &question->calendar),
	    .window = question->reply->window,
	    .max_instances = (size_t)config_get(d->app->config)->max_instances,
	};
	struct busy_list list;
	struct slice owner = SLICE_EMPTY;
	int ret = dav_principal(d, question->txn, &question->calendar);

	if (ret == 0)
		owner = calendar_user_addresses(question->scratch, store_epoch(d->app->store), question->calendar.principal);
	if (ret == 0)
		ret = owner.at != NULL ? freebusy_rows(question->scratch, object, owner, &options, &list, &d->error) : -ENOMEM;
	for (size_t i = 0; ret == 0 && i < list.count; i++)
		ret = freebusy_reply_add(question->reply, list.at[i].at, list.at[i].kind);
	return ret;
}

static int see_series(const struct series *series, void *arg)
{
	struct question *question = arg;
	struct calendar_object *object;
	struct slice body;
	int ret;

	if (is_masked(question, series->object))
		return 0;
	ret = store_body_get(question->txn, series->object, &body);
	if (ret < 0)
		return ret == -ENOENT ? -EBADMSG : ret;
	arena_reset(question->scratch);
	ret = calendar_object_read(question->scratch, question->d->app->zones, body, &object);
	if (ret < 0)
		return ret;
	ret = add_rows(question, object);
	calendar_object_free(object);
	return ret;
}

/* ---- availability: of the calendar-availability that is an inbox's property, and of objects in calendars ---- */

static int add_availability(struct question *question, struct slice text)
{
	struct dav_request *d = question->d;
	struct availability *availability = question->availability;
	const struct zone *floating = dav_zone(d, question->txn, &question->calendar);
	size_t before = availability->count;
	struct error err = ERROR_NONE;
	int ret = availability_add(availability, question->scratch, d->app->zones, text, floating,
	    (size_t)config_get(d->app->config)->max_instances, &err);

	if (ret != -EINVAL || err.condition == CALDAV_MAX_INSTANCES) {
		d->error = err;
		return ret;
	}
	/* What has no reading (a zone that is no more) is not to hide all else that is busy. */
	log_event(LOG_WARN_LEVEL, "dav", d->http->id, "an availability cannot be read", "home=%.*s why=\"%s\"",
	    SLICE_ARG(question->calendar.name), err.detail);
	availability_cut(availability, before);
	return 0;
}

static int see_hull(const struct busy *busy, void *arg)
{
	struct question *question = arg;
	struct slice body;
	int ret;

	if (busy->component != COMPONENT_VAVAILABILITY)
		return 0;
	ret = store_body_get(question->txn, busy->object, &body);
	if (ret < 0)
		return ret == -ENOENT ? -EBADMSG : ret;
	arena_reset(question->scratch);
	return add_availability(question, body);
}

/* Of a calendar that is asked by itself: its rows are many, so they are walked once. */
static int see_own_row(const struct busy *busy, void *arg)
{
	return busy->component == COMPONENT_VAVAILABILITY ? see_hull(busy, arg) : see_row(busy, arg);
}

static int add_property(struct question *question, const struct dav_resource *home)
{
	const struct xml_element *element;
	struct collection inbox;
	struct slice xml;
	int ret = store_collection_get(question->txn, question->d->arena, home->name, SLICE("inbox"), &inbox);

	if (ret == 0)
		ret = store_property_get(question->txn, question->d->arena, PROPERTY_OF_COLLECTION, inbox.id, SLICE(NS_CALDAV),
		    SLICE("calendar-availability"), &xml);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	question->calendar = *home;
	arena_reset(question->scratch);
	ret = xml_read(question->scratch, xml, &element, NULL);
	if (ret < 0)
		return ret == -EINVAL ? -EBADMSG : ret;
	return xml_trimmed(element).len > 0 ? add_availability(question, xml_trimmed(element)) : 0;
}

/* ---- what bookings take beside their objects: buffers, and holds, which have none (contract, section 4) ---- */

static int see_booking(const struct booking *booking, void *arg)
{
	struct question *question = arg;
	struct interval guard = booking_guard(booking), core = booking->core;
	int ret;

	if (!booking_is_live(booking))
		return 0;
	if (booking->status == BOOKING_HELD)
		return booking->expires > clock_now(question->d->app->clock)
		           ? freebusy_reply_add(question->reply, guard, FREEBUSY_TENTATIVE)
		           : 0;
	ret = freebusy_reply_add(question->reply, (struct interval){guard.start, core.start}, FREEBUSY_UNAVAILABLE);
	return ret < 0 ? ret
	               : freebusy_reply_add(question->reply, (struct interval){core.end, guard.end}, FREEBUSY_UNAVAILABLE);
}

static int see_occupancy(const struct occupancy *occupancy, void *arg)
{
	struct question *question = arg;

	if (question->mask.len > 0 && slice_equal(occupancy->uid, question->mask))
		return 0;
	arena_reset(question->scratch);
	return store_booking_each_by_uid(question->txn, question->scratch, occupancy->uid, see_booking, question);
}

/* The table may hold the core alone (R8): what begins or ends a buffer's length away is looked at too. */
static int add_bookings(struct question *question, uint64_t owner)
{
	const struct interval window = {
		instant_add(question->reply->window.start, -BUFFER_SECONDS_MAX),
		instant_add(question->reply->window.end, BUFFER_SECONDS_MAX),
	};

	return store_occupancy_each(question->txn, owner, window, see_occupancy, question);
}

/* ---- all of it ---- */

static int see_collection(const struct collection *collection, void *arg)
{
	struct question *question = arg;
	struct interval window = question->reply->window;
	int ret = 0;

	if ((collection->kind != COLLECTION_CALENDAR && collection->kind != COLLECTION_BOOKINGS) || collection->transparent)
		return 0;
	question->calendar.collection = collection;
	if ((collection->components & COMPONENT_VAVAILABILITY) != 0)
		ret = store_busy_each(question->txn, collection->id, window, see_hull, question);
	return ret < 0 ? ret : store_series_each(question->txn, collection->id, window, see_series, question);
}

static int gather(struct question *question, const struct dav_resource *resource)
{
	struct interval window = question->reply->window;
	struct kv_txn *txn = question->txn;
	int ret;

	question->calendar = *resource;
	if (resource->kind == DAV_HOME) {
		ret = store_member_busy_each(txn, resource->owner, window, see_row, question);
		if (ret == 0)
			ret = store_collection_each(txn, resource->name, see_collection, question);
		if (ret == 0)
			ret = add_bookings(question, resource->owner);
		return ret < 0 ? ret : add_property(question, resource);
	}
	ret = store_busy_each(txn, resource->collection->id, window, see_own_row, question);
	if (ret == 0 && resource->collection->kind == COLLECTION_BOOKINGS)
		ret = add_bookings(question, resource->collection->owner);
	return ret < 0 ? ret : store_series_each(txn, resource->collection->id, window, see_series, question);
}

int availability_property_check(struct dav_request *d, struct slice text, struct error *err)
{
	instant_t now = clock_now(d->app->clock);
	struct availability availability = {.window = {now, now + AVAILABILITY_CHECKED}};
	struct arena *scratch = arena_new(SCRATCH_BYTES);
	int ret = scratch != NULL ? 0 : -ENOMEM;

	if (ret == 0 && text.len > 0)
		ret = availability_add(&availability, scratch, d->app->zones, text, zone_utc(),
		    (size_t)config_get(d->app->config)->max_instances, err);
	availability_free(&availability);
	arena_free(scratch);
	return ret == -E2BIG ? error_set(err, 403, CALDAV_MAX_INSTANCES, "too many times") : ret;
}

int busy_time_gather(struct dav_request *d, struct kv_txn *txn, const struct dav_resource *resource,
    struct freebusy_reply *reply)
{
	return busy_time_gather_without(d, txn, resource, SLICE_EMPTY, reply);
}

int busy_time_gather_without(struct dav_request *d, struct kv_txn *txn, const struct dav_resource *resource,
    struct slice uid, struct freebusy_reply *reply)
{
	struct availability availability = {.window = reply->window};
	struct question question = {.d = d, .txn = txn, .reply = reply, .availability = &availability,
	    .scratch = arena_new(SCRATCH_BYTES), .mask = uid};
	int ret = question.scratch != NULL ? 0 : -ENOMEM;

	if (ret == 0 && uid.len > 0)
		ret = store_object_each_by_owner_uid(txn, resource->owner, uid, see_masked, &question);
	if (ret == 0)
		ret = gather(&question, resource);
	if (ret == 0)
		ret = availability_apply(&availability, reply);
	availability_free(&availability);
	arena_free(question.scratch);
	if (ret == -E2BIG)
		return error_set(&d->error, 403, CALDAV_MAX_INSTANCES, "There are too many times in the range.");
	return ret;
}

void busy_time_reply(struct dav_request *d, struct freebusy_reply *reply)
{
	AUTO_BUF struct buf uid = BUF_INIT(256);

	buf_printf(&uid, "%s@slotkeeper", d->http->id);
	freebusy_reply_write(reply, clock_now(d->app->clock), buf_slice(&uid), &d->http->response.body);
	http_reply_header(d->http, "Content-Type", "text/calendar; charset=utf-8");
	d->http->response.status = 200;
}
