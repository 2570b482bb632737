/*
 * PUT of a calendar object (RFC 4791, 5.3.2), and POST to a calendar, which makes one under a name of ours (RFC 5995):
 * parsed and decided by the change service.
 */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "server/dav/plain.h"

/* text/calendar in UTF-8; a body without a type is taken for one, as it must parse anyway. */
int dav_check_calendar_type(struct dav_request *d)
{
	struct slice rest = http_header_get(d->http->headers, "Content-Type"), type, name, value;
	ptrdiff_t end;
	bool good;

	if (rest.len == 0)
		return 0;
	end = slice_find_byte(rest, ';');
	type = slice_trim(end < 0 ? rest : slice_sub(rest, 0, (size_t)end));
	good = slice_is_nocase(type, "text/calendar");
	rest = end < 0 ? SLICE_EMPTY : slice_from(rest, (size_t)end);
	while (http_parameter_next(&rest, &name, &value))
		if (slice_is_nocase(name, "charset"))
			good &= slice_is_nocase(value, "utf-8") || slice_is_nocase(value, "us-ascii") ||
			        slice_is_nocase(value, "utf8");
	return good ? 0
	            : error_set(&d->error, 403, CALDAV_SUPPORTED_CALENDAR_DATA, "Send text/calendar in UTF-8.");
}

/* Right below a home there are calendars only, and a calendar is no file. */
static int refuse_place(struct dav_request *d)
{
	return error_set(&d->error, 403, CALDAV_CALENDAR_COLLECTION_LOCATION_OK, "Put calendar objects into a calendar.");
}

static int refuse_home(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct dav_path path = d->path;
	struct dav_resource resource;
	int ret;

	(void)arg;
	path.kind = DAV_HOME;
	ret = dav_resolve(d, txn, &path, ACL_BIND, &resource);
	return ret < 0 ? ret : refuse_place(d);
}

/* A calendar that is not there, in a home that is: RFC 4918, 9.7.1. */
static int missing_parent(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct dav_path path = d->path;
	struct dav_resource resource;
	int ret;

	(void)arg;
	path.kind = DAV_HOME;
	ret = dav_resolve(d, txn, &path, ACL_BIND, &resource);
	return ret < 0 ? ret : error_set(&d->error, 409, CONDITION_NONE, "There is no such calendar.");
}

/* What is written, to the object that the path names. */
static int fill(struct dav_write *write)
{
	AUTO_BUF struct buf text = BUF_INIT(HTTP_REPLY_MAX);
	struct dav_request *d = write->d;
	int ret;

	write->put.home = slice_str(d->path.name);
	write->put.collection = slice_str(d->path.collection);
	write->put.name = slice_str(d->path.object);
	write->put.body = d->http->body;
	write->put.handling = dav_write_handling(d);
	write->put.unscheduled = d->unscheduled;
	write->locked[0] = (struct dav_lock_target){&d->path, LOCKED_SELF | LOCKED_IF_NEW};
	write->put.origin = dav_write_origin(d, write->locked, 1);
	ret = dav_text_apply(d, d->http->body, &text);
	write->text_differs = ret > 0;
	return ret < 0 ? ret : 0;
}

static int prepare(struct dav_write *write)
{
	struct dav_request *d = write->d;
	int ret;

	if (d->path.kind == DAV_COLLECTION)
		return dav_view(d, refuse_home, NULL);
	ret = dav_write_check(d);
	if (ret == -ENOENT && !d->path.slash)
		ret = dav_view(d, missing_parent, NULL);
	if (d->plain)
		return ret;
	if (ret == 0)
		ret = dav_check_calendar_type(d);
	if (ret == 0)
		ret = dav_write_condition(d, &write->put.condition);
	return ret == 0 ? fill(write) : ret;
}

static void start(struct dav_write *write)
{
	if (write->d->plain) {
		plain_put(write->d);
		return;
	}
	change_put(write->d->app->changes, write->d->arena, &write->put, dav_write_done, write);
}

void dav_put(struct http_request *http)
{
	dav_write_run(http, prepare, start);
}

/* From here on the request is about the new object, whose random name nothing has. */
static int choose_name(struct dav_request *d)
{
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	snprintf(d->path.object, sizeof(d->path.object), "%016" PRIx64 "%016" PRIx64 ".ics", random[0], random[1]);
	d->path.kind = DAV_OBJECT;
	d->path.slash = false;
	return 0;
}

static int prepare_member(struct dav_write *write)
{
	struct dav_request *d = write->d;
	int ret = choose_name(d);

	if (ret == 0)
		ret = dav_write_check(d);
	if (ret == 0)
		ret = dav_check_calendar_type(d);
	if (ret == 0)
		ret = dav_write_condition(d, &write->put.condition);
	write->put.condition.if_none_match_any = true;
	return ret == 0 ? fill(write) : ret;
}

void dav_add_member(struct http_request *http)
{
	dav_write_run(http, prepare_member, start);
}
