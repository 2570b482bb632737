/* A service in JSON: defaults, what is refused and where, and back; and what a case file is refused for. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/ical/calendar_object.h"
#include "server/base/tzdata.h"
#include "server/booking/explain.h"
#include "server/booking/rules/policy.h"

static struct arena *arena;
static struct zone_set *zones;

static int setup(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	calendar_object_init();
	arena = arena_new(64u << 20);
	return arena == NULL ? -1 : tzdata_load(NULL, &zones, &err);
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	zone_set_free(zones);
	return 0;
}

static int read_policy(const char *text, struct policy *policy_r, struct error *err)
{
	AUTO_JSON struct json_document *document = NULL;
	struct json_value root;
	int ret = json_read(slice_str(text), POLICY_BYTES_MAX, &document, err);

	if (ret < 0)
		fail_msg("not JSON: %s", text);
	root = json_root(document);
	return policy_read(arena, &root, true, policy_r, err);
}

static void test_defaults_are_those_of_the_contract(void **state)
{
	struct policy policy;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(
	    read_policy("{\"name\":\"Haircut, short\",\"duration_minutes\":30,\"staff\":[\"alice\",\"bob\"]}", &policy, &err), 0);
	assert_true(slice_is(policy.id, "haircut-short"));
	assert_int_equal(policy.duration, 1800);
	assert_int_equal(policy.step_minutes, 30);
	assert_int_equal(policy.horizon_days, 365);
	assert_int_equal(policy.capacity, 1);
	assert_int_equal(policy.assignment, ASSIGN_ANY);
	assert_true(policy.tentative_blocks && policy.visible);
	assert_int_equal(policy.reminder_count, 1);
	assert_int_equal(policy.reminders[0], 1440);
	assert_int_equal(read_policy("{\"name\":\"x\",\"duration_minutes\":30,\"staff\":[\"alice\"]}", &policy, &err), 0);
	assert_int_equal(policy.assignment, ASSIGN_FIXED);
}

static void test_what_is_wrong_is_named(void **state)
{
#define SERVICE(more) "{\"name\":\"x\",\"duration_minutes\":30,\"staff\":[\"alice\",\"bob\"]" more "}"
	static const struct {
		const char *json, *where;
	} rows[] = {
	    {"{\"duration_minutes\":30,\"staff\":[\"alice\"]}", "name"},
	    {"{\"name\":\"x\",\"staff\":[\"alice\"]}", "duration_minutes"},
	    {"{\"name\":\"x\",\"duration_minutes\":30}", "staff"},
	    {"{\"name\":\"x\",\"duration_minutes\":30,\"staff\":[]}", "staff"},
	    {"{\"name\":\"x\",\"duration_minutes\":30,\"staff\":[\"alice\",\"alice\"]}", "staff[1]"},
	    {"{\"name\":\"x\",\"duration_minutes\":0,\"staff\":[\"alice\"]}", "duration_minutes"},
	    {"{\"name\":\"x\",\"duration_minutes\":\"30\",\"staff\":[\"alice\"]}", "duration_minutes"},
	    {SERVICE(",\"colour\":1"), "colour"},
	    {SERVICE(",\"id\":\"a/b\""), "id"},
	    {SERVICE(",\"assignment\":\"fixed\""), "assignment"},
	    {SERVICE(",\"assignment\":\"sometimes\""), "assignment"},
	    {SERVICE(",\"weights\":{\"carol\":2}"), "weights.carol"},
	    {SERVICE(",\"weights\":{\"bob\":0}"), "weights.bob"},
	    {SERVICE(",\"resources\":[{}]"), "resources[0]"},
	    {SERVICE(",\"resources\":[{\"id\":\"a\",\"pool\":\"b\"}]"), "resources[0]"},
	    {SERVICE(",\"resources\":[{\"id\":\"a\"},{\"id\":\"a\"}]"), "resources[1]"},
	    {SERVICE(",\"reminders_minutes\":[-1]"), "reminders_minutes[0]"},
	    {SERVICE(",\"capacity\":0"), "capacity"},
	    {SERVICE(",\"slot_align\":\"left\""), "slot_align"},
	    {SERVICE(",\"tentative_blocks\":1"), "tentative_blocks"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy policy;
		struct error err = ERROR_NONE;

		if (read_policy(rows[i].json, &policy, &err) != -EINVAL)
			fail_msg("%s: not refused", rows[i].json);
		if (strncmp(err.detail, rows[i].where, strlen(rows[i].where)) != 0)
			fail_msg("%s: %s", rows[i].json, err.detail);
	}
}

/* What is written is read as the same, and written as the same. */
static void test_a_service_is_written_as_it_was_read(void **state)
{
	static const char text[] = SERVICE(
	    ",\"assignment\":\"round_robin\",\"weights\":{\"bob\":3},\"buffer_combine\":\"max\",\"slot_align\":\"window\","
	    "\"resources\":[{\"pool\":\"chair\",\"count\":2},{\"id\":\"room-1\"}],\"video\":\"zoom\",\"on_decline\":\"keep\","
	    "\"min_notice_minutes\":90,\"location\":\"B\\u00fcro\",\"public\":false,\"reminders_minutes\":[60,10]");
	AUTO_BUF struct buf first = BUF_INIT(65536), second = BUF_INIT(65536);
	struct error err = ERROR_NONE;
	struct policy policy;

	(void)state;
	assert_int_equal(read_policy(text, &policy, &err), 0);
	policy_write(&first, NULL, &policy, true);
	buf_add_char(&first, '\0');
	assert_int_equal(first.err, 0);
	assert_int_equal(read_policy(first.at, &policy, &err), 0);
	policy_write(&second, NULL, &policy, true);
	buf_add_char(&second, '\0');
	assert_string_equal(first.at, second.at);
	assert_non_null(strstr(first.at, "\"weights\":{\"bob\":3}"));
	assert_non_null(strstr(first.at, "\"resources\":[{\"pool\":\"chair\",\"count\":2},{\"id\":\"room-1\"}]"));
	assert_non_null(strstr(first.at, "\"min_notice_minutes\":90"));
	buf_reset(&second);
	policy_write(&second, NULL, &policy, false);
	buf_add_char(&second, '\0');
	assert_null(strstr(second.at, "weights"));
}

