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

void dav_preferences_read(const struct http_headers *headers, struct dav_preferences *preferences_r)
{
	struct dav_preferences p = {.return_minimal = slice_is_nocase(http_header_get(headers, "Brief"), "t")};
	struct http_list list = {0};
	struct slice element, name, value;

	while (http_list_next(headers, "Prefer", &list, &element)) {
		while (http_parameter_next(&element, &name, &value)) {
			if (slice_is_nocase(name, "return-minimal") ||
			    (slice_is_nocase(name, "return") && slice_is_nocase(value, "minimal")))
				p.return_minimal = true;
			else if (slice_is_nocase(name, "return") && slice_is_nocase(value, "representation"))
				p.return_representation = true;
			else if (slice_is_nocase(name, "handling") && slice_is_nocase(value, "strict"))
				p.handling_strict = true;
			else if (slice_is_nocase(name, "handling") && slice_is_nocase(value, "lenient"))
				p.handling_lenient = !p.handling_strict; /* the first one counts (RFC 7240, 2) */
		}
	}
	*preferences_r = p;
}
