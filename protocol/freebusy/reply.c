#include <config.h>

#include "protocol/freebusy/reply.h"

#include "protocol/ical/edit.h"

void freebusy_reply_free(struct freebusy_reply *reply)
{
	for (int kind = FREEBUSY_FREE; kind <= FREEBUSY_UNAVAILABLE; kind++)
		interval_set_free(&reply->kinds[kind]);
}

int freebusy_reply_add(struct freebusy_reply *reply, struct interval at, enum freebusy_kind kind)
{
	if (kind == FREEBUSY_FREE)
		return 0;
	if (at.start < reply->window.start)
		at.start = reply->window.start;
	if (at.end > reply->window.end)
		at.end = reply->window.end;
	if (at.start >= at.end)
		return 0;
	return interval_set_add(&reply->kinds[kind], at);
}

/* What a higher kind covers is not said again by a lower one. */
static int hide_lower_kinds(struct freebusy_reply *reply)
{
	for (int low = FREEBUSY_TENTATIVE; low < FREEBUSY_UNAVAILABLE; low++) {
		for (int high = low + 1; high <= FREEBUSY_UNAVAILABLE; high++) {
			int ret = interval_set_subtract(&reply->kinds[low], &reply->kinds[high]);

			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

/*
 * A period a line: a client's parser may cut a long list of values (libical does above 500), and no line needs folding.
 */
static void write_periods(struct buf *out, const struct interval_set *set, const char *type)
{
	for (size_t i = 0; i < set->count; i++) {
		buf_printf(out, "FREEBUSY;FBTYPE=%s:", type);
		buf_add_basic_utc(out, set->at[i].start);
		buf_add_char(out, '/');
		buf_add_basic_utc(out, set->at[i].end);
		buf_add_str(out, "\r\n");
	}
}

static void write_time(struct buf *out, const char *name, instant_t at)
{
	buf_printf(out, "%s:", name);
	buf_add_basic_utc(out, at);
	buf_add_str(out, "\r\n");
}

void freebusy_reply_write(struct freebusy_reply *reply, instant_t now, struct slice uid, struct buf *out)
{
	static const char *const types[] = {
		[FREEBUSY_TENTATIVE] = "BUSY-TENTATIVE",
		[FREEBUSY_BUSY] = "BUSY",
		[FREEBUSY_UNAVAILABLE] = "BUSY-UNAVAILABLE",
	};
	int ret = hide_lower_kinds(reply);

	if (ret < 0) {
		if (out->err == 0)
			out->err = ret;
		return;
	}
	buf_add_str(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//EN\r\n");
	if (reply->method.len > 0)
		ical_add_line(out, SLICE("METHOD"), SLICE_EMPTY, reply->method);
	buf_add_str(out, "BEGIN:VFREEBUSY\r\n");
	if (uid.len > 0)
		ical_add_line(out, SLICE("UID"), SLICE_EMPTY, uid);
	if (reply->organizer.len > 0)
		ical_add_line(out, SLICE("ORGANIZER"), SLICE_EMPTY, reply->organizer);
	if (reply->attendee.len > 0)
		ical_add_line(out, SLICE("ATTENDEE"), SLICE_EMPTY, reply->attendee);
	write_time(out, "DTSTAMP", now);
	write_time(out, "DTSTART", reply->window.start);
	write_time(out, "DTEND", reply->window.end);
	for (int kind = FREEBUSY_TENTATIVE; kind <= FREEBUSY_UNAVAILABLE; kind++)
		write_periods(out, &reply->kinds[kind], types[kind]);
	buf_add_str(out, "END:VFREEBUSY\r\nEND:VCALENDAR\r\n");
}
