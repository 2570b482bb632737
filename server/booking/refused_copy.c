/*
 * The cancelled copy of a refused item, made in the client's own text and taken back in it. What its events had for
 * STATUS and TRANSP stands in parameters of the mark, so that a second try brings it back.
 */
#include <config.h>

#include <errno.h>

#include "protocol/ical/edit.h"
#include "server/booking/change_private.h"

#define NOTE_BEGIN "Not booked: "
#define NOTE_END   "\n----\n"
#define GROWTH_MAX 262144 /* bytes that marks and notes may add to a text */

/* What becomes of one event; the slices are of the arena. */
typedef int edit_fn(struct arena *arena, const struct component *event, const void *arg, struct ical_edit *edits,
    size_t *count_r);
#define EDITS_MAX 4

struct copy_arg {
	const char *reason;
	struct slice note;
};

static int escaped(struct arena *arena, struct slice first, struct slice second, struct slice *value_r)
{
	AUTO_BUF struct buf b = BUF_INIT(8u << 20);
	char *copy;

	ical_escape_text(&b, first);
	ical_escape_text(&b, second);
	if (b.err < 0)
		return b.err;
	copy = arena_copy(arena, buf_slice(&b));
	*value_r = slice_of(copy, b.len);
	return copy != NULL ? 0 : -ENOMEM;
}

/* The description without the note that an earlier refusal put in front. */
static struct slice without_note(struct slice description)
{
	ptrdiff_t end;

	if (!slice_starts(description, SLICE(NOTE_BEGIN)))
		return description;
	end = slice_find(description, SLICE(NOTE_END));
	if (end >= 0)
		return slice_from(description, (size_t)end + sizeof(NOTE_END) - 1);
	/* Nothing followed, and the client dropped the last line end. */
	return slice_ends(description, SLICE("\n----")) ? SLICE_EMPTY : description;
}

static bool mark_parameter(const struct component *event, const char *name, struct slice *value_r)
{
	for (size_t i = 0; i < component_property_count(event); i++) {
		const struct ical_property *property = component_property_at(event, i);

		if (slice_is(ical_property_name(property), REFUSED_PROPERTY))
			return ical_property_parameter(property, name, value_r);
	}
	return false;
}

static bool is_marked(const struct component *event)
{
	for (size_t i = 0; i < component_property_count(event); i++) {
		if (slice_is(ical_property_name(component_property_at(event, i)), REFUSED_PROPERTY))
			return true;
	}
	return false;
}

static bool is_word(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (!(value.at[i] >= 'A' && value.at[i] <= 'Z') && value.at[i] != '-')
			return false;
	}
	return value.len > 0;
}

/* An event that is marked already keeps what its first mark remembers. */
static struct slice remembered(const struct component *event, const char *property, const char *parameter)
{
	struct slice value;

	if (is_marked(event))
		return mark_parameter(event, parameter, &value) && is_word(value) ? value : SLICE_EMPTY;
	value = component_text(event, property);
	return is_word(value) ? value : SLICE_EMPTY;
}

/* ---- making ---- */

static int copy_edits(struct arena *arena, const struct component *event, const void *arg, struct ical_edit *edits,
    size_t *count_r)
{
	const struct copy_arg *copy = arg;
	struct slice status = remembered(event, "STATUS", "X-STATUS"), transp = remembered(event, "TRANSP", "X-TRANSP");
	char *parameters = arena_printf(arena, "%s%.*s%s%.*s", status.len > 0 ? ";X-STATUS=" : "", SLICE_ARG(status),
	    transp.len > 0 ? ";X-TRANSP=" : "", SLICE_ARG(transp));

	if (parameters == NULL)
		return -ENOMEM;
	edits[0] = (struct ical_edit){ICAL_EDIT_SET, SLICE("STATUS"), SLICE_EMPTY, SLICE("CANCELLED")};
	edits[1] = (struct ical_edit){ICAL_EDIT_SET, SLICE("TRANSP"), SLICE_EMPTY, SLICE("TRANSPARENT")};
	edits[2] = (struct ical_edit){ICAL_EDIT_SET, SLICE(REFUSED_PROPERTY), slice_str(parameters),
	    slice_str(copy->reason)};
	edits[3] = (struct ical_edit){ICAL_EDIT_SET, SLICE("DESCRIPTION"), SLICE_EMPTY, SLICE_EMPTY};
	*count_r = 4;
	return escaped(arena, copy->note, without_note(component_text(event, "DESCRIPTION")), &edits[3].value);
}

/* ---- taking back ---- */

static struct ical_edit set_or_remove(const char *name, struct slice value)
{
	return (struct ical_edit){value.len > 0 ? ICAL_EDIT_SET : ICAL_EDIT_REMOVE, slice_str(name), SLICE_EMPTY, value};
}

