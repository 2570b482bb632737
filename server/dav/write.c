#include <config.h>

#include "server/dav/write.h"

#include <errno.h>

#include "protocol/base/log.h"
#include "protocol/http/precondition.h"

/* RFC 3744, appendix B: a member comes with bind, goes with unbind, and changes with write-content. */
static int check_member(struct dav_request *d, struct kv_txn *txn)
{
	struct dav_path path = d->path;
	struct dav_resource parent;
	struct object object;
	int ret;

	path.kind = DAV_COLLECTION;
	ret = dav_resolve(d, txn, &path, 0, &parent);
	if (ret < 0)
		return ret;
	d->plain = parent.kind == DAV_FOLDER;
	d->unscheduled = (parent.access & ACL_SCHEDULE_SEND) == 0;
	if (d->plain && d->http->method == HTTP_POST)
		return (parent.access & ACL_READ) != 0
		    ? error_set(&d->error, 405, CONDITION_NONE, "POST makes objects of calendars; files are made with PUT.")
		    : -ENOENT;
	if (d->plain)
		return 0; /* its own update checks the rest */
	if (path.slash)
		return -ENOENT;
	if (strchr(path.object, '/') != NULL)
		return d->http->method == HTTP_PUT && (parent.access & ACL_READ) != 0
		    ? error_set(&d->error, 409, CALDAV_CALENDAR_COLLECTION_LOCATION_OK, "A calendar holds no folders.")
		    : -ENOENT;
	if ((parent.access & ACL_WRITE) == ACL_WRITE)
		return 0;
	if (d->http->method == HTTP_DELETE)
		return dav_need(d, &path, &parent, ACL_UNBIND);
	ret = store_object_get(txn, d->arena, parent.collection->id, slice_str(path.object), &object);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	return dav_need(d, &path, &parent, ret == 0 ? ACL_WRITE_CONTENT : ACL_BIND);
}

static int check(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct dav_path home = d->path;
	struct dav_resource resource;
	int ret;

	(void)arg;
	if (d->path.kind == DAV_OBJECT)
		return check_member(d, txn);
	home.kind = DAV_HOME; /* who may not see the calendar is not told what he lacks on the home */
	ret = dav_resolve(d, txn, &d->path, ACL_READ, &resource);
	return ret < 0 ? ret : dav_resolve(d, txn, &home, ACL_UNBIND, &resource);
}

int dav_write_check(struct dav_request *d)
{
	return dav_view(d, check, NULL);
}

int dav_write_condition(struct dav_request *d, struct change_condition *condition_r)
{
	struct http_precondition precondition;
	int ret = http_precondition_parse(d->http->headers, d->arena, &precondition);

	if (ret == -EINVAL)
		return error_set(&d->error, 400, CONDITION_NONE, "The list of entity tags cannot be read.");
	if (ret < 0)
		return ret;
	*condition_r = (struct change_condition){
	    .has_unmodified_since = precondition.has_unmodified_since,
	    .unmodified_since = precondition.unmodified_since,
	    .if_match_any = precondition.if_match_any,
	    .if_none_match_any = precondition.if_none_match_any,
	    .if_match = precondition.if_match,
	    .if_match_count = precondition.if_match_count,
	    .if_none_match = precondition.if_none_match,
	    .if_none_match_count = precondition.if_none_match_count,
	    .schedule_tag = slice_trim(http_header_get(d->http->headers, "If-Schedule-Tag-Match")),
	};
	return 0;
}

struct change_origin dav_write_origin(struct dav_request *d, const struct dav_lock_target *targets, size_t count)
{
	struct change_origin origin = {
	    .kind = ORIGIN_USER, .principal = slice_str(d->user->name), .request = slice_str(d->http->id)};

	dav_locks_guard(d, targets, count, &origin);
	return origin;
}

enum handling dav_write_handling(const struct dav_request *d)
{
	if (d->prefer.handling_strict)
		return HANDLING_STRICT;
	return d->prefer.handling_lenient ? HANDLING_LENIENT : HANDLING_DEFAULT;
}

/* ---- refusals ---- */

static void add_times(struct buf *b, const char *element, const struct interval *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(b, "<slotkeeper:%s start=\"", element);
		buf_add_basic_utc(b, at[i].start);
		buf_add_str(b, "\" end=\"");
		buf_add_basic_utc(b, at[i].end);
		buf_add_str(b, "\"/>");
	}
}

/* The contract's body for a taken time: times only, never a title. */
static void write_unavailable(struct buf *b, const struct change_result *result)
{
	buf_printf(b, "<slotkeeper:slot-unavailable xmlns:slotkeeper=\"urn:slotkeeper\" reason=\"%s\">",
	    result->reason != NULL ? result->reason : "staff_busy");
	add_times(b, "conflict", result->conflicts, result->conflict_count);
	add_times(b, "alternative", result->alternatives, result->alternative_count);
	buf_add_str(b, "</slotkeeper:slot-unavailable>");
}

