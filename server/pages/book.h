/*
 * pages/book - /book/: where customers book, and where who has the link of a booking moves or cancels it.
 *
 * The same calls as the API's (booking/booking.h), in steps that need no script: a service, a person or anyone, a day,
 * a time, one's details. What acts is a POST; a GET shows, since mail scanners follow links.
 */
#ifndef SERVER_PAGES_BOOK_H
#define SERVER_PAGES_BOOK_H

#include "server/http/router.h"

/* NULL when PATH is neither below /book/ nor "/" itself, which leads there. */
http_find_fn book_find;

#endif
