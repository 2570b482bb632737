#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/itip/organizer_change.h"
#include "tests/unit/itip_env.h"

#define SERIES(lines)        EVENT(AT("09") "RRULE:FREQ=DAILY;COUNT=5\n" ORGANIZER ALICE lines)
#define OVERRIDE(day, lines) EVENT("RECURRENCE-ID;TZID=Europe/Amsterdam:202703" day "T090000\n" lines)
#define ON(day, hour)        "DTSTART;TZID=Europe/Amsterdam:202703" day "T" hour "0000\nDURATION:PT1H\n"
#define PLAIN(lines)         CALENDAR(EVENT(AT("09") ORGANIZER ALICE lines))
#define DELIVERED_BOB(p)     "ATTENDEE;SCHEDULE-STATUS=1.2;PARTSTAT=" p ":mailto:bob@example.org\n"

static const struct slice alice_address[] = {{"mailto:alice@example.org", 24}};
static const struct itip_user alice = {alice_address, 1};

static struct itip_organizer_change change_of(const struct itip_env *env, const char *old, const char *new)
{
	struct itip_organizer_change change;
	struct error err = ERROR_NONE;
	int ret = itip_organizer_change(env, slice_str(old), slice_str(new), &alice, NULL, &change, &err);

	if (ret != 0)
		fail_msg("%d: %s", ret, err.detail);
	return change;
}

/* "bob REQUEST, carol CANCEL 20270311T080000Z": quiet ones in brackets. */
static const char *summary(const struct itip_env *env, const struct itip_organizer_change *change)
{
	struct buf b = BUF_INIT(65536);
	char *copy;

	for (size_t i = 0; i < change->count; i++) {
		const struct itip_delivery *d = &change->deliveries[i];
		struct slice name = slice_from(d->address, 7);

		buf_printf(&b, "%s%s%.*s %.*s", i > 0 ? ", " : "", d->quiet ? "(" : "", (int)slice_find_byte(name, '@'), name.at,
		    SLICE_ARG(itip_method_name(d->method)));
		for (size_t j = 0; j < d->id_count; j++) {
			buf_add_char(&b, ' ');
			buf_add_basic_utc(&b, d->ids[j]);
		}
		if (d->quiet)
			buf_add_char(&b, ')');
	}
	copy = arena_copy(env->arena, buf_slice(&b));
	buf_free(&b);
	return copy;
}

