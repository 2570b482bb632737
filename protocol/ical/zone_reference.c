#include <config.h>

#include "protocol/ical/zone_reference.h"

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/content_line.h"

#define TZIDS_MAX 100 /* of one stream that are put in; who uses more has written a stress test */

static bool is_standard(const struct zone_set *zones, struct slice tzid)
{
	return zone_set_named(zones, tzid) != NULL || slice_is(tzid, "UTC");
}

/* ---- left out ---- */

struct definition {
	struct slice raw; /* from its BEGIN on */
	struct slice tzid;
	size_t depth; /* components open, itself counted */
};

/* A standard zone's definition goes, another one stays. */
static int end_definition(struct definition *now, const struct zone_set *zones, const struct content_line *line,
    struct buf *out)
{
	now->raw.len = (size_t)(line->raw.at + line->raw.len - now->raw.at);
	if (is_standard(zones, now->tzid))
		return 1;
	buf_add_slice(out, now->raw);
	return 0;
}

static int leave_out(struct arena *arena, const struct zone_set *zones, struct slice text, struct buf *out)
{
	struct definition now = {0};
	struct content_reader reader;
	struct content_line line;
	struct slice name;
	bool changed = false;
	int ret;

	content_reader_init(&reader, arena, text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		bool begins = content_line_marks(&line, "BEGIN", &name);

		if (now.depth == 0 && begins && slice_is_nocase(name, "VTIMEZONE")) {
			now = (struct definition){slice_from(line.raw, 0), SLICE_EMPTY, 1};
		} else if (now.depth == 0) {
			buf_add_slice(out, line.raw);
		} else if (begins) {
			now.depth++;
		} else if (content_line_marks(&line, "END", &name)) {
			if (--now.depth == 0)
				changed |= end_definition(&now, zones, &line, out) > 0;
		} else if (now.depth == 1 && content_line_is(&line, "TZID")) {
			now.tzid = slice_trim(line.value);
		}
	}
	return ret < 0 ? ret : changed;
}

/* ---- put in ---- */

struct used {
	const struct zone_set *zones;
	struct slice tzids[TZIDS_MAX];
	size_t count;
	size_t place; /* in the text: in front of the first component of the calendar */
};

static void note_used(struct used *used, const struct content_line *line)
{
	struct slice tzid;

	if (line->parameters.len == 0 || !content_parameter(line->parameters, "TZID", &tzid))
		return;
	tzid = slice_trim(tzid);
	for (size_t i = 0; i < used->count; i++)
		if (slice_equal(used->tzids[i], tzid))
			return;
	if (used->count < TZIDS_MAX && zone_set_find(used->zones, tzid) != NULL)
		used->tzids[used->count++] = tzid;
}

static int find_used(struct arena *arena, struct slice text, struct used *used)
{
	struct content_reader reader;
	struct content_line line;
	struct slice name;
	size_t begins = 0;
	int ret;

	content_reader_init(&reader, arena, text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		if (content_line_marks(&line, "BEGIN", &name) && ++begins == 2)
			used->place = (size_t)(line.raw.at - text.at);
		note_used(used, &line);
	}
	return ret;
}

static int put_in(struct arena *arena, const struct zone_set *zones, struct slice text, struct buf *out)
{
	struct used *used = arena_zalloc(arena, sizeof(*used));
	int ret = used != NULL ? 0 : -ENOMEM;

	if (ret == 0) {
		used->zones = zones;
		ret = find_used(arena, text, used);
	}
	if (ret < 0 || used->count == 0 || used->place == 0)
		return ret < 0 ? ret : 0;
	buf_add_slice(out, slice_sub(text, 0, used->place));
	for (size_t i = 0; ret == 0 && i < used->count; i++)
		ret = zone_write(zone_set_find(zones, used->tzids[i]), used->tzids[i], ZONE_REFERENCE_FROM, out);
	buf_add_slice(out, slice_from(text, used->place));
	return ret < 0 ? ret : 1;
}

bool ical_zones_may_change(struct slice text, enum zones_wanted wanted)
{
	/* Who defines a zone defines all that he uses. */
	return (slice_find(text, SLICE("VTIMEZONE")) >= 0) == (wanted == ZONES_BY_REFERENCE);
}

int ical_zones_apply(struct arena *arena, const struct zone_set *zones, struct slice text, enum zones_wanted wanted,
    struct buf *out)
{
	size_t before = out->len;
	int ret;

	if (!ical_zones_may_change(text, wanted))
		return 0;
	ret = wanted == ZONES_BY_REFERENCE ? leave_out(arena, zones, text, out) : put_in(arena, zones, text, out);
	if (ret == 0)
		buf_truncate(out, before);
	return ret > 0 && out->err < 0 ? out->err : ret;
}
