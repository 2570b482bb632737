#include <config.h>

#include "tests/unit/booking_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/ical/calendar_object.h"
#include "server/app.h"
#include "server/base/tzdata.h"
#include "server/booking/verify.h"
#include "server/job_kinds.h"

static void must(int ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-ret));
	abort();
}

static instant_t clock_read(const struct clock *clock)
{
	return ((const struct world_clock *)clock)->now;
}

instant_t world_time(const char *basic_utc)
{
	instant_t at;

	must(instant_parse_basic(slice_str(basic_utc), &at), basic_utc);
	return at;
}

static struct zone_set *zones_once(void)
{
	static struct zone_set *zones;
	struct error err = ERROR_NONE;

	if (zones == NULL) {
		calendar_object_init();
		must(tzdata_load(NULL, &zones, &err), "zones");
	}
	return zones;
}

struct people {
	struct shop *world;
};

static int make_people(struct kv_txn *txn, void *arg)
{
	struct people *people = arg;
	struct principal all[] = {
		{.kind = PRINCIPAL_USER, .name = SLICE("alice"), .email = SLICE("alice@example.org")},
		{.kind = PRINCIPAL_USER, .name = SLICE("bob"), .email = SLICE("bob@example.org")},
		{.kind = PRINCIPAL_RESOURCE, .resource = RESOURCE_ROOM, .name = SLICE("room-1")},
	};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < ARRAY_LEN(all); i++) {
		all[i].timezone = SLICE("Europe/Amsterdam");
		all[i].created = people->world->clock.now;
		ret = change_principal_create(people->world->changes, txn, &all[i]);
	}
	return ret;
}

struct shop *world_new(const char *url, struct pool *pool)
{
	struct shop *world = calloc(1, sizeof(*world));
	struct change_settings settings = {.timezone = SLICE("Europe/Amsterdam")};
	struct store_options options = {.create = true};
	struct people people = {world};
	struct error err = ERROR_NONE;

	if (world == NULL)
		abort();
	world->zones = zones_once();
	world->clock = (struct world_clock){{clock_read}, world_time(WORLD_NOW)};
	must(store_open(url, &options, &world->store, &err), err.detail);
	world->pool = pool;
	world->changes = change_service_new(world->store, world->zones, &world->clock.clock, pool, &settings);
	world->arena = arena_new(SIZE_MAX / 4);
	if (world->changes == NULL || world->arena == NULL)
		abort();
	must(kv_update_wait(store_kv(world->store), make_people, &people), "people");
	return world;
}

void world_free(struct shop *world)
{
	store_close(world->store); /* the writer may still answer through the service */
	change_service_free(world->changes);
	arena_free(world->arena);
	free(world);
}

void world_set_settings(struct shop *world, enum handling handling, enum on_overlap on_overlap)
{
	struct change_settings settings = {.handling = handling, .on_overlap = on_overlap};

	change_service_reload(world->changes, &settings);
}

struct slice world_event(struct shop *world, const char *uid, const char *start, int minutes, const char *extra)
{
	bool zoned = strchr(start, ':') != NULL;
	const char *text = arena_printf(world->arena,
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\nBEGIN:VEVENT\r\nUID:%s\r\n"
	    "DTSTAMP:20270101T000000Z\r\nDTSTART%s%s\r\nDURATION:PT%dM\r\nSUMMARY:%s\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n",
	    uid, zoned ? ";TZID=" : ":", start, minutes, uid, extra);

	if (text == NULL)
		abort();
	return slice_str(text);
}

static void split_path(const char *path, struct slice parts[3])
{
	struct slice rest = slice_str(path);

	for (size_t i = 0; i < 3; i++) {
		if (!slice_next(&rest, '/', &parts[i]))
			parts[i] = SLICE_EMPTY;
	}
}

struct change_result world_put(struct shop *world, const char *path, struct slice body, enum handling handling,
    const char *etag)
{
	struct slice parts[3], tag = slice_str(etag);
	struct change_put put = {.body = body, .handling = handling, .origin = {.kind = ORIGIN_USER}};
	struct change_result result;

	split_path(path, parts);
	put.home = parts[0];
	put.collection = parts[1];
	put.name = parts[2];
	put.origin.principal = parts[0];
	if (etag != NULL && strcmp(etag, "*") == 0) {
		put.condition.if_none_match_any = true;
	} else if (etag != NULL) {
		put.condition.if_match = &tag;
		put.condition.if_match_count = 1;
	}
	change_put_wait(world->changes, world->arena, &put, &result);
	return result;
}

struct change_result world_delete(struct shop *world, const char *path, const char *etag)
{
	struct slice parts[3], tag = slice_str(etag);
	struct change_delete request = {.origin = {.kind = ORIGIN_USER}};
	struct change_result result;

