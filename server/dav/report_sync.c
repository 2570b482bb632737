/*
 * sync-collection (RFC 6578): what changed since a token, what is gone as 404, and the token to ask with next time.
 *
 * Depth: 0 and Depth: 1 are both taken, with and without sync-level: apps in use differ. A first sync without a limit is
 * one scan in the order of names; with one it goes by change number, so that the next page knows where it was.
 */
#include <config.h>

#include <errno.h>

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

/* The token that came, or that of nothing at all. */
static int read_token(struct report *report, struct sync_token *token)
{
	*token = (struct sync_token){.epoch = store_epoch(report->d->app->store), .collection = report->resource.collection->id};
	if (report->request.sync_token.len == 0)
		return 0;
	if (sync_token_read(report->request.sync_token, token) < 0)
		return refuse_token(report);
	return token->epoch == store_epoch(report->d->app->store) && token->collection == report->resource.collection->id
	    ? 0
	    : refuse_token(report);
}

static int finish(struct sync *sync, struct sync_token *token, uint64_t present)
{
	AUTO_BUF struct buf text = BUF_INIT(256);
	struct report *report = sync->report;

	token->number = sync->truncated ? sync->last : present;
	if (!sync->truncated)
		token->began = 0;
	if (sync->truncated) {
		buf_truncate(&report->href, report->href_base);
		response_error(report_body(report), buf_slice(&report->href), 507, DAV_NUMBER_OF_MATCHES_WITHIN_LIMITS);
	}
	sync_token_write(&text, token);
	multistatus_close(report_body(report), buf_slice(&text));
	return text.err;
}

int report_sync_collection(struct report *report)
{
	struct sync sync = {.report = report};
	struct sync_token token;
	uint64_t present;
	int ret = read_token(report, &token);

	if (ret < 0)
		return ret;
	if (report->depth == DEPTH_INFINITY)
		return error_set(&report->d->error, 403, DAV_SYNC_TRAVERSAL_SUPPORTED, "Ask with sync-level 1.");
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
