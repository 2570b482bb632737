#include <config.h>

#include "server/dav/locks.h"

#include <errno.h>

#include "protocol/dav/if_header.h"
#include "protocol/dav/lock_request.h"
#include "protocol/http/precondition.h"
#include "server/dav/properties.h"

/* ---- paths as locks have them ---- */

struct slice dav_lock_path(struct dav_request *d, const struct dav_path *path)
{
	return slice_str(arena_printf(d->arena, "%s%s%s", path->collection, path->object[0] != '\0' ? "/" : "", path->object));
}

/* The collection around it, "" for one that lies in the home itself. */
static struct slice parent_of(struct slice path)
{
	size_t len = path.len;

	while (len > 0 && path.at[len - 1] != '/')
		len--;
	return slice_sub(path, 0, len > 0 ? len - 1 : 0);
}

bool dav_lock_is_below(struct slice path, struct slice top)
{
	return path.len > top.len && slice_starts(path, top) && path.at[top.len] == '/';
}

bool dav_lock_covers(const struct lock *lock, struct slice path)
{
	return slice_equal(lock->path, path) || (lock->infinite && dav_lock_is_below(path, lock->path));
}

static void lock_href(struct buf *b, struct slice home, struct slice path)
{
	ptrdiff_t slash = slice_find_byte(path, '/');

	if (slash < 0)
		dav_href_collection(b, home, path);
	else
		dav_href_object(b, home, slice_sub(path, 0, (size_t)slash), slice_from(path, (size_t)slash + 1));
}

/* ---- the If field ---- */

struct evaluation {
	struct dav_request *d;
	struct kv_txn *txn;
	int ret;
	/* of the token that is looked for */
	struct slice path;
	unsigned char token[LOCK_TOKEN_SIZE];
	bool found;
};

static int see_token(const struct lock *lock, void *arg)
{
	struct evaluation *e = arg;

	if (memcmp(lock->token, e->token, sizeof(e->token)) == 0 && dav_lock_covers(lock, e->path) &&
	    lock->expires > clock_now(e->d->app->clock)) {
		e->found = true;
		return 1;
	}
	return 0;
}

static bool token_holds(struct evaluation *e, const struct dav_path *path, struct slice token)
{
	struct dav_path home = *path;
	struct dav_resource resource;
	int ret;

	if (path->kind != DAV_COLLECTION && path->kind != DAV_OBJECT)
		return false;
	if (!lock_token_read(token, e->token))
		return false; /* DAV:no-lock among others */
	home.kind = DAV_HOME;
	ret = dav_resolve(e->d, e->txn, &home, 0, &resource);
	e->path = dav_lock_path(e->d, path);
	e->found = false;
	if (ret == 0)
		ret = store_lock_each(e->txn, resource.owner, see_token, e);
	if (ret < 0 && ret != -ENOENT)
		e->ret = ret;
	return e->found;
}

static bool etag_holds(struct evaluation *e, const struct dav_path *path, struct slice wished)
{
	char etag[RECORD_ETAG_SIZE];
	struct dav_resource resource;
	int ret = dav_resolve(e->d, e->txn, path, ACL_READ, &resource);

	if (ret < 0) {
		if (ret != -ENOENT && ret != -EACCES)
			e->ret = ret;
		return false;
	}
	if (resource.kind == DAV_OBJECT)
		object_etag(resource.object, etag);
	else if (resource.kind == DAV_FILE)
		file_etag(resource.file, etag);
	else
		return false;
	return http_etag_equal(slice_str(etag), wished);
}

static bool holds(const struct if_condition *condition, void *arg)
{
	struct evaluation *e = arg;
	struct dav_path path = e->d->path;

	if (condition->resource.len > 0 && dav_path_parse_href(condition->resource, &path) < 0)
		return false;
	return condition->is_etag ? etag_holds(e, &path, condition->value) : token_holds(e, &path, condition->value);
}

static int check_if(struct dav_request *d, struct kv_txn *txn, struct if_header *header)
{
	struct evaluation e = {.d = d, .txn = txn};
	bool good;
	int ret = if_header_parse(d->arena, http_header_get(d->http->headers, "If"), header, &d->error);

	if (ret < 0)
		return ret;
	good = if_header_evaluate(header, holds, &e);
	if (e.ret < 0)
		return e.ret;
	return good ? 0 : error_set(&d->error, 412, CONDITION_NONE, "If: no list of it holds.");
}

/* ---- locks in the way ---- */

struct look {
	struct dav_request *d;
	struct kv_txn *txn;
	const struct if_header *header;
	const struct dav_lock_target *target;
	struct slice path;
	struct slice conflict;     /* the root of a lock that is not submitted */
	struct slice shared;       /* the same of a shared one: any one of them is enough */
	bool shared_submitted;
};

static bool submitted(const struct look *look, const struct lock *lock)
{
	char text[LOCK_TOKEN_TEXT + 1];

	lock_token_write(lock->token, text);
	return lock->holder == look->d->user->id && if_header_submits(look->header, slice_str(text));
}

static bool is_new(const struct look *look)
{
	struct dav_resource resource;

	return dav_resolve(look->d, look->txn, look->target->path, 0, &resource) == -ENOENT;
}

static bool is_relevant(const struct look *look, const struct lock *lock)
{
	unsigned what = look->target->what;

	if ((what & LOCKED_SELF) != 0 && dav_lock_covers(lock, look->path))
		return true;
	if ((what & LOCKED_TREE) != 0 && dav_lock_is_below(lock->path, look->path))
		return true;
	if (!slice_equal(lock->path, parent_of(look->path)))
		return false;
	return (what & LOCKED_MEMBERSHIP) != 0 || ((what & LOCKED_IF_NEW) != 0 && is_new(look));
}

