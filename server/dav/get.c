/*
 * GET and HEAD (RFC 9110, 9.3.1): of a calendar object its bytes as they are stored (RFC 4791, 5.3.4), on the loop; of a
 * calendar all of them as one stream, on a worker.
 */
#include <config.h>

#include <errno.h>

#include "protocol/http/date.h"
#include "protocol/http/precondition.h"
#include "server/dav/calendar_stream.h"
#include "server/dav/plain.h"
#include "server/dav/properties.h"
#include "server/dav/routes.h"

static void add_headers(struct dav_request *d, const struct dav_resource *resource, struct slice etag)
{
	AUTO_BUF struct buf type = BUF_INIT(128), date = BUF_INIT(64);
	struct property_source source = {.d = d, .resource = (struct dav_resource *)resource};
	char tag[RECORD_ETAG_SIZE];

	get_content_type(&source, &type);
	http_date_write(&date, resource->object->modified);
	http_reply_header(d->http, "Content-Type", "%.*s", SLICE_ARG(buf_slice(&type)));
	http_reply_header(d->http, "Last-Modified", "%.*s", SLICE_ARG(buf_slice(&date)));
	http_reply_header(d->http, "ETag", "%.*s", SLICE_ARG(etag));
	object_schedule_tag(resource->object, tag);
	if (tag[0] != '\0')
		http_reply_header(d->http, "Schedule-Tag", "%s", tag);
	http_reply_header(d->http, "Vary", "CalDAV-Timezones");
}

static int answer(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	const struct http_precondition *precondition = arg;
	struct dav_resource resource;
	char etag[RECORD_ETAG_SIZE];
	struct slice body;
	int status, ret = dav_resolve(d, txn, &d->path, ACL_READ, &resource);

	if (ret < 0)
		return ret;
	if (resource.kind != DAV_OBJECT)
		return plain_get(d, txn, &resource, precondition);
	object_etag(resource.object, etag);
	add_headers(d, &resource, slice_str(etag));
	status = http_precondition_get(precondition, slice_str(etag), resource.object->modified);
	d->http->response.status = status != 0 ? status : 200;
	if (status != 0)
		return 0;
	ret = store_body_get(txn, resource.object->id, &body);
	if (ret == 0)
		ret = dav_add_text(d, body, &d->http->response.body);
	return ret == -ENOENT ? -EBADMSG : ret;
}

void dav_represent(struct dav_request *d, int status)
{
	const struct http_precondition none = {0};
	AUTO_BUF struct buf href = BUF_INIT(8192);
	int ret = dav_view(d, answer, (void *)&none);

	if (ret == 0) {
		dav_href(&href, &d->path);
		http_reply_header(d->http, "Content-Location", "%.*s", SLICE_ARG(buf_slice(&href)));
		http_reply_header(d->http, "Preference-Applied", "return=representation");
		if (d->http->method == HTTP_POST)
			dav_reply_location(d);
		d->http->response.status = status;
	} else if ((ret == -ENOENT || ret == -EACCES) && status != 412) {
		/* He may write it and not read it, or it went meanwhile: what he did is done. */
		d->http->response.status = status == 200 ? 204 : status;
		ret = 0;
	}
	dav_finish(d, ret);
}

static int answer_calendar(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct dav_resource resource;
	int ret = dav_resolve(d, txn, &d->path, ACL_READ, &resource);

	(void)arg;
	if (ret < 0)
		return ret;
	return resource.kind == DAV_FOLDER ? plain_get(d, txn, &resource, NULL)
	                                   : calendar_stream_answer(d, txn, resource.collection, SLICE_EMPTY);
}

void dav_get_calendar(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);

	if (d != NULL)
		dav_finish(d, dav_view(d, answer_calendar, NULL));
}

static int resolve(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct dav_resource resource;

	(void)arg;
	return dav_resolve(d, txn, &d->path, ACL_READ, &resource);
}

void dav_get_collection(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);
	const char *allow;
	int ret;

	if (d == NULL)
		return;
	ret = dav_view(d, resolve, NULL);
	if (ret == 0) {
		dav_find(d->app, HTTP_OPTIONS, http->path, d->arena, &allow);
		http_reply_text(http, 405, "text/plain; charset=utf-8", SLICE("A calendar app shows this; a browser cannot.\n"));
		http_reply_header(http, "Allow", "%s", allow);
	}
	dav_finish(d, ret);
}

void dav_get(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);
	struct http_precondition precondition;
	int ret;

	if (d == NULL)
		return;
	ret = http_precondition_parse(http->headers, d->arena, &precondition);
	if (ret == -EINVAL)
		error_set(&d->error, 400, CONDITION_NONE, "The list of entity tags cannot be read.");
	else if (ret == 0)
		ret = dav_view(d, answer, &precondition);
	dav_finish(d, ret);
}
