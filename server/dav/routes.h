/*
 * server/dav/routes - the table of WebDAV: kind of resource and method to handler.
 *
 * `Allow`, OPTIONS and what the core checks before a handler runs are read off the rows; an empty cell is 405.
 */
#ifndef SERVER_DAV_ROUTES_H
#define SERVER_DAV_ROUTES_H

#include "server/http/router.h"

/* An http_find_fn for all paths of CalDAV; NULL for every other path. */
const struct http_route *dav_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r);

#endif
