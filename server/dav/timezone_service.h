/*
 * server/dav/timezone_service - the zones of this machine for all who ask, below /timezones/ (RFC 7808): the service that goes
 * with time zones by reference (RFC 7809).
 *
 * The actions capabilities, list, get, expand and find. Nothing here is anybody's own, so nobody signs in.
 */
#ifndef SERVER_DAV_TIMEZONE_SERVICE_H
#define SERVER_DAV_TIMEZONE_SERVICE_H

#include "server/http/router.h"

#define TIMEZONE_SERVICE "/timezones" /* its context path, for timezone-service-set */

/* NULL when PATH is neither below it nor /.well-known/timezone. */
http_find_fn timezone_service_find;

#endif
