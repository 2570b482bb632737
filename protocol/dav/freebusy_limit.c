#include <config.h>

#include "protocol/dav/freebusy_limit.h"

#include "protocol/ical/content_line.h"
#include "protocol/ical/edit.h"
#include "protocol/ical/value.h"

/* Its times are in UTC (RFC 5545, 3.8.2.6). False for what is no period. */
static bool read_period(struct slice text, struct interval *at_r)
{
	struct ical_period period;

	if (ical_value_period(slice_trim(text), &period) < 0 || !period.has_end)
		return false;
	*at_r = (struct interval){ical_time_instant(&period.start, zone_utc()), ical_time_instant(&period.end, zone_utc())};
	return true;
}

/* The periods of LINE that are to stay, joined in KEPT. False: the line stays as it is. */
static bool cut(const struct content_line *line, struct interval range, struct buf *kept)
{
	struct slice rest = line->value, one;
	bool all = true;

	while (rest.at != NULL && slice_next(&rest, ',', &one)) {
		struct interval at;

		if (!read_period(one, &at))
			return false;
		if (!interval_overlaps(at, range)) {
			all = false;
			continue;
		}
		if (kept->len > 0)
			buf_add_char(kept, ',');
		buf_add_slice(kept, slice_trim(one));
	}
	return !all;
}

int freebusy_limit(struct arena *arena, struct slice text, struct interval range, struct buf *out)
{
	struct slice component = SLICE_EMPTY, marked;
	struct content_reader reader;
	struct content_line line;
	int ret;

	content_reader_init(&reader, arena, text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		AUTO_BUF struct buf kept = BUF_INIT(out->max);

		if (content_line_marks(&line, "BEGIN", &marked))
			component = marked;
		if (!slice_is_nocase(component, "VFREEBUSY") || !content_line_is(&line, "FREEBUSY") || !line.has_value ||
		    !cut(&line, range, &kept))
			buf_add_slice(out, line.raw);
		else if (kept.len > 0)
			ical_add_line(out, line.name, line.parameters, buf_slice(&kept));
		if (kept.err < 0)
			return kept.err;
	}
	return ret < 0 ? ret : out->err;
}
