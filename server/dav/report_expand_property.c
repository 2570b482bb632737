/*
 * expand-property (RFC 3253, 3.8).
 *
 * The hrefs in a property are followed: in place of each stands a DAV:response with the properties that the request
 * nests there. Apple's apps ask in this way for whom the user acts; Evolution and others for the members of groups.
 */
#include <config.h>

#include <errno.h>

#include "protocol/dav/multistatus.h"
#include "server/dav/reports.h"

#define EXPAND_DEPTH_MAX     4    /* levels of hrefs followed */
#define EXPAND_RESPONSES_MAX 1000 /* in one answer: nesting multiplies */

struct expansion {
	struct report *report;
	size_t responses;
};

static int write_response(struct expansion *x, struct dav_resource *resource, struct slice href,
    const struct xml_element *wanted, int depth, struct buf *b);

/* One href of a property's content. What is no path of ours, or hidden, is 404. */
static int follow(struct expansion *x, struct slice href, const struct xml_element *wanted, int depth, struct buf *b)
{
	struct dav_request *d = x->report->d;
	struct dav_resource resource;
	struct dav_path path;
	int ret = dav_path_parse_href(href, &path);

	if (ret == 0)
		ret = dav_resolve(d, x->report->txn, &path, ACL_READ, &resource);
	if (ret == 0)
		return write_response(x, &resource, href, wanted, depth + 1, b);
	if (ret == -ENOMEM || ret == -EAGAIN || ret == -EBADMSG)
		return ret;
	response_status(b, href, 404);
	return 0;
}

static int follow_all(struct expansion *x, struct slice content, const struct xml_element *wanted, int depth,
    struct buf *b)
{
	ptrdiff_t start;
	int ret = 0;

	while (ret == 0 && (start = slice_find(content, SLICE("<D:href"))) >= 0) {
		ptrdiff_t open, end;

		content = slice_from(content, (size_t)start);
		open = slice_find_byte(content, '>');
		end = slice_find(content, SLICE("</D:href>"));
		if (open < 0 || end < open)
			break;
		ret = follow(x, slice_sub(content, (size_t)open + 1, (size_t)(end - open - 1)), wanted, depth, b);
		content = slice_from(content, (size_t)end + 1);
	}
	return ret;
}

static int read_content(struct expansion *x, struct dav_resource *resource, struct slice ns, struct slice name,
    struct buf *content)
{
	const struct live_property *live = live_property_find(ns, name);
	const struct property_source source = {.d = x->report->d, .txn = x->report->txn, .resource = resource};

	if (live == NULL || (live->kinds & ON(resource->kind)) == 0)
		return -ENOENT;
	return live->get(&source, content);
}

/* FOUND and MISSING become the two propstats. */
static int write_property(struct expansion *x, struct dav_resource *resource, const struct xml_element *property,
    int depth, struct buf *found, struct buf *missing)
{
	AUTO_BUF struct buf content = BUF_INIT(1u << 20);
	struct slice ns = xml_attribute(property, "namespace"), name = xml_attribute(property, "name");
	int ret;

	if (ns.at == NULL)
		ns = SLICE(NS_DAV);
	if (!xml_is_name(name)) /* it is written into the answer as it is */
		return error_set(&x->report->d->error, 400, CONDITION_NONE, "expand-property: a property without name");
	ret = read_content(x, resource, ns, name, &content);
	if (ret == -ENOENT) {
		property_empty(missing, ns, name);
		return 0;
	}
	if (ret < 0)
		return ret;
	property_open(found, ns, name);
	if (xml_child(property, XML_DAV_PROPERTY) != NULL)
		ret = follow_all(x, buf_slice(&content), property, depth, found);
	else
		buf_add_slice(found, buf_slice(&content));
	property_close(found, ns, name);
	return ret;
}

static int write_response(struct expansion *x, struct dav_resource *resource, struct slice href,
    const struct xml_element *wanted, int depth, struct buf *b)
{
	AUTO_BUF struct buf found = BUF_INIT(16u << 20), missing = BUF_INIT(1u << 20);
	int ret = 0;

	if (depth > EXPAND_DEPTH_MAX || ++x->responses > EXPAND_RESPONSES_MAX)
		return error_set(&x->report->d->error, 403, DAV_NUMBER_OF_MATCHES_WITHIN_LIMITS, "Too much to expand.");
	for (const struct xml_element *property = xml_child(wanted, XML_DAV_PROPERTY); ret == 0 && property != NULL;
	     property = xml_next(property, XML_DAV_PROPERTY))
		ret = write_property(x, resource, property, depth, &found, &missing);
	if (ret < 0)
		return ret;
	response_open(b, href);
	if (found.len > 0 || missing.len == 0 || x->report->d->prefer.return_minimal) {
		propstat_open(b);
		buf_add_slice(b, buf_slice(&found));
		propstat_close(b, 200, CONDITION_NONE);
	}
	if (missing.len > 0 && !x->report->d->prefer.return_minimal) {
		propstat_open(b);
		buf_add_slice(b, buf_slice(&missing));
		propstat_close(b, 404, CONDITION_NONE);
	}
	response_close(b);
	return found.err != 0 ? found.err : missing.err;
}

int report_expand_property(struct report *report)
{
	struct expansion x = {.report = report};
	int ret;

	dav_href_of(&report->href, &report->resource);
	ret = write_response(&x, &report->resource, buf_slice(&report->href), report->request.root, 0, report_body(report));
	multistatus_close(report_body(report), SLICE_EMPTY);
	return ret;
}
