#include <config.h>

#include "protocol/freebusy/availability.h"

#include <errno.h>

#include "protocol/ical/calendar_object.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/split.h"
#include "protocol/recur/instances.h"
#include "protocol/recur/override.h"

#define LOWEST_RANK 10

void availability_cut(struct availability *availability, size_t count)
{
	while (availability->count > count)
		interval_set_free(&availability->parts[--availability->count].open);
}

void availability_free(struct availability *availability)
{
	availability_cut(availability, 0);
}

/* ---- reading ---- */

struct reading {
	struct availability *availability;
	struct arena *arena;
	const struct zone_set *zones;
	const struct zone *floating;
	size_t max_instances;
	struct error *err;
	struct availability_part *part; /* the one whose AVAILABLEs are read */
};

static int refuse(const struct reading *r, const char *what)
{
	return error_set(r->err, 403, CALDAV_VALID_CALENDAR_DATA, "%s", what);
}

static struct interval clip(struct interval at, struct interval window)
{
	if (at.start < window.start)
		at.start = window.start;
	if (at.end > window.end)
		at.end = window.end;
	return at;
}

/* One AVAILABLE with its overrides, written as an event: it recurs like one (RFC 7953, 3.1). */
static int add_available(const struct ical_part *text, void *arg)
{
	struct reading *r = arg;
	const struct instances_options options = {r->floating, r->part->span, r->max_instances};
	struct calendar_object *object;
	struct instances instances;
	int ret;

	if (r->part->span.start >= r->part->span.end)
		return 0;
	ret = calendar_object_parse(r->arena, r->zones, text->text, SIZE_MAX, &object, r->err);
	if (ret < 0)
		return ret;
	ret = recur_instances(r->arena, object, &options, &instances, r->err);
	for (size_t i = 0; ret == 0 && i < instances.count; i++)
		ret = interval_set_add(&r->part->open, clip(instances.at[i].at, r->part->span));
	calendar_object_free(object);
	return ret;
}

static void write_line(struct buf *b, const struct content_line *line, bool is_available, bool begins)
{
	if (is_available) {
		buf_add_str(b, begins ? "BEGIN:VEVENT\r\n" : "END:VEVENT\r\n");
		return;
	}
	buf_add_slice(b, line->raw);
	if (!slice_ends(line->raw, SLICE("\n")))
		buf_add_str(b, "\r\n");
}

/* The zones and the AVAILABLEs of an object, these as events. *COUNT_R: how many. */
static int write_events(struct arena *arena, struct slice text, struct buf *b, size_t *count_r)
{
	struct slice name = SLICE_EMPTY, inside = SLICE_EMPTY; /* what is being copied */
	struct content_reader reader;
	struct content_line line;
	int ret;

	*count_r = 0;
	buf_add_str(b, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
	content_reader_init(&reader, arena, text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		bool begins = content_line_marks(&line, "BEGIN", &name);
		bool ends = !begins && content_line_marks(&line, "END", &name);
		bool is_available = (begins || ends) && slice_is_nocase(name, "AVAILABLE");

		if (inside.len == 0 && begins && (is_available || slice_is_nocase(name, "VTIMEZONE")))
			inside = name;
		if (inside.len > 0)
			write_line(b, &line, is_available, begins);
		if (ends && slice_equal_nocase(name, inside))
			inside = SLICE_EMPTY;
		*count_r += is_available && begins;
	}
	buf_add_str(b, "END:VCALENDAR\r\n");
	return ret < 0 ? ret : b->err;
}

static int read_available(struct reading *r, struct slice text)
{
	AUTO_BUF struct buf b = BUF_INIT(2 * text.len + 4096);
	size_t count;
	int ret = write_events(r->arena, text, &b, &count);

	if (ret < 0)
		return ret;
	if (count > AVAILABILITY_RULES_MAX)
		return refuse(r, "too many AVAILABLEs");
	return count == 0 ? 0 : ical_split(r->arena, buf_slice(&b), add_available, r, r->err);
}

static enum freebusy_kind read_busy_type(const struct component *c)
{
	struct slice type = slice_trim(component_text(c, "BUSYTYPE"));

	if (slice_is_nocase(type, "BUSY"))
		return FREEBUSY_BUSY;
	return slice_is_nocase(type, "BUSY-TENTATIVE") ? FREEBUSY_TENTATIVE : FREEBUSY_UNAVAILABLE;
}

static int read_component(struct reading *r, const struct component *c, struct slice text)
{
	struct availability *a = r->availability;
	uint32_t priority = component_integer(c, "PRIORITY", 0);
	struct recur_extent extent;

	if (component_bit(c) != ICAL_VAVAILABILITY)
		return refuse(r, "not a VAVAILABILITY");
	if (component_rrule_count(c) > 0)
		return refuse(r, "a VAVAILABILITY does not recur itself");
	if (priority > 9)
		return refuse(r, "PRIORITY is not from 0 to 9");
	if (a->count == AVAILABILITY_PARTS_MAX)
		return refuse(r, "too many VAVAILABILITYs");
	recur_extent_of(c, r->floating, &extent);
	r->part = &a->parts[a->count++];
	*r->part = (struct availability_part){.span = clip(extent.at, a->window),
	    .rank = priority == 0 ? LOWEST_RANK : priority,
	    .kind = read_busy_type(c)};
	return read_available(r, text);
}

static int add_part(const struct ical_part *part, void *arg)
{
	struct reading *r = arg;
	struct calendar_object *object;
	int ret = calendar_object_parse(r->arena, r->zones, part->text, SIZE_MAX, &object, r->err);

	if (ret < 0)
		return ret;
	if (calendar_object_count(object) != 1)
		ret = refuse(r, "two VAVAILABILITYs of one UID");
	else
		ret = read_component(r, calendar_object_at(object, 0), part->text);
	calendar_object_free(object);
	return ret;
}

int availability_add(struct availability *availability, struct arena *arena, const struct zone_set *zones,
    struct slice text, const struct zone *floating, size_t max_instances, struct error *err)
{
	struct reading r = {availability, arena, zones, floating, max_instances, err, NULL};

	return ical_split(arena, text, add_part, &r, err);
}

/* ---- what follows ---- */

struct overlay {
	struct interval_set closed[FREEBUSY_UNAVAILABLE + 1]; /* by kind */
};

static void overlay_free(struct overlay *overlay)
{
	for (int kind = FREEBUSY_FREE; kind <= FREEBUSY_UNAVAILABLE; kind++)
		interval_set_free(&overlay->closed[kind]);
}

/* What the parts of RANK span, and what they leave open. */
static int gather(const struct availability *a, unsigned rank, struct interval_set *spans, struct interval_set *open)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < a->count; i++) {
		if (a->parts[i].rank != rank)
			continue;
		ret = interval_set_add(spans, a->parts[i].span);
		if (ret == 0)
			ret = interval_set_add_all(open, &a->parts[i].open);
	}
	return ret;
}

