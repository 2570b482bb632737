/*
 * free-busy-query on a calendar or a whole home (RFC 4791, 7.10), for everybody who signed in. From the index alone; only
 * series that go on past what it holds are expanded. Times and nothing else: no title, no place, no name.
 */
#include <config.h>

#include <errno.h>

#include "protocol/freebusy/reply.h"
#include "protocol/ical/calendar_object.h"
#include "server/base/config.h"
#include "server/dav/reports.h"

#define SCRATCH_BYTES (64u << 20) /* for one series while it is expanded */

struct question {
	struct report *report;
	struct freebusy_reply reply;
	struct arena *scratch;
	struct dav_resource calendar; /* whose series are being expanded */
};

static int see_row(const struct busy *busy, void *arg)
{
	struct question *question = arg;

	return freebusy_reply_add(&question->reply, busy->at, (enum freebusy_kind)busy->kind);
}

static int add_rows(struct question *question, const struct calendar_object *object)
{
	struct dav_request *d = question->report->d;
	struct instances_options options = {
	    .floating = dav_zone(d, question->report->txn, &question->calendar),
	    .window = question->reply.window,
	    .max_instances = (size_t)config_get(d->app->config)->max_instances,
	};
	struct busy_list list;
	int ret = dav_principal(d, question->report->txn, &question->calendar);

	if (ret == 0)
		ret = freebusy_rows(question->scratch, object, question->calendar.principal->email, &options, &list, &d->error);
	for (size_t i = 0; ret == 0 && i < list.count; i++)
		ret = freebusy_reply_add(&question->reply, list.at[i].at, list.at[i].kind);
	return ret;
}

static int see_series(const struct series *series, void *arg)
{
	struct question *question = arg;
	const struct report *report = question->report;
	struct calendar_object *object;
	struct slice body;
	int ret = store_body_get(report->txn, series->object, &body);

	if (ret < 0)
		return ret == -ENOENT ? -EBADMSG : ret;
	arena_reset(question->scratch);
	ret = calendar_object_parse(question->scratch, report->d->app->zones, body, SIZE_MAX, &object, NULL);
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
	return store_series_each(question->report->txn, collection->id, question->reply.window, see_series, question);
}

static int gather(struct question *question)
{
	const struct dav_resource *resource = &question->report->resource;
	struct interval window = question->reply.window;
	struct kv_txn *txn = question->report->txn;
	int ret;

	question->calendar = *resource;
	if (resource->kind == DAV_HOME) {
		ret = store_member_busy_each(txn, resource->owner, window, see_row, question);
		return ret < 0 ? ret : store_collection_each(txn, resource->name, see_collection, question);
	}
	ret = store_busy_each(txn, resource->collection->id, window, see_row, question);
	return ret < 0 ? ret : store_series_each(txn, resource->collection->id, window, see_series, question);
}

static void reply(struct question *question)
{
	struct http_request *http = question->report->d->http;
	AUTO_BUF struct buf uid = BUF_INIT(256);

	buf_printf(&uid, "%s@slotkeeper", http->id);
	freebusy_reply_write(&question->reply, clock_now(question->report->d->app->clock), buf_slice(&uid),
	    &http->response.body);
	http_reply_header(http, "Content-Type", "text/calendar; charset=utf-8");
	http->response.status = 200;
}

int report_free_busy_query(struct report *report)
{
	struct question question = {.report = report, .reply = {.window = report->request.range}};
	int ret;

	if (report->request.range.start == INSTANT_MIN || report->request.range.end == INSTANT_MAX)
		return error_set(&report->d->error, 403, CALDAV_VALID_FILTER, "The time-range needs start and end.");
	question.scratch = arena_new(SCRATCH_BYTES);
	if (question.scratch == NULL)
		return -ENOMEM;
	ret = gather(&question);
	if (ret == -E2BIG)
		ret = error_set(&report->d->error, 403, CALDAV_MAX_INSTANCES, "There are too many times in the range.");
	if (ret == 0)
		reply(&question);
	freebusy_reply_free(&question.reply);
	arena_free(question.scratch);
	return ret;
}
