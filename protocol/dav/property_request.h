/*
 * dav/property_request - the bodies that name properties: PROPFIND, PROPPATCH, MKCALENDAR and extended MKCOL
 * (RFC 4918, 9.1, 9.2; RFC 4791, 5.3.1; RFC 5689, 3).
 */
#ifndef DAV_PROPERTY_REQUEST_H
#define DAV_PROPERTY_REQUEST_H

#include "protocol/dav/xml_reader.h"

#define DAV_PROPERTIES_MAX 500 /* named in one request */

struct property_name {
	struct slice ns, name;
	const struct xml_element *element; /* as it was asked for: calendar-data has content */
};

enum propfind_kind {
	PROPFIND_PROP,     /* those that are named */
	PROPFIND_ALLPROP,  /* those of the table, the dead ones, and those that are named (include) */
	PROPFIND_PROPNAME, /* the names only */
};

struct property_list {
	enum propfind_kind kind;
	struct property_name *names;
	size_t count;
};

/* An empty BODY is allprop. Errors as xml_read, and 400 for another document. */
int propfind_read(struct arena *arena, struct slice body, struct property_list *list_r, struct error *err);
/* The DAV:prop, DAV:allprop or DAV:propname child of a report's root; PROPFIND_PROP without names when none is there. */
int property_list_read(struct arena *arena, const struct xml_element *root, struct property_list *list_r,
    struct error *err);

struct property_change {
	bool remove;
	struct slice ns, name;
	const struct xml_element *element; /* the value, of the arena */
};

struct property_changes {
	struct property_change *at; /* in the order of the document, which is the order to apply them in */
	size_t count;
};

int proppatch_read(struct arena *arena, struct slice body, struct property_changes *changes_r, struct error *err);

struct collection_request {
	bool has_resourcetype;
	bool is_calendar;  /* CALDAV:calendar among the resource types; always for MKCALENDAR */
	bool is_other;     /* a resource type beside DAV:collection and CALDAV:calendar */
	struct property_changes set; /* without DAV:resourcetype */
};

/* MKCALENDAR: root CALDAV:mkcalendar; MKCOL: DAV:mkcol. An empty BODY sets nothing. */
int collection_request_read(struct arena *arena, struct slice body, bool mkcalendar,
    struct collection_request *request_r, struct error *err);

#endif