static void test_who_is_told_what(void **state)
{
	const struct {
		const char *what, *old, *new, *wished;
	} rows[] = {
	    {"new", "", PLAIN(BOB("NEEDS-ACTION") CAROL("NEEDS-ACTION")), "bob REQUEST, carol REQUEST"},
	    {"nobody but himself", "", PLAIN(""), ""},
	    {"deleted", PLAIN(BOB("ACCEPTED")), "", "bob CANCEL"},
	    {"one more", PLAIN(BOB("ACCEPTED")), PLAIN(BOB("ACCEPTED") CAROL("NEEDS-ACTION")), "(bob REQUEST), carol REQUEST"},
	    {"one less", PLAIN(BOB("ACCEPTED") CAROL("ACCEPTED")), PLAIN(CAROL("ACCEPTED")), "bob CANCEL, (carol REQUEST)"},
	    {"moved", PLAIN(BOB("ACCEPTED")), CALENDAR(EVENT(AT("10") ORGANIZER ALICE BOB("ACCEPTED"))), "bob REQUEST"},
	    {"another title", PLAIN(BOB("ACCEPTED")), PLAIN("SUMMARY:x\n" BOB("ACCEPTED")), "bob REQUEST"},
	    {"an alarm, a category and the like", PLAIN(BOB("ACCEPTED")),
	        PLAIN("CATEGORIES:a\nX-A:1\nTRANSP:TRANSPARENT\nLAST-MODIFIED:20270101T000000Z\n" BOB("ACCEPTED")
	            "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nDESCRIPTION:x\nEND:VALARM\n"), "(bob REQUEST)"},
	    {"the zone by another name of the same time", PLAIN(BOB("ACCEPTED")),
	        CALENDAR(EVENT("DTSTART:20270310T080000Z\nDTEND:20270310T090000Z\n" ORGANIZER ALICE BOB("ACCEPTED"))),
	        "(bob REQUEST)"},
	    {"cancelled by status", PLAIN(BOB("ACCEPTED")), PLAIN("STATUS:CANCELLED\n" BOB("ACCEPTED")), "bob CANCEL"},
	    {"another's business", "", PLAIN("ATTENDEE;SCHEDULE-AGENT=NONE:mailto:bob@example.org\n"
	                                     "ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:carol@example.org\n"), ""},
	    {"the client takes over", PLAIN(BOB("ACCEPTED")),
	        PLAIN("ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:bob@example.org\n"), "bob CANCEL"},
	    {"forced", PLAIN(BOB("ACCEPTED")), PLAIN("ATTENDEE;SCHEDULE-FORCE-SEND=REQUEST:mailto:bob@example.org\n"), "bob REQUEST"},
	    {"one instance moved", CALENDAR(SERIES(BOB("ACCEPTED"))),
	        CALENDAR(SERIES(BOB("ACCEPTED")) OVERRIDE("11", ON("11", "14") ORGANIZER ALICE BOB("ACCEPTED"))),
	        "bob REQUEST 20270311T080000Z"},
	    {"one instance as it was", CALENDAR(SERIES(BOB("ACCEPTED"))),
	        CALENDAR(SERIES(BOB("ACCEPTED")) OVERRIDE("11", ON("11", "09") ORGANIZER ALICE BOB("ACCEPTED"))), "(bob REQUEST)"},
	    {"invited to one instance", CALENDAR(SERIES("")),
	        CALENDAR(SERIES("") OVERRIDE("11", ON("11", "09") ORGANIZER ALICE BOB("NEEDS-ACTION"))), "bob REQUEST"},
	    {"taken out of one instance", CALENDAR(SERIES(BOB("ACCEPTED"))),
	        CALENDAR(SERIES(BOB("ACCEPTED")) OVERRIDE("11", ON("11", "09") ORGANIZER ALICE)), "bob CANCEL 20270311T080000Z"},
	    {"one instance left out", CALENDAR(SERIES(BOB("ACCEPTED"))),
	        CALENDAR(SERIES("EXDATE;TZID=Europe/Amsterdam:20270312T090000\n" BOB("ACCEPTED"))), "bob CANCEL 20270312T080000Z"},
	    {"left out and back", CALENDAR(SERIES("EXDATE;TZID=Europe/Amsterdam:20270312T090000\n" BOB("ACCEPTED"))),
	        CALENDAR(SERIES(BOB("ACCEPTED"))), "bob REQUEST"},
	    {"an override taken back", CALENDAR(SERIES(BOB("ACCEPTED")) OVERRIDE("11", ON("11", "14") ORGANIZER ALICE BOB("ACCEPTED"))),
	        CALENDAR(SERIES(BOB("ACCEPTED"))), "bob REQUEST"},
	    {"a longer series", CALENDAR(SERIES(BOB("ACCEPTED"))),
	        CALENDAR(EVENT(AT("09") "RRULE:COUNT=6;FREQ=DAILY\n" ORGANIZER ALICE BOB("ACCEPTED"))), "bob REQUEST"},
	    {"the same rule in another order", CALENDAR(SERIES(BOB("ACCEPTED"))),
	        CALENDAR(EVENT(AT("09") "RRULE:COUNT=5;FREQ=DAILY\n" ORGANIZER ALICE BOB("ACCEPTED"))), "(bob REQUEST)"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct itip_organizer_change change = change_of(*state, rows[i].old, rows[i].new);
		const char *seen = summary(*state, &change);

		if (strcmp(seen, rows[i].wished) != 0)
			fail_msg("%s: \"%s\", wished \"%s\"", rows[i].what, seen, rows[i].wished);
	}
}

static void test_a_move_asks_everybody_anew(void **state)
{
	struct itip_organizer_change change = change_of(*state, PLAIN("SEQUENCE:3\n" BOB("ACCEPTED")),
	    CALENDAR(EVENT(AT("10") "SEQUENCE:3\n" ORGANIZER ALICE BOB("ACCEPTED"))));

	assert_true(change.rewritten && change.rescheduled);
	assert_true(has(change.text, "SEQUENCE:4\r\n"));
	assert_true(has(change.text, "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob@example.org"));
	assert_true(has(change.text, ALICE)); /* his own answer stays */
	change = change_of(*state, PLAIN("SEQUENCE:3\n" BOB("ACCEPTED")),
	    CALENDAR(EVENT(AT("10") "SEQUENCE:7\n" ORGANIZER ALICE BOB("ACCEPTED"))));
	assert_true(has(change.text, "SEQUENCE:7\n")); /* the client raised it */
}

static void test_answers_that_came_meanwhile_stay(void **state)
{
	struct itip_organizer_change change =
	    change_of(*state, PLAIN(DELIVERED_BOB("ACCEPTED") CAROL("ACCEPTED")), PLAIN("SUMMARY:x\n" BOB("NEEDS-ACTION") CAROL("DECLINED")));

	assert_true(change.rewritten && !change.rescheduled);
	assert_true(has(change.text, "SCHEDULE-STATUS=1.2;PARTSTAT=ACCEPTED:mailto:bob@example.org"));
	assert_true(has(change.text, CAROL("DECLINED"))); /* whom the server does not reach: the organizer may know better */
	assert_false(has(change.text, "SEQUENCE"));
	change = change_of(*state, "", PLAIN("ATTENDEE;SCHEDULE-FORCE-SEND=REQUEST:mailto:bob@example.org\n"));
	assert_false(has(change.text, "FORCE-SEND"));
	change = change_of(*state, "", PLAIN(BOB("NEEDS-ACTION")));
	assert_false(change.rewritten);
}

static bool is_bob(struct slice address, struct slice email, void *arg)
{
	(void)email, (void)arg;
	return ical_address_is(address, SLICE("bob@example.org"));
}

static void test_nobody_accepts_for_others(void **state)
{
	const struct itip_local local = {is_bob, NULL};
	struct itip_organizer_change change;
	struct error err = ERROR_NONE;

	assert_int_equal(itip_organizer_change(*state, SLICE_EMPTY, SLICE(PLAIN(DELIVERED_BOB("ACCEPTED") CAROL("ACCEPTED"))), &alice,
	                     &local, &change, &err), 0);
	assert_true(has(change.text, BOB("NEEDS-ACTION")) || has(change.text, "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org"));
	assert_true(has(change.text, CAROL("ACCEPTED")));
	assert_false(has(change.text, "SCHEDULE-STATUS"));
}

static struct slice message_of(const struct itip_env *env, const char *old, const char *new, size_t i)
{
	struct itip_organizer_change change = change_of(env, old, new);
	struct slice body;

	assert_true(i < change.count);
	assert_int_equal(itip_organizer_message(env, change.deliveries[i].as_it_was ? slice_str(old) : change.text,
	                     &change.deliveries[i], &body), 0);
	return body;
}

static void test_a_message_tells_nothing_that_is_not_his(void **state)
{
	struct slice body = message_of(*state, "", CALENDAR(
	    SERIES("X-MOZ-LASTACK:1\nX-APPLE-STRUCTURED-LOCATION:geo\nCATEGORIES:secret\nCOMMENT;X-SLOTKEEPER-ATTENDEE=mailto:c:no\n"
	           DELIVERED_BOB("NEEDS-ACTION") "BEGIN:VALARM\nACTION:DISPLAY\nEND:VALARM\n")
	    OVERRIDE("11", ON("11", "14") "SUMMARY:without him\n" ORGANIZER ALICE)), 0);

	assert_false(has(body, "X-MOZ") || has(body, "secret") || has(body, "COMMENT") || has(body, "VALARM") ||
	             has(body, "SCHEDULE-STATUS") || has(body, "without him"));
	assert_true(has(body, "X-APPLE-STRUCTURED-LOCATION:geo"));
	assert_true(has(body, "EXDATE;TZID=Europe/Amsterdam:20270311T090000"));
	assert_true(has(body, "DTSTAMP:20270115T080000Z")); /* of now */
}

static void test_a_message_of_single_instances(void **state)
{
	struct slice body = message_of(*state, CALENDAR(SERIES(BOB("ACCEPTED") CAROL("ACCEPTED"))),
	    CALENDAR(SERIES("EXDATE;TZID=Europe/Amsterdam:20270328T090000,20270312T090000\n" BOB("ACCEPTED") CAROL("ACCEPTED"))), 0);

	assert_true(has(body, "RECURRENCE-ID;TZID=Europe/Amsterdam:20270312T090000"));
	assert_true(has(body, "STATUS:CANCELLED") && has(body, "SEQUENCE:1") && !has(body, "RRULE"));
	assert_true(has(body, "bob") && !has(body, "carol"));
	assert_false(has(body, "20270328")); /* which never was an instance */
}

static void test_limits(void **state)
{
	const struct itip_env *env = *state;
	struct buf b = BUF_INIT(1u << 20);
	struct itip_organizer_change change;
	struct error err = ERROR_NONE;

	buf_add_str(&b, "BEGIN:VCALENDAR\nVERSION:2.0\n");
	for (int i = 0; i < 60; i++) {
		buf_printf(&b, "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:202703%02dT%02d0000Z\nDTSTART:20270301T000000Z\n" ORGANIZER,
		    1 + i / 20, i % 20);
		for (int j = 0; j < 300; j++)
			buf_printf(&b, "ATTENDEE:mailto:a%d@b\n", i * 300 + j);
		buf_add_str(&b, "END:VEVENT\n");
	}
	buf_add_str(&b, "END:VCALENDAR\n");
	assert_int_equal(b.err, 0);
	assert_int_equal(itip_organizer_change(env, SLICE_EMPTY, buf_slice(&b), &alice, NULL, &change, &err), -EINVAL);
	assert_int_equal(err.condition, CALDAV_MAX_ATTENDEES_PER_INSTANCE);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_who_is_told_what),
	    cmocka_unit_test(test_a_move_asks_everybody_anew),
	    cmocka_unit_test(test_answers_that_came_meanwhile_stay),
	    cmocka_unit_test(test_nobody_accepts_for_others),
	    cmocka_unit_test(test_a_message_tells_nothing_that_is_not_his),
	    cmocka_unit_test(test_a_message_of_single_instances),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, itip_env_open, itip_env_close);
}
