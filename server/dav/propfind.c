/* PROPFIND (RFC 4918, 9.1). Depth 0 is answered where it arrives, on the loop; a listing goes to a worker. */
#include <config.h>

#include <errno.h>

#include "protocol/dav/multistatus.h"
#include "server/dav/properties.h"

#define LOOP_BODY_MAX 8192 /* bytes of XML that are read on a loop */

struct listing {
	struct dav_request *d;
	struct kv_txn *txn;
	struct property_plan *plan;
	struct property_source source;
	struct dav_resource *top;
	struct buf href;
	size_t href_base; /* length of the collection's href, which begins those of its members */
	enum principal_kind kind;
};

static struct buf *body_of(struct listing *l)
{
	return &l->d->http->response.body;
}

static int add(struct listing *l, struct dav_resource *resource)
{
	buf_reset(&l->href);
	dav_href_of(&l->href, resource);
	l->source.resource = resource;
	return property_plan_run(l->plan, &l->source, buf_slice(&l->href), body_of(l));
}

static int add_top(struct listing *l)
{
	buf_reset(&l->href);
	if (l->top->kind == DAV_FOLDER)
		dav_href_of(&l->href, l->top); /* the path may have come without its slash */
	else
		dav_href(&l->href, &l->d->path);
	l->source.resource = l->top;
	return property_plan_run(l->plan, &l->source, buf_slice(&l->href), body_of(l));
}

/* ---- members by kind of collection ---- */

static int add_kind(struct listing *l, enum dav_kind kind, enum dav_principal_set set)
{
	struct dav_resource member = {.kind = kind, .set = set, .name = SLICE_EMPTY, .access = ACL_READ};

	return add(l, &member);
}

static int see_object(const struct object *object, void *arg)
{
	struct listing *l = arg;
	struct dav_resource *member = l->source.resource;

	member->object = object;
	buf_truncate(&l->href, l->href_base);
	buf_add_percent(&l->href, object->name);
	return property_plan_run(l->plan, &l->source, buf_slice(&l->href), body_of(l));
}

static int list_objects(struct listing *l)
{
	struct dav_resource member = *l->top;

	member.kind = DAV_OBJECT;
	buf_reset(&l->href);
	dav_href_of(&l->href, l->top);
	l->href_base = l->href.len;
	l->source.resource = &member;
	return store_object_each(l->txn, l->top->collection->id, see_object, l);
}

static int see_collection(const struct collection *collection, void *arg)
{
	struct listing *l = arg;
	struct dav_resource member = *l->top;
	int ret = dav_access(l->d, l->txn, l->top->owner, l->top->owner_kind, collection, &member.access);

	member.kind = collection->kind == COLLECTION_PLAIN ? DAV_FOLDER : DAV_COLLECTION;
	member.collection = collection;
	return ret < 0 || (member.access & ACL_READ) == 0 ? ret : add(l, &member);
}

/* Of what is below a folder, what lies in it directly. */
static int see_file(const struct file *file, void *arg)
{
	struct listing *l = arg;
	struct dav_resource member = *l->top;
	size_t from = l->top->file != NULL ? l->top->file->path.len + 1 : 0;

	if (slice_find_byte(slice_from(file->path, from), '/') >= 0)
		return 0;
	member.kind = file->folder ? DAV_FOLDER : DAV_FILE;
	member.file = file;
	return add(l, &member);
}

static int see_principal(const struct principal *principal, void *arg)
{
	struct listing *l = arg;
	struct dav_resource member = dav_principal_resource(l->d, principal);

	return member.set == l->top->set ? add(l, &member) : 0;
}

static int see_home(const struct principal *principal, void *arg)
{
	struct listing *l = arg;
	struct dav_resource member = {.kind = DAV_HOME,
	    .name = principal->name,
	    .owner = principal->id,
	    .owner_kind = principal->kind,
	    .principal = principal};
	int ret = dav_access(l->d, l->txn, principal->id, principal->kind, NULL, &member.access);

	return ret < 0 || (member.access & ACL_READ) == 0 ? ret : add(l, &member);
}

