#include <config.h>

#include "server/pages/pages.h"

#include "protocol/base/cleanup.h"
#include "server/pages/admin.h"
#include "server/pages/assets.h"
#include "server/pages/book.h"

const struct http_route *pages_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	static http_find_fn *const parts[] = {asset_find, admin_find, book_find};
	const struct http_route *route = NULL;

	for (size_t i = 0; route == NULL && i < ARRAY_LEN(parts); i++)
		route = parts[i](app, method, path, arena, allow_r);
	return route;
}
