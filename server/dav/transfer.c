/* COPY and MOVE (RFC 4918, 9.8 and 9.9). */
#include <config.h>

#include <errno.h>

#include "server/base/config.h"
#include "server/dav/plain.h"

/* The authority of public-url, under which a proxy may show this server. */
static struct slice public_authority(struct dav_request *d)
{
	struct slice url = slice_str(config_get(d->app->config)->public_url), authority;
	ptrdiff_t at = slice_find(url, SLICE("://")), slash;

	if (at < 0)
		return SLICE_EMPTY;
	authority = slice_from(url, (size_t)at + 3);
	slash = slice_find_byte(authority, '/');
	return slash < 0 ? authority : slice_sub(authority, 0, (size_t)slash);
}

static int read_destination(struct dav_write *write)
{
	struct dav_request *d = write->d;
	const struct slice authorities[] = {http_header_get(d->http->headers, "Host"), public_authority(d)};
	struct slice path;
	int ret = dav_destination_read(d->http->headers, authorities, ARRAY_LEN(authorities), &path, &d->error);

	if (ret < 0)
		return ret;
	ret = dav_path_parse_href(path, &write->destination);
	if (ret < 0)
		return error_set(&d->error, ret == -ENOENT ? 409 : 400, CONDITION_NONE, "Destination: there is no such place.");
	return dav_overwrite_read(d->http->headers, &write->transfer.overwrite, &d->error);
}

/* ---- who may ---- */

static int check_source(struct dav_write *write, struct kv_txn *txn, struct dav_resource *source_r)
{
	struct dav_request *d = write->d;
	struct dav_path parent = d->path;
	struct dav_resource resource;
	int ret = dav_resolve(d, txn, &d->path, ACL_READ, source_r);

	if (ret < 0 || !write->transfer.move)
		return ret;
	parent.kind = d->path.kind == DAV_OBJECT ? DAV_COLLECTION : DAV_HOME;
	ret = dav_resolve(d, txn, &parent, ACL_UNBIND, &resource);
	d->unscheduled |= ret == 0 && (resource.access & ACL_SCHEDULE_SEND) == 0;
	return ret;
}

/* A calendar that is not there and one that is hidden are the same: 409 (RFC 4918, 9.8.5). */
static int check_destination(struct dav_write *write, struct kv_txn *txn)
{
	struct dav_request *d = write->d;
	struct dav_path parent = write->destination;
	struct dav_resource resource = {.collection = NULL};
	struct object object;
	int ret;

	if (parent.kind != DAV_OBJECT || parent.slash)
		return error_set(&d->error, 403, CALDAV_CALENDAR_COLLECTION_LOCATION_OK, "An object goes into a calendar.");
	parent.kind = DAV_COLLECTION;
	ret = dav_resolve(d, txn, &parent, 0, &resource);
	d->unscheduled |= ret == 0 && (resource.access & ACL_SCHEDULE_SEND) == 0;
	if (ret == 0 && (resource.kind == DAV_FOLDER || strchr(parent.object, '/') != NULL))
		return error_set(&d->error, (resource.access & ACL_READ) != 0 ? 403 : 409, CONDITION_NONE,
		    "There is no calendar at the destination.");
	if (ret == 0)
		ret = store_object_get(txn, d->arena, resource.collection->id, slice_str(parent.object), &object);
	if (ret == 0 && (resource.access & ACL_READ) != 0 && !write->transfer.overwrite)
		return error_set(&d->error, 412, CONDITION_NONE, "There is something at the destination.");
	if (ret == 0)
		ret = dav_need(d, &parent, &resource, ACL_WRITE_CONTENT | ACL_UNBIND);
	else if (ret == -ENOENT && resource.collection != NULL)
		ret = dav_need(d, &parent, &resource, ACL_BIND);
	if (ret == -ENOENT)
		return error_set(&d->error, 409, CONDITION_NONE, "There is no calendar at the destination.");
	return ret;
}

