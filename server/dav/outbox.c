/*
 * POST to a collection: to an outbox a question for others' free/busy times (RFC 6638, 5), to a calendar a new object
 * (RFC 5995).
 */
#include <config.h>

#include <errno.h>

#include "protocol/dav/xml_names.h"
#include "protocol/dav/calendar_data.h"
#include "protocol/itip/freebusy_request.h"
#include "protocol/itip/schedule_status.h"
#include "server/base/config.h"
#include "server/booking/calendar_user.h"
#include "server/dav/busy_time.h"
#include "server/dav/write.h"

struct question {
	struct freebusy_request request;
	struct dav_resource outbox;
};

/* ---- one attendee's answer ---- */

static void add_response(struct buf *b, struct slice address, enum schedule_status status, struct slice data)
{
	buf_add_str(b, "<C:response><C:recipient><D:href>");
	buf_add_xml(b, address);
	buf_add_str(b, "</D:href></C:recipient><C:request-status>");
	buf_add_slice(b, schedule_status_text(status));
	buf_add_str(b, "</C:request-status>");
	if (data.len > 0) {
		buf_add_str(b, "<C:calendar-data>");
		calendar_data_escape(b, data);
		buf_add_str(b, "</C:calendar-data>");
	}
	buf_add_str(b, "</C:response>\n");
}

static int gather(struct dav_request *d, struct kv_txn *txn, const struct freebusy_request *request,
    const struct principal *principal, struct freebusy_reply *reply)
{
	struct dav_resource home = {.kind = DAV_HOME,
	    .name = principal->name,
	    .owner = principal->id,
	    .owner_kind = principal->kind,
	    .principal = principal};
	int ret = dav_access(d, txn, home.owner, home.owner_kind, NULL, &home.access);

	if (ret == 0 && (home.access & ACL_READ_FREE_BUSY) == 0)
		return -EACCES;
	return ret < 0 ? ret : busy_time_gather_without(d, txn, &home, request->mask, reply);
}

static int answer(struct dav_request *d, struct kv_txn *txn, const struct freebusy_request *request,
    const struct ical_attendee *attendee)
{
	struct freebusy_reply reply = {.window = request->window};
	struct buf *body = &d->http->response.body;
	AUTO_BUF struct buf text = BUF_INIT(HTTP_REPLY_MAX);
	struct principal principal;
	int ret = calendar_user_find(txn, d->arena, store_epoch(d->app->store), attendee->address, attendee->email,
	    &principal);

	if (ret == 0)
		ret = gather(d, txn, request, &principal, &reply);
	if (ret == 0)
		freebusy_request_answer(request, attendee, &reply, clock_now(d->app->clock), &text);
	freebusy_reply_free(&reply);
	if (ret == -ENOENT)
		add_response(body, attendee->address, SCHEDULE_UNKNOWN_USER, SLICE_EMPTY);
	else if (ret == -EACCES)
		add_response(body, attendee->address, SCHEDULE_NO_AUTHORITY, SLICE_EMPTY);
	else if (ret == -EINVAL) /* more of it than can be told */
		add_response(body, attendee->address, SCHEDULE_UNAVAILABLE, SLICE_EMPTY);
	else if (ret == 0 && text.err == 0)
		add_response(body, attendee->address, SCHEDULE_SUCCESS, buf_slice(&text));
	else
		return ret < 0 ? ret : text.err;
	return 0;
}

/* ---- the request ---- */

static int read_request(struct dav_request *d, struct kv_txn *txn, struct question *question)
{
	struct itip_env env = {
	    .arena = d->arena,
	    .zones = d->app->zones,
	    .floating = dav_zone(d, txn, &question->outbox),
	    .now = clock_now(d->app->clock),
	};
	int ret = freebusy_request_read(&env, d->http->body, &question->request, &d->error);

	if (ret == 0)
		ret = dav_principal(d, txn, &question->outbox);
	if (ret == 0 && !calendar_user_is(question->outbox.principal, store_epoch(d->app->store),
	                    question->request.organizer, SLICE_EMPTY))
		return error_set(&d->error, 403, CALDAV_VALID_ORGANIZER, "ORGANIZER is not the owner of the outbox.");
	return ret;
}

static int ask(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct question *question = arg;
	struct buf *body = &d->http->response.body;
	int ret = dav_resolve(d, txn, &d->path, ACL_SCHEDULE_SEND, &question->outbox);

	if (ret == 0)
		ret = read_request(d, txn, question);
	if (ret < 0)
		return ret;
	buf_add_str(body, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<C:schedule-response xmlns:D=\"" NS_DAV
	                  "\" xmlns:C=\"" NS_CALDAV "\">\n");
	for (size_t i = 0; ret == 0 && i < question->request.attendee_count; i++)
		ret = answer(d, txn, &question->request, &question->request.attendees[i]);
	buf_add_str(body, "</C:schedule-response>\n");
	d->error = ERROR_NONE;
	return ret;
}

static void ask_others(struct dav_request *d)
{
	struct question question = {.outbox = {.kind = DAV_SITE}};
	int ret = dav_check_calendar_type(d);

	if (ret == 0)
		ret = dav_view(d, ask, &question);
	if (ret == 0) {
		http_reply_header(d->http, "Content-Type", "application/xml; charset=utf-8");
		d->http->response.status = 200;
	}
	dav_finish(d, ret);
}

/* *KIND_R: what lies at the path, whether the user may know of it or not. */
static int find_kind(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct collection collection;
	int ret = store_collection_get(txn, d->arena, slice_str(d->path.name), slice_str(d->path.collection), &collection);

	if (ret == 0)
		*(enum collection_kind *)arg = collection.kind;
	return ret == -ENOENT ? 0 : ret;
}

void dav_post(struct http_request *http)
{
	enum collection_kind kind = COLLECTION_CALENDAR;
	struct dav_request *d = dav_request_new(http);
	int ret;

	if (d == NULL)
		return;
	ret = dav_view(d, find_kind, &kind);
	if (ret < 0)
		dav_finish(d, ret);
	else if (kind == COLLECTION_OUTBOX)
		ask_others(d);
	else
		dav_add_member(http);
}
