#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/itip/attendee_change.h"
#include "tests/unit/itip_env.h"

#define MEETING(lines)       CALENDAR(EVENT(AT("09") "SUMMARY:Plan\nLOCATION:Here\n" ORGANIZER ALICE lines))
#define SERIES(lines)        EVENT(AT("09") "SUMMARY:Plan\nRRULE:FREQ=DAILY;COUNT=5\n" ORGANIZER ALICE lines)
#define OVERRIDE(day, lines) EVENT("RECURRENCE-ID;TZID=Europe/Amsterdam:202703" day "T090000\n" \
	"DTSTART;TZID=Europe/Amsterdam:202703" day "T090000\nDURATION:PT1H\nSUMMARY:Plan\n" ORGANIZER ALICE lines)
#define STORED MEETING(BOB("NEEDS-ACTION") CAROL("ACCEPTED"))

static const struct slice bob_address[] = {{"mailto:bob@example.org", 22}};
static const struct itip_user bob = {bob_address, 1};

static struct itip_attendee_change change_of(const struct itip_env *env, const char *old, const char *new)
{
	struct itip_attendee_change change;
	struct error err = ERROR_NONE;
	int ret = itip_attendee_change(env, slice_str(old), slice_str(new), &bob, &change, &err);

	if (ret != 0)
		fail_msg("%d: %s", ret, err.detail);
	return change;
}

static void test_what_only_the_organizer_changes(void **state)
{
	const struct {
		const char *what, *new;
	} rows[] = {
	    {"time", CALENDAR(EVENT(AT("10") "SUMMARY:Plan\n" ORGANIZER ALICE BOB("ACCEPTED")))},
	    {"length", CALENDAR(EVENT("DTSTART;TZID=Europe/Amsterdam:20270310T090000\nDURATION:PT2H\n" ORGANIZER BOB("ACCEPTED")))},
	    {"title", CALENDAR(EVENT(AT("09") "SUMMARY:Other\n" ORGANIZER ALICE BOB("ACCEPTED")))},
	    {"a rule", CALENDAR(EVENT(AT("09") "RRULE:FREQ=DAILY\n" ORGANIZER ALICE BOB("ACCEPTED")))},
	    {"another organizer", CALENDAR(EVENT(AT("09") "ORGANIZER:mailto:bob@example.org\n" ALICE BOB("ACCEPTED")))},
	    {"no organizer", CALENDAR(EVENT(AT("09") ALICE BOB("ACCEPTED")))},
	    {"one more", MEETING(BOB("ACCEPTED") CAROL("ACCEPTED") "ATTENDEE:mailto:dave@example.org\n")},
	    {"status", MEETING("STATUS:CANCELLED\n" BOB("ACCEPTED"))},
	    {"an instance of what has none", CALENDAR(EVENT(AT("09") "SUMMARY:Plan\n" ORGANIZER ALICE BOB("ACCEPTED")) OVERRIDE("11", BOB("DECLINED")))},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct itip_attendee_change change;
		struct error err = ERROR_NONE;
		int ret = itip_attendee_change(*state, SLICE(STORED), slice_str(rows[i].new), &bob, &change, &err);

		if (ret != -EINVAL || err.condition != CALDAV_ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE)
			fail_msg("%s: %d, condition %d", rows[i].what, ret, err.condition);
	}
}

static void test_an_answer_is_stored_as_it_was_sent(void **state)
{
	const char *new = MEETING(BOB("ACCEPTED") CAROL("ACCEPTED") "TRANSP:TRANSPARENT\nBEGIN:VALARM\nACTION:AUDIO\nTRIGGER:-PT5M\nEND:VALARM\n");
	struct itip_attendee_change change = change_of(*state, STORED, new);

	assert_false(change.rewritten);
	assert_true(slice_is(change.text, new));
	assert_true(has(change.reply, "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.org"));
	assert_true(has(change.reply, ORGANIZER) && has(change.reply, "REQUEST-STATUS:2.0;Success"));
	assert_false(has(change.reply, "carol") || has(change.reply, "VALARM") || has(change.reply, "TRANSP"));
}

static void test_what_is_no_answer_tells_nobody(void **state)
{
	struct itip_attendee_change change = change_of(*state, STORED, MEETING(BOB("NEEDS-ACTION") CAROL("ACCEPTED") "X-A:1\n"));

	assert_int_equal(change.reply.len, 0);
	change = change_of(*state, STORED, MEETING("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org\n" CAROL("DECLINED")));
	assert_int_equal(change.reply.len, 0);
	assert_true(change.rewritten);
	assert_true(has(change.text, "PARTSTAT=ACCEPTED:mailto:carol@example.org")); /* another's answer is another's */
}

