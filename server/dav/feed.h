/*
 * server/dav/feed - addresses that are read without signing in: /feeds/SECRET.ics, a subscription of a calendar, and
 * /freebusy/NAME, when somebody is busy, for who has a token or for all where it was granted to all.
 *
 * Who has no right, or the wrong secret, sees what he would see if there were nothing: 404, after the same work.
 */
#ifndef SERVER_DAV_FEED_H
#define SERVER_DAV_FEED_H

#include "server/http/router.h"

/* NULL when PATH is neither. */
http_find_fn feed_find;

#endif
