#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/itip/apply.h"
#include "tests/unit/itip_env.h"

#define STAMP(s)             "BEGIN:VEVENT\nUID:1\nDTSTAMP:" s "\n"
#define MESSAGE(method, c)   "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:" method "\n" c "END:VCALENDAR\n"
#define SERIES(lines)        EVENT(AT("09") "RRULE:FREQ=DAILY;COUNT=5\n" ORGANIZER ALICE lines)
#define ID(day)              "RECURRENCE-ID;TZID=Europe/Amsterdam:202703" day "T090000\n"
#define ON(day, hour)        "DTSTART;TZID=Europe/Amsterdam:202703" day "T" hour "0000\nDURATION:PT1H\n"
#define ALARM                "BEGIN:VALARM\nACTION:AUDIO\nTRIGGER:-PT5M\nEND:VALARM\n"

static const struct slice bob_address[] = {{"mailto:bob@example.org", 22}}, alice_address[] = {{"mailto:alice@example.org", 24}};
static const struct itip_user bob = {bob_address, 1}, alice = {alice_address, 1};

static struct itip_applied apply(const struct itip_env *env, const char *text, const char *stored, const struct itip_user *user)
{
	struct itip_applied applied;
	struct itip_message message;
	struct error err = ERROR_NONE;

	if (itip_message_read(env, slice_str(text), &message, &err) != 0)
		fail_msg("no message: %s\n%s", err.detail, text);
	assert_int_equal(itip_apply(env, &message, slice_str(stored), user, &applied), 0);
	return applied;
}

