#include <config.h>

#include "server/dav/routes.h"

#include "server/dav/dav_private.h"

/* RFC 6764, 5 */
#define REDIRECT {dav_well_known, RUN_ON_LOOP, BODY_XML, ACCESS_ANYONE}
/* What every resource answers (RFC 4918, 9.1; RFC 9110, 9.3.7). PROPFIND goes to a worker itself when it lists. */
#define ANY                                                                                                            \
	[HTTP_OPTIONS] = {dav_options, RUN_ON_LOOP, BODY_NONE, ACCESS_SIGNED_IN},                                      \
	[HTTP_PROPFIND] = {dav_propfind, RUN_ON_LOOP, BODY_XML, ACCESS_SIGNED_IN}
#define PROPPATCH [HTTP_PROPPATCH] = {dav_proppatch, RUN_ON_WORKER, BODY_XML, ACCESS_SIGNED_IN}
#define REPORT    [HTTP_REPORT] = {dav_report, RUN_ON_WORKER, BODY_XML, ACCESS_SIGNED_IN}
#define CREATE                                                                                                         \
	[HTTP_MKCALENDAR] = {dav_mkcalendar, RUN_ON_WORKER, BODY_XML, ACCESS_SIGNED_IN},                               \
	[HTTP_MKCOL] = {dav_mkcalendar, RUN_ON_WORKER, BODY_XML, ACCESS_SIGNED_IN}
#define DELETE [HTTP_DELETE] = {dav_delete, RUN_ON_WORKER, BODY_NONE, ACCESS_SIGNED_IN}
/* There is nothing to get of a home; who may not see it is not told that it is one. */
#define NO_GET                                                                                                         \
	[HTTP_GET] = {dav_get_collection, RUN_ON_LOOP, BODY_NONE, ACCESS_SIGNED_IN},                                   \
	[HTTP_HEAD] = {dav_get_collection, RUN_ON_LOOP, BODY_NONE, ACCESS_SIGNED_IN}
#define SET_ACL [HTTP_ACL] = {dav_set_acl, RUN_ON_WORKER, BODY_XML, ACCESS_SIGNED_IN}
#define TRANSFER                                                                                                       \
	[HTTP_COPY] = {dav_transfer, RUN_ON_WORKER, BODY_NONE, ACCESS_SIGNED_IN},                                      \
	[HTTP_MOVE] = {dav_transfer, RUN_ON_WORKER, BODY_NONE, ACCESS_SIGNED_IN}
#define LOCKS                                                                                                          \
	[HTTP_LOCK] = {dav_lock, RUN_ON_WORKER, BODY_XML, ACCESS_SIGNED_IN},                                           \
	[HTTP_UNLOCK] = {dav_unlock, RUN_ON_WORKER, BODY_NONE, ACCESS_SIGNED_IN}
#define PUT    [HTTP_PUT] = {dav_put, RUN_ON_WORKER, BODY_ICAL, ACCESS_SIGNED_IN}

static const struct http_route routes[DAV_KIND_COUNT][HTTP_METHOD_COUNT] = {
    [DAV_SITE] = {ANY},
    [DAV_WELL_KNOWN] = {[HTTP_OPTIONS] = REDIRECT, [HTTP_GET] = REDIRECT, [HTTP_HEAD] = REDIRECT,
        [HTTP_PROPFIND] = REDIRECT, [HTTP_POST] = REDIRECT, [HTTP_REPORT] = REDIRECT},
    [DAV_PROBE_PRINCIPALS] = {ANY},
    [DAV_PROBE_USER] = {ANY},
    [DAV_ROOT] = {ANY, REPORT},
    [DAV_PRINCIPALS] = {ANY, REPORT},
    [DAV_PRINCIPAL_SET] = {ANY, REPORT},
    [DAV_PRINCIPAL] = {ANY, PROPPATCH, REPORT},
    [DAV_PROXY] = {ANY, PROPPATCH, REPORT},
    [DAV_CALENDARS] = {ANY, REPORT},
    [DAV_HOME] = {ANY, PROPPATCH, REPORT, CREATE, NO_GET, SET_ACL},
    /* PUT of something that is no calendar, right below a home: refused with its condition, not with 405. */
    [DAV_COLLECTION] = {ANY, PROPPATCH, REPORT, CREATE, DELETE, TRANSFER, LOCKS, PUT, SET_ACL,
        [HTTP_POST] = {dav_post, RUN_ON_WORKER, BODY_ICAL, ACCESS_SIGNED_IN},
        [HTTP_GET] = {dav_get_calendar, RUN_ON_WORKER, BODY_NONE, ACCESS_SIGNED_IN},
        [HTTP_HEAD] = {dav_get_calendar, RUN_ON_WORKER, BODY_NONE, ACCESS_SIGNED_IN}},
    [DAV_OBJECT] = {ANY, PROPPATCH, REPORT, CREATE, DELETE, TRANSFER, LOCKS, PUT,
        [HTTP_GET] = {dav_get, RUN_ON_LOOP, BODY_NONE, ACCESS_SIGNED_IN},
        [HTTP_HEAD] = {dav_get, RUN_ON_LOOP, BODY_NONE, ACCESS_SIGNED_IN}},
};

/* Cells that only refuse are not advertised. */
static bool is_offered(enum dav_kind kind, enum http_method method)
{
	http_handler_fn *handler = routes[kind][method].handler;

	if (handler == dav_get_collection || (handler == dav_put && kind == DAV_COLLECTION))
		return false;
	return handler != NULL && (handler != dav_mkcalendar || kind == DAV_COLLECTION);
}

static const char *allow(enum dav_kind kind, struct arena *arena)
{
	const char *text = "";

	for (int m = 0; m < HTTP_METHOD_COUNT && text != NULL; m++)
		if (is_offered(kind, (enum http_method)m))
			text = arena_printf(arena, "%s%s%s", text, text[0] != '\0' ? ", " : "", http_methods[m].name);
	return text != NULL ? text : "";
}

const struct http_route *dav_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	static const struct http_route none;
	struct dav_path parsed;
	const struct http_route *route;

	(void)app;
	*allow_r = "";
	if (dav_path_parse(path, &parsed) < 0)
		return NULL;
	route = method < HTTP_METHOD_COUNT ? &routes[parsed.kind][method] : &none;
	if (route->handler == NULL || method == HTTP_OPTIONS)
		*allow_r = allow(parsed.kind, arena);
	return route;
}
