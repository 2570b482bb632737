/* Every request body: counts stay in their limits, and a filter that is read can be planned and evaluated. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/dav/acl_request.h"
#include "protocol/dav/report_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY (64 << 20)

static const char event[] =
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\n"
    "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:20270301T090000Z\r\nDURATION:PT1H\r\n"
    "RRULE:FREQ=WEEKLY\r\nSUMMARY:Train\\, again\r\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.com\r\n"
    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT15M\r\nREPEAT:2\r\nDURATION:PT5M\r\nEND:VALARM\r\n"
    "END:VEVENT\r\n"
    "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20270101T000000Z\r\nRECURRENCE-ID:20270308T090000Z\r\n"
    "DTSTART;VALUE=DATE:20270309\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_answer(int ret, const struct error *err)
{
	require(ret == 0 || ret == -ENOMEM || (ret == -EINVAL && (err->http_status == 400 || err->http_status == 403)));
}

static void check_filter(struct arena *arena, const struct calendar_filter *filter)
{
	struct calendar_object *object;
	struct zone_set *zones = zone_set_new();
	struct filter_plan plan;
	bool matches = false;

	require(zones != NULL);
	zone_set_seal(zones);
	calendar_filter_plan(filter, &plan);
	require(!plan.has_range || (plan.range.start < plan.range.end && plan.components != 0));
	if (calendar_object_parse(arena, zones, slice_str(event), ICAL_OBJECT_MAX, &object, NULL) == 0) {
		require(calendar_filter_match(arena, filter, object, zone_utc(), &matches) != -EINVAL);
		/* What the index would leave out must not match. */
		if (plan.components != 0 && (plan.components & ICAL_VEVENT) == 0)
			require(!matches);
		if (plan.exact && !plan.has_range && (plan.components == 0 || (plan.components & ICAL_VEVENT) != 0))
			require(matches);
		if (plan.has_range && plan.range.end <= INT64_C(1803891600))
			require(!matches); /* before the first instance */
		calendar_object_free(object);
	}
	zone_set_free(zones);
}

static void check_report(struct arena *arena, struct slice body)
{
	struct report_request request = {.kind = REPORT_UNKNOWN};
	struct error err = ERROR_NONE;
	int ret = report_read(arena, body, &request, &err);

	check_answer(ret, &err);
	if (ret < 0)
		return;
	require(request.props.count <= DAV_PROPERTIES_MAX && request.href_count <= DAV_HREFS_MAX);
	if (request.kind == REPORT_FREE_BUSY_QUERY)
		require(request.range.start < request.range.end);
	if (request.kind == REPORT_CALENDAR_QUERY)
		check_filter(arena, &request.filter);
}

static void check_acl(struct arena *arena, struct slice body)
{
	struct error err = ERROR_NONE;
	struct ace *aces;
	size_t count;
	int ret = acl_request_read(arena, body, &aces, &count, &err);

	check_answer(ret, &err);
	require(ret < 0 || count <= ACL_ACES_MAX);
	for (size_t i = 0; ret == 0 && i < count; i++)
		for (const struct xml_element *p = aces[i].privilege; p != NULL; p = xml_next(p, XML_DAV_PRIVILEGE))
			require(ace_privilege_name(p) == NULL || ace_privilege_name(p)->next == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = slice_of((const char *)data, size);
	struct arena *arena = arena_new(MEMORY);
	struct property_list list;
	struct property_changes changes;
	struct collection_request collection;
	struct error err = ERROR_NONE;
	int ret;

	if (arena == NULL)
		return 0;
	calendar_object_init();
	ret = propfind_read(arena, body, &list, &err);
	check_answer(ret, &err);
	require(ret < 0 || list.count <= DAV_PROPERTIES_MAX);
	ret = proppatch_read(arena, body, &changes, &err);
	check_answer(ret, &err);
	require(ret < 0 || (changes.count > 0 && changes.count <= DAV_PROPERTIES_MAX));
	for (int mkcalendar = 0; mkcalendar < 2; mkcalendar++) {
		ret = collection_request_read(arena, body, mkcalendar != 0, &collection, &err);
		check_answer(ret, &err);
		require(ret < 0 || collection.set.count <= DAV_PROPERTIES_MAX);
	}
	check_report(arena, body);
	check_acl(arena, body);
	arena_free(arena);
	return 0;
}
