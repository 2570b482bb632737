#include <config.h>

#include "protocol/ical/zone_rename.h"

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/edit.h"

static const struct zone_rename *find(const struct zone_rename *renames, struct slice tzid)
{
	while (renames != NULL && !slice_equal(renames->from, tzid))
		renames = renames->next;
	return renames;
}

/* The parameters with another TZID, which is quoted: it may hold anything but quotes. */
static void add_parameters(struct buf *b, struct slice parameters, struct slice tzid)
{
	struct slice rest = parameters, name, value;

	for (struct slice at = rest; content_parameter_next(&rest, &name, &value); at = rest) {
		if (slice_is_nocase(name, "TZID"))
			buf_printf(b, ";TZID=\"%.*s\"", SLICE_ARG(tzid));
		else
			buf_add_slice(b, slice_sub(at, 0, (size_t)(rest.at - at.at)));
	}
}

/* True when the line has been written with another name. */
static bool rename_line(const struct content_line *line, bool in_zone, const struct zone_rename *renames, struct buf *out)
{
	AUTO_BUF struct buf parameters = BUF_INIT(out->max);
	const struct zone_rename *rename;
	struct slice tzid;

	if (in_zone && content_line_is(line, "TZID")) {
		rename = find(renames, slice_trim(line->value));
		if (rename != NULL)
			ical_add_line(out, line->name, line->parameters, rename->to);
		return rename != NULL;
	}
	if (line->parameters.len == 0 || !content_parameter(line->parameters, "TZID", &tzid))
		return false;
	rename = find(renames, slice_trim(tzid));
	if (rename == NULL)
		return false;
	add_parameters(&parameters, line->parameters, rename->to);
	ical_add_line(out, line->name, buf_slice(&parameters), line->value);
	return true;
}

int ical_zones_rename(struct arena *arena, struct slice text, const struct zone_rename *renames, struct buf *out)
{
	struct content_reader reader;
	struct content_line line;
	struct slice name;
	bool in_zone = false;
	int ret;

	content_reader_init(&reader, arena, text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		if (content_line_marks(&line, "BEGIN", &name))
			in_zone = slice_is_nocase(name, "VTIMEZONE");
		else if (content_line_marks(&line, "END", &name))
			in_zone = false;
		if (!rename_line(&line, in_zone, renames, out))
			buf_add_slice(out, line.raw);
	}
	return ret < 0 ? ret : out->err;
}

/* At every change of A, and before the first. */
static bool agrees(const struct zone *a, const struct zone *b)
{
	for (instant_t at = INSTANT_MIN; at < INSTANT_MAX; at = zone_next_transition(a, at))
		if (zone_offset_at(a, at) != zone_offset_at(b, at))
			return false;
	return true;
}

bool ical_zones_are_same(struct arena *arena, struct slice a, struct slice b)
{
	const struct zone *x, *y;

	if (slice_equal(a, b))
		return true;
	return zone_from_vtimezone(arena, a, &x) == 0 && zone_from_vtimezone(arena, b, &y) == 0 && agrees(x, y) &&
	       agrees(y, x);
}
