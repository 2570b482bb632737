#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "protocol/freebusy/reply.h"

#define T0 INT64_C(1768032000) /* 2026-01-10T08:00:00Z */

static struct interval hours(double from, double to)
{
	return (struct interval){T0 + (int64_t)(from * 3600), T0 + (int64_t)(to * 3600)};
}

static void check_reply(struct freebusy_reply *reply, const char *uid, const char *want)
{
	struct buf out = BUF_INIT(10000);

	freebusy_reply_write(reply, T0 - HOUR_SECONDS, slice_str(uid), &out);
	assert_int_equal(out.err, 0);
	assert_string_equal(buf_cstr(&out), want);
	buf_free(&out);
	freebusy_reply_free(reply);
}

#define HEAD "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//EN\r\nBEGIN:VFREEBUSY\r\n"
#define RANGE "DTSTAMP:20260110T070000Z\r\nDTSTART:20260110T080000Z\r\nDTEND:20260110T180000Z\r\n"
#define TAIL "END:VFREEBUSY\r\nEND:VCALENDAR\r\n"

static void test_nothing_busy(void **state)
{
	struct freebusy_reply reply = {.window = hours(0, 10)};

	(void)state;
	assert_int_equal(freebusy_reply_add(&reply, hours(1, 2), FREEBUSY_FREE), 0);
	check_reply(&reply, "", HEAD RANGE TAIL);
}

static void test_each_kind_is_merged_and_sorted(void **state)
{
	struct freebusy_reply reply = {.window = hours(0, 10)};

	(void)state;
	assert_int_equal(freebusy_reply_add(&reply, hours(5, 6), FREEBUSY_BUSY), 0);
	assert_int_equal(freebusy_reply_add(&reply, hours(1, 2), FREEBUSY_BUSY), 0);
	assert_int_equal(freebusy_reply_add(&reply, hours(2, 3), FREEBUSY_BUSY), 0); /* touches: one period */
	assert_int_equal(freebusy_reply_add(&reply, hours(2.5, 3.5), FREEBUSY_BUSY), 0);
	assert_int_equal(freebusy_reply_add(&reply, hours(8, 9), FREEBUSY_TENTATIVE), 0);
	assert_int_equal(freebusy_reply_add(&reply, hours(7, 8), FREEBUSY_UNAVAILABLE), 0);
	check_reply(&reply, "u",
	    HEAD "UID:u\r\n" RANGE "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260110T160000Z/20260110T170000Z\r\n"
	         "FREEBUSY;FBTYPE=BUSY:20260110T090000Z/20260110T113000Z\r\n"
	         "FREEBUSY;FBTYPE=BUSY:20260110T130000Z/20260110T140000Z\r\n"
	         "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260110T150000Z/20260110T160000Z\r\n" TAIL);
}

static void test_a_higher_kind_hides_a_lower_one(void **state)
{
	struct freebusy_reply reply = {.window = hours(0, 10)};

	(void)state;
	assert_int_equal(freebusy_reply_add(&reply, hours(1, 6), FREEBUSY_TENTATIVE), 0);
	assert_int_equal(freebusy_reply_add(&reply, hours(2, 5), FREEBUSY_BUSY), 0);
	assert_int_equal(freebusy_reply_add(&reply, hours(3, 4), FREEBUSY_UNAVAILABLE), 0);
	check_reply(&reply, "",
	    HEAD RANGE "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260110T090000Z/20260110T100000Z\r\n"
	               "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260110T130000Z/20260110T140000Z\r\n"
	               "FREEBUSY;FBTYPE=BUSY:20260110T100000Z/20260110T110000Z\r\n"
	               "FREEBUSY;FBTYPE=BUSY:20260110T120000Z/20260110T130000Z\r\n"
	               "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260110T110000Z/20260110T120000Z\r\n" TAIL);
}

static void test_periods_are_clipped_to_the_window(void **state)
{
	struct freebusy_reply reply = {.window = hours(0, 10)};

	(void)state;
	assert_int_equal(freebusy_reply_add(&reply, hours(-5, 1), FREEBUSY_BUSY), 0);
	assert_int_equal(freebusy_reply_add(&reply, hours(9, 15), FREEBUSY_BUSY), 0);
	assert_int_equal(freebusy_reply_add(&reply, hours(-2, 0), FREEBUSY_BUSY), 0);  /* touches the window only */
	assert_int_equal(freebusy_reply_add(&reply, hours(10, 11), FREEBUSY_BUSY), 0);
	assert_int_equal(freebusy_reply_add(&reply, hours(4, 4), FREEBUSY_BUSY), 0); /* no length */
	check_reply(&reply, "",
	    HEAD RANGE "FREEBUSY;FBTYPE=BUSY:20260110T080000Z/20260110T090000Z\r\n"
	               "FREEBUSY;FBTYPE=BUSY:20260110T170000Z/20260110T180000Z\r\n" TAIL);
}

/* RFC 5545, 3.1: no line above 75 octets, and the unfolded text is whole. */
static void test_a_long_uid_is_folded(void **state)
{
	struct freebusy_reply reply = {.window = hours(0, 10)};
	struct buf out = BUF_INIT(10000);
	char uid[201];
	struct slice rest, line;
	size_t found = 0;

	(void)state;
	memset(uid, 'u', 200);
	uid[200] = '\0';
	freebusy_reply_write(&reply, T0, slice_str(uid), &out);
	assert_int_equal(out.err, 0);
	rest = buf_slice(&out);
	while (slice_next_line(&rest, &line)) {
		assert_in_range(line.len, 0, 75);
		for (size_t i = 0; i < line.len; i++)
			found += line.at[i] == 'u';
	}
	assert_int_equal(found, 200);
	buf_free(&out);
	freebusy_reply_free(&reply);
}

static void test_an_answer_that_does_not_fit_says_so(void **state)
{
	struct freebusy_reply reply = {.window = hours(0, 10)};
	struct buf out = BUF_INIT(100);

	(void)state;
	freebusy_reply_write(&reply, T0, SLICE_EMPTY, &out);
	assert_int_equal(out.err, -EMSGSIZE);
	buf_free(&out);
	freebusy_reply_free(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_busy),
		cmocka_unit_test(test_each_kind_is_merged_and_sorted),
		cmocka_unit_test(test_a_higher_kind_hides_a_lower_one),
		cmocka_unit_test(test_periods_are_clipped_to_the_window),
		cmocka_unit_test(test_a_long_uid_is_folded),
		cmocka_unit_test(test_an_answer_that_does_not_fit_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