static int see_lock(const struct lock *lock, void *arg)
{
	struct look *look = arg;
	struct slice *root = lock->shared ? &look->shared : &look->conflict;

	if (lock->expires <= clock_now(look->d->app->clock) || !is_relevant(look, lock))
		return 0;
	if (submitted(look, lock)) {
		look->shared_submitted |= lock->shared;
		return 0;
	}
	root->at = arena_copy(look->d->arena, lock->path);
	root->len = lock->path.len;
	return root->at != NULL ? 0 : -ENOMEM;
}

int dav_locks_refuse(struct dav_request *d, enum dav_condition condition, struct slice home, struct slice root)
{
	AUTO_BUF struct buf href = BUF_INIT(8192);

	buf_add_str(&href, "<D:href>");
	lock_href(&href, home, root);
	buf_add_str(&href, "</D:href>");
	d->extra = slice_of(arena_copy(d->arena, buf_slice(&href)), href.len);
	return d->extra.at != NULL ? error_set(&d->error, 423, condition, "It is locked.") : -ENOMEM;
}

static int check_target(struct look *look)
{
	struct dav_path home = *look->target->path;
	struct dav_resource resource;
	int ret;

	if (home.kind != DAV_COLLECTION && home.kind != DAV_OBJECT)
		return 0;
	home.kind = DAV_HOME;
	ret = dav_resolve(look->d, look->txn, &home, 0, &resource);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret; /* nothing is there to be locked */
	look->path = dav_lock_path(look->d, look->target->path);
	look->conflict = look->shared = SLICE_EMPTY;
	look->shared_submitted = false;
	ret = store_lock_each(look->txn, resource.owner, see_lock, look);
	if (ret == 0 && look->conflict.len == 0 && !look->shared_submitted)
		look->conflict = look->shared;
	if (ret < 0 || look->conflict.len == 0)
		return ret;
	return dav_locks_refuse(look->d, DAV_LOCK_TOKEN_SUBMITTED, resource.name, look->conflict);
}

int dav_locks_check(struct dav_request *d, struct kv_txn *txn, const struct dav_lock_target *targets, size_t count)
{
	struct if_header header;
	struct look look = {.d = d, .txn = txn, .header = &header};
	int ret = check_if(d, txn, &header);

	for (size_t i = 0; ret == 0 && i < count; i++) {
		look.target = &targets[i];
		ret = check_target(&look);
	}
	return ret;
}

/* ---- the same for the change service ---- */

struct guard {
	struct dav_request *d;
	const struct dav_lock_target *targets;
	size_t count;
};

static int ask(struct kv_txn *txn, void *arg, struct error *err)
{
	const struct guard *guard = arg;
	int ret = dav_locks_check(guard->d, txn, guard->targets, guard->count);

	if (ret == -EINVAL)
		*err = guard->d->error;
	return ret;
}

/* Without memory for the question nothing is written. */
static int cannot_ask(struct kv_txn *txn, void *arg, struct error *err)
{
	(void)txn, (void)arg, (void)err;
	return -ENOMEM;
}

void dav_locks_guard(struct dav_request *d, const struct dav_lock_target *targets, size_t count,
    struct change_origin *origin)
{
	struct guard *guard = arena_alloc(d->arena, sizeof(*guard));

	origin->guard = guard != NULL ? ask : cannot_ask;
	origin->guard_arg = guard;
	if (guard != NULL)
		*guard = (struct guard){d, targets, count};
}

/* ---- properties ---- */

int get_supported_lock(const struct property_source *s, struct buf *b)
{
	(void)s;
	buf_add_str(b, "<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
	               "<D:lockentry><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>");
	return 0;
}

void dav_lock_write(struct buf *b, const struct lock *lock, struct slice home, instant_t now, bool told)
{
	char text[LOCK_TOKEN_TEXT + 1];

	lock_token_write(lock->token, text);
	buf_printf(b,
	    "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:%s/></D:lockscope><D:depth>%s</D:depth>",
	    lock->shared ? "shared" : "exclusive", lock->infinite ? "infinity" : "0");
	if (told)
		buf_add_slice(b, lock->told);
	buf_printf(b, "<D:timeout>Second-%lld</D:timeout>", (long long)(lock->expires - now));
	if (told)
		buf_printf(b, "<D:locktoken><D:href>%s</D:href></D:locktoken>", text);
	buf_add_str(b, "<D:lockroot><D:href>");
	lock_href(b, home, lock->path);
	buf_add_str(b, "</D:href></D:lockroot></D:activelock>");
}

struct discovery {
	const struct property_source *s;
	struct buf *b;
	struct slice path;
};

static int see_active(const struct lock *lock, void *arg)
{
	struct discovery *discovery = arg;
	const struct property_source *s = discovery->s;
	instant_t now = clock_now(s->d->app->clock);

	if (lock->expires > now && dav_lock_covers(lock, discovery->path))
		dav_lock_write(discovery->b, lock, s->resource->name, now,
		    lock->holder == s->d->user->id || (s->resource->access & ACL_UNLOCK) != 0);
	return 0;
}

int get_lock_discovery(const struct property_source *s, struct buf *b)
{
	const struct dav_resource *r = s->resource;
	struct slice member = r->file != NULL ? r->file->path : r->object != NULL ? r->object->name : SLICE_EMPTY;
	struct discovery discovery = {s, b,
	    slice_str(arena_printf(s->d->arena, "%.*s%s%.*s", SLICE_ARG(r->collection->name), member.len > 0 ? "/" : "",
	        SLICE_ARG(member)))};

	return store_lock_each(s->txn, r->owner, see_active, &discovery);
}
