/* Groups (RFC 3744, 4.3 and 4.4), and those who act for another (calendarserver proxies, 3 to 5). */
#include <config.h>

#include <errno.h>

#include "server/dav/properties.h"

#define PROXY_BITS  (ACL_READ | ACL_READ_FREE_BUSY | ACL_WRITE | ACL_SCHEDULE_SEND) /* who acts for him speaks for him */
#define PROXIES_MAX 200 /* who act for one */

/* Which of the two groups a grant on the home puts its receiver in; false for none. */
static bool proxy_of(uint32_t privileges, enum dav_proxy *proxy_r)
{
	*proxy_r = (privileges & ACL_WRITE) == ACL_WRITE ? DAV_PROXY_WRITE : DAV_PROXY_READ;
	return (privileges & ACL_READ) != 0;
}

struct members {
	const struct property_source *s;
	struct buf *b;
};

static int see_proxy(const struct grant *grant, void *arg)
{
	struct members *members = arg;
	enum dav_proxy proxy;
	int ret;

	if (grant->to != GRANT_TO_PRINCIPAL || !proxy_of(grant->privileges, &proxy) ||
	    proxy != members->s->resource->proxy)
		return 0;
	ret = add_principal_href(members->s, grant->who, members->b);
	return ret == -ENOENT ? 0 : ret;
}

static int see_member(uint64_t id, void *arg)
{
	struct members *members = arg;
	int ret = add_principal_href(members->s, id, members->b);

	return ret == -ENOENT ? 0 : ret;
}

/* Who is in a group is told to those who are in it, and to administrators; who acts for somebody, to him. */
int get_group_members(const struct property_source *s, struct buf *b)
{
	const struct dav_resource *r = s->resource;
	struct members members = {s, b};
	const struct acl *acl;
	int ret;

	if (r->kind == DAV_PROXY)
		return (r->access & ACL_READ_ACL) != 0 ? store_grant_each(s->txn, r->owner, 0, see_proxy, &members) : -ENOENT;
	if (r->owner_kind != PRINCIPAL_GROUP)
		return -ENOENT;
	ret = dav_acl(s->d, s->txn, &acl);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < acl->group_count; i++)
		if (acl->groups[i] == r->owner)
			return store_member_each(s->txn, r->owner, see_member, &members);
	return s->d->user->admin ? store_member_each(s->txn, r->owner, see_member, &members) : -ENOENT;
}

/* Those for whom the user acts, each once: their own hrefs, or those of the groups that he is in by it. */
static int add_owners(const struct property_source *s, const struct acl *acl, enum dav_proxy wanted, bool group,
    struct buf *b)
{
	struct principal principal;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < acl->count; i++) {
		uint64_t owner = acl->entries[i].owner;
		enum dav_proxy proxy;
		bool before = false;

		for (size_t j = 0; j < i && !before; j++)
			before = acl->entries[j].owner == owner;
		if (before || owner == s->d->user->id || !proxy_of(acl_granted_home(acl, owner), &proxy) || proxy != wanted)
			continue;
		ret = store_principal_get_by_id(s->txn, s->d->arena, owner, &principal);
		if (ret < 0)
			break;
		buf_add_str(b, "<D:href>");
		if (group)
			dav_href_proxy(b, dav_set_of(principal.kind), principal.name, proxy);
		else
			dav_href_principal(b, dav_set_of(principal.kind), principal.name);
		buf_add_str(b, "</D:href>");
	}
	return ret;
}

/* Whom the user acts for is his to know. */
static int write_owners(const struct property_source *s, enum dav_proxy proxy, struct buf *b)
{
	const struct acl *acl;
	int ret;

	if (s->resource->owner != s->d->user->id)
		return 0;
	ret = dav_acl(s->d, s->txn, &acl);
	return ret < 0 ? ret : add_owners(s, acl, proxy, false, b);
}

int get_proxy_read_for(const struct property_source *s, struct buf *b)
{
	return write_owners(s, DAV_PROXY_READ, b);
}

int get_proxy_write_for(const struct property_source *s, struct buf *b)
{
	return write_owners(s, DAV_PROXY_WRITE, b);
}

