/*
 * principal-match and acl-principal-prop-set (RFC 3744, 9.3 and 9.2): what in a collection is the user himself, or names him
 * in a property; and who is named in an access control list.
 */
#include <config.h>

#include <errno.h>

#include "protocol/dav/multistatus.h"
#include "server/dav/reports.h"

/* ---- principal-match ---- */

struct match {
	struct report *report;
	const struct live_property *property; /* NULL: DAV:self */
	const struct acl *acl;
	struct slice self; /* href of the user's principal */
};

static int add(struct match *match, struct dav_resource *resource)
{
	struct report *report = match->report;

	buf_reset(&report->href);
	dav_href_of(&report->href, resource);
	report->source.resource = resource;
	return property_plan_run(report->plan, &report->source, buf_slice(&report->href), report_body(report));
}

/* Whether the property of RESOURCE has the href of the user. */
static int names_user(struct match *match, struct dav_resource *resource, bool *names_r)
{
	AUTO_BUF struct buf value = BUF_INIT(1u << 20);
	const struct property_source source = {.d = match->report->d, .txn = match->report->txn, .resource = resource};
	int ret = -ENOENT;

	*names_r = false;
	if ((match->property->kinds & ON(resource->kind)) != 0)
		ret = match->property->get(&source, &value);
	if (ret == 0)
		*names_r = slice_find(buf_slice(&value), match->self) >= 0;
	return ret == -ENOENT ? 0 : ret;
}

static int consider(struct match *match, struct dav_resource *resource)
{
	bool names;
	int ret = names_user(match, resource, &names);

	return ret < 0 || !names ? ret : add(match, resource);
}

static bool is_self(const struct match *match, uint64_t id)
{
	if (id == match->report->d->user->id)
		return true;
	for (size_t i = 0; i < match->acl->group_count; i++)
		if (match->acl->groups[i] == id)
			return true;
	return false;
}

static int see_principal(const struct principal *principal, void *arg)
{
	struct match *match = arg;
	struct dav_request *d = match->report->d;
	struct dav_resource member = dav_principal_resource(d, principal);

	if (d->path.kind == DAV_PRINCIPAL_SET && member.set != d->path.set)
		return 0;
	if (match->property != NULL)
		return consider(match, &member);
	return is_self(match, principal->id) ? add(match, &member) : 0;
}

static int see_home(const struct principal *principal, void *arg)
{
	struct match *match = arg;
	struct report *report = match->report;
	struct dav_resource member = {.kind = DAV_HOME,
	    .name = principal->name,
	    .owner = principal->id,
	    .owner_kind = principal->kind,
	    .principal = principal};
	int ret;

	if (principal->kind == PRINCIPAL_GROUP)
		return 0;
	ret = dav_access(report->d, report->txn, principal->id, principal->kind, NULL, &member.access);
	return ret < 0 || (member.access & ACL_READ) == 0 ? ret : consider(match, &member);
}

static int see_collection(const struct collection *collection, void *arg)
{
	struct match *match = arg;
	struct report *report = match->report;
	struct dav_resource member = report->resource;
	int ret = dav_access(report->d, report->txn, member.owner, member.owner_kind, collection, &member.access);

	member.kind = collection->kind == COLLECTION_PLAIN ? DAV_FOLDER : DAV_COLLECTION;
	member.collection = collection;
	return ret < 0 || (member.access & ACL_READ) == 0 ? ret : consider(match, &member);
}

static int run(struct match *match)
{
	struct report *report = match->report;

	switch (report->resource.kind) {
	case DAV_PRINCIPALS:
	case DAV_PRINCIPAL_SET:
		return store_principal_each(report->txn, see_principal, match);
	case DAV_CALENDARS: /* what is no principal is nobody's self */
		return match->property != NULL ? store_principal_each(report->txn, see_home, match) : 0;
	default:
		return match->property != NULL ? store_collection_each(report->txn, report->resource.name, see_collection, match)
		                               : 0;
	}
}

int report_principal_match(struct report *report)
{
	AUTO_BUF struct buf self = BUF_INIT(4096);
	const struct xml_element *root = report->request.root;
	const struct xml_element *property = xml_child(root, XML_DAV_PRINCIPAL_PROPERTY);
	struct match match = {.report = report};
	int ret;

	if ((property == NULL) == (xml_child(root, XML_DAV_SELF) == NULL) || (property != NULL && property->children == NULL))
		return error_set(&report->d->error, 400, CONDITION_NONE, "principal-match wants self or one principal-property.");
	if (report->depth != DEPTH_0)
		return error_set(&report->d->error, 400, CONDITION_NONE, "Depth: principal-match is asked with 0.");
	if (property != NULL)
		match.property = live_property_find(property->children->ns, property->children->name);
	buf_add_str(&self, "<D:href>");
	dav_href_principal(&self, DAV_USERS, slice_str(report->d->user->name));
	match.self = buf_slice(&self);
	ret = dav_acl(report->d, report->txn, &match.acl);
	if (ret == 0 && (property == NULL || match.property != NULL)) /* nobody is named in what does not exist */
		ret = run(&match);
	multistatus_close(report_body(report), SLICE_EMPTY);
	return ret < 0 ? ret : 0;
}

/* ---- acl-principal-prop-set ---- */

struct named {
	struct match match;
	uint64_t ids[2 * 200 + 1]; /* those told already: the owner, and who stands in two lists */
	size_t count;
};

static int tell_once(struct named *named, uint64_t id)
{
	struct report *report = named->match.report;
	struct dav_resource member;
	struct principal principal;
	int ret;

	for (size_t i = 0; i < named->count; i++)
		if (named->ids[i] == id)
			return 0;
	if (named->count < ARRAY_LEN(named->ids))
		named->ids[named->count++] = id;
	ret = store_principal_get_by_id(report->txn, report->d->arena, id, &principal);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	member = dav_principal_resource(report->d, &principal);
	return add(&named->match, &member);
}

static int see_grant(const struct grant *grant, void *arg)
{
	return grant->to == GRANT_TO_PRINCIPAL ? tell_once(arg, grant->who) : 0;
}

int report_acl_principal_prop_set(struct report *report)
{
	const struct dav_resource *r = &report->resource;
	struct named *named = arena_zalloc(report->d->arena, sizeof(*named));
	int ret = named != NULL ? 0 : -ENOMEM;

	if (ret == 0 && report->depth != DEPTH_0)
		return error_set(&report->d->error, 400, CONDITION_NONE, "Depth: acl-principal-prop-set is asked with 0.");
	if (ret == 0) {
		named->match.report = report;
		ret = tell_once(named, r->owner);
	}
	if (ret == 0 && r->collection != NULL)
		ret = store_grant_each(report->txn, r->owner, r->collection->id, see_grant, named);
	if (ret == 0)
		ret = store_grant_each(report->txn, r->owner, 0, see_grant, named);
	multistatus_close(report_body(report), SLICE_EMPTY);
	return ret;
}
