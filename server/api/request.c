/* The path of a request: its row, who asks, how often, what with; then the row's functions, and the answer. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "protocol/base/codec.h"
#include "protocol/base/log.h"
#include "server/api/api_private.h"
#include "server/api/routes.h"
#include "server/booking/audit.h"
#include "server/http/problem.h"

#define ALLOW_MAX       64 /* bytes of a list of methods */
#define RETRY_AFTER_BUSY 1 /* seconds */

/* ---- the end ---- */

/* "FIELD: what is wrong" becomes its two parts. */
static void add_field(struct buf *b, const char *detail)
{
	const char *colon = strstr(detail, ": ");

	json_open_array(b, "errors");
	json_open_object(b, NULL);
	json_add_text(b, "field", colon != NULL ? slice_of(detail, (size_t)(colon - detail)) : SLICE_EMPTY);
	json_add_text(b, "message", slice_str(colon != NULL ? colon + 2 : detail));
	json_close_object(b);
	json_close_array(b);
}

static void write_problem(struct api_request *r, int status, const char *name)
{
	http_problem_open(r->http, status, name, r->error.detail);
	if (status == 422 && name == NULL)
		add_field(&r->http->response.body, r->error.detail);
	json_close_object(&r->http->response.body);
	if (status == 401)
		http_reply_header(r->http, "WWW-Authenticate", "Bearer realm=\"Slotkeeper\"");
	if (r->retry_after > 0)
		http_reply_header(r->http, "Retry-After", "%u", r->retry_after);
}

/* What is told of an error that no handler has words for. */
static const struct {
	int ret, status;
	const char *name;
} told[] = {
    {-ENOENT, 404, NULL},
    {-EEXIST, 409, "exists"},
    {-EBUSY, 409, "wrong-state"},
    {-EAGAIN, 503, NULL},
    {-ENOMEM, 503, NULL},
    {-ENOSPC, 507, NULL},
    {-EDQUOT, 507, NULL},
    {-EFBIG, 507, NULL},
};

static void write_failure(struct api_request *r, int ret)
{
	if ((ret == -EINVAL || ret == -EMSGSIZE) && r->error.http_status != 0) {
		write_problem(r, r->error.http_status, r->problem);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		if (told[i].ret != ret)
			continue;
		if (told[i].status == 503)
			r->retry_after = RETRY_AFTER_BUSY;
		write_problem(r, told[i].status, told[i].name);
		return;
	}
	log_event(LOG_ERROR_LEVEL, "api", r->http->id, "request failed", "error=%d", -ret);
	write_problem(r, 500, NULL);
}

void api_finish(struct api_request *r, int ret)
{
	struct http_request *http = r->http;

	if (ret < 0)
		write_failure(r, ret);
	json_free(r->document);
	http_request_finish(http);
}

struct change_origin api_origin(const struct api_request *r)
{
	return (struct change_origin){
	    .kind = ORIGIN_API, .who = slice_str(r->caller.who), .request = slice_str(r->http->id)};
}

int api_audit(struct api_request *r, struct kv_txn *txn, const char *kind, struct slice target, const char *action,
    struct slice before, struct slice after)
{
	struct change_origin origin = api_origin(r);

	return audit_change(txn, r->now, &origin, kind, target, action, before, after);
}

/* ---- finding the row ---- */

/* Whether PATH, without its slash at the front, is of the row's form. */
static bool matches(const struct api_row *row, struct slice path, struct slice segments_r[API_SEGMENTS_MAX])
{
	struct slice form = slice_str(row->path), wanted, part;
	size_t count = 0;

	while (slice_next(&form, '/', &wanted)) {
		if (!slice_next(&path, '/', &part))
			return false;
		if (!slice_is(wanted, "{}")) {
			if (!slice_equal(wanted, part))
				return false;
			continue;
		}
		if (part.len == 0)
			return false;
		segments_r[count++] = part;
	}
	return path.at == NULL;
}

static const struct api_row *find_row(struct api_request *r, enum http_method method, char allow_r[static ALLOW_MAX])
{
	struct slice path = slice_from(r->http->path, sizeof(API_ROOT "/") - 1);
	const struct api_row *found = NULL;
	struct buf allow = BUF_INIT(ALLOW_MAX);

	for (size_t i = 0; i < api_row_count; i++) {
		const struct api_row *row = &api_rows[i];
		struct slice segments[API_SEGMENTS_MAX] = {SLICE_EMPTY, SLICE_EMPTY};

		if (!matches(row, path, segments))
			continue;
		buf_printf(&allow, "%s%s%s", allow.len > 0 ? ", " : "OPTIONS, ", http_methods[row->method].name,
		    row->method == HTTP_GET ? ", HEAD" : "");
		if (row->method != method)
			continue;
		found = row;
		memcpy(r->segments, segments, sizeof(segments));
	}
	(void)slice_copy(buf_slice(&allow), allow_r, ALLOW_MAX);
	buf_free(&allow);
	return found;
}

