/*
 * booking_bench DIRECTORY [SECONDS] - what bookings cost on a real store, beside the least that they can cost.
 *
 * Slots of 30 days with 1, 10 and 100 members of staff of 500 events each, load and rules together, beside reading their rows;
 * durable bookings a second by 1, 16 and 64 clients that each wait for their answer, beside LMDB's own group commits of as many;
 * the check of one start among a million intervals. Numbers of a shared machine: compare the ratios.
 */
#include <config.h>

#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "protocol/ical/calendar_object.h"
#include "server/base/tzdata.h"
#include "server/booking/booking.h"
#include "server/booking/world_load.h"
#include "storage/store_write.h"

#define BEGIN         INT64_C(1893452400) /* 2030-01-01T00:00:00+01:00 */
#define DAYS          30
#define EVENTS        500
#define STAFF         100
#define LISTS         400 /* member lists timed in one row */
#define CLIENTS_MAX   64
#define INTERVALS     1000000
#define YEARS_DAYS    1095 /* over which they are spread */
#define AT_ONCE       5000 /* rows of one update */
#define CHECKS        20000
#define RECORD_BYTES  1024
#define SMALL_BYTES   64
#define NAME_SIZE     32
#define TEXT_SIZE     8192
#define ARENA_MAX     (256u << 20)
#define SECONDS       3.0

