/*
 * server/pages - what people see in a browser: plain pages, rendered here, that need no script.
 */
#ifndef SERVER_PAGES_PAGES_H
#define SERVER_PAGES_PAGES_H

#include "server/http/router.h"

/* NULL when PATH is no page. */
http_find_fn pages_find;

#endif
