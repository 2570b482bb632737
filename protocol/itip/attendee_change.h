/*
 * itip/attendee_change - what an attendee may change in his copy, and what he thereby answers (RFC 6638, 3.2.2).
 *
 * His are the answer, the alarms, the transparency, categories, X- properties and leaving out instances by EXDATE. The rest
 * is the organizer's. Apps on Android and for Outlook write an object anew from what they know of it: zones by other names,
 * unknown properties dropped, DTSTAMP and SEQUENCE their own. What is only missing is no change: the answer is taken from
 * the app, everything else from the store. What says something else than the organizer said is refused.
 */
#ifndef ITIP_ATTENDEE_CHANGE_H
#define ITIP_ATTENDEE_CHANGE_H

#include "protocol/itip/message.h"

struct itip_attendee_change {
	struct slice text;
	bool rewritten;     /* `text` is not what the client sent */
	struct slice reply; /* body of the REPLY to the organizer; empty: he has nothing new to say */
};

/*
 * OLD is what is stored (empty: a new object), NEW what the client wrote; USER is an attendee of it. With SCHEDULE-AGENT
 * CLIENT or NONE on ORGANIZER nothing is checked and nothing told. 0, -ENOMEM, -EBADMSG, or -EINVAL with *ERR:
 * CALDAV:allowed-attendee-scheduling-object-change.
 */
int itip_attendee_change(const struct itip_env *env, struct slice old, struct slice new, const struct itip_user *user,
    struct itip_attendee_change *change_r, struct error *err);
/* The REPLY of one who deletes his copy: DECLINED; empty where he declined all of it already, or it is cancelled. */
int itip_attendee_decline(const struct itip_env *env, struct slice stored, const struct itip_user *user,
    struct slice *reply_r);

/* One instance, or all of it, and the answer for it. */
struct itip_answer {
	bool whole;
	instant_t id;
	struct slice partstat;
	struct slice comment; /* unescaped; empty: none */
};
/* The REPLY that says ANSWERS about STORED, for those who answer by themselves. -ENOENT when USER is not in it. */
int itip_attendee_answer(const struct itip_env *env, struct slice stored, const struct itip_user *user,
    const struct itip_answer *answers, size_t count, struct slice *reply_r);

#endif
