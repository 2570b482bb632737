/*
 * sync-collection (RFC 6578): what changed since a token, what is gone as 404, and the token to ask with next time.
 *
 * Depth: 0 and Depth: 1 are both taken, with and without sync-level: apps in use differ. A first sync without a limit is
 * one scan in the order of names; with one it goes by change number, so that the next page knows where it was. A home tells
 * of its calendars: made, changed in any way, gone.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/dav/multistatus.h"
#include "protocol/dav/sync_token.h"
#include "server/dav/reports.h"

struct sync {
	struct report *report;
	struct dav_resource member;
	uint64_t last;   /* number of the last change told */
	uint64_t told;   /* responses */
	uint64_t began;  /* what was gone before a first sync began, the client never had */
	bool truncated;
};

static int see_object(const struct object *object, void *arg)
{
	struct sync *sync = arg;

	return report_add_object(sync->report, object);
}

static int add_changed(struct sync *sync, struct slice name)
{
	struct report *report = sync->report;
	struct object object;
	int ret = store_object_get(report->txn, report->d->arena, report->resource.collection->id, name, &object);

	return ret == -ENOENT ? -EBADMSG : ret < 0 ? ret : report_add_object(report, &object);
}

static int see_change(const struct change *change, void *arg)
{
	struct sync *sync = arg;
	struct report *report = sync->report;
	bool gone = change->op == CHANGE_DELETE;
	int ret = 0;

	if (gone && change->number <= sync->began) {
		sync->last = change->number;
		return 0;
	}
	if (report->request.limit > 0 && sync->told == report->request.limit) {
		sync->truncated = true;
		return 1; /* the end */
	}
	if (gone) {
		buf_truncate(&report->href, report->href_base);
		buf_add_percent(&report->href, change->name);
		response_status(report_body(report), buf_slice(&report->href), 404);
	} else {
		ret = add_changed(sync, change->name);
	}
	sync->last = change->number;
	sync->told++;
	return ret;
}

static int refuse_token(struct report *report)
{
	return error_set(&report->d->error, 403, DAV_VALID_SYNC_TOKEN, "This token is not known here. Begin anew without one.");
}

/* The token that came, or that of nothing at all. COLLECTION: what it must be of. */
static int read_token(struct report *report, uint64_t collection, struct sync_token *token)
{
	*token = (struct sync_token){.epoch = store_epoch(report->d->app->store), .collection = collection};
	if (report->request.sync_token.len == 0)
		return 0;
	if (sync_token_read(report->request.sync_token, token) < 0)
		return refuse_token(report);
	return token->epoch == store_epoch(report->d->app->store) && token->collection == collection ? 0
	                                                                                             : refuse_token(report);
}

static int finish(struct sync *sync, struct sync_token *token, uint64_t present)
{
	AUTO_BUF struct buf text = BUF_INIT(256);
	struct report *report = sync->report;

	token->number = sync->truncated ? sync->last : present;
	if (!sync->truncated || sync->last >= token->began) /* from there on the client has had all: an ordinary token */
		token->began = 0;
	if (sync->truncated) {
		buf_truncate(&report->href, report->href_base);
		response_error(report_body(report), buf_slice(&report->href), 507, DAV_NUMBER_OF_MATCHES_WITHIN_LIMITS);
	}
	sync_token_write(&text, token);
	multistatus_close(report_body(report), buf_slice(&text));
	return text.err;
}

/* ---- a home: its collections by the home's number at their last change, and those that went ---- */

struct home_change {
	uint64_t number;
	bool gone;
	struct slice name;
};

struct home_sync {
	struct sync sync;
	uint64_t after;
	bool first; /* all that are there, whatever their number */
	struct home_change *changes;
	size_t count, capacity;
};

