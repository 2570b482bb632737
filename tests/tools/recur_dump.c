/*
 * recur_dump - prints what the product makes of recurrence rules, for tests/property/recur_oracle.py.
 *
 * Each line of the standard input is "TZID DTSTART WINDOW-START WINDOW-END RRULE"; the answer is one line: the starts of
 * the instances in UTC, or "refused" and why.
 */
#include <config.h>

#include <stdio.h>

#include "protocol/base/cleanup.h"
#include "protocol/recur/instances.h"
#include "tests/support/zones.h"

#define LINE_MAX_BYTES 2000
#define ARENA_MAX      (16 << 20)

static const char *const zone_names[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
	"Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca", "UTC", NULL};

struct question {
	struct slice tzid, start, rule;
	struct interval window;
};

static int read_question(struct slice line, struct question *q)
{
	struct slice from, to;

	if (!slice_next(&line, ' ', &q->tzid) || !slice_next(&line, ' ', &q->start) || !slice_next(&line, ' ', &from) ||
	    !slice_next(&line, ' ', &to) || line.at == NULL)
		return -1;
	q->rule = line;
	if (instant_parse_basic(from, &q->window.start) < 0 || instant_parse_basic(to, &q->window.end) < 0)
		return -1;
	return 0;
}

static int answer(struct arena *arena, const struct zone_set *zones, const struct question *q, struct buf *out)
{
	struct instances_options options = {.floating = zone_utc(), .window = q->window};
	struct calendar_object *object;
	struct error err = ERROR_NONE;
	struct instances all;
	char *text = arena_printf(arena,
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\n"
	    "DTSTART;TZID=%.*s:%.*s\r\nRRULE:%.*s\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
	    SLICE_ARG(q->tzid), SLICE_ARG(q->start), SLICE_ARG(q->rule));

	if (text == NULL)
		return -1;
	if (calendar_object_parse(arena, zones, slice_str(text), ICAL_OBJECT_MAX, &object, &err) < 0) {
		buf_printf(out, "unread %s\n", err.detail);
		return 0;
	}
	if (recur_instances(arena, object, &options, &all, &err) < 0) {
		buf_printf(out, "refused %s", err.detail);
	} else {
		for (size_t i = 0; i < all.count; i++) {
			if (i > 0)
				buf_add_char(out, ' ');
			buf_add_basic_utc(out, all.at[i].at.start);
		}
	}
	buf_add_char(out, '\n');
	calendar_object_free(object);
	return 0;
}

int main(void)
{
	struct zone_set *zones;
	struct arena *arena = arena_new(ARENA_MAX);
	char line[LINE_MAX_BYTES];
	int status = 0;

	calendar_object_init();
	zones = support_zones(zone_names);
	while (status == 0 && fgets(line, sizeof(line), stdin) != NULL) {
		struct buf out AUTO_BUF = BUF_INIT(1 << 20);
		struct question q;

		line[strcspn(line, "\n")] = '\0';
		if (read_question(slice_str(line), &q) < 0 || answer(arena, zones, &q, &out) < 0 || out.err != 0) {
			fprintf(stderr, "cannot answer: %s\n", line);
			status = 1;
		}
		fwrite(out.at, 1, out.len, stdout);
		arena_reset(arena);
	}
	zone_set_free(zones);
	arena_free(arena);
	return status;
}