int get_group_membership(const struct property_source *s, struct buf *b)
{
	const struct acl *acl;
	int ret;

	if (s->resource->kind == DAV_PROXY || s->resource->owner != s->d->user->id)
		return 0;
	ret = dav_acl(s->d, s->txn, &acl);
	for (size_t i = 0; ret == 0 && i < acl->group_count; i++)
		ret = add_principal_href(s, acl->groups[i], b);
	if (ret == 0)
		ret = add_owners(s, acl, DAV_PROXY_READ, true, b);
	return ret < 0 ? ret : add_owners(s, acl, DAV_PROXY_WRITE, true, b);
}

/* ---- DAV:group-member-set of such a group, set by whom it is about ---- */

struct proxies {
	enum dav_proxy proxy;
	uint64_t ids[PROXIES_MAX];
	size_t count;
};

static bool is_among(const struct proxies *proxies, uint64_t id)
{
	for (size_t i = 0; i < proxies->count; i++)
		if (proxies->ids[i] == id)
			return true;
	return false;
}

static int see_former(const struct grant *grant, void *arg)
{
	struct proxies *former = arg;
	enum dav_proxy proxy;

	if (grant->to != GRANT_TO_PRINCIPAL || !proxy_of(grant->privileges, &proxy) || proxy != former->proxy)
		return 0;
	if (former->count == PROXIES_MAX)
		return 1; /* the rest stays */
	former->ids[former->count++] = grant->who;
	return 0;
}

static int read_members(struct property_edit *edit, const struct xml_element *element, struct proxies *wanted,
    struct error *err)
{
	for (const struct xml_element *e = xml_child(element, XML_DAV_HREF); e != NULL; e = xml_next(e, XML_DAV_HREF)) {
		struct dav_resource member;
		struct dav_path path;
		int ret = dav_path_parse_href(xml_trimmed(e), &path);

		if (ret == 0)
			ret = path.kind == DAV_PRINCIPAL ? dav_resolve(edit->d, edit->txn, &path, ACL_READ, &member) : -ENOENT;
		if (ret == -ENOENT || ret == -EINVAL || ret == -ENAMETOOLONG || (ret == 0 && member.owner == edit->resource->owner))
			return error_set(err, 403, DAV_RECOGNIZED_PRINCIPAL, "a member that is no other principal");
		if (ret < 0)
			return ret;
		if (wanted->count == PROXIES_MAX)
			return error_set(err, 403, DAV_LIMITED_NUMBER_OF_ACES, "at most %d members", PROXIES_MAX);
		if (!is_among(wanted, member.owner))
			wanted->ids[wanted->count++] = member.owner;
	}
	return 0;
}

static int put_proxies(struct property_edit *edit, const struct proxies *proxies, const struct proxies *except,
    uint32_t privileges)
{
	struct grant grant = {.owner = edit->resource->owner, .to = GRANT_TO_PRINCIPAL, .privileges = privileges};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < proxies->count; i++) {
		grant.who = proxies->ids[i];
		if (!is_among(except, grant.who))
			ret = store_grant_put(edit->txn, &grant);
	}
	return ret;
}

int set_group_members(struct property_edit *edit, const struct xml_element *element, struct error *err)
{
	enum dav_proxy proxy = edit->resource->proxy;
	struct proxies *former = arena_zalloc(edit->d->arena, sizeof(*former));
	struct proxies *wanted = arena_zalloc(edit->d->arena, sizeof(*wanted));
	int ret = former != NULL && wanted != NULL ? 0 : -ENOMEM;

	if (ret == 0 && edit->resource->kind != DAV_PROXY)
		ret = error_set(err, 403, DAV_CANNOT_MODIFY_PROTECTED_PROPERTY, "protected");
	if (ret == 0 && element != NULL)
		ret = read_members(edit, element, wanted, err);
	if (ret < 0)
		return ret;
	former->proxy = proxy;
	ret = store_grant_each(edit->txn, edit->resource->owner, 0, see_former, former);
	if (ret >= 0)
		ret = put_proxies(edit, former, wanted, 0);
	/* who is in it already keeps what else he was granted */
	return ret < 0 ? ret
	               : put_proxies(edit, wanted, former,
	                     proxy == DAV_PROXY_WRITE ? PROXY_BITS : PROXY_BITS & ~(uint32_t)(ACL_WRITE | ACL_SCHEDULE_SEND));
}
