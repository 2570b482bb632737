#include <config.h>

#include "protocol/itip/freebusy_request.h"

#include <errno.h>

static int invalid(struct error *err, const char *why)
{
	return error_set(err, 403, CALDAV_VALID_SCHEDULING_MESSAGE, "%s", why);
}

/* Apple's apps leave DTEND to a DURATION sometimes; dates and floating times have no business here, but do no harm. */
static int read_window(const struct itip_env *env, const struct component *c, struct interval *window_r,
    struct error *err)
{
	struct ical_duration duration;
	struct ical_time start, end;

	if (!component_time(c, "DTSTART", &start))
		return invalid(err, "a VFREEBUSY without DTSTART");
	window_r->start = ical_time_instant(&start, env->floating);
	if (component_time(c, "DTEND", &end))
		window_r->end = ical_time_instant(&end, env->floating);
	else if (component_duration(c, &duration))
		window_r->end = instant_add(window_r->start, duration.days * DAY_SECONDS + duration.seconds);
	else
		return invalid(err, "a VFREEBUSY without DTEND");
	if (window_r->end <= window_r->start || window_r->end - window_r->start > FREEBUSY_WINDOW_MAX)
		return invalid(err, "the range is empty, or longer than a year");
	return 0;
}

int freebusy_request_read(const struct itip_env *env, struct slice text, struct freebusy_request *request_r,
    struct error *err)
{
	struct freebusy_request request = {.mask = SLICE_EMPTY};
	struct ical_attendee organizer;
	struct itip_message message;
	const struct component *c;
	int ret = itip_message_read(env, text, &message, err);

	if (ret < 0)
		return ret;
	if (message.method != ITIP_REQUEST || calendar_object_component(message.object) != ICAL_VFREEBUSY ||
	    calendar_object_count(message.object) != 1)
		return invalid(err, "not METHOD:REQUEST with one VFREEBUSY");
	c = calendar_object_at(message.object, 0);
	request.uid = calendar_object_uid(message.object);
	request.mask = component_text(c, "X-CALENDARSERVER-MASK-UID");
	if (component_organizer(c, &organizer))
		request.organizer = organizer.address;
	request.attendee_count = component_attendees(c, &request.attendees);
	if (request.attendee_count > FREEBUSY_ATTENDEES_MAX)
		return error_set(err, 403, CALDAV_MAX_ATTENDEES_PER_INSTANCE, "more than %d attendees", FREEBUSY_ATTENDEES_MAX);
	ret = read_window(env, c, &request.window, err);
	if (ret == 0)
		*request_r = request;
	return ret;
}

void freebusy_request_answer(const struct freebusy_request *request, const struct ical_attendee *attendee,
    struct freebusy_reply *reply, instant_t now, struct buf *out)
{
	reply->method = itip_method_name(ITIP_REPLY);
	reply->organizer = request->organizer;
	reply->attendee = attendee->address;
	freebusy_reply_write(reply, now, request->uid, out);
}
