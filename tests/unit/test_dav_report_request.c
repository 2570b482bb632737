#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "protocol/dav/report_request.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(64 << 20);
	return arena == NULL;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void read_text(const char *body, struct report_request *request)
{
	struct error err = ERROR_NONE;

	if (report_read(arena, slice_str(body), request, &err) < 0)
		fail_msg("%s: %s", body, err.detail);
}

/* ---- refusals ---- */

#define CALDAV    " xmlns='urn:ietf:params:xml:ns:caldav'"
#define QUERY(in) "<calendar-query" CALDAV "><prop xmlns='DAV:'><getetag/></prop>" in "</calendar-query>"
#define SYNC(in)  "<sync-collection xmlns='DAV:'>" in "<prop><getetag/></prop></sync-collection>"
#define CAL(in)   QUERY("<filter><comp-filter name='VCALENDAR'>" in "</comp-filter></filter>")
#define EVENT(in) CAL("<comp-filter name='VEVENT'>" in "</comp-filter>")
#define RANGE(at) EVENT("<time-range " at "/>")

static void test_refusals_name_their_condition(void **state)
{
	static const struct {
		const char *body;
		int status;
		enum dav_condition condition;
	} rows[] = {
	    {"", 400, CONDITION_NONE},
	    {"x", 400, CONDITION_NONE},
	    {"<calendar-query" CALDAV ">", 400, CONDITION_NONE},
	    /* calendar-query: RFC 4791, 7.8 and 9.9 */
	    {QUERY(""), 403, CALDAV_VALID_FILTER},
	    {QUERY("<filter/>"), 403, CALDAV_VALID_FILTER},
	    {QUERY("<filter><comp-filter/></filter>"), 403, CALDAV_VALID_FILTER},
	    {QUERY("<filter><comp-filter name='VEVENT'/></filter>"), 403, CALDAV_VALID_FILTER},
	    {QUERY("<filter><comp-filter name='VCALENDAR'/><comp-filter name='VCALENDAR'/></filter>"), 403,
		CALDAV_VALID_FILTER},
	    {CAL("<comp-filter name=''/>"), 403, CALDAV_VALID_FILTER},
	    {CAL("<comp-filter name='VALARM'/>"), 403, CALDAV_VALID_FILTER},
	    {CAL("<time-range start='20270301T000000Z'/>"), 403, CALDAV_VALID_FILTER},
	    {CAL("<comp-filter name='VTIMEZONE'><time-range start='20270301T000000Z'/></comp-filter>"), 403,
		CALDAV_VALID_FILTER},
	    {EVENT("<comp-filter name='VTODO'/>"), 403, CALDAV_VALID_FILTER},
	    {EVENT("<comp-filter name='VCALENDAR'/>"), 403, CALDAV_VALID_FILTER},
	    {EVENT("<prop-filter/>"), 403, CALDAV_VALID_FILTER},
	    {EVENT("<text-match>x</text-match>"), 403, CALDAV_VALID_FILTER},
	    {EVENT("<prop-filter name='SUMMARY'><time-range start='20270301T000000Z'/></prop-filter>"), 403,
		CALDAV_VALID_FILTER},
	    {EVENT("<prop-filter name='X'><param-filter/></prop-filter>"), 403, CALDAV_VALID_FILTER},
	    {EVENT("<x:y xmlns:x='urn:x'/>"), 403, CALDAV_SUPPORTED_FILTER},
	    {EVENT("<prop-filter name='SUMMARY'><text-match collation='i;nonsense'>x</text-match></prop-filter>"), 403,
		CALDAV_SUPPORTED_COLLATION},
	    {RANGE(""), 403, CALDAV_VALID_FILTER},
	    {RANGE("start='20270301'"), 403, CALDAV_VALID_FILTER},
	    {RANGE("start='20270301T000000'"), 403, CALDAV_VALID_FILTER},
	    {RANGE("start='20270230T000000Z'"), 403, CALDAV_VALID_FILTER},
	    {RANGE("start='2027-03-01T00:00:00Z'"), 403, CALDAV_VALID_FILTER},
	    {RANGE("end='x'"), 403, CALDAV_VALID_FILTER},
	    {RANGE("start='20270301T000000Z' end='20270301T000000Z'"), 403, CALDAV_VALID_FILTER},
	    {RANGE("start='20270302T000000Z' end='20270301T000000Z'"), 403, CALDAV_VALID_FILTER},
	    /* free-busy-query */
	    {"<free-busy-query" CALDAV "/>", 400, CONDITION_NONE},
	    {"<free-busy-query" CALDAV "><time-range/></free-busy-query>", 400, CONDITION_NONE},
	    {"<free-busy-query" CALDAV "><time-range start='x' end='y'/></free-busy-query>", 400, CONDITION_NONE},
	    /* sync-collection */
	    {SYNC("<sync-token/><sync-level>2</sync-level>"), 400, CONDITION_NONE},
	    {SYNC("<sync-token/><sync-level/>"), 400, CONDITION_NONE},
	    {SYNC("<sync-token/><limit/>"), 400, CONDITION_NONE},
	    {SYNC("<sync-token/><limit><nresults>0</nresults></limit>"), 400, CONDITION_NONE},
	    {SYNC("<sync-token/><limit><nresults>-1</nresults></limit>"), 400, CONDITION_NONE},
	    {SYNC("<sync-token/><limit><nresults>99999999999</nresults></limit>"), 400, CONDITION_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report_request request;
		struct error err = ERROR_NONE;
		int ret = report_read(arena, slice_str(rows[i].body), &request, &err);

		if (ret != -EINVAL || err.http_status != rows[i].status || err.condition != rows[i].condition)
			fail_msg("%s: %d, status %d, condition %d (%s)", rows[i].body, ret, err.http_status, err.condition,
			    err.detail);
	}
}

static void test_unknown_reports_are_no_error_of_the_reader(void **state)
{
	static const char *const rows[] = {
	    "<version-tree xmlns='DAV:'/>",
	    "<expand-property xmlns='urn:ietf:params:xml:ns:caldav'/>",
	    "<calendar-query xmlns='DAV:'/>",
	    "<addressbook-query xmlns='urn:ietf:params:xml:ns:carddav'/>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report_request request = {.kind = REPORT_SYNC_COLLECTION};

		read_text(rows[i], &request);
		assert_int_equal(request.kind, REPORT_UNKNOWN);
	}
}

static void test_reports_that_the_server_reads_itself(void **state)
{
	static const struct {
		const char *body;
		enum report_kind kind;
	} rows[] = {
	    {"<expand-property xmlns='DAV:'><property name='owner'/></expand-property>", REPORT_EXPAND_PROPERTY},
	    {"<principal-search-property-set xmlns='DAV:'/>", REPORT_PRINCIPAL_SEARCH_PROPERTY_SET},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report_request request = {.root = NULL};

		read_text(rows[i].body, &request);
		assert_int_equal(request.kind, rows[i].kind);
		assert_non_null(request.root);
	}
}

/* ---- parts ---- */

static void test_a_filter_of_all_kinds(void **state)
{
	struct report_request request;
	const struct comp_filter *event;
	const struct prop_filter *prop;

	(void)state;
	read_text(EVENT("<time-range end='20270301T000000Z'/>"
	                "<prop-filter name='SUMMARY'><text-match collation='i;unicode-casemap'> A b </text-match></prop-filter>"
	                "<prop-filter name='ATTENDEE'><text-match negate-condition='yes'>x</text-match>"
	                "<param-filter name='PARTSTAT'><text-match collation='i;octet'>y</text-match></param-filter>"
	                "<param-filter name='CN'><is-not-defined/></param-filter></prop-filter>"
	                "<prop-filter name='DTSTAMP'><time-range start='20270301T000000Z' end='20270401T000000Z'/></prop-filter>"
	                "<prop-filter name='RRULE'><is-not-defined/></prop-filter>"
	                "<comp-filter name='VALARM'/><comp-filter name='X-Y'><is-not-defined/></comp-filter>"),
	    &request);
	assert_int_equal(request.kind, REPORT_CALENDAR_QUERY);
	assert_int_equal(request.props.count, 1);
	event = request.filter.root->comps;
	assert_true(slice_is(event->name, "VEVENT") && event->next == NULL);
	assert_true(event->has_range && event->range.start == INSTANT_MIN);
	assert_int_equal(event->range.end, INT64_C(1803859200));
	prop = event->props;
	assert_true(slice_is(prop->text->text, " A b ")); /* white space counts */
	assert_int_equal(prop->text->collation, COLLATION_UNICODE_CASEMAP);
	prop = prop->next;
	assert_true(prop->text->negate && prop->text->collation == COLLATION_ASCII_CASEMAP);
	assert_true(slice_is(prop->params->name, "PARTSTAT") && prop->params->text->collation == COLLATION_OCTET);
	assert_true(prop->params->next->is_not_defined && prop->params->next->next == NULL);
	prop = prop->next;
	assert_true(prop->has_range && prop->range.start == INT64_C(1803859200));
	assert_true(prop->next->is_not_defined && prop->next->next == NULL);
	assert_true(slice_is(event->comps->name, "VALARM"));
	assert_true(event->comps->next->is_not_defined && event->comps->next->next == NULL);
}

static void test_the_parts_of_a_filter_are_limited(void **state)
{
	struct buf b = BUF_INIT(1 << 20);
	struct report_request request;
	struct error err = ERROR_NONE;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		buf_reset(&b);
		buf_add_str(&b, "<calendar-query" CALDAV "><filter><comp-filter name='VCALENDAR'>");
		for (size_t i = 1; i < DAV_FILTERS_MAX + more; i++)
			buf_add_str(&b, "<prop-filter name='X'/>");
		buf_add_str(&b, "</comp-filter></filter></calendar-query>");
		assert_int_equal(report_read(arena, buf_slice(&b), &request, &err), more > 0 ? -EINVAL : 0);
	}
	assert_int_equal(err.condition, CALDAV_VALID_FILTER);
	buf_free(&b);
}