static void test_outcomes(void **state)
{
	const char *meeting = CALENDAR(EVENT(AT("09") "SEQUENCE:2\n" ORGANIZER ALICE BOB("NEEDS-ACTION")));
	const struct {
		const char *what, *message;
		const char *stored;
		const struct itip_user *user;
		enum itip_outcome wished;
	} rows[] = {
	    {"an invitation", MESSAGE("REQUEST", EVENT(AT("09") ORGANIZER BOB("NEEDS-ACTION"))), "", &bob, ITIP_APPLIED},
	    {"not for him", MESSAGE("REQUEST", EVENT(AT("09") ORGANIZER CAROL("NEEDS-ACTION"))), "", &bob, ITIP_NOT_INVITED},
	    {"an update", MESSAGE("REQUEST", EVENT(AT("10") "SEQUENCE:3\n" ORGANIZER BOB("NEEDS-ACTION"))), meeting, &bob, ITIP_APPLIED},
	    {"an old update", MESSAGE("REQUEST", EVENT(AT("10") "SEQUENCE:1\n" ORGANIZER BOB("NEEDS-ACTION"))), meeting, &bob, ITIP_STALE},
	    {"of before", MESSAGE("REQUEST", STAMP("20261231T000000Z") AT("10") "SEQUENCE:2\n" ORGANIZER BOB("NEEDS-ACTION") "END:VEVENT\n"),
	        meeting, &bob, ITIP_STALE},
	    {"twice", MESSAGE("REQUEST", EVENT(AT("09") "SEQUENCE:2\n" ORGANIZER ALICE BOB("NEEDS-ACTION"))),
	        "BEGIN:VCALENDAR\nVERSION:2.0\n" EVENT(AT("09") "SEQUENCE:2\n" ORGANIZER ALICE BOB("NEEDS-ACTION")) "END:VCALENDAR\n", &bob, ITIP_SAME},
	    {"another's", MESSAGE("REQUEST", EVENT(AT("10") "SEQUENCE:9\nORGANIZER:mailto:carol@example.org\n" BOB("NEEDS-ACTION"))),
	        meeting, &bob, ITIP_NOT_ORGANIZER},
	    {"a cancellation", MESSAGE("CANCEL", EVENT(AT("09") "SEQUENCE:3\n" ORGANIZER BOB("X"))), meeting, &bob, ITIP_APPLIED},
	    {"an old cancellation", MESSAGE("CANCEL", EVENT(AT("09") "SEQUENCE:1\n" ORGANIZER)), meeting, &bob, ITIP_STALE},
	    {"another's cancellation", MESSAGE("CANCEL", EVENT(AT("09") "SEQUENCE:3\nORGANIZER:mailto:carol@example.org\n")), meeting, &bob,
	        ITIP_NOT_ORGANIZER},
	    {"of nothing", MESSAGE("CANCEL", EVENT(AT("09") ORGANIZER)), "", &bob, ITIP_NO_OBJECT},
	    {"an answer", MESSAGE("REPLY", EVENT("SEQUENCE:2\n" ORGANIZER BOB("ACCEPTED"))), meeting, &alice, ITIP_APPLIED},
	    {"without ORGANIZER", MESSAGE("REPLY", EVENT(BOB("ACCEPTED"))), meeting, &alice, ITIP_APPLIED},
	    {"to an older one", MESSAGE("REPLY", EVENT("SEQUENCE:1\n" ORGANIZER BOB("ACCEPTED"))), meeting, &alice, ITIP_STALE},
	    {"a party crasher's", MESSAGE("REPLY", EVENT("SEQUENCE:2\n" ORGANIZER CAROL("ACCEPTED"))), meeting, &alice, ITIP_NOT_INVITED},
	    {"of no instance", MESSAGE("REPLY", EVENT(ID("11") ORGANIZER BOB("ACCEPTED"))), meeting, &alice, ITIP_NO_INSTANCE},
	    {"one more, of nothing", MESSAGE("ADD", EVENT(AT("09") ORGANIZER BOB("NEEDS-ACTION"))), "", &bob, ITIP_NO_OBJECT},
	    {"asked again", MESSAGE("REFRESH", EVENT(ORGANIZER BOB("ACCEPTED"))), meeting, &alice, ITIP_SEND_AGAIN},
	    {"asked by another", MESSAGE("REFRESH", EVENT(ORGANIZER CAROL("ACCEPTED"))), meeting, &alice, ITIP_NOT_INVITED},
	    {"a proposal", MESSAGE("COUNTER", EVENT(AT("15") "SEQUENCE:2\n" ORGANIZER BOB("TENTATIVE"))), meeting, &alice, ITIP_PROPOSED},
	    {"an old proposal", MESSAGE("COUNTER", EVENT(AT("15") "SEQUENCE:1\n" ORGANIZER BOB("TENTATIVE"))), meeting, &alice, ITIP_STALE},
	    {"not wanted", MESSAGE("COUNTER", EVENT(AT("15") ORGANIZER BOB("TENTATIVE"))),
	        CALENDAR(EVENT(AT("09") "X-MICROSOFT-DISALLOW-COUNTER:TRUE\n" ORGANIZER BOB("ACCEPTED"))), &alice, ITIP_REFUSED},
	    {"a proposal declined", MESSAGE("DECLINECOUNTER", EVENT(AT("15") ORGANIZER BOB("TENTATIVE"))), meeting, &bob, ITIP_SAME},
	    {"of another object", MESSAGE("CANCEL", "BEGIN:VEVENT\nUID:2\n" AT("09") ORGANIZER "END:VEVENT\n"), meeting, &bob, ITIP_NO_OBJECT},
	    {"published", MESSAGE("PUBLISH", EVENT(AT("15"))), "", &bob, ITIP_NOT_HANDLED},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct itip_applied applied = apply(*state, rows[i].message, rows[i].stored, rows[i].user);

		if (applied.outcome != rows[i].wished)
			fail_msg("%s: %d, wished %d", rows[i].what, applied.outcome, rows[i].wished);
	}
}

static void test_an_update_keeps_what_is_the_attendees(void **state)
{
	const char *copy = CALENDAR(EVENT(AT("09") "TRANSP:TRANSPARENT\nCATEGORIES:mine\nX-A:1\n" ORGANIZER ALICE BOB("ACCEPTED") ALARM));
	struct itip_applied applied = apply(*state,
	    MESSAGE("REQUEST", EVENT(AT("09") "SUMMARY:new\nTRANSP:OPAQUE\n" ORGANIZER ALICE BOB("NEEDS-ACTION") CAROL("ACCEPTED"))), copy, &bob);

	assert_false(applied.rescheduled);
	assert_true(has(applied.text, "SUMMARY:new") && has(applied.text, "carol") && has(applied.text, BOB("ACCEPTED")) == false);
	assert_true(has(applied.text, "PARTSTAT=ACCEPTED:mailto:bob"));
	assert_true(has(applied.text, "TRANSP:TRANSPARENT") && !has(applied.text, "OPAQUE") && has(applied.text, "CATEGORIES:mine") &&
	            has(applied.text, "X-A:1") && has(applied.text, ALARM));
	applied = apply(*state, MESSAGE("REQUEST", EVENT(AT("10") "SEQUENCE:1\n" ORGANIZER ALICE BOB("NEEDS-ACTION"))), copy, &bob);
	assert_true(applied.rescheduled && has(applied.text, "PARTSTAT=NEEDS-ACTION:mailto:bob"));
}

