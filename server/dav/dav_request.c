#include <config.h>

#include <errno.h>

#include "protocol/base/log.h"
#include "server/base/pool.h"
#include "server/dav/dav_private.h"
#include "server/dav/privileges.h"

#define VIEWS_MAX 3 /* tries of a read that an engine asks to repeat */

static struct dav_request *fail(struct http_request *http, int status)
{
	http_reply_error(http, &(struct error){status, CONDITION_NONE, ""}, SLICE_EMPTY);
	http_request_finish(http);
	return NULL;
}

struct dav_request *dav_request_bare(struct http_request *http)
{
	struct dav_request *d = arena_zalloc(http->arena, sizeof(*d));

	if (d == NULL)
		return fail(http, 503);
	d->http = http;
	d->app = http->app;
	d->arena = http->arena;
	d->user = http->user;
	d->extra = SLICE_EMPTY;
	dav_preferences_read(http->headers, &d->prefer);
	return d;
}

struct dav_request *dav_request_new(struct http_request *http)
{
	struct dav_request *d = dav_request_bare(http);

	return d == NULL || dav_path_parse(http->path, &d->path) == 0 ? d : fail(http, 404);
}

/* RFC 3744, 7.1.1: which privilege is lacking where. */
static void refuse_privilege(struct dav_request *d)
{
	AUTO_BUF struct buf extra = BUF_INIT(8192);

	buf_add_str(&extra, "<D:resource><D:href>");
	dav_href(&extra, &d->lacking.path);
	buf_printf(&extra, "</D:href><D:privilege><%s/></D:privilege></D:resource>",
	    privilege_name(d->lacking.privilege));
	error_set(&d->error, 403, DAV_NEED_PRIVILEGES, "You may read this but not change it.");
	http_reply_error(d->http, &d->error, buf_slice(&extra));
}

static void refuse(struct dav_request *d, int status, const char *sentence)
{
	error_set(&d->error, status, CONDITION_NONE, "%s", sentence);
	http_reply_error(d->http, &d->error, SLICE_EMPTY);
	if (status == 503)
		http_reply_header(d->http, "Retry-After", "2");
}

void dav_finish(struct dav_request *d, int ret)
{
	if (ret >= 0 && d->http->response.body.err != 0)
		ret = d->http->response.body.err;
	if (ret < 0)
		log_event(LOG_DEBUG_LEVEL, "dav", d->http->id, "refused", "ret=%d detail=%s", ret, d->error.detail);
	switch (ret < 0 ? ret : 0) {
	case 0:
		break;
	case -EINVAL:
		http_reply_error(d->http, &d->error, d->extra);
		break;
	case -ENOENT:
		refuse(d, 404, "There is no such resource.");
		break;
	case -EACCES:
		refuse_privilege(d);
		break;
	case -EAGAIN:
	case -ENOMEM:
		refuse(d, 503, "The server is busy. Try again.");
		break;
	case -EMSGSIZE:
		refuse(d, 507, "The answer would be too large. Ask for less.");
		break;
	case -ENOSPC:
	case -EDQUOT:
	case -EFBIG:
		refuse(d, 507, "There is no room left on the server. Nothing was changed.");
		break;
	case -EIO:
	case -EROFS:
		log_event(LOG_ERROR_LEVEL, "dav", d->http->id, "request failed", "errno=%d", -ret);
		refuse(d, 503, "The server's disk failed. Try again.");
		break;
	default:
		log_event(LOG_ERROR_LEVEL, "dav", d->http->id, "request failed", "errno=%d", -ret);
		refuse(d, 500, "The server failed. This has been logged.");
	}
	http_request_finish(d->http);
}

void dav_reply_location(struct dav_request *d)
{
	AUTO_BUF struct buf href = BUF_INIT(8192);

	dav_href(&href, &d->path);
	http_reply_header(d->http, "Location", "%.*s", SLICE_ARG(buf_slice(&href)));
}

void dav_reply_minimal(struct dav_request *d)
{
	if (d->prefer.return_minimal && http_header_has(d->http->headers, "Prefer"))
		http_reply_header(d->http, "Preference-Applied", "return=minimal");
}

void dav_reply_multistatus(struct dav_request *d)
{
	d->http->response.status = 207;
	http_reply_header(d->http, "Content-Type", "application/xml; charset=utf-8");
	http_reply_header(d->http, "Vary", d->http->method == HTTP_REPORT ? "Prefer, Brief, CalDAV-Timezones" : "Prefer, Brief");
	dav_reply_minimal(d);
}

struct view {
	struct dav_request *d;
	dav_view_fn *fn;
	void *arg;
};

static int run_view(struct kv_txn *txn, void *arg)
{
	struct view *view = arg;

	return view->fn(view->d, txn, view->arg);
}

int dav_view(struct dav_request *d, dav_view_fn *fn, void *arg)
{
	struct view view = {d, fn, arg};
	int ret = -EAGAIN;

	for (int i = 0; ret == -EAGAIN && i < VIEWS_MAX; i++) {
		buf_reset(&d->http->response.headers);
		buf_reset(&d->http->response.body);
		d->error = ERROR_NONE;
		d->acl = NULL;
		ret = kv_view(store_kv(d->app->store), run_view, &view);
	}
	return ret;
}

struct work {
	struct dav_request *d;
	dav_work_fn *fn;
};

static void run_work(void *arg)
{
	struct work *work = arg;

	work->fn(work->d);
}

void dav_on_worker(struct dav_request *d, dav_work_fn *fn)
{
	struct work *work = arena_alloc(d->arena, sizeof(*work));
	int ret = -ENOMEM;

	if (work != NULL) {
		*work = (struct work){d, fn};
		ret = pool_run_for(d->app->pool, http_request_sender(d->http), run_work, work);
	}
	if (ret < 0)
		dav_finish(d, ret);
}
