#include <config.h>

#include "server/health.h"

#include <errno.h>

#include "server/app.h"
#include "server/base/metrics.h"
#include "server/base/pool.h"
#include "server/jobs/runner.h"
#include "storage/store.h"

static void get_health(struct http_request *req)
{
	http_reply_text(req, 200, "text/plain; charset=utf-8", SLICE("ok\n"));
	http_request_finish(req);
}

static int read_something(struct kv_txn *txn, void *arg)
{
	struct slice value;
	int ret = kv_get(txn, SLICE("m"), &value); /* no such row: that it can be asked for is the point */

	(void)arg;
	return ret == -ENOENT ? 0 : ret;
}

static void get_ready(struct http_request *req)
{
	const struct app *app = req->app;

	if (kv_view(store_kv(app->store), read_something, NULL) == 0)
		http_reply_text(req, 200, "text/plain; charset=utf-8", SLICE("ready\n"));
	else
		http_reply_text(req, 503, "text/plain; charset=utf-8", SLICE("the store cannot be read\n"));
	http_request_finish(req);
}

static void get_metrics(struct http_request *req)
{
	const struct app *app = req->app;

	if (!req->secure) { /* neither loopback, nor TLS, nor a trusted proxy */
		struct error err = {.http_status = 403};

		http_reply_error(req, &err, SLICE_EMPTY);
	} else {
		metrics_set(app->metrics, METRIC_WORKERS_QUEUED, (int64_t)pool_queued(app->pool));
		http_reply_text(req, 200, METRICS_CONTENT_TYPE, SLICE_EMPTY);
		metrics_write(app->metrics, &req->response.body);
		if (app->runner != NULL)
			runner_write_metrics(app->runner, &req->response.body);
	}
	http_request_finish(req);
}

const struct http_route *health_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	static const struct {
		const char *path;
		struct http_route route;
	} rows[] = {
	    {"/healthz", {get_health, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE}},
	    {"/readyz", {get_ready, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE}},
	    {"/metrics", {get_metrics, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE}},
	};
	static const struct http_route other = {NULL, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE};

	(void)app;
	(void)arena;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!slice_is(path, rows[i].path))
			continue;
		*allow_r = "GET, HEAD";
		return method == HTTP_GET || method == HTTP_HEAD ? &rows[i].route : &other;
	}
	return NULL;
}