static void test_sync_collection(void **state)
{
	struct report_request request;

	(void)state;
	read_text(SYNC("<sync-token> urn:x\n</sync-token><sync-level> 1 </sync-level>"), &request);
	assert_int_equal(request.kind, REPORT_SYNC_COLLECTION);
	assert_true(slice_is(request.sync_token, "urn:x"));
	assert_true(request.has_sync_level && !request.sync_infinite && request.limit == 0);
	read_text(SYNC("<sync-token/><sync-level>Infinite</sync-level><limit><nresults>\n10 </nresults></limit>"), &request);
	assert_true(request.sync_token.len == 0 && request.has_sync_level && request.sync_infinite && request.limit == 10);
	read_text(SYNC(""), &request); /* old Apple: Depth says it */
	assert_true(request.sync_token.len == 0 && !request.has_sync_level);
}

static void test_multiget_hrefs_in_order(void **state)
{
	struct report_request request;

	(void)state;
	read_text("<calendar-multiget" CALDAV " xmlns:D='DAV:'><D:href>\n /a%20b </D:href><D:prop><D:getetag/></D:prop>"
	          "<D:href>/c</D:href><href>/no</href><D:href/></calendar-multiget>", &request);
	assert_int_equal(request.kind, REPORT_CALENDAR_MULTIGET);
	assert_int_equal(request.href_count, 3);
	assert_true(slice_is(request.hrefs[0], "/a%20b"));
	assert_true(slice_is(request.hrefs[1], "/c"));
	assert_int_equal(request.hrefs[2].len, 0);
	assert_int_equal(request.props.count, 1);
}

