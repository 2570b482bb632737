/*
 * server/health - /healthz, /readyz and /metrics, for whoever watches the server.
 *
 * Anybody may ask: they tell nothing of users. /metrics answers on loopback and behind a trusted proxy only.
 */
#ifndef SERVER_HEALTH_H
#define SERVER_HEALTH_H

#include "server/http/router.h"

/* NULL when PATH is none of the three. */
http_find_fn health_find;

#endif