static void test_single_instances(void **state)
{
	struct itip_applied applied = apply(*state, MESSAGE("REQUEST", EVENT(ID("11") ON("11", "14") ORGANIZER BOB("NEEDS-ACTION"))),
	    CALENDAR(SERIES(BOB("ACCEPTED") ALARM)), &bob);

	assert_int_equal(applied.outcome, ITIP_APPLIED);
	assert_true(has(applied.text, "RRULE") && has(applied.text, ID("11")) && has(applied.text, ON("11", "14")));
	applied = apply(*state, MESSAGE("CANCEL", EVENT(ID("12") ON("12", "09") ORGANIZER)), applied.text.at, &bob);
	assert_true(has(applied.text, "EXDATE;TZID=Europe/Amsterdam:20270312T090000") && !has(applied.text, "CANCELLED"));
	applied = apply(*state, MESSAGE("REQUEST", EVENT(ID("12") ON("12", "15") ORGANIZER BOB("NEEDS-ACTION"))), applied.text.at, &bob);
	assert_true(has(applied.text, ID("12")) && !has(applied.text, "EXDATE"));
	applied = apply(*state, MESSAGE("CANCEL", EVENT(ID("11") ON("11", "14") ORGANIZER)),
	    CALENDAR(EVENT(ID("11") ON("11", "14") ORGANIZER BOB("ACCEPTED"))), &bob);
	assert_true(applied.cancelled && has(applied.text, "STATUS:CANCELLED"));
	applied = apply(*state, MESSAGE("ADD", EVENT(ON("20", "11") ORGANIZER BOB("NEEDS-ACTION"))), CALENDAR(SERIES(BOB("ACCEPTED"))), &bob);
	assert_true(has(applied.text, "RDATE;TZID=Europe/Amsterdam:20270320T110000") &&
	            has(applied.text, "RECURRENCE-ID;TZID=Europe/Amsterdam:20270320T110000"));
}

static void test_answers(void **state)
{
	const char *stored = CALENDAR(SERIES(BOB("NEEDS-ACTION") CAROL("NEEDS-ACTION")));
	struct itip_applied applied =
	    apply(*state, MESSAGE("REPLY", EVENT(ORGANIZER "COMMENT:late\n" BOB("ACCEPTED"))), stored, &alice), again;

	assert_true(slice_is(applied.sender, "mailto:bob@example.org"));
	assert_true(has(applied.text, "COMMENT;X-SLOTKEEPER-ATTENDEE=\"mailto:bob@example.org\":late"));
	assert_true(has(applied.text, CAROL("NEEDS-ACTION")) && has(applied.text, "SCHEDULE-STATUS=2.0"));
	again = apply(*state, MESSAGE("REPLY", EVENT(ORGANIZER "COMMENT:late\n" BOB("ACCEPTED"))), applied.text.at, &alice);
	assert_int_equal(again.outcome, ITIP_SAME);
	again = apply(*state, MESSAGE("REPLY", STAMP("20261231T000000Z") ORGANIZER BOB("DECLINED") "END:VEVENT\n"), applied.text.at, &alice);
	assert_int_equal(again.outcome, ITIP_STALE);
	again = apply(*state, MESSAGE("REPLY", EVENT(ID("12") ORGANIZER BOB("DECLINED"))), applied.text.at, &alice);
	assert_true(has(again.text, "RECURRENCE-ID;TZID=Europe/Amsterdam:20270312T090000") && has(again.text, "PARTSTAT=DECLINED"));
	again = apply(*state, MESSAGE("REPLY", EVENT("RECURRENCE-ID:20270312T083000Z\n" ORGANIZER BOB("DECLINED"))), applied.text.at, &alice);
	assert_int_equal(again.outcome, ITIP_NO_INSTANCE);
}