static int close_part(struct overlay *overlay, const struct availability_part *part, const struct interval_set *open)
{
	AUTO_INTERVAL_SET struct interval_set closed = INTERVAL_SET_INIT;
	int ret = interval_set_add(&closed, part->span);

	if (ret == 0)
		ret = interval_set_subtract(&closed, open);
	return ret < 0 ? ret : interval_set_add_all(&overlay->closed[part->kind], &closed);
}

/* The parts of RANK in place of what lies below them. */
static int lay(const struct availability *a, unsigned rank, struct overlay *overlay)
{
	AUTO_INTERVAL_SET struct interval_set spans = INTERVAL_SET_INIT, open = INTERVAL_SET_INIT;
	int ret = gather(a, rank, &spans, &open);

	for (int kind = FREEBUSY_TENTATIVE; ret == 0 && kind <= FREEBUSY_UNAVAILABLE; kind++)
		ret = interval_set_subtract(&overlay->closed[kind], &spans);
	for (size_t i = 0; ret == 0 && i < a->count; i++)
		if (a->parts[i].rank == rank)
			ret = close_part(overlay, &a->parts[i], &open);
	return ret;
}

static int add_closed(struct overlay *overlay, struct freebusy_reply *reply)
{
	AUTO_INTERVAL_SET struct interval_set events = INTERVAL_SET_INIT;
	int ret = 0;

	for (int kind = FREEBUSY_TENTATIVE; ret == 0 && kind <= FREEBUSY_UNAVAILABLE; kind++)
		ret = interval_set_add_all(&events, &reply->kinds[kind]);
	for (int kind = FREEBUSY_TENTATIVE; ret == 0 && kind <= FREEBUSY_UNAVAILABLE; kind++) {
		ret = interval_set_subtract(&overlay->closed[kind], &events);
		for (size_t i = 0; ret == 0 && i < overlay->closed[kind].count; i++)
			ret = freebusy_reply_add(reply, overlay->closed[kind].at[i], (enum freebusy_kind)kind);
	}
	return ret;
}

int availability_apply(const struct availability *availability, struct freebusy_reply *reply)
{
	struct overlay overlay = {0};
	int ret = 0;

	for (unsigned rank = LOWEST_RANK; ret == 0 && rank > 0; rank--)
		ret = lay(availability, rank, &overlay);
	if (ret == 0)
		ret = add_closed(&overlay, reply);
	overlay_free(&overlay);
	return ret;
}
