#include <config.h>

#include <errno.h>

#include "protocol/ical/timezone.h"
#include "server/base/config.h"
#include "server/dav/dav_private.h"

enum dav_principal_set dav_set_of(enum principal_kind kind)
{
	switch (kind) {
	case PRINCIPAL_RESOURCE:
		return DAV_RESOURCES;
	case PRINCIPAL_GROUP:
		return DAV_GROUPS;
	case PRINCIPAL_USER:
		break;
	}
	return DAV_USERS;
}

/* Whose the path is. The user's own principal is known without a look at the store. */
static int find_owner(struct dav_request *d, struct kv_txn *txn, struct slice name, struct dav_resource *resource)
{
	struct principal *principal;
	int ret;

	if (slice_is(name, d->user->name)) {
		resource->name = slice_str(d->user->name); /* the path may not live as long as the resource */
		resource->owner = d->user->id;
		resource->owner_kind = PRINCIPAL_USER;
		return 0;
	}
	principal = arena_zalloc(d->arena, sizeof(*principal));
	if (principal == NULL)
		return -ENOMEM;
	ret = store_principal_get(txn, d->arena, name, principal);
	if (ret < 0)
		return ret;
	resource->principal = principal;
	resource->name = principal->name;
	resource->owner = principal->id;
	resource->owner_kind = principal->kind;
	return 0;
}

int dav_acl(struct dav_request *d, struct kv_txn *txn, const struct acl **acl_r)
{
	struct acl *acl;
	int ret;

	if (d->acl == NULL || d->acl_of != txn) {
		acl = arena_zalloc(d->arena, sizeof(*acl));
		ret = acl != NULL ? acl_load(txn, d->arena, d->user, acl) : -ENOMEM;
		if (ret < 0)
			return ret;
		d->acl = acl;
		d->acl_of = txn;
	}
	*acl_r = d->acl;
	return 0;
}

/* Who finds a calendar in it sees the home itself, and of the calendars those that he may. */
int dav_access(struct dav_request *d, struct kv_txn *txn, uint64_t owner, enum principal_kind owner_kind,
    const struct collection *collection, unsigned *access_r)
{
	const struct acl *acl;
	int ret;

	*access_r = acl_of_rule(d->user, owner, owner_kind, collection);
	if (*access_r == ACL_ALL)
		return 0;
	ret = dav_acl(d, txn, &acl);
	if (ret < 0)
		return ret;
	*access_r = collection != NULL ? acl_collection(acl, collection, owner_kind) : acl_home(acl, owner, owner_kind);
	if (collection == NULL && (*access_r & ACL_READ) == 0 && acl_finds_home(acl, owner))
		*access_r |= ACL_READ | ACL_FOUND;
	return 0;
}

/* Everybody who signed in finds all principals; each changes his own. */
static unsigned principal_access(const struct dav_request *d, uint64_t id)
{
	return id == d->user->id ? ACL_ALL : ACL_READ | ACL_READ_FREE_BUSY;
}

struct dav_resource dav_principal_resource(const struct dav_request *d, const struct principal *principal)
{
	return (struct dav_resource){.kind = DAV_PRINCIPAL,
	    .set = dav_set_of(principal->kind),
	    .name = principal->name,
	    .owner = principal->id,
	    .owner_kind = principal->kind,
	    .principal = principal,
	    .access = principal_access(d, principal->id)};
}

static int find_principal(struct dav_request *d, struct kv_txn *txn, const struct dav_path *path,
    struct dav_resource *resource)
{
	int ret = find_owner(d, txn, slice_str(path->name), resource);

	if (ret == 0 && dav_set_of(resource->owner_kind) != path->set)
		return -ENOENT;
	resource->access = principal_access(d, resource->owner);
	return ret;
}

static int find_collection(struct dav_request *d, struct kv_txn *txn, const struct dav_path *path,
    struct dav_resource *resource)
{
	struct collection *collection = arena_zalloc(d->arena, sizeof(*collection));
	int ret;

	if (collection == NULL)
		return -ENOMEM;
	ret = store_collection_get(txn, d->arena, resource->name, slice_str(path->collection), collection);
	if (ret < 0)
		return ret;
	resource->collection = collection;
	if (collection->kind == COLLECTION_PLAIN)
		resource->kind = DAV_FOLDER;
	return dav_access(d, txn, resource->owner, resource->owner_kind, collection, &resource->access);
}

/* Below a plain collection; a path of a file does not end in a slash. */
static int find_file(struct dav_request *d, struct kv_txn *txn, const struct dav_path *path,
    struct dav_resource *resource)
{
	struct file *file = arena_zalloc(d->arena, sizeof(*file));
	int ret;

	if (file == NULL)
		return -ENOMEM;
	ret = store_file_get(txn, d->arena, resource->collection->id, slice_str(path->object), file);
	if (ret < 0)
		return ret;
	if (path->slash && !file->folder)
		return -ENOENT;
	resource->kind = file->folder ? DAV_FOLDER : DAV_FILE;
	resource->file = file;
	return 0;
}

static int find_object(struct dav_request *d, struct kv_txn *txn, const struct dav_path *path,
    struct dav_resource *resource)
{
	struct object *object = arena_zalloc(d->arena, sizeof(*object));
	int ret;

	if (object == NULL)
		return -ENOMEM;
	if (path->slash)
		return -ENOENT;
	ret = store_object_get(txn, d->arena, resource->collection->id, slice_str(path->object), object);
	resource->object = object;
	return ret;
}

int dav_need(struct dav_request *d, const struct dav_path *path, const struct dav_resource *resource, unsigned need)
{
	if ((resource->access & need) == need)
		return 0;
	d->lacking.path = *path;
	d->lacking.privilege = need & ~resource->access;
	return (resource->access & ACL_READ) != 0 ? -EACCES : -ENOENT;
}

