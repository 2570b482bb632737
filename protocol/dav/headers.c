#include <config.h>

#include "protocol/dav/headers.h"

#include <errno.h>

int dav_depth_read(const struct http_headers *headers, enum dav_depth missing, enum dav_depth *depth_r,
    struct error *err)
{
	struct slice value = http_header_get(headers, "Depth");

	if (value.at == NULL)
		*depth_r = missing;
	else if (slice_is(value, "0"))
		*depth_r = DEPTH_0;
	else if (slice_is(value, "1"))
		*depth_r = DEPTH_1;
	else if (slice_is_nocase(value, "infinity"))
		*depth_r = DEPTH_INFINITY;
	else
		return error_set(err, 400, CONDITION_NONE, "Depth: neither 0, 1 nor infinity");
	return 0;
}

/* "host:80" and "host" are the same to http, and so on. */
static struct slice without_default_port(struct slice authority, struct slice scheme)
{
	struct slice port = slice_is_nocase(scheme, "https") ? SLICE(":443") : SLICE(":80");

	return slice_ends(authority, port) ? slice_sub(authority, 0, authority.len - port.len) : authority;
}

int dav_destination_read(const struct http_headers *headers, const struct slice *authorities, size_t count,
    struct slice *path_r, struct error *err)
{
	struct slice value = slice_trim(http_header_get(headers, "Destination")), scheme, authority, rest;
	ptrdiff_t colon = slice_find(value, SLICE("://")), slash;

	if (value.len == 0)
		return error_set(err, 400, CONDITION_NONE, "Destination is missing.");
	if (value.at[0] == '/' && !slice_starts(value, SLICE("//"))) {
		*path_r = value;
		return 0;
	}
	scheme = slice_sub(value, 0, colon > 0 ? (size_t)colon : 0);
	if (!slice_is_nocase(scheme, "http") && !slice_is_nocase(scheme, "https"))
		return error_set(err, 400, CONDITION_NONE, "Destination: neither a path nor an http URI.");
	rest = slice_from(value, (size_t)colon + 3);
	slash = slice_find_byte(rest, '/');
	authority = without_default_port(slash < 0 ? rest : slice_sub(rest, 0, (size_t)slash), scheme);
	for (size_t i = 0; i < count; i++)
		if (authorities[i].len > 0 &&
		    slice_equal_nocase(authority, without_default_port(authorities[i], scheme))) {
			*path_r = slash < 0 ? SLICE("/") : slice_from(rest, (size_t)slash);
			return 0;
		}
	return error_set(err, 502, CONDITION_NONE, "Destination: this server does not write to others.");
}

int dav_overwrite_read(const struct http_headers *headers, bool *overwrite_r, struct error *err)
{
	struct slice value = http_header_get(headers, "Overwrite");

	*overwrite_r = !slice_is_nocase(value, "F");
	if (value.at != NULL && *overwrite_r && !slice_is_nocase(value, "T"))
		return error_set(err, 400, CONDITION_NONE, "Overwrite: neither T nor F.");
	return 0;
}

/* Of a preference given twice the first counts (RFC 7240, 2); its parameters are not ours. */
static void take_preference(struct dav_preferences *p, struct slice name, struct slice value)
{
	bool has_return = p->return_minimal || p->return_representation;
	bool has_handling = p->handling_strict || p->handling_lenient;

	if (slice_is_nocase(name, "return-minimal")) {
		p->return_minimal = !p->return_representation; /* macOS 10.9 */
	} else if (slice_is_nocase(name, "return") && !has_return) {
		p->return_minimal = slice_is_nocase(value, "minimal");
		p->return_representation = slice_is_nocase(value, "representation");
	} else if (slice_is_nocase(name, "depth-noroot")) {
		p->depth_noroot = true;
	} else if (slice_is_nocase(name, "handling") && !has_handling) {
		p->handling_strict = slice_is_nocase(value, "strict");
		p->handling_lenient = slice_is_nocase(value, "lenient");
	}
}

void dav_preferences_read(const struct http_headers *headers, struct dav_preferences *preferences_r)
{
	struct dav_preferences p = {0};
	struct http_list list = {0};
	struct slice element, name, value;

	while (http_list_next(headers, "Prefer", &list, &element))
		if (http_parameter_next(&element, &name, &value))
			take_preference(&p, name, value);
	if (slice_is_nocase(http_header_get(headers, "Brief"), "t") && !p.return_representation)
		p.return_minimal = true;
	p.zones_by_reference = slice_is_nocase(http_header_get(headers, "CalDAV-Timezones"), "F");
	*preferences_r = p;
}

bool dav_schedule_reply_is_off(const struct http_headers *headers)
{
	return slice_is_nocase(slice_trim(http_header_get(headers, "Schedule-Reply")), "F");
}
