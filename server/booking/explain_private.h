/*
 * booking/explain_private - a case as it was read, and what the files that read it share.
 *
 * The getters return 1 and fill in the result, 0 when the member is absent, -EINVAL with *READING->err, or -ENOMEM; what they
 * return is of the reading's arena.
 */
#ifndef BOOKING_EXPLAIN_PRIVATE_H
#define BOOKING_EXPLAIN_PRIVATE_H

#include "server/booking/explain.h"
#include "server/booking/rules/slots.h"

enum explain_kind { EXPLAIN_QUERY, EXPLAIN_REQUEST, EXPLAIN_SERIES };

struct explain_case {
	struct policy policy;
	struct world world;
	enum explain_kind kind;
	const struct zone *zone; /* of the answer for people */
	struct interval window;  /* what is asked about */
	struct slot_request request;
	struct slot_series series;
};

/* Everything is of ARENA, or of ZONES. 0, -ENOMEM, -E2BIG, or -EINVAL with *ERR. */
int explain_read(struct arena *arena, const struct zone_set *zones, struct slice json, struct explain_case *case_r,
    struct error *err);

/* Asks the world, which is prepared, and writes the answer. 0, -ENOMEM or -E2BIG. */
int explain_answer(struct arena *arena, struct explain_case *question, enum explain_form form, struct buf *out);

#define CASE_NAME_MAX 255 /* bytes of a name, a UID, a token */

struct reading {
	struct arena *arena;
	const struct zone_set *zones;
	struct error *err;
	struct explain_case *result;
	struct interval window; /* in which events are expanded */
	const int64_t *holidays;
	size_t holiday_count;
};

/* A date, a wall time or an instant, as an event has it. */
struct moment {
	struct civil civil;
	bool is_date, is_utc;
};

int case_text(struct reading *r, const struct json_value *object, const char *name, enum json_need need,
    struct slice *text_r);
int case_zone(struct reading *r, const struct json_value *object, const char *name, const struct zone **zone_r);
int case_instant(struct reading *r, const struct json_value *object, const char *name, enum json_need need,
    instant_t *at_r);
int case_moment(struct reading *r, const struct json_value *object, const char *name, enum json_need need,
    struct moment *moment_r);
/* Of a value itself: 0 or -EINVAL. */
int case_moment_of(struct reading *r, const struct json_value *value, struct moment *moment_r);
/* An array of at most MAX; *COUNT_R is 0 when there is none. */
int case_list(struct reading *r, const struct json_value *object, const char *name, enum json_need need, size_t max,
    struct json_value *list_r, size_t *count_r);
/* Texts; one text stands for a list of one. 0 also when there are none. */
int case_names(struct reading *r, const struct json_value *object, const char *name, struct slice **names_r,
    size_t *count_r);

/* The events of a person or a room, expanded in the window; times without zone are in FLOATING. 0 or an error. */
int case_events(struct reading *r, const struct json_value *person, const struct zone *floating, struct member *member);
/* The bookings, once the staff and the resources are read. 0 or an error. */
int case_bookings(struct reading *r, const struct json_value *root);

#endif