static void test_a_case_is_refused_by_its_field(void **state)
{
#define FRAME(staff, more)                                                                         \
	"{\"now\":\"2027-01-01T00:00:00Z\",\"service\":{\"duration_minutes\":30,\"staff\":[\"a\"]},\"staff\":[" staff "]" more "}"
#define A     "{\"name\":\"a\",\"hours\":{\"weekly\":{}}}"
#define QUERY ",\"query\":{\"start\":\"2027-01-02T00:00:00Z\",\"end\":\"2027-01-03T00:00:00Z\"}"
	static const struct {
		const char *json, *where;
	} rows[] = {
	    {"[]", ""},
	    {FRAME(A, ""), "query, request or series"},
	    {FRAME("", QUERY), "service.staff[0]"},
	    {FRAME(A, QUERY ",\"colour\":1"), "colour"},
	    {FRAME(A, ",\"query\":{\"from\":\"2027-01-02\",\"to\":\"2027-01-02T00:00\"}"), "query"},
	    {FRAME(A, ",\"query\":{\"start\":\"2027-01-02T00:00:00Z\",\"end\":\"2029-01-03T00:00:00Z\"}"), "query"},
	    {FRAME(A, ",\"request\":{\"start\":\"2027-01-02T00:00:00Z\",\"staff\":\"b\"}"), "request.staff"},
	    {FRAME(A, ",\"series\":{\"start\":\"2027-01-02T00:00\",\"timezone\":\"Nowhere\",\"count\":2}"), "series.timezone"},
	    {FRAME("{\"name\":\"a\",\"events\":[{\"start\":\"2027-01-02T10:00\",\"end\":\"2027-01-02\"}]}", QUERY), "staff[0].events[0]"},
	    {FRAME("{\"name\":\"a\",\"events\":[{\"start\":\"2027-01-02T10:00\",\"rrule\":\"FREQ=NEVER\"}]}", QUERY), "staff[0].events[0]"},
	    {FRAME("{\"name\":\"a\",\"hours\":{\"weekly\":{\"mon\":[[\"9\",\"10\"]]}}}", QUERY), "staff[0].hours.weekly.mon[0][0]"},
	    {FRAME(A, QUERY ",\"bookings\":[{\"start\":\"2027-01-02T10:00:00Z\",\"end\":\"2027-01-02T10:00:00Z\"}]"), "bookings[0]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(65536);
		struct error err = ERROR_NONE;

		if (explain_case(arena, zones, slice_str(rows[i].json), EXPLAIN_JSON, &out, &err) != -EINVAL)
			fail_msg("%s: not refused", rows[i].json);
		if (strncmp(err.detail, rows[i].where, strlen(rows[i].where)) != 0)
			fail_msg("%s: %s", rows[i].json, err.detail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults_are_those_of_the_contract),
	    cmocka_unit_test(test_what_is_wrong_is_named),
	    cmocka_unit_test(test_a_service_is_written_as_it_was_read),
	    cmocka_unit_test(test_a_case_is_refused_by_its_field),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