static void test_multiget_hrefs_are_limited(void **state)
{
	struct buf b = BUF_INIT(1 << 20);
	struct report_request request;
	struct error err = ERROR_NONE;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		buf_reset(&b);
		buf_add_str(&b, "<calendar-multiget" CALDAV " xmlns:D='DAV:'>");
		for (size_t i = 0; i < DAV_HREFS_MAX + more; i++)
			buf_add_str(&b, "<D:href>/a</D:href>");
		buf_add_str(&b, "</calendar-multiget>");
		assert_int_equal(report_read(arena, buf_slice(&b), &request, &err), more > 0 ? -EINVAL : 0);
	}
	assert_int_equal(err.condition, DAV_NUMBER_OF_MATCHES_WITHIN_LIMITS);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refusals_name_their_condition),
	    cmocka_unit_test(test_unknown_reports_are_no_error_of_the_reader),
	    cmocka_unit_test(test_reports_that_the_server_reads_itself),
	    cmocka_unit_test(test_a_filter_of_all_kinds),
	    cmocka_unit_test(test_the_parts_of_a_filter_are_limited),
	    cmocka_unit_test(test_sync_collection),
	    cmocka_unit_test(test_multiget_hrefs_in_order),
	    cmocka_unit_test(test_multiget_hrefs_are_limited),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