/* A calendar gets another name in its own home, and keeps everything else, its sync token too. */
static int check_rename(struct dav_write *write, const struct dav_resource *source)
{
	struct dav_request *d = write->d;

	if (write->destination.kind != DAV_COLLECTION || !slice_is(source->name, write->destination.name) ||
	    !write->transfer.move)
		return error_set(&d->error, 403, CALDAV_CALENDAR_COLLECTION_LOCATION_OK,
		    "A calendar can be moved within its home, and not copied.");
	return 0;
}

static int rename_calendar(struct kv_txn *txn, void *arg)
{
	struct dav_write *write = arg;
	struct dav_request *d = write->d;
	struct dav_path home = write->destination;
	struct dav_resource calendar, resource;
	int ret = check_source(write, txn, &calendar);

	home.kind = DAV_HOME;
	if (ret == 0)
		ret = dav_resolve(d, txn, &home, ACL_BIND, &resource);
	if (ret == 0)
		ret = dav_locks_check(d, txn, write->locked, 2);
	if (ret == 0)
		ret = store_lock_forget(txn, d->arena, calendar.owner, calendar.collection->name, true);
	if (ret < 0)
		return ret;
	ret = change_collection_rename(d->app->changes, txn, d->arena, calendar.collection,
	    slice_str(write->destination.collection));
	if (ret == -EEXIST)
		return error_set(&d->error, write->transfer.overwrite ? 403 : 412, CONDITION_NONE,
		    "There is a calendar of this name already.");
	if (ret == -EPERM)
		return error_set(&d->error, 403, CONDITION_NONE, "This calendar keeps its name.");
	return ret;
}

static void renamed(int ret, void *arg)
{
	struct dav_write *write = arg;

	if (ret == 0)
		write->d->http->response.status = 201;
	dav_finish(write->d, ret);
}

static bool is_same(const struct dav_path *a, const struct dav_path *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->collection, b->collection) == 0 && strcmp(a->object, b->object) == 0;
}

static int check(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct dav_write *write = arg;
	struct dav_resource source;
	int ret = check_source(write, txn, &source);

	if (ret < 0)
		return ret;
	if (is_same(&d->path, &write->destination))
		return error_set(&d->error, 403, CONDITION_NONE, "The destination is the source.");
	if (d->path.kind == DAV_COLLECTION)
		return check_rename(write, &source);
	d->plain = source.kind != DAV_OBJECT;
	if (d->plain)
		return write->destination.kind == DAV_OBJECT
		    ? 0
		    : error_set(&d->error, 403, CONDITION_NONE, "Files and folders go into a plain collection.");
	return check_destination(write, txn);
}

/* ---- the request ---- */

static int prepare(struct dav_write *write)
{
	struct dav_request *d = write->d;
	struct change_transfer *transfer = &write->transfer;
	int ret = read_destination(write);

	transfer->move = d->http->method == HTTP_MOVE;
	if (ret == 0)
		ret = dav_view(d, check, write);
	if (ret == 0 && !d->plain)
		ret = dav_write_condition(d, &transfer->condition);
	transfer->home = slice_str(d->path.name);
	transfer->collection = slice_str(d->path.collection);
	transfer->name = slice_str(d->path.object);
	transfer->to_home = slice_str(write->destination.name);
	transfer->to_collection = slice_str(write->destination.collection);
	transfer->to_name = slice_str(write->destination.object);
	transfer->handling = dav_write_handling(d);
	transfer->unscheduled = d->unscheduled;
	write->locked[0] = (struct dav_lock_target){&write->destination, LOCKED_SELF | LOCKED_IF_NEW | LOCKED_TREE};
	write->locked[1] = (struct dav_lock_target){&d->path, LOCKED_SELF | LOCKED_MEMBERSHIP | LOCKED_TREE};
	transfer->origin = dav_write_origin(d, write->locked, transfer->move ? 2 : 1);
	return ret;
}

static void start(struct dav_write *write)
{
	if (write->d->plain) {
		plain_transfer(write);
		return;
	}
	if (write->d->path.kind == DAV_COLLECTION) {
		kv_update(store_kv(write->d->app->store), rename_calendar, renamed, write);
		return;
	}
	change_transfer(write->d->app->changes, write->d->arena, &write->transfer, dav_write_done, write);
}

void dav_transfer(struct http_request *http)
{
	dav_write_run(http, prepare, start);
}