static void test_one_to_whom_it_was_delegated(void **state)
{
	struct itip_applied applied = apply(*state,
	    MESSAGE("REPLY", EVENT(ORGANIZER "ATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM=\"mailto:bob@example.org\":mailto:dave@example.org\n")),
	    CALENDAR(EVENT(AT("09") ORGANIZER BOB("DELEGATED"))), &alice);

	assert_int_equal(applied.outcome, ITIP_APPLIED);
	assert_true(has(applied.text, "mailto:dave@example.org"));
}

static void test_a_proposal_is_the_object_at_the_other_time(void **state)
{
	struct itip_applied applied = apply(*state, MESSAGE("COUNTER", EVENT(AT("15") ORGANIZER BOB("TENTATIVE"))),
	    CALENDAR(EVENT("DTSTART;TZID=Europe/Amsterdam:20270310T090000\nDTEND;TZID=Europe/Amsterdam:20270310T100000\n" ORGANIZER BOB("ACCEPTED"))),
	    &alice);

	assert_true(has(applied.proposal, AT("15")) && has(applied.proposal, "SEQUENCE:1") && !has(applied.proposal, "DTEND"));
	assert_true(has(applied.text, "T090000") && has(applied.text, "PARTSTAT=TENTATIVE"));
}

static void test_others_answers_reach_a_copy(void **state)
{
	const char *source = CALENDAR(SERIES(BOB("DECLINED") "ATTENDEE;SCHEDULE-STATUS=2.0;PARTSTAT=ACCEPTED;X-SLOTKEEPER-REPLIED=0-20270101T000000Z:mailto:carol@example.org\n")
	    EVENT(ID("12") ON("12", "09") ORGANIZER ALICE BOB("ACCEPTED") CAROL("DECLINED")));
	const char *copy = CALENDAR(SERIES(BOB("ACCEPTED") "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:carol@example.org\nATTENDEE:mailto:dave@example.org\n" ALARM));
	struct itip_applied applied;

	assert_int_equal(itip_apply_participation(*state, slice_str(source), slice_str(copy), &bob, ITIP_OTHERS, &applied), 0);
	assert_int_equal(applied.outcome, ITIP_APPLIED);
	assert_true(has(applied.text, "ATTENDEE;PARTSTAT=ACCEPTED:mailto:carol") && has(applied.text, "ATTENDEE;PARTSTAT=DECLINED:mailto:carol"));
	assert_false(has(applied.text, "dave"));
	assert_false(has(applied.text, "DECLINED:mailto:bob") || has(applied.text, "SCHEDULE-STATUS") || has(applied.text, "REPLIED"));
	assert_int_equal(itip_apply_participation(*state, slice_str(source), applied.text, &bob, ITIP_OTHERS, &applied), 0);
	assert_int_equal(applied.outcome, ITIP_SAME);
	assert_int_equal(itip_apply_participation(*state, slice_str(source), applied.text, &bob, ITIP_ALL, &applied), 0);
	assert_true(has(applied.text, "DECLINED:mailto:bob"));
}

static void test_status_is_written(void **state)
{
	const char *text = CALENDAR(SERIES(BOB("ACCEPTED")));
	struct slice changed;
	struct itip_status status = {bob_address[0], SLICE("1.2")};

	assert_int_equal(itip_set_statuses(*state, slice_str(text), &status, 1, &changed), 0);
	assert_true(has(changed, "PARTSTAT=ACCEPTED;SCHEDULE-STATUS=1.2:mailto:bob"));
	status = (struct itip_status){SLICE_EMPTY, SLICE("1.1")};
	assert_int_equal(itip_set_statuses(*state, slice_str(text), &status, 1, &changed), 0);
	assert_true(has(changed, "ORGANIZER;SCHEDULE-STATUS=1.1:mailto:alice"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_outcomes),
	    cmocka_unit_test(test_an_update_keeps_what_is_the_attendees),
	    cmocka_unit_test(test_single_instances),
	    cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_one_to_whom_it_was_delegated),
	    cmocka_unit_test(test_a_proposal_is_the_object_at_the_other_time),
	    cmocka_unit_test(test_others_answers_reach_a_copy),
	    cmocka_unit_test(test_status_is_written),
	};

	return cmocka_run_group_tests(tests, itip_env_open, itip_env_close);
}
