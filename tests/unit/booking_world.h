/*
 * booking_world - a whole small business in a store, for tests of the change service: zones, a clock that is set by
 * hand, people, and one-line writes.
 */
#ifndef TESTS_BOOKING_WORLD_H
#define TESTS_BOOKING_WORLD_H

#include "server/booking/change.h"
#include "storage/store.h"

struct zone_set;

struct world_clock {
	struct clock clock;
	instant_t now;
};

struct shop {
	struct store *store;
	struct zone_set *zones; /* shared by all worlds of a program */
	struct world_clock clock;
	struct change_service *changes;
	struct pool *pool;
	struct arena *arena;    /* of what the helpers return; until world_free */
};

#define WORLD_NOW "20270301T080000Z" /* a Monday */

/*
 * URL as in store_open. Makes alice and bob (users, Europe/Amsterdam) and room-1 (a resource). Ends the test program
 * when something fails.
 */
struct shop *world_new(const char *url, struct pool *pool);
void world_free(struct shop *world);
instant_t world_time(const char *basic_utc);
void world_set_settings(struct shop *world, enum handling handling, enum on_overlap on_overlap);

/*
 * An event with UID, from START ("20270301T090000Z", without Z floating, or "Europe/Amsterdam:20270301T090000") for
 * MINUTES; EXTRA are whole lines, each with its CRLF. Of the world's arena.
 */
struct slice world_event(struct shop *world, const char *uid, const char *start, int minutes, const char *extra);
/* HOME/COLLECTION/NAME. ETAG NULL: no condition; "*": If-None-Match: *. */
struct change_result world_put(struct shop *world, const char *path, struct slice body, enum handling handling,
    const char *etag);
struct change_result world_delete(struct shop *world, const char *path, const char *etag);
/* -ENOENT and an empty body when there is none. */
int world_get(struct shop *world, const char *path, struct object *object_r, struct slice *body_r);
const char *world_etag(struct shop *world, const char *path);
uint64_t world_changes(struct shop *world, const char *collection_path); /* number of the last change */
/* Runs the jobs that are due, as the server does; how many of KIND had something to do. */
int world_run_due(struct shop *world, const char *kind);
/* How many jobs of KIND there are. */
size_t world_jobs(struct shop *world, const char *kind);
/* Blocking rows of NAME's time between two instants. */
size_t world_busy(struct shop *world, const char *name, const char *from, const char *to);
/* How many pairs of NAME's blocking rows overlap, of different objects in `bookings`. */
size_t world_overlaps(struct shop *world, const char *name);
void world_set_hours(struct shop *world, const char *name, const char *json);
void world_set_person_timezone(struct shop *world, const char *name, const char *timezone);
/* A restart with another zone of the site. */
void world_restart(struct shop *world, const char *timezone);
void world_change_collection(struct shop *world, const char *path, void (*fn)(struct collection *collection));
void world_make_calendar(struct shop *world, const char *path);
/* Runs verify and returns its disagreements; each is printed when PRINT. */
uint64_t world_verify(struct shop *world, bool print);

#endif
