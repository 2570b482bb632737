/* The access control list: its properties and the ACL method (RFC 3744, 5 and 8.1). */
#include <config.h>

#include <errno.h>

#include "protocol/dav/acl_request.h"
#include "server/dav/locks.h"
#include "server/dav/privileges.h"
#include "server/dav/properties.h"

/* ---- reading ---- */

int get_current_user_privilege_set(const struct property_source *s, struct buf *b)
{
	privilege_write_current(b, s->resource->access);
	return 0;
}

int get_supported_privilege_set(const struct property_source *s, struct buf *b)
{
	(void)s;
	privilege_write_supported(b);
	return 0;
}

int get_acl_restrictions(const struct property_source *s, struct buf *b)
{
	(void)s;
	buf_add_str(b, "<D:grant-only/><D:no-invert/>");
	return 0;
}

static void open_ace(struct buf *b, const char *principal)
{
	buf_printf(b, "<D:ace><D:principal>%s</D:principal><D:grant>", principal);
}

/* What holds without any grant and cannot be changed. */
static void write_protected(struct buf *b)
{
	open_ace(b, "<D:property><D:owner/></D:property>");
	privilege_write_granted(b, ACL_ALL);
	buf_add_str(b, "</D:grant><D:protected/></D:ace>");
	open_ace(b, "<D:authenticated/>");
	privilege_write_granted(b, ACL_READ_FREE_BUSY);
	buf_add_str(b, "</D:grant><D:protected/></D:ace>");
}

struct aces {
	const struct property_source *s;
	struct buf *b;
	struct slice inherited; /* href that hands them down; empty: the resource's own */
};

int add_principal_href(const struct property_source *s, uint64_t id, struct buf *b)
{
	struct principal principal;
	int ret = store_principal_get_by_id(s->txn, s->d->arena, id, &principal);

	if (ret < 0)
		return ret;
	buf_add_str(b, "<D:href>");
	dav_href_principal(b, dav_set_of(principal.kind), principal.name);
	buf_add_str(b, "</D:href>");
	return 0;
}

static int see_grant(const struct grant *grant, void *arg)
{
	AUTO_BUF struct buf who = BUF_INIT(8192);
	struct aces *aces = arg;
	int ret = 0;

	if (grant->to == GRANT_TO_PRINCIPAL)
		ret = add_principal_href(aces->s, grant->who, &who);
	else
		buf_add_str(&who, grant->to == GRANT_TO_ALL ? "<D:all/>" : "<D:authenticated/>");
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	buf_add_str(aces->b, "<D:ace><D:principal>");
	buf_add_slice(aces->b, buf_slice(&who));
	buf_add_str(aces->b, "</D:principal><D:grant>");
	privilege_write_granted(aces->b, grant->privileges);
	buf_add_str(aces->b, "</D:grant>");
	if (aces->inherited.len > 0) {
		buf_add_str(aces->b, "<D:inherited><D:href>");
		buf_add_slice(aces->b, aces->inherited);
		buf_add_str(aces->b, "</D:href></D:inherited>");
	}
	buf_add_str(aces->b, "</D:ace>");
	return 0;
}

int get_acl(const struct property_source *s, struct buf *b)
{
	AUTO_BUF struct buf home = BUF_INIT(8192), calendar = BUF_INIT(8192);
	const struct dav_resource *r = s->resource;
	struct aces aces = {s, b, SLICE_EMPTY};
	int ret = 0;

	if ((r->access & ACL_READ_ACL) == 0)
		return -ENOENT;
	write_protected(b);
	if (r->kind == DAV_OBJECT || r->file != NULL) {
		dav_href_collection(&calendar, r->name, r->collection->name);
		aces.inherited = buf_slice(&calendar);
	}
	if (r->collection != NULL) {
		ret = store_grant_each(s->txn, r->owner, r->collection->id, see_grant, &aces);
		dav_href_home(&home, r->name);
		aces.inherited = buf_slice(&home);
	}
	if (ret == 0 && r->kind >= DAV_HOME)
		ret = store_grant_each(s->txn, r->owner, 0, see_grant, &aces);
	return ret;
}

int get_inherited_acl_set(const struct property_source *s, struct buf *b)
{
	buf_add_str(b, "<D:href>");
	dav_href_home(b, s->resource->name);
	buf_add_str(b, "</D:href>");
	return 0;
}

/* ---- the ACL method ---- */

struct setting {
	struct dav_request *d;
	struct ace *aces;
	size_t count;
};

struct grant_set {
	struct grant at[2 * ACL_ACES_MAX]; /* those that go and those that come */
	size_t count;
};

