/*
 * server/dav/reports - the table of REPORTs, and the reports in their own files.
 */
#ifndef SERVER_DAV_REPORTS_H
#define SERVER_DAV_REPORTS_H

#include "protocol/dav/report_request.h"
#include "server/dav/properties.h"

struct report {
	struct dav_request *d;
	struct kv_txn *txn;
	struct report_request request;
	struct property_plan *plan; /* NULL for free-busy-query */
	struct dav_resource resource; /* of the request's path */
	struct property_source source;
	struct buf href; /* begins with the collection's */
	size_t href_base;
	enum dav_depth depth;
};

typedef int report_fn(struct report *report);

report_fn report_calendar_query, report_calendar_multiget, report_free_busy_query, report_sync_collection,
    report_expand_property, report_principal_property_search, report_principal_search_property_set,
    report_principal_match, report_acl_principal_prop_set, report_calendarserver_principal_search;

/* Prepares `href` and `source` for objects of the collection that the report is about. MEMBER becomes source.resource. */
void report_begin_members(struct report *report, struct dav_resource *member);
/* Adds the response for one object of it. */
int report_add_object(struct report *report, const struct object *object);
/* The body being written. */
struct buf *report_body(struct report *report);

#endif