static int add_home_change(struct home_sync *home, uint64_t number, bool gone, struct slice name)
{
	struct arena *arena = home->sync.report->d->arena;
	struct home_change *change;

	if (home->count == home->capacity) {
		size_t capacity = home->capacity != 0 ? 2 * home->capacity : 64;
		struct home_change *grown = arena_array(arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (home->count > 0)
			memcpy(grown, home->changes, home->count * sizeof(*grown));
		home->changes = grown;
		home->capacity = capacity;
	}
	change = &home->changes[home->count++];
	*change = (struct home_change){number, gone, slice_of(arena_copy(arena, name), name.len)};
	return change->name.at != NULL ? 0 : -ENOMEM;
}

static int see_home_collection(const struct collection *collection, void *arg)
{
	struct home_sync *home = arg;
	uint64_t number;
	int ret = store_home_change_of(home->sync.report->txn, collection->id, &number);

	return ret < 0 || (!home->first && number <= home->after) ? ret
	                                                          : add_home_change(home, number, false, collection->name);
}

static int see_gone(struct slice name, uint64_t number, void *arg)
{
	struct home_sync *home = arg;

	return number > home->sync.began ? add_home_change(home, number, true, name) : 0;
}

static int by_number(const void *left, const void *right)
{
	const struct home_change *a = left, *b = right;

	return a->number < b->number ? -1 : a->number > b->number;
}

static int tell_home_change(struct home_sync *home, const struct home_change *change)
{
	struct report *report = home->sync.report;
	struct dav_resource member = report->resource;
	struct collection collection;
	int ret;

	buf_truncate(&report->href, report->href_base);
	buf_add_percent(&report->href, change->name);
	buf_add_char(&report->href, '/');
	if (change->gone) {
		response_status(report_body(report), buf_slice(&report->href), 404);
		return 0;
	}
	ret = store_collection_get(report->txn, report->d->arena, report->resource.name, change->name, &collection);
	if (ret == 0)
		ret = dav_access(report->d, report->txn, member.owner, member.owner_kind, &collection, &member.access);
	if (ret < 0 || (member.access & ACL_READ) == 0)
		return ret;
	member.kind = collection.kind == COLLECTION_PLAIN ? DAV_FOLDER : DAV_COLLECTION;
	member.collection = &collection;
	report->source.resource = &member;
	return property_plan_run(report->plan, &report->source, buf_slice(&report->href), report_body(report));
}

static int gather_home(struct home_sync *home, const struct sync_token *token)
{
	struct report *report = home->sync.report;
	int ret;

	home->after = token->number;
	home->first = report->request.sync_token.len == 0;
	home->sync.began = token->began;
	ret = store_home_gone_each(report->txn, report->resource.owner, token->number, see_gone, home);
	if (ret == 0)
		ret = store_collection_each(report->txn, report->resource.name, see_home_collection, home);
	if (ret == 0 && home->count > 1)
		qsort(home->changes, home->count, sizeof(*home->changes), by_number);
	return ret;
}

static int sync_home(struct report *report)
{
	struct home_sync home = {.sync = {.report = report}};
	uint64_t limit = report->request.limit, present = 0;
	struct sync_token token;
	int ret = read_token(report, SYNC_TOKEN_HOME | report->resource.owner, &token);

	/* Of a home that shows only in part there are no numbers: it is listed anew each time. */
	if (ret == 0 && (report->resource.access & ACL_FOUND) != 0 && report->request.sync_token.len > 0)
		return refuse_token(report);
	if (ret == 0)
		ret = store_home_change(report->txn, report->resource.owner, &present);
	if (ret == 0 && report->request.sync_token.len == 0)
		token.began = present;
	if (ret == 0)
		ret = gather_home(&home, &token);
	if (ret == -ESTALE)
		return refuse_token(report);
	report_begin_members(report, &home.sync.member);
	home.sync.last = token.number;
	for (size_t i = 0; ret == 0 && i < home.count; i++) {
		/* those of one number (0, from before there were any) are told together: the token names it */
		home.sync.truncated = limit > 0 && home.sync.told >= limit && home.changes[i].number != home.sync.last;
		if (home.sync.truncated)
			break;
		ret = tell_home_change(&home, &home.changes[i]);
		home.sync.last = home.changes[i].number;
		home.sync.told++;
	}
	return ret < 0 ? ret : finish(&home.sync, &token, present);
}

int report_sync_collection(struct report *report)
{
	struct sync sync = {.report = report};
	struct sync_token token;
	uint64_t present;
	int ret;

	if (report->depth == DEPTH_INFINITY || report->request.sync_infinite)
		return error_set(&report->d->error, 403, DAV_SYNC_TRAVERSAL_SUPPORTED, "Ask with sync-level 1.");
	if (report->resource.kind == DAV_HOME)
		return sync_home(report);
	ret = read_token(report, report->resource.collection->id, &token);
	if (ret < 0)
		return ret;
	ret = store_collection_change(report->txn, token.collection, &present);
	if (ret < 0)
		return ret;
	report_begin_members(report, &sync.member);
	if (report->request.sync_token.len == 0 && report->request.limit == 0) {
		ret = store_object_each(report->txn, token.collection, see_object, &sync);
	} else {
		if (report->request.sync_token.len == 0)
			token.began = present;
		sync.began = token.began;
		sync.last = token.number;
		ret = store_change_each_since(report->txn, token.collection, token.number,
		    token.began > 0 ? token.began : token.number, 0, see_change, &sync);
	}
	if (ret == -ESTALE)
		return refuse_token(report);
	return ret < 0 ? ret : finish(&sync, &token, present);
}
