/* Properties that WebDAV itself defines (RFC 4918, 15; 3744, 4 and 5; 3253, 3.1; 5397; 5842). */
#include <config.h>

#include <errno.h>

#include "protocol/http/date.h"
#include "server/booking/calendar_user.h"
#include "server/dav/properties.h"

int get_resourcetype(const struct property_source *s, struct buf *b)
{
	switch (s->resource->kind) {
	case DAV_OBJECT:
	case DAV_FILE:
		return 0;
	case DAV_COLLECTION:
		if (s->resource->collection->kind == COLLECTION_INBOX)
			buf_add_str(b, "<D:collection/><C:schedule-inbox/>");
		else if (s->resource->collection->kind == COLLECTION_OUTBOX)
			buf_add_str(b, "<D:collection/><C:schedule-outbox/>");
		else
			buf_add_str(b, "<D:collection/><C:calendar/>");
		return 0;
	case DAV_PRINCIPAL:
		buf_add_str(b, "<D:collection/><D:principal/>");
		return 0;
	case DAV_PROXY:
		buf_add_str(b, s->resource->proxy == DAV_PROXY_WRITE
		                   ? "<D:collection/><D:principal/><CS:calendar-proxy-write/>"
		                   : "<D:collection/><D:principal/><CS:calendar-proxy-read/>");
		return 0;
	default:
		buf_add_str(b, "<D:collection/>");
		return 0;
	}
}

int get_displayname(const struct property_source *s, struct buf *b)
{
	int ret;

	if (s->resource->kind == DAV_COLLECTION) {
		const struct collection *c = s->resource->collection;

		buf_add_xml(b, c->display_name.len > 0 ? c->display_name : c->name);
		return 0;
	}
	ret = dav_principal(s->d, s->txn, s->resource);
	if (ret == 0) {
		const struct principal *p = s->resource->principal;

		buf_add_xml(b, p->display_name.len > 0 ? p->display_name : p->name);
	}
	return ret;
}

int get_etag(const struct property_source *s, struct buf *b)
{
	char etag[RECORD_ETAG_SIZE];

	if (s->resource->kind == DAV_FILE)
		file_etag(s->resource->file, etag);
	else
		object_etag(s->resource->object, etag);
	buf_add_str(b, etag); /* hexadecimal in quotes: nothing to escape */
	return 0;
}

/* RFC 6638, 9.3: of scheduling objects alone. */
int get_schedule_tag(const struct property_source *s, struct buf *b)
{
	char tag[RECORD_ETAG_SIZE];

	object_schedule_tag(s->resource->object, tag);
	buf_add_xml(b, slice_str(tag));
	return tag[0] != '\0' ? 0 : -ENOENT;
}

int get_content_type(const struct property_source *s, struct buf *b)
{
	const char *component = "";

	if (s->resource->kind == DAV_FILE) {
		if (s->resource->file->type.len == 0)
			return -ENOENT;
		buf_add_xml(b, s->resource->file->type);
		return 0;
	}
	switch (s->resource->object->component) {
	case COMPONENT_VEVENT:
		component = "; component=VEVENT";
		break;
	case COMPONENT_VTODO:
		component = "; component=VTODO";
		break;
	case COMPONENT_VJOURNAL:
		component = "; component=VJOURNAL";
		break;
	case COMPONENT_VFREEBUSY:
		component = "; component=VFREEBUSY";
		break;
	case COMPONENT_VAVAILABILITY:
		component = "; component=VAVAILABILITY";
		break;
	default:
		break;
	}
	buf_add_slice(b, SLICE("text/calendar; charset=utf-8"));
	buf_add_str(b, component);
	return 0;
}

int get_content_length(const struct property_source *s, struct buf *b)
{
	buf_add_u64(b, s->resource->kind == DAV_FILE ? s->resource->file->size : s->resource->object->size);
	return 0;
}

int get_last_modified(const struct property_source *s, struct buf *b)
{
	http_date_write(b, s->resource->kind == DAV_FILE ? s->resource->file->modified : s->resource->object->modified);
	return 0;
}

int get_creation_date(const struct property_source *s, struct buf *b)
{
	const struct dav_resource *r = s->resource;

	buf_add_rfc3339(b,
	    r->file != NULL ? r->file->created : r->kind == DAV_OBJECT ? r->object->created : r->collection->created, 0);
	return 0;
}

int get_current_user_principal(const struct property_source *s, struct buf *b)
{
	buf_add_str(b, "<D:href>");
	dav_href_principal(b, DAV_USERS, slice_str(s->d->user->name));
	buf_add_str(b, "</D:href>");
	return 0;
}

int get_owner(const struct property_source *s, struct buf *b)
{
	buf_add_str(b, "<D:href>");
	dav_href_principal(b, dav_set_of(s->resource->owner_kind), s->resource->name);
	buf_add_str(b, "</D:href>");
	return 0;
}

int get_principal_collection_set(const struct property_source *s, struct buf *b)
{
	(void)s;
	buf_add_str(b, "<D:href>/dav/principals/</D:href>");
	return 0;
}

int get_supported_report_set(const struct property_source *s, struct buf *b)
{
	report_write_supported(b, s->resource->kind);
	return 0;
}

/* A UUID made of the store's random epoch and the row's id, marked as version 8 (RFC 9562, 5.8). */
int get_resource_id(const struct property_source *s, struct buf *b)
{
	const struct dav_resource *r = s->resource;
	uint64_t id = r->kind == DAV_COLLECTION ? r->collection->id : r->owner;

	buf_add_str(b, "<D:href>");
	resource_urn_write(b, store_epoch(s->d->app->store), (unsigned)r->kind, id);
	buf_add_str(b, "</D:href>");
	return 0;
}
