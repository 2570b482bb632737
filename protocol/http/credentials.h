/*
 * http/credentials - the Authorization field: Basic (RFC 7617) and Bearer (RFC 6750).
 */
#ifndef HTTP_CREDENTIALS_H
#define HTTP_CREDENTIALS_H

#include "protocol/base/slice.h"

#define HTTP_CREDENTIALS_MAX 2048 /* bytes of user and password together */

struct http_basic {
	char bytes[HTTP_CREDENTIALS_MAX];
	struct slice user, password; /* borrow from bytes: do not copy the struct */
};

/* 0, -ENOENT (no Basic credentials), -EINVAL (broken, too long, or a control character in the user name). */
int http_basic_parse(struct slice header, struct http_basic *basic_r);
/* The token behind "Bearer "; false when it is not that. */
bool http_bearer_parse(struct slice header, struct slice *token_r);

#endif