/* RFC 3744, 7.1.1: it is the owner's outbox that one would have to send from. */
static void add_lacking(struct buf *b, const struct dav_path *path)
{
	buf_add_str(b, "<D:resource><D:href>");
	dav_href_collection(b, slice_str(path->name), SLICE("outbox"));
	buf_add_str(b, "</D:href><D:privilege><C:schedule-send/></D:privilege></D:resource>");
}

static void refuse(struct dav_write *write, const struct change_result *result)
{
	struct dav_request *d = write->d;
	const struct dav_path *path = write->transfer.to_name.len > 0 ? &write->destination : &d->path;
	AUTO_BUF struct buf extra = BUF_INIT(16384);
	bool strict = result->error.condition == SLOTKEEPER_SLOT_UNAVAILABLE;

	if (result->error.condition == DAV_NEED_PRIVILEGES) {
		add_lacking(&extra, path);
		http_reply_error(d->http, &result->error, buf_slice(&extra));
		return;
	}
	if (strict) {
		write_unavailable(&extra, result);
	} else if (result->error.http_status == 423) {
		buf_add_slice(&extra, d->extra);
	} else if (result->conflicting_name.len > 0) {
		buf_add_str(&extra, "<D:href>");
		dav_href_object(&extra, slice_str(path->name),
		    result->conflicting_collection.len > 0 ? result->conflicting_collection : slice_str(path->collection),
		    result->conflicting_name);
		buf_add_str(&extra, "</D:href>");
	}
	http_reply_error(d->http, &result->error, buf_slice(&extra));
	if (result->error.http_status == 412 && result->etag[0] != '\0')
		http_reply_header(d->http, "ETag", "%s", result->etag);
	if (result->error.http_status == 412 && result->schedule_tag[0] != '\0')
		http_reply_header(d->http, "Schedule-Tag", "%s", result->schedule_tag);
	if (strict && d->prefer.handling_strict)
		http_reply_header(d->http, "Preference-Applied", "handling=strict");
}

static void represent(struct dav_request *d)
{
	dav_represent(d, d->status);
}

/*
 * The client wants to see what is stored now (RFC 8144): after a success, and with a 412 in place of its own question for
 * it. Not where a refusal is told as a success: that answer has no ETag.
 */
static bool wants_object(const struct dav_request *d, const struct change_result *result)
{
	if (!d->prefer.return_representation || result->outcome == CHANGE_DELETED || result->etag[0] == '\0')
		return false;
	if (d->http->method != HTTP_PUT && result->outcome == CHANGE_REFUSED)
		return false; /* of DELETE, or of POST: the client has no object to compare with */
	return result->outcome == CHANGE_REFUSED ? result->error.http_status == 412
	                                         : result->outcome <= CHANGE_UNCHANGED;
}

void dav_write_done(const struct change_result *result, void *arg)
{
	struct dav_write *write = arg;
	struct dav_request *d = write->d;
	struct http_request *http = d->http;
	int ret = 0;

	if (wants_object(d, result)) {
		if (write->transfer.to_name.len > 0)
			d->path = write->destination; /* what came there is shown */
		d->status = result->outcome == CHANGE_REFUSED ? 412 : result->outcome == CHANGE_CREATED ? 201 : 200;
		dav_on_worker(d, represent);
		return;
	}
	if (http->method == HTTP_POST && result->outcome != CHANGE_REFUSED && result->outcome != CHANGE_FAILED)
		dav_reply_location(d);
	switch (result->outcome) {
	case CHANGE_CREATED:
	case CHANGE_UPDATED:
	case CHANGE_UNCHANGED:
		http->response.status = result->outcome == CHANGE_CREATED ? 201 : 204;
		if (!result->rewritten && !write->text_differs && result->etag[0] != '\0') /* else the client would keep a stale copy: RFC 4791, 5.3.4 */
			http_reply_header(http, "ETag", "%s", result->etag);
		if (result->schedule_tag[0] != '\0') /* RFC 6638, 8.2 */
			http_reply_header(http, "Schedule-Tag", "%s", result->schedule_tag);
		dav_reply_minimal(d);
		break;
	case CHANGE_DELETED:
		http->response.status = 204;
		break;
	case CHANGE_REFUSED_LENIENT:
		http->response.status = result->created ? 201 : 204;
		if (d->prefer.handling_lenient)
			http_reply_header(http, "Preference-Applied", "handling=lenient");
		break;
	case CHANGE_REFUSED:
		refuse(write, result);
		break;
	case CHANGE_FAILED:
		ret = result->ret < 0 ? result->ret : -EIO;
		break;
	}
	dav_finish(d, ret);
}

void dav_write_run(struct http_request *http, dav_write_prepare_fn *prepare, dav_write_start_fn *start)
{
	struct dav_request *d = dav_request_new(http);
	struct dav_write *write;
	int ret = -ENOMEM;

	if (d == NULL)
		return;
	write = arena_zalloc(d->arena, sizeof(*write));
	if (write != NULL) {
		write->d = d;
		ret = prepare(write);
	}
	if (ret < 0)
		dav_finish(d, ret);
	else
		start(write);
}
