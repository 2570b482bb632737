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
	*preferences_r = p;
}
