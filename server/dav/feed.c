#include <config.h>

#include "server/dav/feed.h"

#include <errno.h>

#include "protocol/base/codec.h"
#include "protocol/dav/freebusy_query.h"
#include "server/auth/password.h"
#include "server/dav/busy_time.h"
#include "server/dav/calendar_stream.h"

#define FEEDS    "/feeds/"
#define FREEBUSY "/freebusy/"
#define CACHE    "private, no-cache" /* no proxy keeps it, and who keeps it asks whether it is still so, and still his */

/* The feed whose secret this is, with FEED_R->id 0 when there is none: either way one digest and one lookup. */
static int find_secret(struct kv_txn *txn, struct slice secret, struct feed *feed_r)
{
	unsigned char digest[PASSWORD_DIGEST_SIZE];
	int ret = password_digest(secret, digest);

	*feed_r = (struct feed){0};
	if (ret == 0)
		ret = store_feed_get(txn, digest, feed_r);
	return ret == -ENOENT ? 0 : ret;
}

/* A secret in an address is a password: it may not be sent where others listen. */
static int check_secure(struct dav_request *d)
{
	return d->http->secure ? 0
	                       : error_set(&d->error, 403, CONDITION_NONE, "Secrets are accepted over TLS only: use https.");
}

static void answer_with(struct http_request *http, dav_view_fn *fn)
{
	struct dav_request *d = dav_request_bare(http);

	if (d != NULL)
		dav_finish(d, dav_view(d, fn, NULL));
}

/* ---- /feeds/SECRET.ics ---- */

static int view_feed(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct slice secret = slice_from(d->http->path, sizeof(FEEDS) - 1);
	bool named = slice_ends(secret, SLICE(".ics"));
	struct collection collection;
	struct feed feed;
	int ret = check_secure(d);

	(void)arg;
	if (ret == 0)
		ret = find_secret(txn, named ? slice_sub(secret, 0, secret.len - (sizeof(".ics") - 1)) : SLICE_EMPTY, &feed);
	if (ret == 0 && feed.collection == 0)
		return -ENOENT;
	if (ret == 0)
		ret = store_collection_get_by_id(txn, d->arena, feed.collection, &collection);
	http_reply_header(d->http, "Cache-Control", CACHE);
	return ret < 0 ? ret : calendar_stream_answer(d, txn, &collection, SLICE("PUBLISH"));
}

static void get_feed(struct http_request *http)
{
	answer_with(http, view_feed);
}

/* ---- /freebusy/NAME ---- */

/* NAME, or NAME.ifb and NAME.ics as some programs write it. */
static int find_asked(struct dav_request *d, struct kv_txn *txn, struct principal *principal_r)
{
	char name[RECORD_NAME_MAX];
	ssize_t len = codec_percent_decode(slice_from(d->http->path, sizeof(FREEBUSY) - 1), name, sizeof(name));

	struct slice asked = slice_of(name, len > 0 ? (size_t)len : 0);
	int ret = asked.len > 0 ? store_principal_get(txn, d->arena, asked, principal_r) : -ENOENT;

	if (ret == -ENOENT && (slice_ends(asked, SLICE(".ifb")) || slice_ends(asked, SLICE(".ics"))))
		ret = store_principal_get(txn, d->arena, slice_sub(asked, 0, asked.len - 4), principal_r);
	return ret;
}

/* Whose free/busy it is, when it may be seen. All is looked up before anything is decided. */
static int resolve(struct dav_request *d, struct kv_txn *txn, struct slice token, struct dav_resource *resource_r)
{
	struct principal *principal = arena_zalloc(d->arena, sizeof(*principal));
	struct acl acl;
	struct feed feed;
	bool may;
	int found, ret = principal != NULL ? find_secret(txn, token, &feed) : -ENOMEM;

	if (ret == 0)
		ret = acl_load(txn, d->arena, NULL, &acl);
	if (ret < 0)
		return ret;
	found = find_asked(d, txn, principal);
	if (found < 0)
		return found;
	may = (feed.id != 0 && feed.owner == principal->id && feed.collection == 0) ||
	      (acl_granted_home(&acl, principal->id) & ACL_READ_FREE_BUSY) != 0;
	if (!may || principal->kind == PRINCIPAL_GROUP)
		return -ENOENT;
	*resource_r = (struct dav_resource){.kind = DAV_HOME, .set = dav_set_of(principal->kind), .name = principal->name,
	    .owner = principal->id, .owner_kind = principal->kind, .principal = principal};
	return 0;
}

static int view_freebusy(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct slice token = freebusy_query_token(d->arena, d->http->query);
	struct freebusy_reply reply = {.method = SLICE("PUBLISH")};
	struct dav_resource resource;
	int ret = token.len > 0 ? check_secure(d) : 0;

	(void)arg;
	if (ret == 0)
		ret = resolve(d, txn, token, &resource);
	if (ret == 0)
		ret = freebusy_query_window(d->arena, d->http->query, dav_zone(d, txn, &resource), clock_now(d->app->clock),
		    &reply.window, &d->error);
	if (ret == 0)
		ret = busy_time_gather(d, txn, &resource, &reply);
	if (ret == 0) {
		http_reply_header(d->http, "Cache-Control", CACHE);
		busy_time_reply(d, &reply);
	}
	freebusy_reply_free(&reply);
	return ret;
}

static void get_freebusy(struct http_request *http)
{
	answer_with(http, view_freebusy);
}

/* ---- routes ---- */

const struct http_route *feed_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	static const struct http_route feed = {get_feed, RUN_ON_WORKER, BODY_NONE, ACCESS_BY_PATH},
	                               freebusy = {get_freebusy, RUN_ON_WORKER, BODY_NONE, ACCESS_ANYONE},
	                               other = {NULL, RUN_ON_LOOP, BODY_NONE, ACCESS_BY_PATH};
	const struct http_route *route = NULL;

	(void)app;
	(void)arena;
	if (slice_starts(path, SLICE(FEEDS))) /* whatever follows: a misspelt address holds the secret too */
		route = &feed;
	else if (slice_starts(path, SLICE(FREEBUSY)))
		route = &freebusy;
	if (route == NULL)
		return NULL;
	*allow_r = "GET, HEAD";
	return method == HTTP_GET || method == HTTP_HEAD ? route : &other;
}
