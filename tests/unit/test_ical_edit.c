#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/edit.h"

#define SET(n, v)  {ICAL_EDIT_SET, SLICE(n), SLICE_EMPTY, SLICE(v)}
#define DROP(n)    {ICAL_EDIT_REMOVE, SLICE(n), SLICE_EMPTY, SLICE_EMPTY}
#define PLUS(n, v) {ICAL_EDIT_ADD, SLICE(n), SLICE(";X=1"), SLICE(v)}

static void test_edits(void **state)
{
	const struct {
		const char *text;
		struct ical_edit edit;
		const char *expected;
	} rows[] = {
	    /* bare LF, odd folding and an unknown component stay as they are */
	    {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\n  b\nBEGIN:PARTICIPANT\nSTATUS:x\nEND:PARTICIPANT\nEND:VEVENT\nEND:VCALENDAR",
		SET("STATUS", "CANCELLED"),
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\n  b\nSTATUS:CANCELLED\r\nBEGIN:PARTICIPANT\nSTATUS:x\nEND:PARTICIPANT\nEND:VEVENT\nEND:VCALENDAR"},
	    /* the first is replaced in its place, folded name and all; others go */
	    {"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSTA\r\n TUS;A=b:x\r\nUID:1\r\nstatus:y\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
		SET("STATUS", "CONFIRMED"),
		"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSTATUS:CONFIRMED\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"},
	    {"BEGIN:VCALENDAR\r\nSUMMARY:c\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\n b\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
		DROP("SUMMARY"),
		"BEGIN:VCALENDAR\r\nSUMMARY:c\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"},
	    {"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nX-A:1\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
		PLUS("X-A", "2"),
		"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nX-A:1\r\nX-A;X=1:2\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nX-A;X=1:2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"},
	    /* a property behind the alarm is found */
	    {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VALARM\nEND:VALARM\nSTATUS:x\nEND:VEVENT\nEND:VCALENDAR\n",
		SET("STATUS", "y"),
		"BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VALARM\nEND:VALARM\nSTATUS:y\r\nEND:VEVENT\nEND:VCALENDAR\n"},
	    {"BEGIN:VCALENDAR\nBEGIN:VTODO\nSTATUS:x\nEND:VTODO\nEND:VCALENDAR\n", SET("STATUS", "y"),
		"BEGIN:VCALENDAR\nBEGIN:VTODO\nSTATUS:x\nEND:VTODO\nEND:VCALENDAR\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT(4096);
		int ret = ical_edit_apply(slice_str(rows[i].text), "VEVENT", &rows[i].edit, 1, &out);

		if (ret != 0 || !slice_is(buf_slice(&out), rows[i].expected))
			fail_msg("row %zu: %d\n%.*s", i, ret, SLICE_ARG(buf_slice(&out)));
		buf_free(&out);
	}
}

static void test_what_would_break_the_text_is_refused(void **state)
{
	const struct ical_edit injected = SET("SUMMARY", "a\r\nSTATUS:CANCELLED"), plain = SET("SUMMARY", "a");
	struct buf out = BUF_INIT(4096), tiny = BUF_INIT(20);

	(void)state;
	assert_int_equal(ical_edit_apply(SLICE("BEGIN:VCALENDAR\nEND:VCALENDAR\n"), "VEVENT", &injected, 1, &out), -EINVAL);
	assert_int_equal(ical_edit_apply(SLICE("BEGIN:VCALENDAR\nBEGIN:VEVENT\n"), "VEVENT", &plain, 1, &out), -EINVAL);
	assert_int_equal(ical_edit_apply(SLICE("END:VCALENDAR\n"), "VEVENT", &plain, 1, &out), -EINVAL);
	assert_int_equal(ical_edit_apply(SLICE("BEGIN:VCALENDAR\nEND:VCALENDAR\n"), "VEVENT", &plain, 1, &tiny), -EMSGSIZE);
	buf_free(&out);
	buf_free(&tiny);
}

static void test_lines_are_folded_between_characters(void **state)
{
	struct buf out = BUF_INIT(4096), back = BUF_INIT(4096);
	char value[] = "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		       "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		       "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		       "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac";
	struct slice rest, line;

	(void)state;
	ical_add_line(&out, SLICE("SUMMARY"), SLICE_EMPTY, slice_str(value));
	for (rest = buf_slice(&out); slice_next_line(&rest, &line);) {
		assert_true(line.len <= 75);
		buf_add_slice(&back, slice_from(line, back.len > 0 && line.len > 0 ? 1 : 0));
		if (line.len > 1)
			assert_true(((unsigned char)line.at[1] & 0xc0) != 0x80);
	}
	assert_true(slice_equal(slice_from(buf_slice(&back), 8), slice_str(value)));
	buf_reset(&out);
	ical_escape_text(&out, SLICE("a,b;c\\d\r\ne\nf\x01"));
	assert_true(slice_is(buf_slice(&out), "a\\,b\\;c\\\\d\\ne\\nf"));
	buf_free(&out);
	buf_free(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_edits),
	    cmocka_unit_test(test_what_would_break_the_text_is_refused),
	    cmocka_unit_test(test_lines_are_folded_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
