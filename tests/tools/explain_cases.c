/*
 * explain_cases - answers cases for tests/property/booking_oracle.py: each line of the standard input is a case in JSON, the
 * answer is one line, or {"error": "..."}.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/calendar_object.h"
#include "protocol/json/json.h"
#include "server/base/tzdata.h"
#include "server/booking/explain.h"

#define ARENA_MAX (64u << 20)

static void answer(struct arena *arena, const struct zone_set *zones, struct slice line)
{
	AUTO_BUF struct buf out = BUF_INIT(EXPLAIN_BYTES_MAX);
	struct error err = ERROR_NONE;
	int ret = explain_case(arena, zones, line, EXPLAIN_JSON, &out, &err);

	if (ret < 0) {
		buf_reset(&out);
		json_open_object(&out, NULL);
		json_add_text(&out, "error", slice_str(err.detail));
		json_add_integer(&out, "ret", ret);
		json_close_object(&out);
		buf_add_char(&out, '\n');
	}
	fwrite(out.at, 1, out.len, stdout);
	fflush(stdout); /* who asks waits for it */
}

int main(void)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct zone_set *zones = NULL;
	struct error err = ERROR_NONE;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	calendar_object_init();
	if (arena == NULL || tzdata_load(NULL, &zones, &err) < 0) {
		fprintf(stderr, "explain_cases: %s\n", err.detail);
		return 1;
	}
	while ((len = getline(&line, &size, stdin)) > 0) {
		answer(arena, zones, slice_of(line, (size_t)len));
		arena_reset(arena);
	}
	free(line);
	zone_set_free(zones);
	arena_free(arena);
	return 0;
}
