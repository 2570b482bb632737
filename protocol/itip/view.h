/*
 * itip/view - a calendar object as scheduling looks at it: what each component means beside the lines that say it.
 *
 * For the files of this folder. Meaning is read from the parsed component, which never changes; lines are changed in the
 * draft. A component that was derived or brought in keeps the meaning of where it came from.
 */
#ifndef ITIP_VIEW_H
#define ITIP_VIEW_H

#include "protocol/ical/draft.h"
#include "protocol/itip/message.h"

#define ITIP_COMPONENTS_MAX 5000 /* of one object: more than a series has overrides in any calendar */

/* Parameters of our own on ATTENDEE and COMMENT; no copy of another's has them. */
#define ITIP_REPLIED      "X-SLOTKEEPER-REPLIED"  /* SEQUENCE and DTSTAMP of the last answer: "2-20270301T090000Z" */
#define ITIP_COMMENT_FROM "X-SLOTKEEPER-ATTENDEE" /* whose comment it is */

struct itip_component {
	const struct component *c;
	struct draft_part *part;
	bool is_master; /* has no RECURRENCE-ID */
	instant_t id;   /* the instance that it stands for */
};

struct itip_view {
	const struct itip_env *env;
	struct calendar_object *object;
	struct draft *draft;
	struct itip_component *at;
	size_t count, capacity;
};

/* TEXT must live as long as ENV's arena. 0, -ENOMEM, or -EBADMSG when lines and meaning do not fit together. */
int itip_view_open(const struct itip_env *env, struct slice text, struct itip_view *view_r);
int itip_view_text(const struct itip_view *view, struct slice *text_r);

struct itip_component *itip_view_master(const struct itip_view *view);             /* NULL: overrides only */
struct itip_component *itip_view_at(const struct itip_view *view, instant_t id); /* the override; NULL: none */
/* What stands for an instance: its override, else the master; NULL when there is neither. */
const struct itip_component *itip_view_for(const struct itip_view *view, instant_t id);
/* Whether the recurrence set has an instance of that original start. */
bool itip_view_has_instance(const struct itip_view *view, instant_t id);
bool itip_view_is_excluded(const struct itip_view *view, instant_t id); /* by EXDATE */
/* The override of an instance, made from the master when there is none. 0, -ENOMEM, or -ENOENT: no such instance. */
int itip_view_derive(struct itip_view *view, instant_t id, struct itip_component **component_r);
/* Adds an EXDATE for the instance and drops its override. 0, -ENOMEM, or -ENOENT without a master. */
int itip_view_exclude(struct itip_view *view, instant_t id);
/* Takes the EXDATEs away that name the instance. */
void itip_view_include(struct itip_view *view, instant_t id);
void itip_view_drop(struct itip_view *view, struct itip_component *component);
/* A copy of FROM's component, of another view. 0 or -ENOMEM. */
int itip_view_bring(struct itip_view *view, const struct itip_component *from);

/* ---- lines ---- */
uint32_t itip_sequence(const struct draft_part *part);
void itip_set_sequence(struct itip_view *view, struct draft_part *part, uint32_t sequence);
/* The instant of DTSTAMP, INSTANT_MIN without one. */
instant_t itip_stamp(const struct draft_part *part);
void itip_set_stamp(struct itip_view *view, struct draft_part *part);
struct slice itip_parameter(const struct draft_line *line, const char *name); /* empty: none */
void itip_set_parameter(struct itip_view *view, struct draft_line *line, const char *name, struct slice value);
void itip_drop_parameter(struct itip_view *view, struct draft_line *line, const char *name);
struct draft_line *itip_attendee(const struct draft_part *part, const struct itip_user *user);
struct draft_line *itip_attendee_at(const struct draft_part *part, struct slice address);
struct slice itip_partstat(const struct draft_line *line); /* "NEEDS-ACTION" when it is not said */
bool itip_is_cancelled(const struct draft_part *part);

/* ---- what belongs to whom ---- */
/* A property that everybody sets in his own copy: TRANSP, CATEGORIES, X- and the like. */
bool itip_is_personal(struct slice name);
/* Takes FROM's personal properties and what is inside it (alarms) in place of PART's. */
void itip_take_personal(struct itip_view *view, struct draft_part *part, const struct draft_part *from);

/* ---- comparing ---- */
/* When A and B take place: start, end, rule and added dates. EXDATE is not looked at. */
bool itip_same_times(const struct itip_env *env, const struct component *a, const struct component *b);
/* Whether OVERRIDE takes place when the instance ID of MASTER would without it. */
bool itip_same_as_master(const struct itip_env *env, const struct component *override, instant_t id,
    const struct component *master);
/* Whether all that A says and that is the organizer's to say, times and people aside, B says too. */
bool itip_content_within(const struct component *a, const struct component *b);

#endif
