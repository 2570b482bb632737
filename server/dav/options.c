/* OPTIONS (RFC 4918, 10.1 and RFC 9110, 9.3.7): what works here, from the table of routes. */
#include <config.h>

#include "server/dav/dav_private.h"
#include "server/dav/routes.h"

static int resolve(struct dav_request *d, struct kv_txn *txn, void *arg)
{
	struct dav_resource resource;

	(void)arg;
	if (d->path.kind == DAV_OBJECT || d->path.kind == DAV_COLLECTION) /* a client may ask before it writes there */
		d->path.kind = DAV_HOME;
	return dav_resolve(d, txn, &d->path, ACL_READ_FREE_BUSY, &resource);
}

void dav_options(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);
	const char *allow;
	int ret = 0;

	if (d == NULL)
		return;
	dav_find(d->app, HTTP_OPTIONS, http->path, d->arena, &allow);
	if (d->path.kind >= DAV_HOME)
		ret = dav_view(d, resolve, NULL);
	http->response.status = 200;
	http_reply_header(http, "DAV", "%s", DAV_CLASSES);
	http_reply_header(http, "Allow", "%s", allow);
	dav_finish(d, ret);
}
