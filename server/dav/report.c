/* REPORT (RFC 3253, 3.6): which one, on which kind of resource. Always on a worker. */
#include <config.h>

#include <errno.h>

#include "protocol/dav/multistatus.h"
#include "server/dav/reports.h"

#define CALENDARS ON(DAV_COLLECTION)
#define HOMES     ON(DAV_HOME)
#define SEARCHED  (ON(DAV_PRINCIPALS) | ON(DAV_PRINCIPAL_SET)) /* what principals are searched in */
#define APPLIED   (ON(DAV_ROOT) | ON(DAV_PRINCIPAL) | HOMES)   /* from where apply-to-principal-collection-set asks */

/* An empty cell is 403 DAV:supported-report. DAV:supported-report-set is read off the rows. */
static const struct {
	const char *element;
	unsigned kinds;
	unsigned need; /* bit of enum acl_access */
	bool multistatus;
	report_fn *run;
	const char *source;
} reports[] = {
    [REPORT_CALENDAR_QUERY] = {"C:calendar-query", CALENDARS, ACL_READ, true, report_calendar_query, "RFC 4791, 7.8"},
    [REPORT_CALENDAR_MULTIGET] = {"C:calendar-multiget", CALENDARS | HOMES, ACL_READ, true, report_calendar_multiget,
        "RFC 4791, 7.9"},
    [REPORT_FREE_BUSY_QUERY] = {"C:free-busy-query", CALENDARS | HOMES, ACL_READ_FREE_BUSY, false,
        report_free_busy_query, "RFC 4791, 7.10"},
    [REPORT_SYNC_COLLECTION] = {"D:sync-collection", CALENDARS | HOMES, ACL_READ, true, report_sync_collection,
        "RFC 6578, 3.2"},
    [REPORT_EXPAND_PROPERTY] = {"D:expand-property", ON(DAV_PRINCIPAL) | HOMES | CALENDARS, ACL_READ, true,
        report_expand_property, "RFC 3253, 3.8"},
    [REPORT_PRINCIPAL_PROPERTY_SEARCH] = {"D:principal-property-search", SEARCHED | APPLIED, ACL_READ, true, report_principal_property_search, "RFC 3744, 9.4"},
    [REPORT_PRINCIPAL_SEARCH_PROPERTY_SET] = {"D:principal-search-property-set", SEARCHED | APPLIED, ACL_READ,
        false, report_principal_search_property_set, "RFC 3744, 9.5"},
    [REPORT_PRINCIPAL_MATCH] = {"D:principal-match", SEARCHED | ON(DAV_CALENDARS) | HOMES, ACL_READ, true,
        report_principal_match, "RFC 3744, 9.3"},
    [REPORT_ACL_PRINCIPAL_PROP_SET] = {"D:acl-principal-prop-set", HOMES | CALENDARS | ON(DAV_OBJECT),
        ACL_READ | ACL_READ_ACL, true, report_acl_principal_prop_set, "RFC 3744, 9.2"},
    [REPORT_CALENDARSERVER_PRINCIPAL_SEARCH] = {"CS:calendarserver-principal-search", SEARCHED | APPLIED, ACL_READ, true,
        report_calendarserver_principal_search, "calendarserver principal search"},
};

void report_write_supported(struct buf *b, enum dav_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(reports); i++)
		if ((reports[i].kinds & ON(kind)) != 0)
			buf_printf(b, "<D:supported-report><D:report><%s/></D:report></D:supported-report>", reports[i].element);
}

struct buf *report_body(struct report *report)
{
	return &report->d->http->response.body;
}

void report_begin_members(struct report *report, struct dav_resource *member)
{
	*member = report->resource;
	member->kind = DAV_OBJECT;
	buf_reset(&report->href);
	dav_href_of(&report->href, &report->resource);
	report->href_base = report->href.len;
	report->source.resource = member;
}

int report_add_object(struct report *report, const struct object *object)
{
	report->source.resource->object = object;
	buf_truncate(&report->href, report->href_base);
	buf_add_percent(&report->href, object->name);
	return property_plan_run(report->plan, &report->source, buf_slice(&report->href), report_body(report));
}

/* Only who may read is told that there is something. */
static int refuse(struct dav_request *d, struct kv_txn *txn, const char *sentence)
{
	struct dav_resource resource;
	int ret = dav_resolve(d, txn, &d->path, ACL_READ, &resource);

	return ret < 0 ? ret : error_set(&d->error, 403, DAV_SUPPORTED_REPORT, "%s", sentence);
}

static int answer(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct report *report = arg;
	enum report_kind kind = report->request.kind;
	int ret = dav_resolve(d, txn, &d->path, reports[kind].need, &report->resource);

	if (ret < 0)
		return ret;
	if ((reports[kind].kinds & ON(report->resource.kind)) == 0)
		return refuse(d, txn, "This report is not answered here.");
	report->txn = txn;
	report->source = (struct property_source){.d = d, .txn = txn};
	report->href = BUF_INIT(8192);
	if (reports[kind].multistatus)
		multistatus_open(report_body(report));
	ret = reports[kind].run(report);
	buf_free(&report->href);
	return ret;
}

static int unknown(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	(void)arg;
	return refuse(d, txn, "This report is not known.");
}

static int run(struct dav_request *d, struct report *report)
{
	int ret = dav_depth_read(d->http->headers, DEPTH_0, &report->depth, &d->error);

	if (ret == 0)
		ret = report_read(d->arena, d->http->body, &report->request, &d->error);
	if (ret == 0 && report->request.kind == REPORT_UNKNOWN)
		return dav_view(d, unknown, NULL);
	if (ret == 0 && reports[report->request.kind].multistatus)
		ret = property_plan_make(d, &report->request.props, true, &report->plan);
	if (ret == 0)
		ret = dav_view(d, answer, report);
	if (ret == 0 && reports[report->request.kind].multistatus)
		dav_reply_multistatus(d);
	return ret;
}

void dav_report(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);
	struct report *report;

	if (d == NULL)
		return;
	report = arena_zalloc(d->arena, sizeof(*report));
	if (report != NULL)
		report->d = d;
	dav_finish(d, report != NULL ? run(d, report) : -ENOMEM);
}
