#include <config.h>

#include "protocol/http/precondition.h"

#include <errno.h>

#include "protocol/http/date.h"

/* The bytes between the quotes without what proxies add. */
static struct slice core(struct slice etag)
{
	static const struct slice suffixes[] = {{"-gzip", 5}, {"-br", 3}, {";gzip", 5}, {"-zstd", 5}};

	if (slice_starts(etag, SLICE("W/")))
		etag = slice_from(etag, 2);
	if (etag.len >= 2 && etag.at[0] == '"' && etag.at[etag.len - 1] == '"')
		etag = slice_sub(etag, 1, etag.len - 2);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (slice_ends(etag, suffixes[i]))
			return slice_sub(etag, 0, etag.len - suffixes[i].len);
	return etag;
}

bool http_etag_equal(struct slice a, struct slice b)
{
	return slice_equal(core(a), core(b));
}

bool http_etag_in(struct slice etag, const struct slice *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (http_etag_equal(etag, list[i]))
			return true;
	return false;
}

static int parse_tags(const struct http_headers *headers, const char *name, struct arena *arena, bool *any_r,
    struct slice **tags_r, size_t *count_r)
{
	struct http_list list = {0};
	struct slice element;

	*count_r = 0;
	*tags_r = NULL;
	*any_r = false;
	if (!http_header_has(headers, name))
		return 0;
	*tags_r = arena_array(arena, HTTP_ETAGS_MAX, sizeof(**tags_r));
	if (*tags_r == NULL)
		return -ENOMEM;
	while (http_list_next(headers, name, &list, &element)) {
		if (slice_is(element, "*"))
			*any_r = true;
		else if (*count_r == HTTP_ETAGS_MAX)
			return -EINVAL;
		else
			(*tags_r)[(*count_r)++] = element;
	}
	/* Both, or neither: a condition that is there but says nothing is not to pass as none. */
	return *any_r == (*count_r > 0) ? -EINVAL : 0;
}

int http_precondition_parse(const struct http_headers *headers, struct arena *arena,
    struct http_precondition *precondition_r)
{
	struct http_precondition p = {0};
	int ret = parse_tags(headers, "If-Match", arena, &p.if_match_any, &p.if_match, &p.if_match_count);

	if (ret == 0)
		ret = parse_tags(headers, "If-None-Match", arena, &p.if_none_match_any, &p.if_none_match,
		    &p.if_none_match_count);
	if (ret < 0)
		return ret;
	p.has_modified_since = http_date_parse(http_header_get(headers, "If-Modified-Since"), &p.modified_since) == 0;
	p.has_unmodified_since =
	    http_date_parse(http_header_get(headers, "If-Unmodified-Since"), &p.unmodified_since) == 0;
	*precondition_r = p;
	return 0;
}

bool http_precondition_write(const struct http_precondition *precondition, bool exists, struct slice etag)
{
	if ((precondition->if_match_any || precondition->if_match_count > 0) && !exists)
		return false;
	if (precondition->if_match_count > 0 &&
	    !http_etag_in(etag, precondition->if_match, precondition->if_match_count))
		return false;
	if (precondition->if_none_match_any && exists)
		return false;
	return precondition->if_none_match_count == 0 || !exists ||
	       !http_etag_in(etag, precondition->if_none_match, precondition->if_none_match_count);
}

int http_precondition_get(const struct http_precondition *p, struct slice etag, instant_t modified)
{
	if (p->if_match_count > 0) {
		if (!http_etag_in(etag, p->if_match, p->if_match_count))
			return 412;
	} else if (!p->if_match_any && p->has_unmodified_since && modified > p->unmodified_since) {
		return 412;
	}
	if (p->if_none_match_any || p->if_none_match_count > 0)
		return p->if_none_match_any || http_etag_in(etag, p->if_none_match, p->if_none_match_count) ? 304 : 0;
	return p->has_modified_since && modified <= p->modified_since ? 304 : 0;
}
