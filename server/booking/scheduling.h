/*
 * booking/scheduling - what a write means for others (RFC 6638, 3): planned within the update, and carried out in it.
 *
 * Private to the change service. The plan reads and computes; it gives the text that is to be stored in place of the
 * client's, and refuses what is not allowed. When every other check has passed and the object is written, it is carried
 * out: copies in the calendars of local attendees and items in inboxes in the same update, and a job `itip_mail` for
 * everybody else. Rooms, and people who were told to or who have a booking then, answer at once: what they say stands in
 * the organizer's text when it is first read. Bookings of the engine are left alone: their ATTENDEEs have
 * SCHEDULE-AGENT=NONE.
 */
#ifndef BOOKING_SCHEDULING_H
#define BOOKING_SCHEDULING_H

#include "protocol/itip/apply.h"
#include "protocol/itip/attendee_change.h"
#include "protocol/itip/organizer_change.h"
#include "protocol/itip/schedule_status.h"
#include "server/booking/change_private.h"

#define SCHEDULING_MAIL_KIND     SLICE("itip_mail")
#define SCHEDULING_MESSAGES_MAX  200 /* different ones of one write: each is made in the one writer */
#define SCHEDULING_OVERRIDES_MAX 100 /* instances that somebody answers one by one; more clashes decline the whole */

enum schedule_role {
	SCHEDULE_NOBODY, /* no scheduling object: nothing follows */
	SCHEDULE_ORGANIZER,
	SCHEDULE_ATTENDEE,
};

/* Somebody on this server: his addresses, his calendar, and what it holds of the object. */
struct schedule_party {
	struct principal principal;
	struct slice addresses[3];
	struct itip_user user;
	struct place place; /* where his copy lies or would come */
	struct object object;
	bool has_copy;
	struct slice copy; /* its text */
};

/* One message and what it does. */
struct schedule_recipient {
	const struct itip_delivery *delivery;
	bool local;
	struct schedule_party party; /* when local */
	struct slice body;           /* of the message */
	struct slice text;           /* his copy as it will be; empty: as it is */
	bool remove;                 /* his copy goes */
	bool tell;                   /* an inbox item */
	bool answered;               /* by the server, in his place */
	struct slice reply;          /* body of such an answer that declines: the organizer is told; or empty */
	enum schedule_status status;
};

struct scheduling {
	struct change_service *service;
	struct kv_txn *txn;
	struct arena *arena;
	const struct place *place; /* of the object that is written */
	struct slice uid, request;
	struct schedule_party owner;
	enum schedule_role role;
	struct slice text; /* to be stored; empty: the object goes */
	bool rewritten;

	/* SCHEDULE_ORGANIZER */
	struct itip_organizer_change change;
	struct schedule_recipient *recipients;
	struct slice shared[2]; /* the body of REQUEST and of CANCEL that is the same for many; empty: to be made */
	size_t messages;        /* that were made */

	/* SCHEDULE_ATTENDEE */
	struct slice reply; /* body of his answer; empty: none */
	struct slice organizer_address;
	bool has_organizer; /* is one of ours: */
	struct schedule_party organizer;
};

/* A calendar whose objects are scheduled: not an inbox. */
static inline bool place_is_scheduled(const struct place *place)
{
	return place->collection.kind == COLLECTION_CALENDAR || place->collection.kind == COLLECTION_BOOKINGS;
}

/* ---- scheduling.c ---- */

/* A plan for the object UID in PLACE; of ARENA, NULL: no memory. REQUEST is the id for its jobs. */
struct scheduling *scheduling_new(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, struct slice uid, struct slice request);

/*
 * OLD and NEW are the texts before and after (empty: there is none); with SILENT an attendee who deletes says nothing. 0;
 * -EINVAL with RESULT filled; or another -errno.
 */
int scheduling_plan(struct scheduling *s, struct slice old, struct slice new, bool silent, struct change_result *result);
/* Whether somebody would get a message; what only brings copies up to date is none. */
bool scheduling_speaks(const struct scheduling *s);
/* After the object is written or gone. 0 or -errno. */
int scheduling_carry_out(struct scheduling *s);
/*
 * OBJECT goes: both of it, and the object itself. RESULT is for DAV:need-privileges of one who may not speak for the owner
 * (-EINVAL); NULL: he may.
 */
int scheduling_remove(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    const struct object *object, const struct removal_cause *cause, bool silent, struct change_result *result);

/* ---- scheduling_copy.c: objects in others' calendars ---- */

struct itip_env scheduling_env(const struct scheduling *s, const struct place *place);
/* Fills addresses, place and copy of PARTY, whose principal is set. */
int scheduling_find_party(struct scheduling *s, struct schedule_party *party);
/* Writes TEXT as PARTY's copy; its schedule tag is new, or stays where nothing but participation changed. */
enum tag_change { TAG_NEW, TAG_STAYS };
int scheduling_put_copy(struct scheduling *s, struct schedule_party *party, struct slice text, enum tag_change tag);
int scheduling_remove_copy(struct scheduling *s, struct schedule_party *party);
/* Puts a message into the inbox of a user. */
int scheduling_put_item(struct scheduling *s, const struct principal *principal, enum itip_method method,
    struct slice body);
/* A message for people outside: a job that waits. */
int scheduling_put_mail(struct scheduling *s, const struct slice *to, size_t count, enum itip_method method,
    struct slice body);

/* ---- scheduling_answer.c: who answers by himself ---- */

/*
 * Whether the server answers RECIPIENT's invitation, in its body, for him, and what: *REPLY_R is a REPLY's body, or empty.
 * *DECLINED_R: something in it is declined.
 */
int scheduling_answer(struct scheduling *s, struct schedule_recipient *recipient, struct slice *reply_r, bool *declined_r);

#endif