static int revive_edits(struct arena *arena, const struct component *event, const void *arg, struct ical_edit *edits,
    size_t *count_r)
{
	struct slice description = component_text(event, "DESCRIPTION"), rest = without_note(description), value;
	bool cancelled = slice_is_nocase(component_text(event, "STATUS"), "CANCELLED");
	size_t n = 0;
	int ret;

	(void)arg;
	if (cancelled)
		edits[n++] = set_or_remove("STATUS", is_marked(event) ? remembered(event, "STATUS", "X-STATUS") : SLICE_EMPTY);
	if (cancelled || is_marked(event))
		edits[n++] = set_or_remove("TRANSP", is_marked(event) ? remembered(event, "TRANSP", "X-TRANSP") : SLICE_EMPTY);
	edits[n++] = (struct ical_edit){ICAL_EDIT_REMOVE, SLICE(REFUSED_PROPERTY), SLICE_EMPTY, SLICE_EMPTY};
	if (rest.len != description.len) {
		ret = escaped(arena, rest, SLICE_EMPTY, &value);
		if (ret < 0)
			return ret;
		edits[n++] = set_or_remove("DESCRIPTION", value);
	}
	*count_r = n;
	return 0;
}

/* ---- event by event through the text ---- */

/* A line that begins with a space continues the one before: it opens and closes nothing. */
static bool line_is(struct slice line, const char *wanted)
{
	return slice_starts_nocase(line, slice_str(wanted)) && slice_trim(line).len == strlen(wanted);
}

/* Applies the edits to the one event whose lines are EVENT, as a calendar of its own, and takes its lines out again. */
static int edit_event(struct slice event, const struct ical_edit *edits, size_t count, struct buf *out)
{
	AUTO_BUF struct buf before = BUF_INIT(event.len + 64), after = BUF_INIT(out->max);
	struct slice rest, line;
	size_t head, tail = sizeof("END:VCALENDAR\r\n") - 1;
	int ret;

	buf_add_str(&before, "BEGIN:VCALENDAR\r\n");
	buf_add_slice(&before, event);
	if (event.len > 0 && event.at[event.len - 1] != '\n')
		buf_add_str(&before, "\r\n");
	buf_add_str(&before, "END:VCALENDAR\r\n");
	if (before.err < 0)
		return before.err;
	ret = ical_edit_apply(buf_slice(&before), "VEVENT", edits, count, &after);
	if (ret < 0)
		return ret;
	rest = buf_slice(&after);
	if (!slice_next_line(&rest, &line) || rest.at == NULL || rest.len < tail)
		return -EILSEQ;
	head = (size_t)(rest.at - after.at);
	buf_add_slice(out, slice_sub(buf_slice(&after), head, after.len - head - tail));
	return out->err;
}

/* Everything but the events is copied as it stands. */
static int edit_all(struct arena *arena, const struct calendar_object *object, edit_fn *fn, const void *arg,
    struct slice *text_r)
{
	struct slice text = calendar_object_text(object), rest = text, line;
	AUTO_BUF struct buf out = BUF_INIT(text.len + GROWTH_MAX);
	size_t done = 0, depth = 0, next_event = 0;
	char *copy;

	while (rest.at != NULL && slice_next_line(&rest, &line)) {
		size_t start = (size_t)(line.at - text.at);
		size_t end = rest.at != NULL ? (size_t)(rest.at - text.at) : text.len;

		if (slice_starts_nocase(line, SLICE("BEGIN:")))
			depth++;
		if (depth == 2 && line_is(line, "BEGIN:VEVENT")) {
			buf_add_slice(&out, slice_sub(text, done, start - done));
			done = start;
		}
		if (depth == 2 && line_is(line, "END:VEVENT") && next_event < calendar_object_count(object)) {
			struct ical_edit edits[EDITS_MAX];
			size_t count;
			int ret = fn(arena, calendar_object_at(object, next_event++), arg, edits, &count);

			if (ret == 0)
				ret = edit_event(slice_sub(text, done, end - done), edits, count, &out);
			if (ret < 0)
				return ret;
			done = end;
		}
		if (slice_starts_nocase(line, SLICE("END:")) && depth > 0)
			depth--;
	}
	if (next_event != calendar_object_count(object))
		return -EILSEQ;
	buf_add_slice(&out, slice_from(text, done));
	if (out.err < 0)
		return out.err;
	copy = arena_copy(arena, buf_slice(&out));
	*text_r = slice_of(copy, out.len);
	return copy != NULL ? 0 : -ENOMEM;
}

int refused_copy_make(struct arena *arena, const struct calendar_object *object, const char *reason, struct slice note,
    struct slice *text_r)
{
	struct copy_arg copy = {reason, SLICE_EMPTY};
	char *whole = arena_printf(arena, NOTE_BEGIN "%.*s" NOTE_END, SLICE_ARG(note));

	if (whole == NULL)
		return -ENOMEM;
	copy.note = slice_str(whole);
	return edit_all(arena, object, copy_edits, &copy, text_r);
}

bool refused_copy_is_marked(const struct calendar_object *object)
{
	for (size_t i = 0; i < calendar_object_count(object); i++) {
		if (is_marked(calendar_object_at(object, i)))
			return true;
	}
	return false;
}

bool refused_copy_is_cancelled(const struct calendar_object *object)
{
	for (size_t i = 0; i < calendar_object_count(object); i++) {
		if (!slice_is_nocase(component_text(calendar_object_at(object, i), "STATUS"), "CANCELLED"))
			return false;
	}
	return true;
}

int refused_copy_revive(struct arena *arena, const struct calendar_object *object, struct slice *text_r)
{
	return edit_all(arena, object, revive_edits, NULL, text_r);
}