/* The entry of the same whom, or a new one; NULL when there is no room. */
static struct grant *entry_of(struct grant_set *set, const struct grant *wanted)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->at[i].to == wanted->to && set->at[i].who == wanted->who)
			return &set->at[i];
	if (set->count == ARRAY_LEN(set->at))
		return NULL;
	set->at[set->count] = *wanted;
	set->at[set->count].privileges = 0;
	return &set->at[set->count++];
}

/* Who is named by an href, as the receiver of a grant. */
static int find_receiver(struct dav_request *d, struct kv_txn *txn, struct slice href, struct grant *grant)
{
	struct dav_resource resource;
	struct dav_path path;
	int ret = dav_path_parse_href(href, &path);

	if (ret == 0)
		ret = path.kind == DAV_PRINCIPAL ? dav_resolve(d, txn, &path, ACL_READ, &resource) : -ENOENT;
	if (ret == -ENOENT || ret == -EINVAL || ret == -ENAMETOOLONG)
		return error_set(&d->error, 403, DAV_RECOGNIZED_PRINCIPAL, "There is no such principal.");
	grant->to = GRANT_TO_PRINCIPAL;
	grant->who = ret == 0 ? resource.owner : 0;
	return ret;
}

static int read_privileges(struct dav_request *d, const struct ace *ace, uint32_t *bits)
{
	for (const struct xml_element *p = ace->privilege; p != NULL; p = xml_next(p, XML_DAV_PRIVILEGE)) {
		const struct xml_element *name = ace_privilege_name(p);
		bool abstract = false;
		unsigned more = name != NULL ? privilege_bits(name->ns, name->name, &abstract) : 0;

		if (abstract)
			return error_set(&d->error, 403, DAV_NO_ABSTRACT, "This comes with another privilege only.");
		if (more == 0)
			return error_set(&d->error, 403, DAV_NOT_SUPPORTED_PRIVILEGE, "There is no such privilege.");
		*bits |= more;
	}
	return 0;
}

static int read_grant(struct dav_request *d, struct kv_txn *txn, const struct ace *ace, struct grant_set *set)
{
	struct grant grant = {0}, *entry;
	int ret = 0;

	switch (ace->principal) {
	case ACE_ALL:
		grant.to = GRANT_TO_ALL;
		break;
	case ACE_AUTHENTICATED:
		grant.to = GRANT_TO_AUTHENTICATED;
		break;
	case ACE_OTHER:
		return error_set(&d->error, 403, DAV_ALLOWED_PRINCIPAL, "Grant to a principal, to authenticated or to all.");
	case ACE_HREF:
		ret = find_receiver(d, txn, ace->href, &grant);
	}
	if (ret < 0)
		return ret;
	entry = entry_of(set, &grant);
	return entry != NULL ? read_privileges(d, ace, &entry->privileges) : -ENOMEM;
}

static int see_former(const struct grant *grant, void *arg)
{
	return entry_of(arg, grant) != NULL ? 0 : -ENOMEM; /* one that is not set anew keeps 0: it goes */
}

static int store_set(struct kv_txn *txn, uint64_t owner, uint64_t collection, struct grant_set *set)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < set->count; i++) {
		set->at[i].owner = owner;
		set->at[i].collection = collection;
		ret = store_grant_put(txn, &set->at[i]);
	}
	return ret;
}

static int set_acl(struct kv_txn *txn, void *arg)
{
	struct setting *setting = arg;
	struct dav_request *d = setting->d;
	struct dav_resource resource;
	struct grant_set *set = arena_zalloc(d->arena, sizeof(*set));
	uint64_t collection;
	int ret = set != NULL ? dav_resolve(d, txn, &d->path, ACL_WRITE_ACL, &resource) : -ENOMEM;

	if (ret == 0)
		ret = dav_locks_check(d, txn, &(struct dav_lock_target){&d->path, LOCKED_SELF}, 1);
	for (size_t i = 0; ret == 0 && i < setting->count; i++)
		ret = read_grant(d, txn, &setting->aces[i], set);
	if (ret < 0)
		return ret;
	collection = resource.collection != NULL ? resource.collection->id : 0;
	ret = store_grant_each(txn, resource.owner, collection, see_former, set);
	return ret < 0 ? ret : store_set(txn, resource.owner, collection, set);
}

static void acl_set(int ret, void *arg)
{
	struct setting *setting = arg;

	if (ret == 0)
		setting->d->http->response.status = 200;
	dav_finish(setting->d, ret);
}

void dav_set_acl(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);
	struct setting *setting;
	int ret = -ENOMEM;

	if (d == NULL)
		return;
	setting = arena_zalloc(d->arena, sizeof(*setting));
	if (setting != NULL) {
		setting->d = d;
		ret = acl_request_read(d->arena, http->body, &setting->aces, &setting->count, &d->error);
	}
	if (ret < 0)
		dav_finish(d, ret);
	else
		kv_update(store_kv(d->app->store), set_acl, acl_set, setting);
}
