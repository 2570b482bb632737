#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/draft.h"

#define ZONE   "BEGIN:VTIMEZONE\nTZID:A\nEND:VTIMEZONE\n"
#define MASTER "BEGIN:VEVENT\nUID:1\nSUMM\n ARY:x\nATTENDEE;CN=\"A, B\":mailto:a\nBEGIN:VALARM\nUID:9\nEND:VALARM\nATTENDEE:mailto:b\nEND:VEVENT\n"
#define OTHER  "BEGIN:VEVENT\nUID:1\nEND:VEVENT\n"
#define TEXT   "BEGIN:VCALENDAR\nVERSION:2.0\n" ZONE MASTER "X-BETWEEN:1\n" OTHER "END:VCALENDAR"

struct place {
	struct arena *arena;
	struct draft *draft;
};

static struct place open_draft(const char *text)
{
	struct place p = {.arena = arena_new(1 << 20)};

	assert_int_equal(draft_parse(p.arena, slice_str(text), &p.draft), 0);
	return p;
}

static void expect(struct place p, const char *expected)
{
	struct slice text;

	assert_int_equal(draft_text(p.draft, &text), 0);
	if (!slice_is(text, expected))
		fail_msg("%.*s", SLICE_ARG(text));
	arena_free(p.arena);
}

static void test_untouched_text_stays_byte_for_byte(void **state)
{
	(void)state;
	expect(open_draft(TEXT), TEXT);
	expect(open_draft("\xef\xbb\xbf" "BEGIN:VCALENDAR\r\n\r\nbegin : vevent\r\nend:vevent\r\nEND:VCALENDAR\r\n\r\n"),
	    "\xef\xbb\xbf" "BEGIN:VCALENDAR\r\n\r\nbegin : vevent\r\nend:vevent\r\nEND:VCALENDAR\r\n\r\n");
}

static void test_one_attendee_of_one_component_changes(void **state)
{
	struct place p = open_draft(TEXT);
	struct draft_line *line = draft_find(draft_component(p.draft, 0), "attendee");

	(void)state;
	assert_true(slice_is(line->value, "mailto:a"));
	line = draft_find_next(line, "ATTENDEE");
	draft_set(p.draft, line, draft_parameter(p.draft, line->parameters, "PARTSTAT", SLICE("ACCEPTED")), line->value);
	assert_null(draft_find_next(line, "ATTENDEE"));
	expect(p, "BEGIN:VCALENDAR\nVERSION:2.0\n" ZONE
	          "BEGIN:VEVENT\nUID:1\nSUMM\n ARY:x\nATTENDEE;CN=\"A, B\":mailto:a\nBEGIN:VALARM\nUID:9\nEND:VALARM\n"
	          "ATTENDEE;PARTSTAT=ACCEPTED:mailto:b\r\nEND:VEVENT\nX-BETWEEN:1\n" OTHER "END:VCALENDAR");
}

static void test_properties_come_before_what_is_inside(void **state)
{
	struct place p = open_draft(TEXT);
	struct draft_part *master = draft_component(p.draft, 0), *other = draft_component(p.draft, 1);

	(void)state;
	draft_put(p.draft, master, "SUMMARY", SLICE_EMPTY, SLICE("y"));
	draft_add(p.draft, master, SLICE("A"), SLICE_EMPTY, SLICE("1"));
	draft_put(p.draft, other, "B", SLICE(";C=1"), SLICE("2"));
	draft_put(p.draft, p.draft->first, "METHOD", SLICE_EMPTY, SLICE("REPLY"));
	draft_remove_all(master, "ATTENDEE");
	expect(p, "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REPLY\r\n" ZONE
	          "BEGIN:VEVENT\nUID:1\nSUMMARY:y\r\nA:1\r\nBEGIN:VALARM\nUID:9\nEND:VALARM\nEND:VEVENT\nX-BETWEEN:1\n"
	          "BEGIN:VEVENT\nUID:1\nB;C=1:2\r\nEND:VEVENT\nEND:VCALENDAR");
}

static void test_components_come_and_go(void **state)
{
	struct place p = open_draft(TEXT), q = open_draft("BEGIN:VCALENDAR\nEND:VCALENDAR\n");

	(void)state;
	draft_take_zones(q.draft, p.draft);
	draft_take_zones(q.draft, p.draft);
	draft_append(q.draft, draft_component(p.draft, 1));
	draft_copy_inside(q.draft, draft_component(q.draft, 0), draft_component(p.draft, 0));
	draft_append(q.draft, draft_component(p.draft, 0));
	draft_remove_inside(draft_component(q.draft, 1));
	draft_drop(p.draft, draft_component(p.draft, 0));
	assert_null(draft_component(p.draft, 1));
	expect(q, "BEGIN:VCALENDAR\n" ZONE "BEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nUID:9\nEND:VALARM\nEND:VEVENT\n"
	          "BEGIN:VEVENT\nUID:1\nSUMM\n ARY:x\nATTENDEE;CN=\"A, B\":mailto:a\nATTENDEE:mailto:b\nEND:VEVENT\nEND:VCALENDAR\n");
	expect(p, "BEGIN:VCALENDAR\nVERSION:2.0\n" ZONE "X-BETWEEN:1\n" OTHER "END:VCALENDAR");
}

static void test_parameters(void **state)
{
	const struct {
		const char *before, *name, *value, *after;
	} rows[] = {
	    {"", "PARTSTAT", "DECLINED", ";PARTSTAT=DECLINED"},
	    {";CN=\"A;B\";partstat=X;ROLE=CHAIR", "PARTSTAT", "Y", ";CN=\"A;B\";ROLE=CHAIR;PARTSTAT=Y"},
	    {";A=1;B=2;A=3", "A", NULL, ";B=2"},
	    {"", "SENT-BY", "mailto:a\"b", ";SENT-BY=\"mailto:a b\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct place p = open_draft(TEXT);
		struct slice value = rows[i].value != NULL ? slice_str(rows[i].value) : slice_of(NULL, 0);
		struct slice after = draft_parameter(p.draft, slice_str(rows[i].before), rows[i].name, value);

		if (!slice_is(after, rows[i].after))
			fail_msg("row %zu: %.*s", i, SLICE_ARG(after));
		arena_free(p.arena);
	}
}

static void test_what_does_not_nest_is_refused(void **state)
{
	const char *rows[] = {"END:VCALENDAR\n", "BEGIN:VCALENDAR\n", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *arena = arena_new(1 << 20);
		struct draft *draft;

		if (draft_parse(arena, slice_str(rows[i]), &draft) != -EILSEQ)
			fail_msg("row %zu", i);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_untouched_text_stays_byte_for_byte),
	    cmocka_unit_test(test_one_attendee_of_one_component_changes),
	    cmocka_unit_test(test_properties_come_before_what_is_inside),
	    cmocka_unit_test(test_components_come_and_go),
	    cmocka_unit_test(test_parameters),
	    cmocka_unit_test(test_what_does_not_nest_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
