/*
 * itip/apply - a message that came, applied to the object that is stored (RFC 5546, 3 and 2.1.5).
 *
 * Newer is what has the higher SEQUENCE, then the later DTSTAMP; nothing is trusted to come in order, and what comes
 * twice has no second effect. What belongs to the one whose object it is stays: an attendee's alarms, transparency and
 * categories, an organizer's whole text but for the one answer.
 */
#ifndef ITIP_APPLY_H
#define ITIP_APPLY_H

#include "protocol/base/interval_set.h"
#include "protocol/itip/message.h"

enum itip_outcome {
	ITIP_APPLIED,       /* `text` is to be stored */
	ITIP_SAME,          /* it is so already */
	ITIP_STALE,         /* something newer is known */
	ITIP_NO_OBJECT,     /* nothing to apply it to; to an ADD the answer is a REFRESH */
	ITIP_NO_INSTANCE,   /* the series has no such instance */
	ITIP_NOT_INVITED,   /* the one whom it is for, or from, is no attendee: a party crasher */
	ITIP_NOT_ORGANIZER, /* it is from another than the object's organizer */
	ITIP_SEND_AGAIN,    /* a REFRESH: its sender wants a REQUEST */
	ITIP_PROPOSED,      /* a COUNTER: `text` with the sender's answer, `proposal` with the times that he wants */
	ITIP_REFUSED,       /* a COUNTER, and the organizer takes none (X-MICROSOFT-DISALLOW-COUNTER) */
	ITIP_NOT_HANDLED,   /* PUBLISH: never by itself */
};

struct itip_applied {
	enum itip_outcome outcome;
	struct slice text;     /* ITIP_APPLIED and ITIP_PROPOSED; of the arena */
	struct slice proposal; /* ITIP_PROPOSED */
	struct slice sender;   /* address of the attendee who answers, proposes or asks */
	bool cancelled;        /* nothing of the object is left */
	bool rescheduled;      /* a REQUEST that moves something: he has to answer anew */
};

/*
 * Applies MESSAGE to STORED (empty: there is nothing) in the calendar of USER: an attendee gets REQUEST, ADD, CANCEL and
 * DECLINECOUNTER, an organizer REPLY, REFRESH and COUNTER. 0, -ENOMEM, or -EBADMSG for texts that cannot be told apart line
 * by line.
 */
int itip_apply(const struct itip_env *env, const struct itip_message *message, struct slice stored,
    const struct itip_user *user, struct itip_applied *applied_r);

enum itip_whose {
	ITIP_OTHERS, /* the others' answers, least of all his own */
	ITIP_ALL,    /* his own too: of one for whom the server answered */
};

/*
 * What has come of the answers, into an attendee's copy: PARTSTAT, who else takes part, and nothing else. SOURCE is the
 * organizer's object. ITIP_APPLIED or ITIP_SAME.
 */
int itip_apply_participation(const struct itip_env *env, struct slice source, struct slice copy,
    const struct itip_user *user, enum itip_whose whose, struct itip_applied *applied_r);

/* SCHEDULE-STATUS of an attendee or, with an empty address, of the organizer. */
struct itip_status {
	struct slice address, code;
};
/* Writes them into all components. */
int itip_set_statuses(const struct itip_env *env, struct slice text, const struct itip_status *statuses, size_t count,
    struct slice *text_r);

#endif
