/*
 * itip/organizer_change - what an organizer's change of an object means for its attendees (RFC 6638, 3.2.1).
 *
 * In two steps, as those who answer at once (rooms) come between: first the organizer's own text is made what it must be
 * and it is found out who is to be told what; then each message is made from the text as it stands by then.
 */
#ifndef ITIP_ORGANIZER_CHANGE_H
#define ITIP_ORGANIZER_CHANGE_H

#include "protocol/itip/message.h"

/* One message for one attendee. */
struct itip_delivery {
	enum itip_method method; /* ITIP_REQUEST or ITIP_CANCEL */
	struct slice address;    /* the attendee's, as it is written */
	struct slice email;      /* parameter EMAIL beside it, or empty */
	bool quiet;              /* nothing but who else takes part has changed: not worth a word to him */
	const instant_t *ids;    /* these instances only; */
	size_t id_count;         /* 0: all of it */
	bool as_it_was;          /* a CANCEL: made from the object as it was before */
	/*
	 * He is in every component: the message of the whole is the same for all of whom this is true. Of a CANCEL those whom
	 * it takes out together are TOGETHER.
	 */
	bool everywhere;
	const struct slice *together;
	size_t together_count;
};

/* Whom the server delivers to itself: such a person answers for himself, and nobody says for him that he accepted. */
struct itip_local {
	bool (*is)(struct slice address, struct slice email, void *arg);
	void *arg;
};

struct itip_organizer_change {
	struct slice text;  /* of the organizer's object; empty when it goes */
	bool rewritten;     /* `text` is not what the client sent */
	bool rescheduled;   /* some time changed: those who answered are asked again */
	struct itip_delivery *deliveries;
	size_t count;
};

/*
 * OLD is what is stored (empty: a new object), NEW what the client wrote (empty: it deletes), both sound calendar objects
 * of one UID; OWNER organizes. In the text SEQUENCE is raised where the time changed and the client did not, all answers go
 * back to NEEDS-ACTION then, and else those of attendees to whom the server delivers are as they are stored (RFC 6638,
 * 3.2.5 and 3.2.10): no client overwrites them with what it knew. Attendees with SCHEDULE-AGENT CLIENT or NONE are left
 * alone. LOCAL may be NULL: nobody is. 0, -ENOMEM, -EBADMSG, or -EINVAL with *ERR: CALDAV:max-attendees-per-instance.
 */
int itip_organizer_change(const struct itip_env *env, struct slice old, struct slice new, const struct itip_user *owner,
    const struct itip_local *local, struct itip_organizer_change *change_r, struct error *err);
/*
 * The body of DELIVERY, made from TEXT (the organizer's object as it was, where as_it_was): only what that attendee takes
 * part in, without what is for the organizer and his server alone. 0, -ENOMEM, -EBADMSG, or -ENOENT: nothing of it is his.
 */
int itip_organizer_message(const struct itip_env *env, struct slice text, const struct itip_delivery *delivery,
    struct slice *body_r);

#endif
