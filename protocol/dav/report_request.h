/*
 * dav/report_request - the body of a REPORT (RFC 3253, 3.6): which one, and its parts.
 */
#ifndef DAV_REPORT_REQUEST_H
#define DAV_REPORT_REQUEST_H

#include "protocol/dav/calendar_filter.h"
#include "protocol/dav/property_request.h"

enum report_kind {
	REPORT_UNKNOWN, /* 403 DAV:supported-report */
	REPORT_CALENDAR_QUERY,
	REPORT_CALENDAR_MULTIGET,
	REPORT_FREE_BUSY_QUERY,
	REPORT_SYNC_COLLECTION,
	REPORT_EXPAND_PROPERTY,
	REPORT_PRINCIPAL_PROPERTY_SEARCH,
	REPORT_PRINCIPAL_SEARCH_PROPERTY_SET,
	REPORT_PRINCIPAL_MATCH,
	REPORT_ACL_PRINCIPAL_PROP_SET,
	REPORT_CALENDARSERVER_PRINCIPAL_SEARCH,
};

#define DAV_HREFS_MAX 20000 /* of one multiget */

struct report_request {
	enum report_kind kind;
	struct property_list props;
	const struct xml_element *root; /* the whole body, for reports that nest */
	/* calendar-query */
	struct calendar_filter filter;
	struct slice timezone;    /* text of an iCalendar object with one VTIMEZONE; empty: none */
	struct slice timezone_id; /* RFC 7809, 4.3 */
	/* calendar-multiget */
	struct slice *hrefs;
	size_t href_count;
	/* free-busy-query */
	struct interval range;
	/* sync-collection */
	struct slice sync_token; /* empty: from the start */
	bool has_sync_level, sync_infinite;
	uint64_t limit; /* 0: none */
};

/* Errors as xml_read and the parts'; an unknown report is no error here. */
int report_read(struct arena *arena, struct slice body, struct report_request *request_r, struct error *err);

#endif
