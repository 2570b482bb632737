/*
 * itip_env - what the tests of scheduling share: an arena with zones, and texts written with one line a string.
 */
#ifndef TESTS_ITIP_ENV_H
#define TESTS_ITIP_ENV_H

#include "protocol/itip/message.h"
#include "tests/support/zones.h"

#define CALENDAR(inside) "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n" inside "END:VCALENDAR\n"
#define EVENT(lines)     "BEGIN:VEVENT\nUID:1\nDTSTAMP:20270101T000000Z\n" lines "END:VEVENT\n"
#define AT(hour)         "DTSTART;TZID=Europe/Amsterdam:20270310T" hour "0000\nDURATION:PT1H\n"
#define ORGANIZER        "ORGANIZER:mailto:alice@example.org\n"
#define ALICE            "ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.org\n"
#define BOB(partstat)    "ATTENDEE;PARTSTAT=" partstat ":mailto:bob@example.org\n"
#define CAROL(partstat)  "ATTENDEE;PARTSTAT=" partstat ":mailto:carol@example.org\n"

/* Whether LINE stands in TEXT, folded or not. */
static inline bool has(struct slice text, const char *line)
{
	size_t wanted = strlen(line);

	for (size_t start = 0; start < text.len; start++) {
		size_t at = start, matched = 0;

		while (matched < wanted && at < text.len) {
			if (slice_starts(slice_from(text, at), SLICE("\r\n ")))
				at += 3;
			else if (text.at[at++] != line[matched++])
				break;
			else if (matched == wanted)
				return true;
		}
	}
	return false;
}

static inline int itip_env_open(void **state)
{
	static const char *const names[] = {"Europe/Amsterdam", "Europe/London", "America/New_York", NULL};
	static struct itip_env env;

	calendar_object_init();
	env = (struct itip_env){.arena = arena_new(64u << 20), .zones = support_zones(names), .now = 1800000000};
	env.floating = zone_set_find(env.zones, SLICE("Europe/Amsterdam"));
	*state = &env;
	return env.arena != NULL ? 0 : -1;
}

static inline int itip_env_close(void **state)
{
	struct itip_env *env = *state;

	arena_free(env->arena);
	zone_set_free((struct zone_set *)env->zones);
	return 0;
}

#endif
