#include <config.h>

#include "server/dav/busy_time.h"

#include <errno.h>

#include "protocol/ical/calendar_object.h"
#include "server/base/config.h"

#define SCRATCH_BYTES (64u << 20) /* for one series while it is expanded */

struct question {
	struct dav_request *d;
	struct kv_txn *txn;
	struct freebusy_reply *reply;
	struct arena *scratch;
	struct dav_resource calendar; /* whose series are being expanded */
};

static int see_row(const struct busy *busy, void *arg)
{
	struct question *question = arg;

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
	int ret = dav_principal(d, question->txn, &question->calendar);

	if (ret == 0)
		ret = freebusy_rows(question->scratch, object, question->calendar.principal->email, &options, &list, &d->error);
	for (size_t i = 0; ret == 0 && i < list.count; i++)
		ret = freebusy_reply_add(question->reply, list.at[i].at, list.at[i].kind);
	return ret;
}

static int see_series(const struct series *series, void *arg)
{
	struct question *question = arg;
	struct calendar_object *object;
	struct slice body;
	int ret = store_body_get(question->txn, series->object, &body);

	if (ret < 0)
		return ret == -ENOENT ? -EBADMSG : ret;
	arena_reset(question->scratch);
	ret = calendar_object_parse(question->scratch, question->d->app->zones, body, SIZE_MAX, &object, NULL);
	if (ret < 0)
		return ret == -EINVAL ? -EBADMSG : ret;
	ret = add_rows(question, object);
	calendar_object_free(object);
	return ret;
}

static int see_collection(const struct collection *collection, void *arg)
{
	struct question *question = arg;

	if ((collection->kind != COLLECTION_CALENDAR && collection->kind != COLLECTION_BOOKINGS) || collection->transparent)
		return 0;
	question->calendar.collection = collection;
	return store_series_each(question->txn, collection->id, question->reply->window, see_series, question);
}

static int gather(struct question *question, const struct dav_resource *resource)
{
	struct interval window = question->reply->window;
	struct kv_txn *txn = question->txn;
	int ret;

	question->calendar = *resource;
	if (resource->kind == DAV_HOME) {
		ret = store_member_busy_each(txn, resource->owner, window, see_row, question);
		return ret < 0 ? ret : store_collection_each(txn, resource->name, see_collection, question);
	}
	ret = store_busy_each(txn, resource->collection->id, window, see_row, question);
	return ret < 0 ? ret : store_series_each(txn, resource->collection->id, window, see_series, question);
}

int busy_time_gather(struct dav_request *d, struct kv_txn *txn, const struct dav_resource *resource,
    struct freebusy_reply *reply)
{
	struct question question = {.d = d, .txn = txn, .reply = reply, .scratch = arena_new(SCRATCH_BYTES)};
	int ret = question.scratch != NULL ? gather(&question, resource) : -ENOMEM;

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
