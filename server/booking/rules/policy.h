/*
 * booking/rules/policy - a service: what is booked, with whom, where and under which rules.
 *
 * The JSON of the API (contract, section 5); booking/rules says what each member means. Durations are seconds here.
 */
#ifndef BOOKING_RULES_POLICY_H
#define BOOKING_RULES_POLICY_H

#include "protocol/base/arena.h"
#include "protocol/base/instant.h"
#include "protocol/json/json.h"

#define POLICY_BYTES_MAX     65536 /* of the JSON text */
#define POLICY_STAFF_MAX     500
#define POLICY_NEEDS_MAX     20
#define POLICY_COUNT_MAX     100   /* of one pool */
#define POLICY_MINUTES_MAX   10080 /* a week: of durations, buffers and steps */
#define POLICY_COMBINED_MAX  720   /* minutes of a buffer with "buffer_combine": "max": the guard table holds the core alone */
#define POLICY_HORIZON_MAX   1827  /* days: five years */
#define POLICY_CAPACITY_MAX  10000
#define POLICY_WEIGHT_MAX    1000
#define POLICY_REMINDERS_MAX 10
#define POLICY_TEXT_MAX      4000 /* bytes of a text for people */

enum policy_assignment {
	ASSIGN_ANY,         /* the first who can, in the order of the staff */
	ASSIGN_ROUND_ROBIN, /* who has had least */
	ASSIGN_COLLECTIVE,  /* all of them */
	ASSIGN_FIXED,       /* the one member */
	ASSIGN_CHOOSE,      /* the one whom the customer names */
};

enum policy_video { VIDEO_NONE, VIDEO_GOOGLE_MEET, VIDEO_TEAMS, VIDEO_ZOOM };

/* Rooms or equipment: the one called ID, or COUNT of POOL. */
struct policy_need {
	struct slice id, pool; /* one of them is empty */
	int64_t count;
};

struct policy {
	struct slice id, name;
	int64_t duration, buffer_before, buffer_after; /* seconds */
	bool buffers_max;          /* of two neighbours' buffers the longer counts, not the sum (R8) */
	bool buffers_within_hours; /* working hours must cover them too */
	const struct slice *staff; /* names, each once */
	const int64_t *weights;    /* of each, for ASSIGN_ROUND_ROBIN; 1 when not said */
	size_t staff_count;
	enum policy_assignment assignment;
	const struct policy_need *needs;
	size_t need_count;
	int64_t step_minutes;
	bool align_window; /* the grid counts from the opening of a range, not from midnight (R11) */
	int64_t min_notice; /* seconds */
	int64_t min_notice_days, horizon_days, max_per_day, capacity;
	bool tentative_blocks;
	int64_t series_max_conflicts, series_max_conflict_percent;
	struct slice location, preparation, price;
	bool ask_phone, visible; /* "public" */
	enum policy_video video;
	struct slice timezone; /* IANA; empty: the site's */
	int64_t cancel_notice_minutes;
	const int64_t *reminders; /* minutes before the start */
	size_t reminder_count;
	bool keep_on_decline; /* "on_decline": "keep" and not "cancel" */
};

/*
 * Reads a service. Everything but duration_minutes and staff (and, with NAMED, the name) has a default; a member that is
 * not known is an error. What it returns is of ARENA. 0, -ENOMEM, or -EINVAL with *ERR that names the field.
 */
int policy_read(struct arena *arena, const struct json_value *json, bool named, struct policy *policy_r,
    struct error *err);
/* All members, the defaults too; WEIGHTS says whether they are shown. B was empty, or stands in an object's member NAME. */
void policy_write(struct buf *b, const char *name, const struct policy *policy, bool weights);
/* Whether it can be a service's: it stands in addresses and on command lines. */
bool policy_id_is_good(struct slice id);
/* The index of a member of the staff, or -1. */
int policy_find_staff(const struct policy *policy, struct slice name);

#endif