static int decode_segments(struct api_request *r)
{
	for (size_t i = 0; i < API_SEGMENTS_MAX; i++) {
		char *decoded = arena_alloc(r->arena, r->segments[i].len + 1);
		ssize_t len;

		if (decoded == NULL)
			return -ENOMEM;
		len = codec_percent_decode(r->segments[i], decoded, r->segments[i].len + 1);
		if (len < 0)
			return -ENOENT;
		r->segments[i] = slice_of(decoded, (size_t)len);
	}
	return 0;
}

/* No method of this path, OPTIONS, or no path at all. */
static int answer_without_row(struct api_request *r, const char *allow)
{
	if (allow[0] == '\0')
		return -ENOENT;
	if (r->http->method == HTTP_OPTIONS) {
		r->http->response.status = 204;
	} else {
		api_problem(r, 405, NULL, "%s", "");
		write_problem(r, 405, NULL);
	}
	http_reply_header(r->http, "Allow", "%s", allow);
	return 0;
}

/* ---- reading ---- */

static int check_content_type(struct api_request *r)
{
	struct slice type = http_header_get(r->http->headers, "Content-Type"), name = SLICE_EMPTY;

	if (type.at != NULL)
		slice_next(&type, ';', &name);
	name = slice_trim(name);
	if (slice_is_nocase(name, API_JSON) ||
	    (r->row->method == HTTP_PATCH && slice_is_nocase(name, "application/merge-patch+json")))
		return 0;
	return api_problem(r, 415, NULL, "The body is to be " API_JSON ".");
}

static int read_body(struct api_request *r)
{
	int ret = check_content_type(r);

	if (ret == 0)
		ret = json_read(r->http->body, API_BODY_MAX, &r->document, &r->error);
	if (ret < 0)
		return ret;
	r->body = json_root(r->document);
	if (json_kind(&r->body) != JSON_KIND_OBJECT)
		return error_set(&r->error, 422, CONDITION_NONE, "body: an object is wanted");
	return 0;
}

static int identify(struct kv_txn *txn, void *arg)
{
	return api_identify(arg, txn);
}

/* All that is asked before the row's own functions. */
static int take_in(struct api_request *r)
{
	int ret = decode_segments(r);

	if (ret == 0)
		ret = api_read_query(r);
	if (ret == 0)
		ret = kv_view(store_kv(r->app->store), identify, r);
	if (ret == 0)
		ret = api_permit(r);
	if (ret == 0)
		ret = api_limit_rate(r);
	if (ret == 0)
		ret = api_check_query(r);
	if (ret == 0 && r->row->has_body)
		ret = read_body(r);
	return ret == 0 && r->row->read != NULL ? r->row->read(r) : ret;
}

/* ---- acting ---- */

static int act(struct kv_txn *txn, void *arg)
{
	struct api_request *r = arg;

	r->error = ERROR_NONE; /* of a run that was thrown away */
	r->problem = NULL;
	return r->row->act(r, txn);
}

static void acted(int ret, void *arg)
{
	api_finish(arg, ret);
}

static void run(struct api_request *r)
{
	int ret = take_in(r);

	if (ret < 0)
		api_finish(r, ret);
	else if (r->row->start != NULL)
		r->row->start(r);
	else if (r->row->writes)
		kv_update(store_kv(r->app->store), act, acted, r);
	else
		api_finish(r, kv_view(store_kv(r->app->store), act, r));
}

void api_handle(struct http_request *http)
{
	struct api_request *r = arena_zalloc(http->arena, sizeof(*r));
	enum http_method method = http->method == HTTP_HEAD ? HTTP_GET : http->method;
	char allow[ALLOW_MAX];

	if (r == NULL) {
		http_reply_problem(http, 503, NULL, "");
		http_request_finish(http);
		return;
	}
	r->http = http;
	r->app = http->app;
	r->arena = http->arena;
	r->now = clock_now(r->app->clock);
	r->row = find_row(r, method, allow);
	if (r->row == NULL)
		api_finish(r, answer_without_row(r, allow));
	else
		run(r);
}
