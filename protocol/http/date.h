/*
 * http/date - IMF-fixdate, and the two obsolete forms on the way in (RFC 9110, 5.6.7).
 */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include "protocol/base/instant.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void http_date_write(struct buf *b, instant_t at);
/* 0 or -EINVAL. */
int http_date_parse(struct slice text, instant_t *at_r);

#endif
