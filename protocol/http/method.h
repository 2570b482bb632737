/*
 * http/method - the methods we know, one table (RFC 9110, 9; 4918, 9; 3253, 3.6; 3744, 8; 4791, 5.3).
 */
#ifndef HTTP_METHOD_H
#define HTTP_METHOD_H

#include <stdbool.h>

#include "protocol/base/slice.h"

enum http_method {
	HTTP_OPTIONS,
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_PROPFIND,
	HTTP_PROPPATCH,
	HTTP_MKCOL,
	HTTP_MKCALENDAR,
	HTTP_REPORT,
	HTTP_COPY,
	HTTP_MOVE,
	HTTP_LOCK,
	HTTP_UNLOCK,
	HTTP_ACL,
	HTTP_METHOD_COUNT /* also: a method that we do not know */
};

struct http_method_info {
	const char *name;
	bool safe;       /* RFC 9110, 9.2.1 */
	bool idempotent; /* RFC 9110, 9.2.2 */
};

extern const struct http_method_info http_methods[HTTP_METHOD_COUNT];

/* Case counts. HTTP_METHOD_COUNT when it is none of ours. */
enum http_method http_method_find(struct slice name);

#endif
