/*
 * itip/apply_private - what the files of apply share.
 */
#ifndef ITIP_APPLY_PRIVATE_H
#define ITIP_APPLY_PRIVATE_H

#include "protocol/itip/apply.h"
#include "protocol/itip/view.h"

/* One message on its way into one object. */
struct application {
	const struct itip_env *env;
	const struct itip_user *user;
	struct itip_view message, stored;
	struct itip_applied *applied;
};

/* Sets the outcome; 0. */
int apply_outcome(struct application *a, enum itip_outcome outcome);
/* The stored view's text, or ITIP_SAME when it is as it was. */
int apply_finish(struct application *a);
/* Whether the message's component is older than what stands stored for it: SEQUENCE, then DTSTAMP. */
bool apply_is_stale(const struct draft_part *message, const struct draft_part *stored);

int apply_reply(struct application *a);
int apply_refresh(struct application *a);
int apply_counter(struct application *a);

#endif