	split_path(path, parts);
	request.home = parts[0];
	request.collection = parts[1];
	request.name = parts[2];
	if (etag != NULL) {
		request.condition.if_match = &tag;
		request.condition.if_match_count = 1;
	}
	change_delete_wait(world->changes, world->arena, &request, &result);
	return result;
}

struct reading {
	struct shop *world;
	struct slice parts[3];
	struct object *object;
	struct slice body;
	uint64_t number;
	const char *kind;
	size_t count;
	struct interval window;
};

static int read_object(struct kv_txn *txn, void *arg)
{
	struct reading *reading = arg;
	struct collection collection;
	struct slice body;
	int ret = store_collection_get(txn, reading->world->arena, reading->parts[0], reading->parts[1], &collection);

	if (ret == 0)
		ret = store_object_get(txn, reading->world->arena, collection.id, reading->parts[2], reading->object);
	if (ret == 0)
		ret = store_body_get(txn, reading->object->id, &body);
	if (ret == 0)
		reading->body = slice_of(arena_copy(reading->world->arena, body), body.len);
	return ret;
}

int world_get(struct shop *world, const char *path, struct object *object_r, struct slice *body_r)
{
	struct object object;
	struct reading reading = {.world = world, .object = object_r ? object_r : &object, .body = SLICE_EMPTY};
	int ret;

	split_path(path, reading.parts);
	ret = kv_view(store_kv(world->store), read_object, &reading);
	if (body_r != NULL)
		*body_r = reading.body;
	return ret;
}

const char *world_etag(struct shop *world, const char *path)
{
	char *etag = arena_alloc(world->arena, RECORD_ETAG_SIZE);
	struct object object;

	if (world_get(world, path, &object, NULL) < 0)
		return "";
	object_etag(&object, etag);
	return etag;
}

static int read_changes(struct kv_txn *txn, void *arg)
{
	struct reading *reading = arg;
	struct collection collection;
	int ret = store_collection_get(txn, reading->world->arena, reading->parts[0], reading->parts[1], &collection);

	return ret < 0 ? ret : store_collection_change(txn, collection.id, &reading->number);
}

uint64_t world_changes(struct shop *world, const char *collection_path)
{
	struct reading reading = {.world = world};

	split_path(collection_path, reading.parts);
	must(kv_view(store_kv(world->store), read_changes, &reading), collection_path);
	return reading.number;
}

static int see_job(const struct job *job, void *arg)
{
	struct reading *reading = arg;

	reading->count += slice_is(job->kind, reading->kind);
	return 0;
}

static int read_jobs(struct kv_txn *txn, void *arg)
{
	return store_job_each_by_id(txn, 0, see_job, arg);
}

size_t world_jobs(struct shop *world, const char *kind)
{
	struct reading reading = {.kind = kind};

	must(kv_view(store_kv(world->store), read_jobs, &reading), "jobs");
	return reading.count;
}

/* ---- jobs that are due ---- */

struct running {
	struct shop *world;
	const struct app *app;
	const char *kind;
	int done;
};

static int run_due(struct kv_txn *txn, void *arg)
{
	struct running *running = arg;
	size_t places[JOBS_KINDS_MAX];
	struct job_look look = {.kinds = &job_kinds,
	    .places = places,
	    .arena = running->world->arena,
	    .now = running->world->clock.now};
	struct job_run run = {
	    .arena = running->world->arena, .arg = (void *)(uintptr_t)running->app, .now = look.now};
	int ret;

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		places[i] = job_kinds.count > i && strcmp(job_kinds.at[i].name, running->kind) == 0 ? JOB_TASKS_MAX : 0;
	running->done = 0;
	ret = jobs_look(txn, &look);
	for (size_t i = 0; ret >= 0 && i < look.count; i++) {
		ret = jobs_run_in_update(txn, &look.tasks[i], &run);
		running->done += ret > 0;
	}
	return ret < 0 ? ret : (int)look.count;
}

int world_run_due(struct shop *world, const char *kind)
{
	const struct app app = {.store = world->store, .changes = world->changes, .clock = &world->clock.clock};
	struct running running = {world, &app, kind, 0};
	int ret, done = 0;

	do {
		ret = kv_update_wait(store_kv(world->store), run_due, &running);
		must(ret, kind);
		done += running.done;
	} while (ret > 0);
	return done;
}

static int see_busy(const struct busy *busy, void *arg)
{
	struct reading *reading = arg;

	reading->count += interval_overlaps(busy->at, reading->window);
	return 0;
}

static int read_busy(struct kv_txn *txn, void *arg)
{
	struct reading *reading = arg;
	struct principal principal;
	int ret = store_principal_get(txn, reading->world->arena, reading->parts[0], &principal);

	return ret < 0 ? ret : store_member_busy_each(txn, principal.id, reading->window, see_busy, reading);
}

