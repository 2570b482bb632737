#include <config.h>

#include "protocol/ical/libical_check.h"

#include <errno.h>
#include <libical/ical.h>

#include "protocol/base/buf.h"
#include "protocol/base/cleanup.h"
#include "protocol/ical/component_private.h"

/*
 * The table of tolerated faults in values (X-LIC-ERROR of libical): properties that tell people something and decide
 * nothing here. A value that cannot be read is as if it were missing; the bytes stay.
 */
static const char *const tolerated[] = {
    "ATTACH",     /* found: base64 without ENCODING, empty */
    "ATTENDEE",   /* found: unquoted CN with a colon or a quote inside; the address is read by itself */
    "CATEGORIES", /* found: empty */
    "CLASS",      /* anything unknown means PRIVATE (RFC 5545, 3.8.1.3) */
    "COMMENT",
    "CONFERENCE", /* RFC 7986 is younger than libical's table of parameters */
    "CONTACT",
    "DESCRIPTION", /* found: empty, ALTREP without quotes */
    "GEO",         /* found: a comma or an escaped semicolon between the numbers, empty */
    "IMAGE",
    "LOCATION",
    "ORGANIZER", /* as ATTENDEE */
    "PERCENT-COMPLETE",
    "PRIORITY", /* found: empty */
    "RELATED-TO",
    "RESOURCES",
    "STATUS", /* not CANCELLED and not TENTATIVE: it blocks */
    "SUMMARY",
    "TRIGGER", /* alarms ring at the client */
    "URL",     /* found: empty */
};

/* Times, rules and periods: read by component_build, recur/rule and freebusy/busy, which judge them. */
static const char *const read_elsewhere[] = {"ACKNOWLEDGED", "COMPLETED", "CREATED", "DTEND", "DTSTAMP", "DTSTART", "DUE",
    "DURATION", "EXDATE", "EXRULE", "FREEBUSY", "LAST-MODIFIED", "RDATE", "RECURRENCE-ID", "RRULE", "UID"};

static bool is_among(struct slice name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

/* TEXT without parameters has no wrong form, and an empty value is as good as none. */
static bool is_checked(const struct ical_property *p)
{
	static const char *const plain_text[] = {"DESCRIPTION", "SUMMARY", "LOCATION", "PRODID", "VERSION", "COMMENT"};

	if (slice_starts(p->name, SLICE("X-")) || slice_trim(p->value).len == 0 ||
	    (p->parameters.len == 0 && is_among(p->name, plain_text, ARRAY_LEN(plain_text))))
		return false;
	return !is_among(p->name, read_elsewhere, ARRAY_LEN(read_elsewhere));
}

/* ---- feeding ---- */

#define LINE_MAX_UNFOLDED (64 << 20) /* the object's own limit is far lower: no line is cut here */

static void feed(icalparser *parser, struct buf *scratch, const struct ical_property *p)
{
	buf_reset(scratch);
	buf_add_slice(scratch, p->name);
	buf_add_slice(scratch, p->parameters);
	buf_add_char(scratch, ':');
	buf_add_slice(scratch, p->value);
	if (buf_cstr(scratch) != NULL)
		icalparser_add_line(parser, scratch->at);
}

static void feed_word(icalparser *parser, const char *line, icalcomponent **done_r)
{
	char copy[32];

	if (slice_copy(slice_str(line), copy, sizeof(copy)) == 0)
		*done_r = icalparser_add_line(parser, copy);
}

/* Lines go into one VEVENT, wherever they come from: no property is refused for its place. */
struct batch {
	icalparser *parser;
	struct buf scratch;
};

static int batch_open(struct batch *batch)
{
	icalcomponent *none;

	*batch = (struct batch){.parser = icalparser_new(), .scratch = BUF_INIT(LINE_MAX_UNFOLDED)};
	if (batch->parser == NULL)
		return -ENOMEM;
	feed_word(batch->parser, "BEGIN:VEVENT", &none);
	return 0;
}

static int batch_close(struct batch *batch)
{
	icalcomponent *done = NULL;
	int errors = batch->scratch.err;

	feed_word(batch->parser, "END:VEVENT", &done);
	if (done != NULL) {
		if (errors == 0)
			errors = icalcomponent_count_errors(done);
		icalcomponent_free(done);
	}
	icalparser_free(batch->parser);
	buf_free(&batch->scratch);
	return errors;
}

static bool is_seen(const struct component *c)
{
	return c->bit != ICAL_VTIMEZONE && c->bit != ICAL_OTHER;
}

static void feed_all(struct batch *batch, const struct component *c)
{
	for (size_t i = 0; i < c->property_count; i++)
		if (is_checked(&c->properties[i]))
			feed(batch->parser, &batch->scratch, &c->properties[i]);
	for (size_t i = 0; i < c->child_count; i++)
		if (is_seen(c->children[i]))
			feed_all(batch, c->children[i]);
}

/* One by one, to find which it was. */
static int find_fault(const struct component *c, struct error *err)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < c->property_count; i++) {
		const struct ical_property *p = &c->properties[i];
		struct batch batch;

		if (!is_checked(p) || is_among(p->name, tolerated, ARRAY_LEN(tolerated)))
			continue;
		ret = batch_open(&batch);
		if (ret < 0)
			return ret;
		feed(batch.parser, &batch.scratch, p);
		ret = batch_close(&batch);
		if (ret > 0)
			ret = error_set(err, 403, CALDAV_VALID_CALENDAR_DATA,
			    "line %zu: the value of %.*s or one of its parameters is broken", p->line,
			    (int)(p->name.len < 40 ? p->name.len : 40), p->name.at);
	}
	for (size_t i = 0; ret == 0 && i < c->child_count; i++)
		if (is_seen(c->children[i]))
			ret = find_fault(c->children[i], err);
	return ret;
}

void libical_check_init(void)
{
	icalerror_set_errors_are_fatal(0);
	(void)icaltimezone_get_utc_timezone(); /* made at its first use, which two threads may not share */
}

int libical_check(const struct component *root, struct error *err)
{
	struct batch batch;
	int ret = batch_open(&batch);

	if (ret < 0)
		return ret;
	feed_all(&batch, root);
	ret = batch_close(&batch);
	if (ret <= 0)
		return ret;
	return find_fault(root, err);
}
