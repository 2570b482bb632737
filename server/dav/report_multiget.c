/* calendar-multiget (RFC 4791, 7.9): each href found, or answered with 404; the order is that of the request. */
#include <config.h>

#include <errno.h>

#include "protocol/dav/multistatus.h"
#include "server/dav/reports.h"

/* What a client may fetch through the request's resource: objects below it. */
static bool is_below(const struct dav_path *top, const struct dav_path *path)
{
	if (path->kind != DAV_OBJECT || path->slash || strcmp(path->name, top->name) != 0)
		return false;
	return top->kind == DAV_HOME || strcmp(path->collection, top->collection) == 0;
}

/* Objects of the collection at hand need one look-up each; of another one, the whole path. */
static int find(struct report *report, const struct dav_path *path, struct dav_resource *resource_r,
    struct object *object)
{
	if (report->resource.kind == DAV_HOME)
		return dav_resolve(report->d, report->txn, path, ACL_READ, resource_r);
	*resource_r = report->resource;
	resource_r->kind = DAV_OBJECT;
	resource_r->object = object;
	return store_object_get(report->txn, report->d->arena, report->resource.collection->id, slice_str(path->object),
	    object);
}

static int add(struct report *report, const struct dav_path *path)
{
	struct dav_resource resource;
	struct object object;
	int ret = find(report, path, &resource, &object);

	buf_reset(&report->href);
	dav_href(&report->href, path);
	if (ret == -ENOENT || ret == -EACCES) {
		response_status(report_body(report), buf_slice(&report->href), 404);
		return 0;
	}
	if (ret < 0)
		return ret;
	report->source.resource = &resource;
	return property_plan_run(report->plan, &report->source, buf_slice(&report->href), report_body(report));
}

/* An href that is none of ours comes back as it was. */
static void add_stranger(struct report *report, struct slice href)
{
	AUTO_BUF struct buf escaped = BUF_INIT(65536);

	buf_add_xml(&escaped, href);
	response_status(report_body(report), buf_slice(&escaped), 404);
}

int report_calendar_multiget(struct report *report)
{
	const struct report_request *request = &report->request;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < request->href_count; i++) {
		struct dav_path path;

		if (dav_path_parse_href(request->hrefs[i], &path) < 0 || !is_below(&report->d->path, &path))
			add_stranger(report, request->hrefs[i]);
		else
			ret = add(report, &path);
	}
	multistatus_close(report_body(report), SLICE_EMPTY);
	return ret;
}
