/* DELETE of a calendar object, of a whole collection, or in a plain collection (RFC 4918, 9.6). */
#include <config.h>

#include "server/dav/plain.h"

static int prepare(struct dav_write *write)
{
	struct dav_request *d = write->d;
	int ret = dav_write_check(d);

	if (ret == 0 && !d->plain)
		ret = dav_write_condition(d, &write->delete.condition);
	write->delete.unscheduled = d->unscheduled;
	write->delete.silent = dav_schedule_reply_is_off(d->http->headers);
	write->delete.home = slice_str(d->path.name);
	write->delete.collection = slice_str(d->path.collection);
	write->delete.name = slice_str(d->path.object);
	write->locked[0] = (struct dav_lock_target){&d->path, LOCKED_SELF | LOCKED_MEMBERSHIP | LOCKED_TREE};
	write->delete.origin = dav_write_origin(d, write->locked, 1);
	return ret;
}

static void start(struct dav_write *write)
{
	struct dav_request *d = write->d;
	const struct change_delete *request = &write->delete;

	if (d->plain)
		plain_delete(d);
	else if (d->path.kind == DAV_COLLECTION)
		change_collection_delete(d->app->changes, d->arena, request->home, request->collection, &request->origin,
		    dav_write_done, write);
	else
		change_delete(d->app->changes, d->arena, request, dav_write_done, write);
}

void dav_delete(struct http_request *http)
{
	dav_write_run(http, prepare, start);
}
