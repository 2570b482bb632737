/* LOCK and UNLOCK (RFC 4918, 9.10 and 9.11). */
#include <config.h>

#include <errno.h>
#include <sys/random.h>

#include "protocol/dav/if_header.h"
#include "protocol/dav/lock_request.h"
#include "server/dav/locks.h"
#include "server/dav/plain.h"
#include "server/dav/properties.h"

struct locking {
	struct dav_request *d;
	struct lock_request request;
	bool refresh;
	enum dav_depth depth;
	int64_t seconds;
	unsigned char token[LOCK_TOKEN_SIZE];
	/* of the run of the update */
	struct slice path;
	struct dav_resource resource;
	struct lock lock; /* the new one, or the one that was found */
	bool found, created;
	size_t count;
	struct slice conflict;
	const struct if_header *header;
};

/* ---- LOCK ---- */

/* What is not there is made, empty, where empty things can be (RFC 4918, 7.3). */
static int make_empty(struct locking *locking, struct kv_txn *txn)
{
	struct dav_request *d = locking->d;
	struct dav_path parent = d->path;
	struct dav_resource top;
	int ret;

	if (d->path.kind != DAV_OBJECT)
		return -ENOENT;
	parent.kind = DAV_COLLECTION;
	ret = dav_resolve(d, txn, &parent, 0, &top);
	if (ret < 0)
		return ret;
	if (top.kind != DAV_FOLDER)
		return (top.access & ACL_READ) == 0
		    ? -ENOENT
		    : error_set(&d->error, 403, CALDAV_VALID_CALENDAR_DATA, "No calendar object can be empty: PUT it first.");
	ret = plain_make_file(d, txn);
	if (ret == 0)
		ret = dav_resolve(d, txn, &d->path, 0, &locking->resource);
	locking->created = ret == 0;
	return ret;
}

static int see_conflict(const struct lock *lock, void *arg)
{
	struct locking *locking = arg;
	bool infinite = locking->depth == DEPTH_INFINITY;

	locking->count++;
	if (lock->shared && locking->request.shared)
		return 0;
	if (!dav_lock_covers(lock, locking->path) && !(infinite && dav_lock_is_below(lock->path, locking->path)))
		return 0;
	locking->conflict = slice_of(arena_copy(locking->d->arena, lock->path), lock->path.len);
	return locking->conflict.at != NULL ? 1 : -ENOMEM;
}

static int take_lock(struct locking *locking, struct kv_txn *txn)
{
	struct dav_request *d = locking->d;
	instant_t now = clock_now(d->app->clock);
	uint64_t owner = locking->resource.owner;
	int ret = store_lock_sweep(txn, d->arena, owner, now);

	locking->count = 0;
	locking->conflict = SLICE_EMPTY;
	if (ret == 0)
		ret = store_lock_each(txn, owner, see_conflict, locking);
	if (ret > 0)
		return dav_locks_refuse(d, DAV_NO_CONFLICTING_LOCK, slice_str(d->path.name), locking->conflict);
	if (ret == 0 && locking->count >= LOCKS_MAX)
		return error_set(&d->error, 507, CONDITION_NONE, "More than %d locks in one home.", LOCKS_MAX);
	locking->lock = (struct lock){.owner = owner,
	    .path = locking->path,
	    .infinite = locking->depth == DEPTH_INFINITY,
	    .shared = locking->request.shared,
	    .holder = d->user->id,
	    .told = locking->request.owner,
	    .expires = instant_add(now, locking->seconds)};
	memcpy(locking->lock.token, locking->token, sizeof(locking->token));
	return ret < 0 ? ret : store_lock_put(txn, &locking->lock);
}

static int see_refreshed(const struct lock *lock, void *arg)
{
	struct locking *locking = arg;
	struct dav_request *d = locking->d;
	char text[LOCK_TOKEN_TEXT + 1];

	lock_token_write(lock->token, text);
	if (!dav_lock_covers(lock, locking->path) || lock->holder != d->user->id || lock->expires <= clock_now(d->app->clock) ||
	    !if_header_submits(locking->header, slice_str(text)))
		return 0;
	locking->lock = *lock;
	locking->lock.path.at = arena_copy(d->arena, lock->path);
	locking->lock.told.at = arena_copy(d->arena, lock->told);
	locking->found = true;
	return locking->lock.path.at != NULL && locking->lock.told.at != NULL ? 1 : -ENOMEM;
}

static int refresh_lock(struct locking *locking, struct kv_txn *txn)
{
	struct dav_request *d = locking->d;
	struct if_header header;
	int ret = if_header_parse(d->arena, http_header_get(d->http->headers, "If"), &header, &d->error);

	locking->header = &header;
	locking->found = false;
	if (ret == 0)
		ret = store_lock_each(txn, locking->resource.owner, see_refreshed, locking);
	if (ret >= 0 && !locking->found)
		return error_set(&d->error, 412, DAV_LOCK_TOKEN_MATCHES_REQUEST_URI, "If: names no lock of yours on this.");
	locking->lock.expires = instant_add(clock_now(d->app->clock), locking->seconds);
	return ret < 0 ? ret : store_lock_put(txn, &locking->lock);
}

