#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/dav/properties.h"
#include "server/dav/routes.h"

static struct arena *arena;

#define READ  "OPTIONS, PROPFIND"
#define WORK  "/dav/calendars/alice/work/"

/* What a path offers; NULL: there is no such resource. */
static const struct {
	const char *path, *allow;
} offers[] = {
    {"/", READ},
    {"/principals/", READ},
    {"/principals", READ},
    {"/calendar/dav/alice/user/", READ},
    {"/.well-known/caldav", "OPTIONS, GET, HEAD, POST, PROPFIND, REPORT"},
    {"/.well-known/caldav/", "OPTIONS, GET, HEAD, POST, PROPFIND, REPORT"},
    {"/.well-known/carddav", NULL},
    {"/dav", "OPTIONS, PROPFIND, REPORT"},
    {"/dav/", "OPTIONS, PROPFIND, REPORT"},
    {"/dav/principals/users/", "OPTIONS, PROPFIND, REPORT"},
    {"/dav/principals/users/alice/", "OPTIONS, PROPFIND, PROPPATCH, REPORT"},
    {"/dav/principals/others/", NULL},
    {"/dav/principals/users/alice/calendar-proxy-read/", "OPTIONS, PROPFIND, PROPPATCH, REPORT"},
    {"/dav/principals/users/alice/calendar-proxy-none/", NULL},
    {"/dav/calendars/alice/", "OPTIONS, PROPFIND, PROPPATCH, REPORT, ACL"},
    {WORK, "OPTIONS, GET, HEAD, POST, DELETE, PROPFIND, PROPPATCH, MKCOL, MKCALENDAR, REPORT, COPY, MOVE, LOCK, UNLOCK, ACL"},
    {WORK "e.ics", "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, REPORT, COPY, MOVE, LOCK, UNLOCK"},
    {WORK "a/b", "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, REPORT, COPY, MOVE, LOCK, UNLOCK"}, /* perhaps a folder's */
    {WORK "%2e%2e/x", NULL},
    {WORK "%zz", NULL},
    {"/dav/elsewhere/", NULL},
    {"/book/", NULL},
    {"", NULL},
    {"dav/", NULL},
};

static void test_a_path_offers_what_its_row_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
		const char *allow = NULL;
		const struct http_route *route = dav_find(NULL, HTTP_OPTIONS, slice_str(offers[i].path), arena, &allow);

		if ((route != NULL) != (offers[i].allow != NULL))
			fail_msg("%s: %s", offers[i].path, route != NULL ? "found" : "not found");
		if (route != NULL && strcmp(allow, offers[i].allow) != 0)
			fail_msg("%s: offers %s, not %s", offers[i].path, allow, offers[i].allow);
	}
}

static const struct {
	enum http_method method;
	const char *path;
	bool handled;
	enum http_run run;
	enum http_access access;
} cells[] = {
    {HTTP_GET, WORK "e.ics", true, RUN_ON_LOOP, ACCESS_SIGNED_IN},
    {HTTP_GET, WORK, true, RUN_ON_WORKER, ACCESS_SIGNED_IN},
    {HTTP_PUT, WORK "e.ics", true, RUN_ON_WORKER, ACCESS_SIGNED_IN},
    {HTTP_PROPFIND, WORK, true, RUN_ON_LOOP, ACCESS_SIGNED_IN},
    {HTTP_REPORT, WORK, true, RUN_ON_WORKER, ACCESS_SIGNED_IN},
    {HTTP_PROPFIND, "/.well-known/caldav", true, RUN_ON_LOOP, ACCESS_ANYONE},
    {HTTP_LOCK, WORK "e.ics", true, RUN_ON_WORKER, ACCESS_SIGNED_IN},
    {HTTP_POST, "/dav/calendars/alice/", false, RUN_ON_LOOP, ACCESS_SIGNED_IN},
    {HTTP_METHOD_COUNT, WORK, false, RUN_ON_LOOP, ACCESS_SIGNED_IN},
};

static void test_a_cell_says_where_it_runs_and_for_whom(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
		const char *allow;
		const struct http_route *route = dav_find(NULL, cells[i].method, slice_str(cells[i].path), arena, &allow);

		if (route == NULL || (route->handler != NULL) != cells[i].handled)
			fail_msg("row %zu: %s", i, cells[i].path);
		if (cells[i].handled && (route->run != cells[i].run || route->access != cells[i].access))
			fail_msg("row %zu: %s: run %d access %d", i, cells[i].path, route->run, route->access);
		if (!cells[i].handled && allow[0] == '\0')
			fail_msg("row %zu: %s: 405 without Allow", i, cells[i].path);
	}
}

/* Nothing but the redirect may be asked for without signing in. */
static void test_only_the_redirect_is_for_anybody(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(offers); i++)
		for (int m = 0; m < HTTP_METHOD_COUNT; m++) {
			const char *allow;
			const struct http_route *route =
			    dav_find(NULL, (enum http_method)m, slice_str(offers[i].path), arena, &allow);

			if (route != NULL && route->handler != NULL && route->access == ACCESS_ANYONE &&
			    route->handler != dav_well_known)
				fail_msg("%s %s may be asked by anybody", http_methods[m].name, offers[i].path);
		}
}

static void test_properties_have_one_row_a_source_and_a_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < live_property_count; i++) {
		const struct live_property *p = &live_properties[i];

		if (live_property_find(p->ns, p->name) != p)
			fail_msg("%.*s stands twice", SLICE_ARG(p->name));
		if (p->kinds == 0 || p->get == NULL || p->source == NULL)
			fail_msg("%.*s: the row is not whole", SLICE_ARG(p->name));
	}
	assert_null(live_property_find(SLICE(NS_DAV), SLICE("calendar-data")));
	assert_null(live_property_find(SLICE(NS_CALDAV), SLICE("getetag")));
	assert_null(live_property_find(SLICE(NS_DAV), SLICE("getetagx")));
}

static void test_reports_are_told_where_they_are_answered(void **state)
{
	AUTO_BUF struct buf calendar = BUF_INIT(4096), home = BUF_INIT(4096), object = BUF_INIT(4096);

	(void)state;
	report_write_supported(&calendar, DAV_COLLECTION);
	report_write_supported(&home, DAV_HOME);
	report_write_supported(&object, DAV_OBJECT);
	assert_true(slice_find(buf_slice(&calendar), SLICE("<D:sync-collection/>")) >= 0);
	assert_true(slice_find(buf_slice(&home), SLICE("<C:free-busy-query/>")) >= 0);
	assert_true(slice_find(buf_slice(&home), SLICE("<D:sync-collection/>")) >= 0);
	assert_true(slice_find(buf_slice(&object), SLICE("<D:acl-principal-prop-set/>")) >= 0);
	assert_true(slice_find(buf_slice(&object), SLICE("<C:calendar-query/>")) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_path_offers_what_its_row_has),
	    cmocka_unit_test(test_a_cell_says_where_it_runs_and_for_whom),
	    cmocka_unit_test(test_only_the_redirect_is_for_anybody),
	    cmocka_unit_test(test_properties_have_one_row_a_source_and_a_kind),
	    cmocka_unit_test(test_reports_are_told_where_they_are_answered),
	};
	int failed;

	arena = arena_new(1 << 20);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return failed;
}