#define MUST(expression)                                                                           \
	do {                                                                                       \
		int must_ = (expression);                                                          \
		if (must_ < 0) {                                                                   \
			fprintf(stderr, "%s: %s\n", #expression, strerror(-must_));                \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static const char hours_text[] = "{\"timezone\":\"Europe/Amsterdam\",\"weekly\":{\"mon\":[[\"09:00\",\"12:30\"],[\"13:00\",\"17:00\"]],"
                                 "\"tue\":[[\"09:00\",\"17:00\"]],\"wed\":[[\"09:00\",\"17:00\"]],\"thu\":[[\"09:00\",\"17:00\"]],"
                                 "\"fri\":[[\"09:00\",\"15:00\"]]}}";
static const char always_text[] = "{\"timezone\":\"Europe/Amsterdam\",\"weekly\":{\"mon\":[[\"00:00\",\"24:00\"]],"
                                  "\"tue\":[[\"00:00\",\"24:00\"]],\"wed\":[[\"00:00\",\"24:00\"]],\"thu\":[[\"00:00\",\"24:00\"]],"
                                  "\"fri\":[[\"00:00\",\"24:00\"]],\"sat\":[[\"00:00\",\"24:00\"]],\"sun\":[[\"00:00\",\"24:00\"]]}}";

struct bench {
	const char *directory;
	double seconds;
	struct store *store;
	struct change_service *changes;
	struct arena *arena;
	uint64_t seed;
};

static instant_t read_clock(const struct clock *clock)
{
	(void)clock;
	return BEGIN - DAY_SECONDS;
}

static const struct clock day_before = {read_clock};

static double read_seconds(clockid_t id)
{
	struct timespec at;

	clock_gettime(id, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static uint64_t below(struct bench *bench, uint64_t limit)
{
	bench->seed ^= bench->seed << 13;
	bench->seed ^= bench->seed >> 7;
	bench->seed ^= bench->seed << 17;
	return bench->seed % limit;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* ---- people, services, events ---- */

struct person {
	struct bench *bench;
	char name[NAME_SIZE];
	const char *hours;
	uint64_t id, calendar;
	size_t events;
	int64_t days; /* over which the events lie */
};

static int make_person(struct kv_txn *txn, void *arg)
{
	struct person *person = arg;
	struct principal principal = {
		.kind = PRINCIPAL_USER,
		.name = slice_str(person->name),
		.email = slice_str(person->name),
		.timezone = SLICE("Europe/Amsterdam"),
		.hours = slice_str(person->hours),
	};
	struct collection work;
	int ret = change_principal_create(person->bench->changes, txn, &principal);

	if (ret == 0)
		ret = store_collection_get(txn, person->bench->arena, principal.name, SLICE("work"), &work);
	person->id = principal.id;
	person->calendar = ret == 0 ? work.id : 0;
	return ret;
}

/* Half an hour each, anywhere on the quarters. */
static int make_events(struct kv_txn *txn, void *arg)
{
	static struct busy rows[AT_ONCE];
	struct person *person = arg;
	struct object object = {.collection = person->calendar, .name = SLICE("all.ics"), .uid = SLICE("all"),
	    .component = COMPONENT_VEVENT, .span = {BEGIN, BEGIN + person->days * DAY_SECONDS}};
	char name[NAME_SIZE];
	int ret;

	snprintf(name, sizeof(name), "%llu.ics", (unsigned long long)below(person->bench, UINT64_MAX));
	object.name = object.uid = slice_str(name);
	ret = store_object_put(txn, person->id, &object, SLICE("x"), BEGIN);
	for (size_t i = 0; i < person->events; i++) {
		instant_t start = BEGIN + (int64_t)below(person->bench, (uint64_t)person->days * 96) * 15 * MINUTE_SECONDS;

		rows[i] = (struct busy){.at = {start, start + 30 * MINUTE_SECONDS}, .collection = person->calendar,
		    .object = object.id, .instance = (uint32_t)i, .kind = BUSY_KIND_BUSY};
	}
	return ret < 0 ? ret : store_index_put(txn, person->id, person->calendar, object.id, rows, person->events);
}

static int make_service(struct kv_txn *txn, void *arg)
{
	const struct service *service = arg;

	return store_service_put(txn, service);
}

static void add_person(struct bench *bench, struct person *person, const char *prefix, unsigned number, const char *hours)
{
	*person = (struct person){.bench = bench, .hours = hours, .events = EVENTS, .days = DAYS};
	snprintf(person->name, sizeof(person->name), "%s%u", prefix, number);
	MUST(kv_update_wait(store_kv(bench->store), make_person, person));
}

/* Of the COUNT people from FIRST on whose names begin with PREFIX. */
static void add_service(struct bench *bench, const char *id, const char *prefix, unsigned first, unsigned count)
{
	AUTO_BUF struct buf json = BUF_INIT(TEXT_SIZE);
	struct service service = {.id = slice_str(id)};

	buf_printf(&json, "{\"id\":\"%s\",\"name\":\"x\",\"duration_minutes\":30,\"horizon_days\":%d,\"staff\":[", id, POLICY_HORIZON_MAX);
	for (unsigned i = 0; i < count; i++)
		buf_printf(&json, "%s\"%s%u\"", i > 0 ? "," : "", prefix, first + i);
	buf_add_str(&json, "]}");
	MUST(json.err);
	service.json = buf_slice(&json);
	MUST(kv_update_wait(store_kv(bench->store), make_service, &service));
}

/* ---- slots ---- */

struct listing {
	struct bench *bench;
	const char *service;
	const struct person *people;
	unsigned staff;
	size_t slots, rows;
};

static int count_slot(const struct slot *slot, void *arg)
{
	(void)slot;
	++*(size_t *)arg;
	return 0;
}

static int list_in(struct kv_txn *txn, void *arg)
{
	struct listing *listing = arg;
	const struct booking_slots question = {
		.service = slice_str(listing->service),
		.window = {BEGIN, BEGIN + DAYS * DAY_SECONDS},
		.seats = 1,
	};

	listing->slots = 0;
	return booking_slots(listing->bench->changes, txn, listing->bench->arena, &question, count_slot, &listing->slots, NULL, NULL);
}

static int count_row(const struct busy *busy, void *arg)
{
	(void)busy;
	++*(size_t *)arg;
	return 0;
}

static int read_in(struct kv_txn *txn, void *arg)
{
	struct listing *listing = arg;
	const struct interval window = {BEGIN, BEGIN + DAYS * DAY_SECONDS};
	int ret = 0;

	listing->rows = 0;
	for (unsigned i = 0; ret == 0 && i < listing->staff; i++)
		ret = store_member_busy_each(txn, listing->people[i].id, window, count_row, &listing->rows);
	return ret;
}

static double time_views(struct listing *listing, kv_fn *fn, unsigned rounds)
{
	double began = read_seconds(CLOCK_PROCESS_CPUTIME_ID);

	for (unsigned i = 0; i < rounds; i++) {
		arena_reset(listing->bench->arena);
		MUST(kv_view(store_kv(listing->bench->store), fn, listing));
	}
	return (read_seconds(CLOCK_PROCESS_CPUTIME_ID) - began) / rounds;
}

static void slots(struct bench *bench)
{
	static const unsigned counts[] = {1, 10, STAFF};
	static struct person people[STAFF];

	for (unsigned i = 0; i < STAFF; i++) {
		add_person(bench, &people[i], "staff", i, hours_text);
		MUST(kv_update_wait(store_kv(bench->store), make_events, &people[i]));
	}
	printf("slots of %d days, load and rules, CPU:\n", DAYS);
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct listing listing = {.bench = bench, .service = "team", .people = people, .staff = counts[i]};
		double list, read;

		add_service(bench, "team", "staff", 0, counts[i]);
		list = time_views(&listing, list_in, LISTS / counts[i]);
		read = time_views(&listing, read_in, LISTS / counts[i]);
		printf("  %3u staff: %7.3f ms, reading the rows %7.3f ms, ratio %.1f (%zu slots, %zu rows)\n", counts[i], list * 1e3,
		    read * 1e3, list / read, listing.slots, listing.rows);
	}
}

/* ---- durable bookings ---- */

struct client {
	pthread_t thread;
	struct bench *bench;
	struct arena *arena;
	char service[NAME_SIZE];
	double end;
	size_t made;
	instant_t next;
};

static void *book(void *arg)
{
	struct client *client = arg;

	while (read_seconds(CLOCK_MONOTONIC) < client->end) {
		struct booking_place place = {
			.service = slice_str(client->service),
			.start = client->next,
			.customer = {.name = SLICE("Kim"), .email = SLICE("kim@example.org")},
			.seats = 1,
			.origin = {.kind = ORIGIN_API},
		};
		struct booking_answer answer;

		arena_reset(client->arena);
		booking_place_wait(client->bench->changes, client->arena, &place, &answer);
		if (answer.outcome != BOOKING_DONE) {
			fprintf(stderr, "booking %zu: outcome %d, %s\n", client->made, answer.outcome, answer.error.detail);
			exit(1);
		}
		client->next += 30 * MINUTE_SECONDS;
		client->made++;
	}
	return NULL;
}

static int lmdb(int rc)
{
	if (rc == 0)
		return 0;
	fprintf(stderr, "LMDB: %s\n", mdb_strerror(rc));
	return -EIO;
}

/* What one of GROUP clients has in one durable commit: ROWS, each beside its client's last of the kind; the first is the record. */
static int put_rows(MDB_txn *txn, MDB_dbi dbi, unsigned client, unsigned rows, unsigned count)
{
	static char body[RECORD_BYTES];
	char key[2 * NAME_SIZE];
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < rows; i++) {
		MDB_val k = {(size_t)snprintf(key, sizeof(key), "kind-%02u-client-%02u-%010u", i, client, count), key};
		MDB_val v = {i == 0 ? RECORD_BYTES : SMALL_BYTES, body};

		rc = mdb_put(txn, dbi, &k, &v, 0);
	}
	return lmdb(rc);
}

/* How many records a second LMDB itself takes, GROUP of them in a durable commit, ROWS each. */
static double raw_groups(const struct bench *bench, unsigned group, unsigned rows)
{
	char path[4096];
	double began, took;
	unsigned count = 0;
	MDB_env *env;
	MDB_dbi dbi;
	MDB_txn *txn;

	snprintf(path, sizeof(path), "%s/raw%u-%u", bench->directory, group, rows);
	mkdir(path, 0700);
	MUST(lmdb(mdb_env_create(&env)));
	MUST(lmdb(mdb_env_set_mapsize(env, 4ul << 30)));
	MUST(lmdb(mdb_env_open(env, path, 0, 0600)));
	for (began = read_seconds(CLOCK_MONOTONIC); read_seconds(CLOCK_MONOTONIC) - began < bench->seconds; count++) {
		MUST(lmdb(mdb_txn_begin(env, NULL, 0, &txn)));
		if (count == 0)
			MUST(lmdb(mdb_dbi_open(txn, NULL, 0, &dbi)));
		for (unsigned client = 0; client < group; client++)
			MUST(put_rows(txn, dbi, client, rows, count));
		MUST(lmdb(mdb_txn_commit(txn)));
	}
	took = read_seconds(CLOCK_MONOTONIC) - began;
	mdb_env_close(env);
	return count * group / took;
}

static void bookings(struct bench *bench, unsigned count)
{
	static struct client clients[CLIENTS_MAX];
	double one, same, began, took, cpu;
	unsigned rows;
	struct kv_stats before, after;
	size_t made = 0;

	for (unsigned i = 0; i < count; i++) {
		struct person person;
		char prefix[NAME_SIZE / 2];

		clients[i] = (struct client){.bench = bench, .arena = arena_new(ARENA_MAX), .next = BEGIN + DAY_SECONDS};
		snprintf(prefix, sizeof(prefix), "c%u-", count);
		snprintf(clients[i].service, sizeof(clients[i].service), "s%u-%u", count, i);
		add_person(bench, &person, prefix, i, always_text);
		add_service(bench, clients[i].service, prefix, i, 1);
	}
	MUST(kv_stats(store_kv(bench->store), &before));
	began = read_seconds(CLOCK_MONOTONIC);
	cpu = read_seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned i = 0; i < count; i++) {
		clients[i].end = began + bench->seconds;
		MUST(-pthread_create(&clients[i].thread, NULL, book, &clients[i]));
	}
	for (unsigned i = 0; i < count; i++) {
		pthread_join(clients[i].thread, NULL);
		made += clients[i].made;
		arena_free(clients[i].arena);
	}
	took = read_seconds(CLOCK_MONOTONIC) - began;
	cpu = read_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	MUST(kv_stats(store_kv(bench->store), &after));
	rows = (unsigned)((after.rows - before.rows) / made);
	one = raw_groups(bench, count, 2);
	same = raw_groups(bench, count, rows);
	printf("%2u clients: %6.0f bookings/s of %u rows, %.1f a commit, %.3f ms CPU each\n", count, (double)made / took, rows,
	    (double)made / (double)(after.batches - before.batches), cpu / (double)made * 1e3);
	printf("            LMDB in groups: %6.0f/s of a record and an index entry (ratio %.2f), %6.0f/s of %u rows (ratio %.2f)\n",
	    one, (double)made / took / one, same, rows, (double)made / took / same);
}

/* ---- one start among a million intervals ---- */

struct checking {
	struct bench *bench;
	uint64_t member;
	struct policy policy;
	int (*check)(struct checking *checking, struct kv_txn *txn);
	double samples[CHECKS];
	size_t free, rows;
};

static instant_t any_start(struct bench *bench)
{
	return BEGIN + (int64_t)below(bench, YEARS_DAYS * 48) * 30 * MINUTE_SECONDS;
}

/* What nobody can leave out: is the time taken? */
static int look_up(struct checking *checking, struct kv_txn *txn)
{
	instant_t start = any_start(checking->bench);

	return store_member_busy_each(txn, checking->member, (struct interval){start, start + 30 * MINUTE_SECONDS}, count_row,
	    &checking->rows);
}


static int check_one(struct checking *checking, struct kv_txn *txn)
{
	struct bench *bench = checking->bench;
	instant_t start = any_start(bench);
	const struct world_question question = {.policy = &checking->policy, .window = {start, start + 1}, .party = 1};
	const struct slot_request request = {.start = start, .grid = GRID_IS_KEPT, .customer = zone_utc()};
	struct slot_answer answer;
	struct world world;
	int ret;

	arena_reset(bench->arena);
	ret = world_load(bench->changes, txn, bench->arena, &question, &world);
	if (ret == 0) {
		slots_ask(&world, &request, &answer);
		checking->free += answer.why == WHY_FREE;
	}
	world_done(&world);
	return ret;
}

static int check_in(struct kv_txn *txn, void *arg)
{
	struct checking *checking = arg;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < CHECKS; i++) {
		double began = read_seconds(CLOCK_THREAD_CPUTIME_ID);

		ret = checking->check(checking, txn);
		checking->samples[i] = read_seconds(CLOCK_THREAD_CPUTIME_ID) - began;
	}
	return ret;
}

static int read_policy(struct kv_txn *txn, void *arg)
{
	struct checking *checking = arg;

	return booking_policy(txn, checking->bench->arena, SLICE("check"), &checking->policy);
}

static void time_checks(struct checking *checking, int (*check)(struct checking *, struct kv_txn *), const char *name)
{
	checking->check = check;
	MUST(kv_view(store_kv(checking->bench->store), check_in, checking));
	qsort(checking->samples, CHECKS, sizeof(double), compare);
	printf("  %-15s p50 %.1f us, p99 %.1f us\n", name, checking->samples[CHECKS / 2] * 1e6,
	    checking->samples[CHECKS * 99 / 100] * 1e6);
}

static void checks(struct bench *bench)
{
	static struct checking checking;
	struct arena *kept = bench->arena;
	struct person person;

	add_person(bench, &person, "check", 0, always_text);
	add_service(bench, "check", "check", 0, 1);
	checking.member = person.id;
	for (unsigned i = 0; i < INTERVALS / AT_ONCE; i++) {
		if (i % (INTERVALS / AT_ONCE / STAFF) == 0 && i > 0)
			add_person(bench, &person, "other", i, always_text);
		person.events = AT_ONCE;
		person.days = YEARS_DAYS;
		MUST(kv_update_wait(store_kv(bench->store), make_events, &person));
	}
	checking.bench = bench;
	MUST(kv_view(store_kv(bench->store), read_policy, &checking));
	bench->arena = arena_new(ARENA_MAX);
	printf("one start among %d intervals of %d people, CPU:\n", INTERVALS, STAFF);
	time_checks(&checking, look_up, "the index alone");
	time_checks(&checking, check_one, "load and rules");
	arena_free(bench->arena);
	bench->arena = kept;
}

int main(int argc, char **argv)
{
	const struct change_settings settings = {.timezone = SLICE("Europe/Amsterdam")};
	struct bench bench = {.seconds = argc > 2 ? strtod(argv[2], NULL) : SECONDS, .seed = 99};
	struct store_options options = {.create = true};
	struct error err = ERROR_NONE;
	struct zone_set *zones;
	char url[4096];

	if (argc < 2) {
		fprintf(stderr, "usage: booking_bench DIRECTORY [SECONDS]; the directory is left for you to remove\n");
		return 2;
	}
	bench.directory = argv[1];
	mkdir(argv[1], 0700);
	snprintf(url, sizeof(url), "lmdb:%s/store", argv[1]);
	calendar_object_init();
	if (tzdata_load(NULL, &zones, &err) < 0 || store_open(url, &options, &bench.store, &err) < 0) {
		fprintf(stderr, "%s\n", err.detail);
		return 1;
	}
	bench.arena = arena_new(ARENA_MAX);
	bench.changes = change_service_new(bench.store, zones, &day_before, NULL, &settings);
	slots(&bench);
	bookings(&bench, 1);
	bookings(&bench, 16);
	bookings(&bench, CLIENTS_MAX);
	checks(&bench);
	store_close(bench.store); /* the writer may still answer through the service */
	change_service_free(bench.changes);
	arena_free(bench.arena);
	zone_set_free(zones);
	return 0;
}
