/* A booking for the customer's own calendar (RFC 5545): himself alone, none of the others who may be in it. */
#include <config.h>

#include "protocol/ical/edit.h"
#include "server/pages/book_private.h"

#define TEXT_MAX 65536 /* bytes of one value */

static void add_line(struct buf *b, const char *name, struct slice value)
{
	if (value.len > 0)
		ical_add_line(b, slice_str(name), SLICE_EMPTY, value);
}

static void add_text(struct buf *b, const char *name, struct slice text)
{
	AUTO_BUF struct buf escaped = BUF_INIT(TEXT_MAX);

	ical_escape_text(&escaped, text);
	add_line(b, name, buf_slice(&escaped));
}

static void add_instant(struct buf *b, const char *name, instant_t at)
{
	AUTO_BUF struct buf text = BUF_INIT(32);

	buf_add_basic_utc(&text, at);
	add_line(b, name, buf_slice(&text));
}

void book_write_calendar(struct buf *b, const struct booking *booking, const struct policy *policy,
    struct slice summary)
{
	AUTO_BUF struct buf sequence = BUF_INIT(32);

	buf_add_u64(&sequence, booking->sequence);
	buf_add_str(b, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//EN\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\n");
	add_text(b, "UID", booking->uid);
	add_instant(b, "DTSTAMP", booking->updated);
	add_instant(b, "DTSTART", booking->core.start);
	add_instant(b, "DTEND", booking->core.end);
	add_line(b, "SEQUENCE", buf_slice(&sequence));
	add_text(b, "SUMMARY", summary);
	add_text(b, "LOCATION", policy->location);
	add_text(b, "DESCRIPTION", policy->preparation);
	add_line(b, "STATUS", booking->status == BOOKING_HELD ? SLICE("TENTATIVE") : SLICE("CONFIRMED"));
	buf_add_str(b, "END:VEVENT\r\nEND:VCALENDAR\r\n");
}
