/*
 * itip/message - scheduling messages (RFC 5546): read with the checks of their method, and written.
 *
 * A message is a calendar object with a METHOD. It is handled as the two: the method, and the body without it, which
 * every reader of calendar objects understands.
 */
#ifndef ITIP_MESSAGE_H
#define ITIP_MESSAGE_H

#include "protocol/ical/calendar_object.h"

#define ITIP_MESSAGE_MAX 1048576 /* bytes: as much as an object may have */

enum itip_method {
	ITIP_PUBLISH,
	ITIP_REQUEST,
	ITIP_REPLY,
	ITIP_CANCEL,
	ITIP_ADD,
	ITIP_REFRESH,
	ITIP_COUNTER,
	ITIP_DECLINECOUNTER,
	ITIP_METHOD_COUNT
};

/* What every step of scheduling needs. */
struct itip_env {
	struct arena *arena; /* all that is made is of it */
	const struct zone_set *zones;
	const struct zone *floating; /* for dates and times without zone */
	instant_t now;
};

/* Somebody, by all the cal-addresses that he goes by. */
struct itip_user {
	const struct slice *addresses;
	size_t count;
};

/* Whether ADDRESS is one of his; EMAIL (may be empty) is the parameter of that name beside it. */
bool itip_user_is(const struct itip_user *user, struct slice address, struct slice email);

struct itip_message {
	enum itip_method method;
	struct slice body;              /* without METHOD */
	struct calendar_object *object; /* of the body; of the arena */
};

/* "REQUEST" */
struct slice itip_method_name(enum itip_method method);
/* False: no method that we know. */
bool itip_method_find(struct slice name, enum itip_method *method_r);

/*
 * Reads TEXT, which must live as long as ENV's arena. 0, -ENOMEM, or -EINVAL with *ERR: CALDAV:valid-calendar-data where
 * it is not iCalendar; CALDAV:valid-scheduling-message where METHOD is missing or unknown, ORGANIZER is missing (a REPLY
 * may lack it: Exchange leaves it out) or a REPLY, REFRESH or COUNTER has not exactly one ATTENDEE (RFC 5546, 3).
 * Where the method does without DTSTART the body gets one all the same, for an object has it.
 */
int itip_message_read(const struct itip_env *env, struct slice text, struct itip_message *message_r, struct error *err);
/* The whole text of a message; of the arena. 0, -ENOMEM or -EILSEQ. */
int itip_message_write(const struct itip_env *env, enum itip_method method, struct slice body, struct slice *text_r);

#endif
