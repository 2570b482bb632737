/*
 * server/app - what a handler may reach: the composed parts of one server, made by main, read-only afterwards
 * but for the zones.
 */
#ifndef SERVER_APP_H
#define SERVER_APP_H

#include "protocol/base/clock.h"

struct auth;
struct change_service;
struct config;
struct http_server;
struct metrics;
struct rate;
struct pool;
struct runner;
struct store;
struct zone_set;

struct app {
	struct store *store;
	struct change_service *changes;
	struct auth *auth;
	_Atomic(const struct zone_set *) zones; /* another one after a reload; each lives as long as the site */
	const struct clock *clock;
	struct config *config; /* the values in force: config_get(), which is safe beside a reload */
	struct pool *pool;
	struct metrics *metrics;
	struct http_server *http;
	struct rate *slot_rate, *booking_rate; /* of those who have no key */
	struct runner *runner; /* of jobs; NULL in the command line */
};

#endif