int dav_resolve(struct dav_request *d, struct kv_txn *txn, const struct dav_path *path, unsigned need,
    struct dav_resource *resource_r)
{
	struct dav_resource resource = {.kind = path->kind, .set = path->set, .name = SLICE_EMPTY, .access = ACL_READ};
	int ret = 0;

	switch (path->kind) {
	case DAV_SITE:
	case DAV_WELL_KNOWN:
	case DAV_PROBE_PRINCIPALS:
	case DAV_PROBE_USER:
	case DAV_ROOT:
	case DAV_PRINCIPALS:
	case DAV_PRINCIPAL_SET:
	case DAV_CALENDARS:
		break;
	case DAV_PRINCIPAL:
	case DAV_PROXY:
		ret = find_principal(d, txn, path, &resource);
		resource.proxy = path->proxy;
		if (ret == 0 && path->kind == DAV_PROXY && resource.owner_kind == PRINCIPAL_GROUP)
			ret = -ENOENT;
		break;
	case DAV_HOME:
	case DAV_COLLECTION:
	case DAV_OBJECT:
		ret = find_owner(d, txn, slice_str(path->name), &resource);
		if (ret == 0 && resource.owner_kind == PRINCIPAL_GROUP)
			ret = -ENOENT; /* has no calendars */
		if (ret == 0 && path->kind == DAV_HOME)
			ret = dav_access(d, txn, resource.owner, resource.owner_kind, NULL, &resource.access);
		if (ret == 0 && path->kind >= DAV_COLLECTION)
			ret = find_collection(d, txn, path, &resource);
		if (ret == 0 && path->kind == DAV_OBJECT && (resource.access & ACL_READ) != 0)
			ret = resource.kind == DAV_FOLDER ? find_file(d, txn, path, &resource)
			                                  : find_object(d, txn, path, &resource);
		break;
	case DAV_FOLDER:
	case DAV_FILE:
	case DAV_KIND_COUNT:
		return -ENOENT;
	}
	if (ret == 0)
		ret = dav_need(d, path, &resource, need);
	if (ret == 0)
		*resource_r = resource;
	return ret;
}

bool dav_is_scheduling(const struct collection *collection)
{
	return collection->kind == COLLECTION_INBOX || collection->kind == COLLECTION_OUTBOX;
}

int dav_principal(struct dav_request *d, struct kv_txn *txn, struct dav_resource *resource)
{
	struct principal *principal;
	int ret;

	if (resource->principal != NULL)
		return 0;
	principal = arena_zalloc(d->arena, sizeof(*principal));
	if (principal == NULL)
		return -ENOMEM;
	ret = store_principal_get_by_id(txn, d->arena, resource->owner, principal);
	if (ret == 0)
		resource->principal = principal;
	return ret;
}

void dav_href_of(struct buf *b, const struct dav_resource *r)
{
	switch (r->kind) {
	case DAV_PRINCIPAL:
		dav_href_principal(b, r->set, r->name);
		break;
	case DAV_PROXY:
		dav_href_proxy(b, r->set, r->name, r->proxy);
		break;
	case DAV_HOME:
		dav_href_home(b, r->name);
		break;
	case DAV_COLLECTION:
		dav_href_collection(b, r->name, r->collection->name);
		break;
	case DAV_OBJECT:
		dav_href_object(b, r->name, r->collection->name, r->object->name);
		break;
	case DAV_FILE:
		dav_href_object(b, r->name, r->collection->name, r->file->path);
		break;
	case DAV_FOLDER:
		dav_href_collection(b, r->name, r->collection->name);
		if (r->file != NULL) {
			buf_add_percent_path(b, r->file->path);
			buf_add_char(b, '/');
		}
		break;
	case DAV_SITE:
	case DAV_WELL_KNOWN:
	case DAV_PROBE_PRINCIPALS:
	case DAV_PROBE_USER:
	case DAV_ROOT:
	case DAV_PRINCIPALS:
	case DAV_PRINCIPAL_SET:
	case DAV_CALENDARS:
	case DAV_KIND_COUNT:
		dav_href(b, &(struct dav_path){.kind = r->kind, .set = r->set});
	}
}

const struct zone *dav_zone_of_text(struct dav_request *d, struct slice text)
{
	ptrdiff_t start = slice_find(text, SLICE("BEGIN:VTIMEZONE")), end = slice_find(text, SLICE("END:VTIMEZONE"));
	const struct zone *zone = NULL;

	if (start < 0 || end < start)
		return NULL;
	text = slice_sub(text, (size_t)start, (size_t)(end - start) + sizeof("END:VTIMEZONE") - 1);
	return zone_from_vtimezone(d->arena, text, &zone) == 0 ? zone : NULL;
}

const struct zone *dav_zone(struct dav_request *d, struct kv_txn *txn, struct dav_resource *resource)
{
	const struct zone *zone = NULL;

	if (resource->collection != NULL && resource->collection->timezone_id.len > 0)
		zone = zone_set_find(d->app->zones, resource->collection->timezone_id);
	if (zone == NULL && resource->collection != NULL)
		zone = dav_zone_of_text(d, resource->collection->timezone);
	if (zone == NULL && dav_principal(d, txn, resource) == 0 && resource->principal->timezone.len > 0)
		zone = zone_set_find(d->app->zones, resource->principal->timezone);
	if (zone == NULL)
		zone = zone_set_find(d->app->zones, slice_str(config_get(d->app->config)->timezone));
	return zone != NULL ? zone : zone_utc();
}