static void test_forced_answers_and_other_agents(void **state)
{
	struct itip_attendee_change change = change_of(*state, STORED,
	    CALENDAR(EVENT(AT("09") "SUMMARY:Plan\nLOCATION:Here\nORGANIZER;SCHEDULE-FORCE-SEND=REPLY:mailto:alice@example.org\n" ALICE BOB("NEEDS-ACTION") CAROL("ACCEPTED"))));

	assert_true(has(change.reply, "PARTSTAT=NEEDS-ACTION"));
	assert_false(has(change.text, "FORCE-SEND") || has(change.reply, "FORCE-SEND"));
	change = change_of(*state, STORED,
	    CALENDAR(EVENT(AT("10") "ORGANIZER;SCHEDULE-AGENT=CLIENT:mailto:alice@example.org\n" BOB("ACCEPTED"))));
	assert_true(change.reply.len == 0 && !change.rewritten);
}

/* Android and Outlook write anew what they know of an object. */
static void test_what_an_app_drops_stays(void **state)
{
	struct itip_attendee_change change = change_of(*state,
	    CALENDAR(EVENT(AT("09") "SUMMARY:Plan\nDESCRIPTION:long\nSEQUENCE:2\nX-KEPT:1\n" ORGANIZER ALICE BOB("NEEDS-ACTION") CAROL("ACCEPTED"))),
	    CALENDAR(EVENT("DTSTART:20270310T080000Z\nDTEND:20270310T090000Z\nSEQUENCE:5\nSUMMARY:Plan \n" ORGANIZER BOB("TENTATIVE"))));

	assert_true(change.rewritten);
	assert_true(has(change.text, AT("09")) && has(change.text, "DESCRIPTION:long") && has(change.text, "SEQUENCE:2"));
	assert_true(has(change.text, "PARTSTAT=TENTATIVE:mailto:bob") && has(change.text, "carol"));
	assert_true(has(change.reply, "PARTSTAT=TENTATIVE"));
}

static void test_answers_for_single_instances(void **state)
{
	struct itip_attendee_change change = change_of(*state, CALENDAR(SERIES(BOB("ACCEPTED"))),
	    CALENDAR(SERIES(BOB("ACCEPTED")) OVERRIDE("12", BOB("DECLINED"))));

	assert_false(change.rewritten);
	assert_true(has(change.reply, "RECURRENCE-ID;TZID=Europe/Amsterdam:20270312T090000") && has(change.reply, "DECLINED"));
	assert_false(has(change.reply, "PARTSTAT=ACCEPTED"));
	change = change_of(*state, CALENDAR(SERIES(BOB("ACCEPTED"))),
	    CALENDAR(SERIES("EXDATE;TZID=Europe/Amsterdam:20270313T090000\n" BOB("ACCEPTED"))));
	assert_false(change.rewritten);
	assert_true(has(change.reply, "RECURRENCE-ID;TZID=Europe/Amsterdam:20270313T090000") && has(change.reply, "DECLINED"));
}

static void test_a_deleted_copy_is_declined(void **state)
{
	struct slice reply;

	assert_int_equal(itip_attendee_decline(*state, SLICE(STORED), &bob, &reply), 0);
	assert_true(has(reply, "PARTSTAT=DECLINED:mailto:bob@example.org"));
	assert_int_equal(itip_attendee_decline(*state, SLICE(MEETING(BOB("DECLINED"))), &bob, &reply), 0);
	assert_int_equal(reply.len, 0);
	assert_int_equal(itip_attendee_decline(*state, SLICE(MEETING("STATUS:CANCELLED\n" BOB("ACCEPTED"))), &bob, &reply), 0);
	assert_int_equal(reply.len, 0);
}

static void test_those_who_answer_by_themselves(void **state)
{
	const struct itip_answer answers[] = {
	    {.whole = true, .partstat = SLICE("ACCEPTED")},
	    {.id = 1804752000, .partstat = SLICE("DECLINED"), .comment = SLICE("Taken; free at\n10")}, /* 2027-03-11 08:00Z */
	}, none = {.id = 5, .partstat = SLICE("DECLINED")};
	struct slice reply;

	assert_int_equal(itip_attendee_answer(*state, SLICE(CALENDAR(SERIES(BOB("NEEDS-ACTION")))), &bob, answers, 2, &reply), 0);
	assert_true(has(reply, "PARTSTAT=ACCEPTED") && has(reply, "RECURRENCE-ID;TZID=Europe/Amsterdam:20270311T090000"));
	assert_true(has(reply, "COMMENT:Taken\\; free at\\n10"));
	assert_int_equal(itip_attendee_answer(*state, SLICE(CALENDAR(SERIES(""))), &bob, answers, 1, &reply), -ENOENT);
	assert_int_equal(itip_attendee_answer(*state, SLICE(CALENDAR(SERIES(BOB("X")))), &bob, &none, 1, &reply), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_only_the_organizer_changes),
	    cmocka_unit_test(test_an_answer_is_stored_as_it_was_sent),
	    cmocka_unit_test(test_what_is_no_answer_tells_nobody),
	    cmocka_unit_test(test_forced_answers_and_other_agents),
	    cmocka_unit_test(test_what_an_app_drops_stays),
	    cmocka_unit_test(test_answers_for_single_instances),
	    cmocka_unit_test(test_a_deleted_copy_is_declined),
	    cmocka_unit_test(test_those_who_answer_by_themselves),
	};

	return cmocka_run_group_tests(tests, itip_env_open, itip_env_close);
}
