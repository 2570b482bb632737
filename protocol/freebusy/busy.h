/*
 * freebusy/busy - what a calendar object does to its owner's time (contract, section 4, "Busy").
 *
 * In this order: STATUS:CANCELLED; the owner's own PARTSTAT DECLINED or DELEGATED; X-MICROSOFT-CDO-BUSYSTATUS (then
 * X-APPLE-EWS-BUSYSTATUS); TRANSP; tentative by STATUS or own PARTSTAT; busy. VTODO and VJOURNAL are free.
 */
#ifndef FREEBUSY_BUSY_H
#define FREEBUSY_BUSY_H

#include "protocol/recur/instances.h"

/* The same values as storage's enum busy_kind; the order of rank in an answer. */
enum freebusy_kind {
	FREEBUSY_FREE,
	FREEBUSY_TENTATIVE,
	FREEBUSY_BUSY,
	FREEBUSY_UNAVAILABLE,
};

/* OWNER are his addresses, with a space between any two; empty: nobody's PARTSTAT counts. */
enum freebusy_kind freebusy_kind_of(const struct component *component, struct slice owner);

struct busy_row {
	struct interval at;
	uint32_t ordinal;
	enum freebusy_kind kind;
	bool floating;
	bool inexact; /* VTODO, VJOURNAL: a hull that time-range tests (RFC 4791, 9.9) must look behind */
};

struct busy_list {
	struct busy_row *at; /* of the arena */
	size_t count;
	bool more;
};

/* Every instance of OBJECT in the window, VFREEBUSY periods with their FBTYPE. Errors as recur_instances. */
int freebusy_rows(struct arena *arena, const struct calendar_object *object, struct slice owner,
    const struct instances_options *options, struct busy_list *list_r, struct error *err);

#endif