static int lock(struct kv_txn *txn, void *arg)
{
	struct locking *locking = arg;
	struct dav_request *d = locking->d;
	const struct dav_lock_target target = {&d->path, LOCKED_IF_NEW};
	int ret;

	d->error = ERROR_NONE;
	d->extra = SLICE_EMPTY;
	locking->created = false;
	locking->path = dav_lock_path(d, &d->path);
	ret = locking->path.at != NULL ? dav_locks_check(d, txn, &target, 1) : -ENOMEM;
	if (ret == 0)
		ret = dav_resolve(d, txn, &d->path, 0, &locking->resource);
	if (ret == -ENOENT && !locking->refresh)
		ret = make_empty(locking, txn);
	if (ret == 0)
		ret = dav_need(d, &d->path, &locking->resource, ACL_WRITE_CONTENT);
	if (ret < 0)
		return ret;
	return locking->refresh ? refresh_lock(locking, txn) : take_lock(locking, txn);
}

static void locked(int ret, void *arg)
{
	struct locking *locking = arg;
	struct http_request *http = locking->d->http;
	struct buf *b = &http->response.body;
	char text[LOCK_TOKEN_TEXT + 1];

	if (ret == 0) {
		http->response.status = locking->created ? 201 : 200;
		http_reply_header(http, "Content-Type", "application/xml; charset=utf-8");
		if (!locking->refresh) {
			lock_token_write(locking->lock.token, text);
			http_reply_header(http, "Lock-Token", "<%s>", text);
		}
		buf_add_str(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>");
		dav_lock_write(b, &locking->lock, slice_str(locking->d->path.name), clock_now(locking->d->app->clock), true);
		buf_add_str(b, "</D:lockdiscovery></D:prop>\n");
	}
	dav_finish(locking->d, ret);
}

static int read_request(struct locking *locking)
{
	struct dav_request *d = locking->d;
	int ret = dav_depth_read(d->http->headers, DEPTH_INFINITY, &locking->depth, &d->error);

	if (ret == 0 && locking->depth == DEPTH_1)
		return error_set(&d->error, 400, CONDITION_NONE, "Depth: a lock is 0 or infinity deep.");
	locking->seconds = lock_timeout_read(http_header_get(d->http->headers, "Timeout"));
	locking->refresh = d->http->body.len == 0;
	if (ret < 0 || locking->refresh)
		return ret;
	if (getrandom(locking->token, sizeof(locking->token), 0) != (ssize_t)sizeof(locking->token))
		return -EIO;
	lock_token_make(locking->token);
	return lock_request_read(d->arena, d->http->body, &locking->request, &d->error);
}

void dav_lock(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);
	struct locking *locking;
	int ret = -ENOMEM;

	if (d == NULL)
		return;
	locking = arena_zalloc(d->arena, sizeof(*locking));
	if (locking != NULL) {
		locking->d = d;
		ret = read_request(locking);
	}
	if (ret < 0)
		dav_finish(d, ret);
	else
		kv_update(store_kv(d->app->store), lock, locked, locking);
}

/* ---- UNLOCK ---- */

static int see_wanted(const struct lock *lock, void *arg)
{
	struct locking *locking = arg;

	if (memcmp(lock->token, locking->token, sizeof(locking->token)) != 0 || !dav_lock_covers(lock, locking->path) ||
	    lock->expires <= clock_now(locking->d->app->clock))
		return 0;
	locking->lock = *lock; /* only its key is asked for from here on */
	locking->found = true;
	return 1;
}

static int unlock(struct kv_txn *txn, void *arg)
{
	struct locking *locking = arg;
	struct dav_request *d = locking->d;
	int ret = dav_resolve(d, txn, &d->path, ACL_READ, &locking->resource);

	locking->path = dav_lock_path(d, &d->path);
	locking->found = false;
	if (ret == 0)
		ret = store_lock_each(txn, locking->resource.owner, see_wanted, locking);
	if (ret >= 0 && !locking->found)
		return error_set(&d->error, 409, DAV_LOCK_TOKEN_MATCHES_REQUEST_URI, "There is no such lock on this.");
	if (ret < 0)
		return ret;
	if (locking->lock.holder != d->user->id) {
		ret = dav_need(d, &d->path, &locking->resource, ACL_UNLOCK);
		if (ret < 0)
			return ret;
	}
	return store_lock_delete(txn, &locking->lock);
}

static void unlocked(int ret, void *arg)
{
	struct locking *locking = arg;

	if (ret == 0)
		locking->d->http->response.status = 204;
	dav_finish(locking->d, ret);
}

void dav_unlock(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);
	struct slice token = slice_trim(http_header_get(http->headers, "Lock-Token"));
	struct locking *locking;

	if (d == NULL)
		return;
	locking = arena_zalloc(d->arena, sizeof(*locking));
	if (locking == NULL) {
		dav_finish(d, -ENOMEM);
		return;
	}
	locking->d = d;
	if (token.len < 2 || token.at[0] != '<' || token.at[token.len - 1] != '>') {
		dav_finish(d, error_set(&d->error, 400, CONDITION_NONE, "Lock-Token: wants <a token>."));
		return;
	}
	if (!lock_token_read(slice_sub(token, 1, token.len - 2), locking->token))
		memset(locking->token, 0, sizeof(locking->token)); /* none of ours: no version 4 is all zero */
	kv_update(store_kv(d->app->store), unlock, unlocked, locking);
}
