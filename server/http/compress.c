/* gzip of answers (RFC 9110, 8.4 and 12.5.3): of texts that are worth it, for who asks. */
#include <config.h>

#include "protocol/http/coding.h"
#include "server/http/http_private.h"

/* The value of a line that the reply has already; empty without it. */
static struct slice reply_field(const struct http_request *req, const char *name)
{
	struct slice rest = buf_slice(&req->response.headers), line, wanted = slice_str(name);

	while (slice_next_line(&rest, &line))
		if (line.len > wanted.len && line.at[wanted.len] == ':' && slice_starts_nocase(line, wanted))
			return slice_trim(slice_from(line, wanted.len + 1));
	return SLICE_EMPTY;
}

/* What is compressed already, or small in itself, is no text. */
static bool is_text(struct slice type)
{
	ptrdiff_t end = slice_find_byte(type, ';');

	type = slice_trim(end < 0 ? type : slice_sub(type, 0, (size_t)end));
	return slice_starts_nocase(type, SLICE("text/")) || slice_is_nocase(type, "application/xml") ||
	       slice_is_nocase(type, "application/json") || slice_ends(type, SLICE("+xml")) ||
	       slice_ends(type, SLICE("+json"));
}

/* The client's fields decide what it is sent, also where this time it is the plain text or nothing new. */
bool http_reply_wants_compress(struct http_request *req)
{
	struct http_response *response = &req->response;

	if (response->status == 304) {
		http_reply_header(req, "Vary", "Accept-Encoding");
		return false;
	}
	if (response->body.err != 0 || response->body.len < HTTP_COMPRESS_MIN || !is_text(reply_field(req, "Content-Type")))
		return false;
	http_reply_header(req, "Vary", "Accept-Encoding");
	return http_coding_takes_gzip(req->headers);
}

/* The ETag is the resource's in either form: clients compare it with what PROPFIND and REPORT say. */
void http_reply_compress(struct http_request *req)
{
	struct buf *body = &req->response.body, small = BUF_INIT(body->len - 1);

	if (http_gzip(buf_slice(body), &small) < 0) { /* no memory, or nothing would be won */
		buf_free(&small);
		return;
	}
	buf_free(body);
	small.max = body->max;
	*body = small;
	http_reply_header(req, "Content-Encoding", "gzip");
}
