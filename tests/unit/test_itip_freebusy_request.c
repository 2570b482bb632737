#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/itip/freebusy_request.h"
#include "tests/unit/itip_env.h"

#define ASK(lines) "BEGIN:VCALENDAR\nMETHOD:REQUEST\nVERSION:2.0\nBEGIN:VFREEBUSY\nUID:u\n" lines "END:VFREEBUSY\nEND:VCALENDAR\n"
#define FROM       "DTSTART:20270310T000000Z\n"
#define DAY        FROM "DTEND:20270311T000000Z\n"

static void test_a_request_is_read(void **state)
{
	const struct itip_env *env = *state;
	struct freebusy_request request;
	struct error err = ERROR_NONE;

	assert_int_equal(freebusy_request_read(env, SLICE(ASK(DAY ORGANIZER BOB("X") CAROL("X") "X-CALENDARSERVER-MASK-UID:m\n")),
	                     &request, &err), 0);
	assert_true(slice_is(request.uid, "u"));
	assert_true(slice_is(request.mask, "m"));
	assert_true(slice_is(request.organizer, "mailto:alice@example.org"));
	assert_int_equal(request.attendee_count, 2);
	assert_int_equal(request.window.end - request.window.start, DAY_SECONDS);
	assert_int_equal(freebusy_request_read(env, SLICE(ASK(FROM "DURATION:PT2H\n" ORGANIZER BOB("X"))), &request, &err), 0);
	assert_int_equal(request.window.end - request.window.start, 2 * HOUR_SECONDS);
	assert_int_equal(request.mask.len, 0);
}

static void test_what_is_no_request(void **state)
{
	const char *rows[] = {
	    ASK(DAY BOB("X")),
	    ASK(DAY ORGANIZER),
	    ASK(FROM ORGANIZER BOB("X")),
	    ASK("DTEND:20270311T000000Z\n" ORGANIZER BOB("X")),
	    ASK(FROM "DTEND:20270310T000000Z\n" ORGANIZER BOB("X")),
	    ASK(FROM "DTEND:20280410T000000Z\n" ORGANIZER BOB("X")),
	    "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VFREEBUSY\nUID:u\n" DAY ORGANIZER BOB("X") "END:VFREEBUSY\nEND:VCALENDAR\n",
	    "BEGIN:VCALENDAR\nMETHOD:REQUEST\n" EVENT(AT("09") ORGANIZER BOB("X")) "END:VCALENDAR\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct freebusy_request request;
		struct error err = ERROR_NONE;

		if (freebusy_request_read(*state, slice_str(rows[i]), &request, &err) != -EINVAL ||
		    err.condition != CALDAV_VALID_SCHEDULING_MESSAGE)
			fail_msg("row %zu: condition %d", i, err.condition);
	}
}

static void test_the_answer_is_a_message(void **state)
{
	const struct itip_env *env = *state;
	struct freebusy_request request;
	struct freebusy_reply reply = {.window = {1800000000, 1800003600}};
	struct buf out = BUF_INIT(65536);
	struct itip_message message;
	struct error err = ERROR_NONE;

	assert_int_equal(freebusy_request_read(env, SLICE(ASK(DAY ORGANIZER BOB("X"))), &request, &err), 0);
	assert_int_equal(freebusy_reply_add(&reply, reply.window, FREEBUSY_TENTATIVE), 0);
	freebusy_request_answer(&request, &request.attendees[0], &reply, env->now, &out);
	freebusy_reply_free(&reply);
	assert_int_equal(itip_message_read(env, buf_slice(&out), &message, &err), 0);
	assert_int_equal(message.method, ITIP_REPLY);
	assert_true(slice_find(message.body, SLICE("FREEBUSY;FBTYPE=BUSY-TENTATIVE:20270115T080000Z/20270115T090000Z")) > 0);
	assert_true(slice_find(message.body, SLICE("ATTENDEE:mailto:bob@example.org")) > 0);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_request_is_read),
	    cmocka_unit_test(test_what_is_no_request),
	    cmocka_unit_test(test_the_answer_is_a_message),
	};

	return cmocka_run_group_tests(tests, itip_env_open, itip_env_close);
}
