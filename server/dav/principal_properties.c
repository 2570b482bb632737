/* Properties of principals (RFC 3744, 4; 4791, 6.2; 6638, 2.4). */
#include <config.h>

#include <errno.h>

#include "server/dav/properties.h"

static void add_href(const struct property_source *s, struct buf *b)
{
	buf_add_str(b, "<D:href>");
	dav_href_of(b, s->resource);
	buf_add_str(b, "</D:href>");
}

int get_principal_url(const struct property_source *s, struct buf *b)
{
	add_href(s, b);
	return 0;
}

/* Every principal has a home: one finds the address for a free-busy-query there, though nothing else. */
int get_calendar_home_set(const struct property_source *s, struct buf *b)
{
	if (s->resource->owner_kind == PRINCIPAL_GROUP)
		return -ENOENT;
	buf_add_str(b, "<D:href>");
	dav_href_home(b, s->resource->name);
	buf_add_str(b, "</D:href>");
	return 0;
}

static int add_user_collection(const struct property_source *s, struct slice name, struct buf *b)
{
	if (s->resource->owner_kind != PRINCIPAL_USER)
		return -ENOENT;
	buf_add_str(b, "<D:href>");
	dav_href_collection(b, s->resource->name, name);
	buf_add_str(b, "</D:href>");
	return 0;
}

/* Where CALDAV:calendar-availability is too (RFC 7953, 7.2.4). */
int get_schedule_inbox(const struct property_source *s, struct buf *b)
{
	return add_user_collection(s, SLICE("inbox"), b);
}

int get_schedule_outbox(const struct property_source *s, struct buf *b)
{
	return add_user_collection(s, SLICE("outbox"), b);
}

/* Where invitations go (RFC 6638, 9.2): always there, so nobody need set it. */
int get_default_calendar(const struct property_source *s, struct buf *b)
{
	if (s->resource->collection->kind != COLLECTION_INBOX)
		return -ENOENT;
	buf_add_str(b, "<D:href>");
	dav_href_collection(b, s->resource->name, SLICE("work"));
	buf_add_str(b, "</D:href>");
	return 0;
}

/* The mail address first and preferred: Apple's apps write it as ORGANIZER. */
int get_address_set(const struct property_source *s, struct buf *b)
{
	int ret = dav_principal(s->d, s->txn, s->resource);

	if (ret < 0)
		return ret;
	if (s->resource->principal->email.len > 0) {
		buf_add_str(b, "<D:href preferred=\"1\">mailto:");
		buf_add_xml(b, s->resource->principal->email);
		buf_add_str(b, "</D:href>");
	}
	add_href(s, b);
	return get_resource_id(s, b);
}

int get_email_set(const struct property_source *s, struct buf *b)
{
	int ret = dav_principal(s->d, s->txn, s->resource);

	if (ret < 0 || s->resource->principal->email.len == 0)
		return ret;
	buf_add_str(b, "<CS:email-address>");
	buf_add_xml(b, s->resource->principal->email);
	buf_add_str(b, "</CS:email-address>");
	return 0;
}

int get_user_type(const struct property_source *s, struct buf *b)
{
	int ret = dav_principal(s->d, s->txn, s->resource);

	if (ret < 0)
		return ret;
	switch (s->resource->principal->kind) {
	case PRINCIPAL_USER:
		buf_add_str(b, "INDIVIDUAL");
		break;
	case PRINCIPAL_RESOURCE:
		buf_add_str(b, s->resource->principal->resource == RESOURCE_ROOM ? "ROOM" : "RESOURCE");
		break;
	case PRINCIPAL_GROUP:
		buf_add_str(b, "GROUP");
		break;
	}
	return 0;
}
