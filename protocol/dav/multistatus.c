#include <config.h>

#include "protocol/dav/multistatus.h"

#include <stddef.h>

#include "protocol/dav/condition.h"
#include "protocol/dav/xml_reader.h"

void multistatus_open(struct buf *b)
{
	buf_add_str(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"" NS_DAV "\" xmlns:C=\"" NS_CALDAV
	               "\" xmlns:CS=\"" NS_CS "\" xmlns:I=\"" NS_ICAL "\" xmlns:M=\"" NS_ME "\">\n");
}

void multistatus_close(struct buf *b, struct slice sync_token)
{
	if (sync_token.len > 0) {
		buf_add_str(b, "<D:sync-token>");
		buf_add_xml(b, sync_token);
		buf_add_str(b, "</D:sync-token>\n");
	}
	buf_add_str(b, "</D:multistatus>\n");
}

void response_open(struct buf *b, struct slice href)
{
	buf_add_slice(b, SLICE("<D:response><D:href>"));
	buf_add_slice(b, href);
	buf_add_slice(b, SLICE("</D:href>"));
}

void response_close(struct buf *b)
{
	buf_add_slice(b, SLICE("</D:response>\n"));
}

static const struct {
	int status;
	struct slice line;
} lines[] = {
#define LINE_(status, text) {status, {text, sizeof(text) - 1}}
    LINE_(200, "HTTP/1.1 200 OK"),
    LINE_(201, "HTTP/1.1 201 Created"),
    LINE_(204, "HTTP/1.1 204 No Content"),
    LINE_(400, "HTTP/1.1 400 Bad Request"),
    LINE_(401, "HTTP/1.1 401 Unauthorized"),
    LINE_(403, "HTTP/1.1 403 Forbidden"),
    LINE_(404, "HTTP/1.1 404 Not Found"),
    LINE_(409, "HTTP/1.1 409 Conflict"),
    LINE_(412, "HTTP/1.1 412 Precondition Failed"),
    LINE_(413, "HTTP/1.1 413 Content Too Large"),
    LINE_(415, "HTTP/1.1 415 Unsupported Media Type"),
    LINE_(422, "HTTP/1.1 422 Unprocessable Content"),
    LINE_(423, "HTTP/1.1 423 Locked"),
    LINE_(424, "HTTP/1.1 424 Failed Dependency"),
    LINE_(500, "HTTP/1.1 500 Internal Server Error"),
    LINE_(503, "HTTP/1.1 503 Service Unavailable"),
    LINE_(507, "HTTP/1.1 507 Insufficient Storage"),
#undef LINE_
};

void status_line(struct buf *b, int status)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i].status == status) {
			buf_add_slice(b, lines[i].line);
			return;
		}
	buf_printf(b, "HTTP/1.1 %d Status", status);
}

static void add_status(struct buf *b, int status)
{
	buf_add_slice(b, SLICE("<D:status>"));
	status_line(b, status);
	buf_add_slice(b, SLICE("</D:status>"));
}

static void add_condition(struct buf *b, enum dav_condition condition)
{
	const struct condition_info *info = condition_find(condition);

	if (info == NULL)
		return;
	buf_add_str(b, "<D:error>");
	property_empty(b, slice_str(info->ns), slice_str(info->name));
	buf_add_str(b, "</D:error>");
}

void response_status(struct buf *b, struct slice href, int status)
{
	response_error(b, href, status, CONDITION_NONE);
}

void response_error(struct buf *b, struct slice href, int status, enum dav_condition condition)
{
	response_open(b, href);
	add_status(b, status);
	add_condition(b, condition);
	response_close(b);
}

void propstat_open(struct buf *b)
{
	buf_add_slice(b, SLICE("<D:propstat><D:prop>"));
}

void propstat_close(struct buf *b, int status, enum dav_condition condition)
{
	buf_add_slice(b, SLICE("</D:prop>"));
	add_status(b, status);
	add_condition(b, condition);
	buf_add_slice(b, SLICE("</D:propstat>"));
}

static void tag(struct buf *b, const char *open, struct slice ns, struct slice name, const char *close)
{
	const char *prefix = xml_prefix(ns);

	buf_add_str(b, open);
	if (prefix != NULL) {
		buf_add_str(b, prefix);
		buf_add_char(b, ':');
	}
	buf_add_slice(b, name);
	if (prefix == NULL && open[1] != '/') {
		buf_add_str(b, " xmlns=\"");
		xml_write_value(b, ns);
		buf_add_char(b, '"');
	}
	buf_add_str(b, close);
}

void property_open(struct buf *b, struct slice ns, struct slice name)
{
	tag(b, "<", ns, name, ">");
}

void property_close(struct buf *b, struct slice ns, struct slice name)
{
	tag(b, "</", ns, name, ">");
}

void property_empty(struct buf *b, struct slice ns, struct slice name)
{
	tag(b, "<", ns, name, "/>");
}
