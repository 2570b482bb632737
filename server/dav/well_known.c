/*
 * /.well-known/caldav (RFC 6764, 5): to /dav/, also for who has not signed in. The Location is an absolute path: Apple's
 * account setup follows no redirect to another scheme, host or port, and we may stand behind a proxy.
 */
#include <config.h>

#include "server/dav/dav_private.h"

void dav_well_known(struct http_request *http)
{
	http_reply_header(http, "Location", "/dav/");
	http_reply_header(http, "Cache-Control", "max-age=3600");
	http->response.status = 301;
	http_request_finish(http);
}
