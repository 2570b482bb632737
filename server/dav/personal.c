/*
 * Properties of another's calendar that are the reader's own: under which name, in which colour and order his app shows
 * it, and with which alarms. What he sets hides the owner's for him alone; what he removes shows the owner's again. So an
 * app may write them on a calendar that it may only read, as Apple's do when an account is set up.
 */
#include <config.h>

#include <errno.h>

#include "server/dav/properties.h"

static const struct {
	const char *ns, *name;
} personal[] = {
    {NS_DAV, "displayname"},
    {NS_ICAL, "calendar-color"},
    {NS_ICAL, "calendar-order"},
    {NS_CALDAV, "default-alarm-vevent-date"},
    {NS_CALDAV, "default-alarm-vevent-datetime"},
    {NS_CALDAV, "default-alarm-vtodo-date"},
    {NS_CALDAV, "default-alarm-vtodo-datetime"},
};

/* Of a room's calendar, which has no owner who signs in, those who may write its properties write them for all. */
static bool is_sharee(const struct dav_request *d, const struct dav_resource *resource)
{
	if (resource->kind != DAV_COLLECTION || d->user == NULL || resource->owner == d->user->id)
		return false;
	return resource->owner_kind == PRINCIPAL_USER || (resource->access & ACL_WRITE_PROPERTIES) == 0;
}

bool property_sharee_of(const struct dav_request *d, const struct dav_resource *resource, uint64_t *id_r)
{
	if (!is_sharee(d, resource))
		return false;
	*id_r = store_sharee_id(resource->collection->id, d->user->id);
	return *id_r != 0;
}

bool property_is_personal(const struct dav_request *d, const struct dav_resource *resource, struct slice ns,
    struct slice name, uint64_t *id_r)
{
	if (!property_sharee_of(d, resource, id_r))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(personal); i++)
		if (slice_is(name, personal[i].name) && slice_is(ns, personal[i].ns))
			return true;
	return false;
}

int property_write_personal(const struct property_source *source, struct slice ns, struct slice name, struct buf *b)
{
	struct slice xml;
	uint64_t id;
	int ret;

	if (!property_is_personal(source->d, source->resource, ns, name, &id))
		return -ENOENT;
	ret = store_property_get(source->txn, source->d->arena, PROPERTY_OF_SHAREE, id, ns, name, &xml);
	if (ret == 0)
		buf_add_slice(b, xml);
	return ret;
}
