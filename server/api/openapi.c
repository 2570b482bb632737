/* /openapi.json: the form of every request and answer. */
#include <config.h>

#include "server/api/api_private.h"
#include "server/api/openapi_built.h"

#define CACHE "public, max-age=3600" /* it changes with the server's version */

int api_openapi(struct api_request *r, struct kv_txn *txn)
{
	(void)txn;
	http_reply_text(r->http, 200, API_JSON, SLICE(OPENAPI_BYTES));
	http_reply_header(r->http, "Cache-Control", CACHE);
	return 0;
}
