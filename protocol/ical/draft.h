/*
 * ical/draft - a calendar object's text taken apart into components and lines, changed, and put together again.
 *
 * Where ical/edit does the same to every component of a name, a draft tells them apart: one override, one ATTENDEE of
 * several. Lines that nobody touches are written byte for byte as they came. All of it is of the arena; the text it was
 * made from must live as long. Errors stick: what fails for want of memory makes draft_text fail.
 */
#ifndef ICAL_DRAFT_H
#define ICAL_DRAFT_H

#include <stdbool.h>

#include "protocol/base/arena.h"
#include "protocol/base/slice.h"

struct draft_line {
	struct slice raw;        /* with its line end; what is written */
	struct slice name;       /* as written; empty for lines that are no properties of the component itself */
	struct slice parameters; /* each with its semicolon */
	struct slice value;
	bool opens, closes;      /* BEGIN and END of a component */
	struct draft_line *next;
};

/* The lines of one component right below VCALENDAR, BEGIN and END among them; or those between components. */
struct draft_part {
	struct slice name; /* "VEVENT" as written; empty: lines of the VCALENDAR itself */
	struct draft_line *first;
	struct draft_part *next;
};

struct draft {
	struct arena *arena;
	struct draft_part *first; /* the VCALENDAR's own lines before its first component */
	int err;                  /* 0 or -ENOMEM */
};

/* 0, -ENOMEM, or -EILSEQ when TEXT is not one VCALENDAR whose components end where they should. */
int draft_parse(struct arena *arena, struct slice text, struct draft **draft_r);
/* The whole text; of the arena. 0 or -ENOMEM. */
int draft_text(const struct draft *draft, struct slice *text_r);

/* The I-th component that is no VTIMEZONE, as calendar_object_at counts them; NULL beyond the last. */
struct draft_part *draft_component(const struct draft *draft, size_t i);
/* Takes a component out. */
void draft_drop(struct draft *draft, const struct draft_part *part);
/* A copy of PART, of this or another draft whose text lives as long, behind the last component; NULL: no memory. */
struct draft_part *draft_append(struct draft *draft, const struct draft_part *part);
/* Adds the VTIMEZONEs of FROM whose TZIDs DRAFT does not define, before the first component. */
void draft_take_zones(struct draft *draft, const struct draft *from);

/* The first property NAME of PART, and the next one behind LINE; NULL: none. */
struct draft_line *draft_find(const struct draft_part *part, const char *name);
struct draft_line *draft_find_next(const struct draft_line *line, const char *name);
/* Gives LINE other parameters and another value; parameters are "" or ";TZID=..." */
void draft_set(struct draft *draft, struct draft_line *line, struct slice parameters, struct slice value);
/* Adds a property behind the last one of PART; before components inside. */
void draft_add(struct draft *draft, struct draft_part *part, struct slice name, struct slice parameters,
    struct slice value);
/* Replaces the first NAME and removes the others, or adds it. */
void draft_put(struct draft *draft, struct draft_part *part, const char *name, struct slice parameters,
    struct slice value);
void draft_remove(struct draft_part *part, const struct draft_line *line);
void draft_remove_all(struct draft_part *part, const char *name);
/* A copy of a property's line. */
void draft_copy_line(struct draft *draft, struct draft_part *part, const struct draft_line *line);
/* Takes the components inside PART out, and puts those of FROM there. */
void draft_remove_inside(struct draft_part *part);
void draft_copy_inside(struct draft *draft, struct draft_part *part, const struct draft_part *from);

/*
 * PARAMETERS with NAME set to VALUE, which is quoted where it must be, or with a VALUE whose .at is NULL without it; of
 * the arena, and as it was when there is no memory (draft->err says so).
 */
struct slice draft_parameter(struct draft *draft, struct slice parameters, const char *name, struct slice value);

#endif
