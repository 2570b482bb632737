/*
 * http/precondition - entity tags and the If-... fields (RFC 9110, 8.8.3 and 13).
 *
 * A proxy that compresses marks our tags with -gzip or -br, or as weak; what it hands back is still ours: tags are
 * compared without such marks.
 */
#ifndef HTTP_PRECONDITION_H
#define HTTP_PRECONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/arena.h"
#include "protocol/base/instant.h"
#include "protocol/http/header.h"

#define HTTP_ETAGS_MAX 64 /* of one field */

struct http_precondition {
	bool if_match_any, if_none_match_any; /* "*" */
	struct slice *if_match;               /* as sent, quotes included; of the arena */
	size_t if_match_count;
	struct slice *if_none_match;
	size_t if_none_match_count;
	bool has_modified_since, has_unmodified_since;
	instant_t modified_since, unmodified_since;
};

/* 0, -EINVAL (a list that is no list of tags, or too long), -ENOMEM. A date that cannot be read is ignored. */
int http_precondition_parse(const struct http_headers *headers, struct arena *arena,
    struct http_precondition *precondition_r);

/* Whether two tags, quoted, are the same but for the marks of proxies. */
bool http_etag_equal(struct slice a, struct slice b);
bool http_etag_in(struct slice etag, const struct slice *list, size_t count);

/* Whether a write of a resource with ETAG (empty: it has none) may go on; EXISTS: something is there (RFC 9110, 13.1). */
bool http_precondition_write(const struct http_precondition *precondition, bool exists, struct slice etag);
/*
 * What a GET or HEAD of a representation with ETAG and MODIFIED answers: 0 to go on, 304 or 412 (RFC 9110, 13.2.2).
 */
int http_precondition_get(const struct http_precondition *precondition, struct slice etag, instant_t modified);

#endif
