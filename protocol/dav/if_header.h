/*
 * dav/if_header - the If field (RFC 4918, 10.4): lists of conditions, of which one list must hold whole.
 */
#ifndef DAV_IF_HEADER_H
#define DAV_IF_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/arena.h"
#include "protocol/base/error.h"
#include "protocol/base/slice.h"

#define IF_CONDITIONS_MAX 100 /* of one field */

struct if_condition {
	unsigned list;         /* from 0: those of one list stand together */
	struct slice resource; /* the URI in front of the list, without brackets; empty: what the request names */
	bool negated;
	bool is_etag;
	struct slice value; /* the state token's URI without brackets, or the entity tag with its quotes */
};

struct if_header {
	struct if_condition *at; /* of the arena; the slices are of the text */
	size_t count;            /* 0: there is no such field */
};

/* 0, -ENOMEM, or -EINVAL with *ERR (400). An empty TEXT is no field. */
int if_header_parse(struct arena *arena, struct slice text, struct if_header *header_r, struct error *err);

/* Whether a condition, without its Not, holds. */
typedef bool if_holds_fn(const struct if_condition *condition, void *arg);
/* True when one list holds whole, or when there is no field. */
bool if_header_evaluate(const struct if_header *header, if_holds_fn *holds, void *arg);
/* Whether TOKEN is among the state tokens that are not negated. */
bool if_header_submits(const struct if_header *header, struct slice token);

#endif
