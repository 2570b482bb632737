#include <config.h>

#include "server/api/routes.h"

#include "server/api/api_private.h"

#define PAGE "limit cursor"

/* The table of the API: what may be asked, by whom. */
const struct api_row api_rows[] = {
    {.path = "api-keys", .method = HTTP_GET, .access = API_ADMIN, .query = PAGE, .act = api_key_list},
    {.path = "api-keys", .method = HTTP_POST, .access = API_ADMIN, .query = "", .has_body = true, .writes = true,
        .read = api_key_read, .act = api_key_create},
    {.path = "api-keys/{}", .method = HTTP_GET, .access = API_ADMIN, .query = "", .act = api_key_get},
    {.path = "api-keys/{}", .method = HTTP_DELETE, .access = API_ADMIN, .query = "", .writes = true, .act = api_key_delete},
    {.path = "openapi.json", .method = HTTP_GET, .access = API_PUBLIC, .query = "", .act = api_openapi},
    {.path = "audit", .method = HTTP_GET, .access = API_ADMIN, .query = PAGE, .act = api_audit_list},
};

const size_t api_row_count = ARRAY_LEN(api_rows);

const struct http_route *api_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	static const struct http_route route = {api_handle, RUN_ON_WORKER, BODY_JSON, ACCESS_ANYONE};

	(void)app;
	(void)method;
	(void)arena;
	*allow_r = "";
	return slice_starts(path, SLICE(API_ROOT "/")) ? &route : NULL;
}