static int list_proxies(struct listing *l)
{
	struct dav_resource member = *l->top;
	int ret;

	if (l->top->owner_kind == PRINCIPAL_GROUP)
		return 0;
	member.kind = DAV_PROXY;
	member.proxy = DAV_PROXY_READ;
	ret = add(l, &member);
	member.proxy = DAV_PROXY_WRITE;
	return ret < 0 ? ret : add(l, &member);
}

static int list_members(struct listing *l)
{
	int ret;

	switch (l->top->kind) {
	case DAV_ROOT:
		ret = add_kind(l, DAV_PRINCIPALS, DAV_USERS);
		return ret < 0 ? ret : add_kind(l, DAV_CALENDARS, DAV_USERS);
	case DAV_PRINCIPALS:
		ret = add_kind(l, DAV_PRINCIPAL_SET, DAV_USERS);
		if (ret == 0)
			ret = add_kind(l, DAV_PRINCIPAL_SET, DAV_RESOURCES);
		return ret < 0 ? ret : add_kind(l, DAV_PRINCIPAL_SET, DAV_GROUPS);
	case DAV_PRINCIPAL_SET:
		return store_principal_each(l->txn, see_principal, l);
	case DAV_CALENDARS:
		return store_principal_each(l->txn, see_home, l);
	case DAV_HOME:
		return store_collection_each(l->txn, l->top->name, see_collection, l);
	case DAV_COLLECTION:
		return list_objects(l);
	case DAV_FOLDER:
		return store_file_each(l->txn, l->top->collection->id, l->top->file != NULL ? l->top->file->path : SLICE_EMPTY,
		    see_file, l);
	case DAV_PRINCIPAL:
		return list_proxies(l);
	case DAV_SITE:
	case DAV_WELL_KNOWN:
	case DAV_PROBE_PRINCIPALS:
	case DAV_PROBE_USER:
	case DAV_PROXY:
	case DAV_OBJECT:
	case DAV_FILE:
	case DAV_KIND_COUNT:
		break;
	}
	return 0;
}

/* ---- the request ---- */

struct propfind {
	enum dav_depth depth;
	struct property_plan *plan;
};

static int answer(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct propfind *propfind = arg;
	bool noroot = d->prefer.depth_noroot && propfind->depth != DEPTH_0;
	struct dav_resource top;
	struct listing l = {.d = d, .txn = txn, .plan = propfind->plan, .source = {.d = d, .txn = txn}, .top = &top,
	    .href = BUF_INIT(8192)};
	int ret = dav_resolve(d, txn, &d->path, ACL_READ, &top);

	if (ret == 0) {
		multistatus_open(body_of(&l));
		ret = noroot ? 0 : add_top(&l);
	}
	if (ret == 0 && propfind->depth == DEPTH_1)
		ret = list_members(&l);
	if (ret == 0)
		multistatus_close(body_of(&l), SLICE_EMPTY);
	buf_free(&l.href);
	return ret;
}

static void run(struct dav_request *d)
{
	struct propfind propfind = {0};
	struct property_list list;
	int ret = dav_depth_read(d->http->headers, DEPTH_INFINITY, &propfind.depth, &d->error);

	if (ret == 0)
		ret = propfind_read(d->arena, d->http->body, &list, &d->error);
	if (ret == 0 && propfind.depth == DEPTH_INFINITY && d->path.kind != DAV_OBJECT)
		ret = error_set(&d->error, 403, DAV_PROPFIND_FINITE_DEPTH, "Ask with Depth: 0 or 1.");
	if (ret == 0)
		ret = property_plan_make(d, &list, false, &propfind.plan);
	if (ret == 0)
		ret = dav_view(d, answer, &propfind);
	if (ret == 0)
		dav_reply_multistatus(d);
	if (ret == 0 && d->prefer.depth_noroot && propfind.depth != DEPTH_0)
		http_reply_header(d->http, "Preference-Applied", "depth-noroot");
	dav_finish(d, ret);
}

void dav_propfind(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);
	bool small;

	if (d == NULL)
		return;
	small = slice_is(http_header_get(http->headers, "Depth"), "0") && http->body.len <= LOOP_BODY_MAX;
	if (small)
		run(d);
	else
		dav_on_worker(d, run);
}