size_t world_busy(struct shop *world, const char *name, const char *from, const char *to)
{
	struct reading reading = {.world = world, .window = {world_time(from), world_time(to)}};

	reading.parts[0] = slice_str(name);
	must(kv_view(store_kv(world->store), read_busy, &reading), "busy");
	return reading.count;
}

struct overlaps {
	struct shop *world;
	const char *name;
	struct busy *at;
	size_t count, capacity, overlaps;
};

static int see_row(const struct busy *busy, void *arg)
{
	struct overlaps *overlaps = arg;

	if (!(busy->flags & BUSY_BOOKING))
		return 0;
	if (overlaps->count == overlaps->capacity) {
		overlaps->capacity = overlaps->capacity ? overlaps->capacity * 2 : 64;
		overlaps->at = realloc(overlaps->at, overlaps->capacity * sizeof(*overlaps->at));
		if (overlaps->at == NULL)
			return -ENOMEM;
	}
	for (size_t i = 0; i < overlaps->count; i++)
		overlaps->overlaps += interval_overlaps(overlaps->at[i].at, busy->at);
	overlaps->at[overlaps->count++] = *busy;
	return 0;
}

static int read_overlaps(struct kv_txn *txn, void *arg)
{
	struct overlaps *overlaps = arg;
	struct principal principal;
	int ret = store_principal_get(txn, overlaps->world->arena, slice_str(overlaps->name), &principal);

	return ret < 0 ? ret : store_member_busy_each(txn, principal.id, (struct interval){INSTANT_MIN, INSTANT_MAX}, see_row,
	    overlaps);
}

size_t world_overlaps(struct shop *world, const char *name)
{
	struct overlaps overlaps = {.world = world, .name = name};

	must(kv_view(store_kv(world->store), read_overlaps, &overlaps), name);
	free(overlaps.at);
	return overlaps.overlaps;
}

struct changing {
	struct shop *world;
	const char *name, *json, *timezone;
	struct slice parts[3];
	void (*fn)(struct collection *collection);
};

static int write_principal(struct kv_txn *txn, void *arg)
{
	struct changing *changing = arg;
	struct principal principal;
	int ret = store_principal_get(txn, changing->world->arena, slice_str(changing->name), &principal);

	if (changing->json != NULL)
		principal.hours = slice_str(changing->json);
	if (changing->timezone != NULL)
		principal.timezone = slice_str(changing->timezone);
	return ret < 0 ? ret : store_principal_put(txn, &principal);
}

void world_set_hours(struct shop *world, const char *name, const char *json)
{
	struct changing changing = {.world = world, .name = name, .json = json};

	must(kv_update_wait(store_kv(world->store), write_principal, &changing), "hours");
}

void world_set_person_timezone(struct shop *world, const char *name, const char *timezone)
{
	struct changing changing = {.world = world, .name = name, .timezone = timezone};

	must(kv_update_wait(store_kv(world->store), write_principal, &changing), "timezone");
}

void world_restart(struct shop *world, const char *timezone)
{
	struct change_settings settings = {.timezone = slice_str(timezone)};

	change_service_free(world->changes);
	world->changes = change_service_new(world->store, world->zones, &world->clock.clock, world->pool, &settings);
	if (world->changes == NULL)
		abort();
}

static int write_collection(struct kv_txn *txn, void *arg)
{
	struct changing *changing = arg;
	struct collection collection;
	int ret = store_collection_get(txn, changing->world->arena, changing->parts[0], changing->parts[1], &collection);

	if (ret < 0)
		return ret;
	changing->fn(&collection);
	return change_collection_update(changing->world->changes, txn, changing->world->arena, &collection);
}

void world_change_collection(struct shop *world, const char *path, void (*fn)(struct collection *collection))
{
	struct changing changing = {.world = world, .fn = fn};

	split_path(path, changing.parts);
	must(kv_update_wait(store_kv(world->store), write_collection, &changing), path);
}

static int make_calendar(struct kv_txn *txn, void *arg)
{
	struct changing *changing = arg;
	struct principal owner;
	struct collection collection = {
		.kind = COLLECTION_CALENDAR,
		.home = changing->parts[0],
		.name = changing->parts[1],
		.components = COMPONENT_ALL,
	};
	int ret = store_principal_get(txn, changing->world->arena, changing->parts[0], &owner);

	collection.owner = owner.id;
	return ret < 0 ? ret : store_collection_put(txn, &collection);
}

void world_make_calendar(struct shop *world, const char *path)
{
	struct changing changing = {.world = world};

	split_path(path, changing.parts);
	must(kv_update_wait(store_kv(world->store), make_calendar, &changing), path);
}

static void print_disagreement(const char *sentence, void *arg)
{
	if (*(bool *)arg)
		fprintf(stderr, "%s\n", sentence);
}

uint64_t world_verify(struct shop *world, bool print)
{
	struct verify_counts counts = {0};

	must(verify_store(world->changes, print_disagreement, &print, &counts), "verify");
	return counts.disagreements;
}
