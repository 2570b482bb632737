/*
 * http/header - a request's fields: lookup and iteration (RFC 9110, 5).
 */
#ifndef HTTP_HEADER_H
#define HTTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/slice.h"

struct http_field {
	struct slice name;  /* as sent */
	struct slice value; /* without white space at both ends */
};

struct http_headers {
	const struct http_field *at;
	size_t count;
};

/* The value of the first field NAME (case does not count), or the empty slice with .at == NULL. */
struct slice http_header_get(const struct http_headers *headers, const char *name);
bool http_header_has(const struct http_headers *headers, const char *name);
size_t http_header_count(const struct http_headers *headers, const char *name);

/*
 * The elements of a comma-separated list over all fields NAME, quoted strings kept whole, empty elements left out
 * (RFC 9110, 5.6.1). Start with a zeroed iterator.
 */
struct http_list {
	size_t field;
	struct slice rest;
	bool started;
};
bool http_list_next(const struct http_headers *headers, const char *name, struct http_list *list, struct slice *element_r);

/* "a; b=c; d=\"e\"": cuts the first part off *REST; then each parameter, its value unquoted only when VALUE_R's bytes need no change. */
bool http_parameter_next(struct slice *rest, struct slice *name_r, struct slice *value_r);

/* The value of the cookie NAME, the first one (RFC 6265, 4.2), or the empty slice with .at == NULL. */
struct slice http_cookie_get(const struct http_headers *headers, const char *name);

/* True when list field NAME has the token (case does not count), parameters aside. */
bool http_header_has_token(const struct http_headers *headers, const char *name, const char *token);

#endif
