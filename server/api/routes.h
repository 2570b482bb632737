/*
 * server/api/routes - the JSON API below /api/v1/ (slotkeeperd(8) tells all of it; openapi.json is its form).
 */
#ifndef SERVER_API_ROUTES_H
#define SERVER_API_ROUTES_H

#include "server/http/router.h"

#define API_ROOT "/api/v1"

/* NULL when PATH is not below API_ROOT. Whatever is below it is answered here, so that all errors are JSON. */
http_find_fn api_find;

#endif
