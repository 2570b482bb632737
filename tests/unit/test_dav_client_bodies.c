/* Bodies as calendar apps send them, from tests/fuzz/corpus/dav_report, where the fuzz target starts from them too. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "protocol/dav/report_request.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(16 << 20);
	return arena == NULL;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct slice body_of(const char *name)
{
	static char bytes[65536];
	const char *top = getenv("abs_top_srcdir");
	char path[1000];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/dav_report/%s.xml", top != NULL ? top : "..", name);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("%s cannot be opened", path);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	return slice_of(bytes, len);
}

static bool has_name(const struct property_list *list, const char *ns, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_is(list->names[i].ns, ns) && slice_is(list->names[i].name, name))
			return true;
	return false;
}

static void test_propfinds(void **state)
{
	static const struct {
		const char *name;
		enum propfind_kind kind;
		size_t count;
		const char *ns, *property; /* one of them */
	} rows[] = {
	    {"apple-discovery", PROPFIND_PROP, 3, NS_DAV, "current-user-principal"},
	    {"apple-principal", PROPFIND_PROP, 13, NS_CALDAV, "calendar-home-set"},
	    {"apple-home", PROPFIND_PROP, 38, NS_ME, "bulk-requests"},
	    {"thunderbird-startup", PROPFIND_PROP, 7, NS_CS, "getctag"},
	    {"litmus-propfind", PROPFIND_ALLPROP, 0, NULL, NULL},
	    {"propname", PROPFIND_PROPNAME, 0, NULL, NULL},
	    {"allprop-include", PROPFIND_ALLPROP, 2, "urn:x", "y"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct property_list list;
		struct error err = ERROR_NONE;

		if (propfind_read(arena, body_of(rows[i].name), &list, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.detail);
		if (list.kind != rows[i].kind || list.count != rows[i].count)
			fail_msg("%s: kind %d, %zu names", rows[i].name, list.kind, list.count);
		if (rows[i].ns != NULL && !has_name(&list, rows[i].ns, rows[i].property))
			fail_msg("%s: no %s", rows[i].name, rows[i].property);
	}
}

static void test_proppatches(void **state)
{
	struct property_changes changes;
	const struct xml_element *value;

	(void)state;
	assert_int_equal(proppatch_read(arena, body_of("apple-proppatch-color"), &changes, NULL), 0);
	assert_int_equal(changes.count, 1);
	value = changes.at[0].element;
	assert_true(slice_is(value->ns, NS_ICAL) && slice_is(value->text, "#63DA38FF"));
	assert_true(slice_is(xml_attribute(value, "symbolic-color"), "green"));

	assert_int_equal(proppatch_read(arena, body_of("apple-proppatch-alarm"), &changes, NULL), 0);
	assert_int_equal(changes.count, 1);
	assert_true(slice_starts(changes.at[0].element->text, SLICE("BEGIN:VALARM\r\nX-WR-ALARMUID:")));
	assert_true(slice_ends(changes.at[0].element->text, SLICE("END:VALARM\r\n")));

	assert_int_equal(proppatch_read(arena, body_of("vdirsyncer-meta"), &changes, NULL), 0);
	assert_int_equal(changes.count, 3);
	assert_true(changes.at[0].remove && !changes.at[1].remove && !changes.at[2].remove);
}

static void test_new_calendars(void **state)
{
	struct collection_request request;

	(void)state;
	assert_int_equal(collection_request_read(arena, body_of("apple-mkcalendar"), true, &request, NULL), 0);
	assert_true(request.is_calendar && !request.is_other && !request.has_resourcetype);
	assert_int_equal(request.set.count, 6);
	assert_true(slice_is(request.set.at[4].element->text, "Training & travel"));
	assert_int_equal(collection_request_read(arena, body_of("apple-mkcalendar-subscribed"), true, &request, NULL), 0);
	assert_true(request.is_other && request.set.count == 2);
	assert_int_equal(collection_request_read(arena, body_of("vdirsyncer-mkcol"), false, &request, NULL), 0);
	assert_true(request.is_calendar && !request.is_other && request.set.count == 0);
}

static void test_reports(void **state)
{
	static const struct {
		const char *name;
		enum report_kind kind;
		size_t props, hrefs;
	} rows[] = {
	    {"apple-home-sync", REPORT_SYNC_COLLECTION, 38, 0},
	    {"apple-sync-no-level", REPORT_SYNC_COLLECTION, 2, 0},
	    {"apple-multiget", REPORT_CALENDAR_MULTIGET, 3, 50},
	    {"apple-first-paint", REPORT_CALENDAR_QUERY, 2, 0},
	    {"apple-expand-property", REPORT_EXPAND_PROPERTY, 0, 0},
	    {"ios-query-open-end", REPORT_CALENDAR_QUERY, 2, 0},
	    {"ios-query-todo", REPORT_CALENDAR_QUERY, 2, 0},
	    {"thunderbird-sync", REPORT_SYNC_COLLECTION, 2, 0},
	    {"thunderbird-multiget", REPORT_CALENDAR_MULTIGET, 2, 2},
	    {"davx5-query", REPORT_CALENDAR_QUERY, 1, 0},
	    {"davx5-multiget", REPORT_CALENDAR_MULTIGET, 4, 10},
	    {"evolution-query", REPORT_CALENDAR_QUERY, 1, 0},
	    {"evolution-free-busy", REPORT_FREE_BUSY_QUERY, 0, 0},
	    {"kdav-query-journal", REPORT_CALENDAR_QUERY, 2, 0},
	    {"pycal-search", REPORT_CALENDAR_QUERY, 1, 0},
	    {"pycal-no-comp", REPORT_CALENDAR_QUERY, 1, 0},
	    {"outlook-sync", REPORT_SYNC_COLLECTION, 1, 0},
	    {"limited-sync", REPORT_SYNC_COLLECTION, 1, 0},
	    {"partial-data", REPORT_CALENDAR_QUERY, 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report_request request;
		struct error err = ERROR_NONE;

		if (report_read(arena, body_of(rows[i].name), &request, &err) < 0)
			fail_msg("%s: %s", rows[i].name, err.detail);
		if (request.kind != rows[i].kind || request.props.count != rows[i].props ||
		    request.href_count != rows[i].hrefs)
			fail_msg("%s: kind %d, %zu properties, %zu hrefs", rows[i].name, request.kind, request.props.count,
			    request.href_count);
	}
}

/* What the common queries cost: no object is read for them. */
static void test_plans_of_queries(void **state)
{
	static const struct {
		const char *name;
		bool exact, has_range;
		uint32_t components;
	} rows[] = {
	    {"apple-first-paint", true, true, ICAL_VEVENT},
	    {"ios-query-open-end", true, true, ICAL_VEVENT},
	    {"ios-query-todo", true, false, ICAL_VTODO},
	    {"davx5-query", true, true, ICAL_VEVENT},
	    {"evolution-query", true, true, ICAL_VEVENT},
	    {"kdav-query-journal", true, false, ICAL_VJOURNAL},
	    {"pycal-search", false, true, ICAL_VEVENT},
	    {"pycal-no-comp", true, false, 0},
	    {"partial-data", false, false, ICAL_VEVENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report_request request;
		struct filter_plan plan;

		assert_int_equal(report_read(arena, body_of(rows[i].name), &request, NULL), 0);
		calendar_filter_plan(&request.filter, &plan);
		if (plan.exact != rows[i].exact || plan.has_range != rows[i].has_range ||
		    plan.components != rows[i].components)
			fail_msg("%s: exact %d, range %d, components %x", rows[i].name, plan.exact, plan.has_range,
			    plan.components);
	}
}

static void test_values_of_reports(void **state)
{
	struct report_request request;

	(void)state;
	assert_int_equal(report_read(arena, body_of("apple-home-sync"), &request, NULL), 0);
	assert_true(slice_is(request.sync_token, "urn:slotkeeper:sync:00000000deadbeef-1-17"));
	assert_int_equal(report_read(arena, body_of("limited-sync"), &request, NULL), 0);
	assert_true(request.sync_infinite && request.limit == 250);
	assert_int_equal(report_read(arena, body_of("evolution-free-busy"), &request, NULL), 0);
	assert_int_equal(request.range.end - request.range.start, 86400);
	assert_int_equal(report_read(arena, body_of("partial-data"), &request, NULL), 0);
	assert_true(slice_is(request.timezone, "BEGIN:VCALENDAR\nEND:VCALENDAR"));
	assert_true(slice_is(request.timezone_id, "Europe/Amsterdam"));
	assert_int_equal(report_read(arena, body_of("pycal-search"), &request, NULL), 0);
	assert_non_null(xml_child(request.props.names[0].element, XML_CALDAV_EXPAND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_propfinds),
	    cmocka_unit_test(test_proppatches),
	    cmocka_unit_test(test_new_calendars),
	    cmocka_unit_test(test_reports),
	    cmocka_unit_test(test_plans_of_queries),
	    cmocka_unit_test(test_values_of_reports),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
