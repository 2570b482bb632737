/*
 * store_bench DIRECTORY [SECONDS] - what the store itself can do, beside raw LMDB in the same run.
 *
 * Durable updates a second by 1, 16 and 64 threads that each wait for their answer, as requests do; lookups in a busy
 * index of a million intervals; listings of 10,000 objects. Numbers of a shared machine: compare the ratios.
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

#include "storage/store_write.h"

#define NOW            INT64_C(1800000000)
#define BODY_BYTES     1024
#define THREADS_MAX    64
#define SAMPLES_MAX    1000000 /* latencies kept of one run */
#define INTERVALS      1000000
#define CALENDARS      1000
#define ROWS_AN_OBJECT 10
#define LOOKUPS        100000
#define LISTED         10000

#define MUST(expression)                                                                           \
	do {                                                                                       \
		int must_ = (expression);                                                          \
		if (must_ < 0) {                                                                   \
			fprintf(stderr, "%s: %s\n", #expression, strerror(-must_));                \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts. */
static double quantile(double *samples, size_t count, double q)
{
	qsort(samples, count, sizeof(*samples), compare);
	return count == 0 ? 0 : samples[(size_t)((double)(count - 1) * q)];
}

/* ---- raw LMDB: a body and an index entry, one sync each ---- */

static int lmdb(int rc)
{
	if (rc == 0)
		return 0;
	fprintf(stderr, "LMDB: %s\n", mdb_strerror(rc));
	return -EIO;
}

static double raw_commits(const char *directory, double seconds)
{
	static char body[BODY_BYTES];
	char path[4096], key[32];
	MDB_env *env;
	MDB_dbi dbi;
	MDB_txn *txn;
	unsigned count = 0;
	double begun;

	snprintf(path, sizeof(path), "%s/raw", directory);
	mkdir(path, 0700);
	MUST(lmdb(mdb_env_create(&env)));
	MUST(lmdb(mdb_env_set_mapsize(env, 4ul << 30)));
	MUST(lmdb(mdb_env_open(env, path, 0, 0600)));
	for (begun = now(); now() - begun < seconds; count++) {
		MDB_val k = {(size_t)snprintf(key, sizeof(key), "b%010u", count), key}, v = {sizeof(body), body};
		MDB_val small = {8, body};

		MUST(lmdb(mdb_txn_begin(env, NULL, 0, &txn)));
		if (count == 0)
			MUST(lmdb(mdb_dbi_open(txn, NULL, 0, &dbi)));
		MUST(lmdb(mdb_put(txn, dbi, &k, &v, 0)));
		key[0] = 'i';
		MUST(lmdb(mdb_put(txn, dbi, &k, &small, 0)));
		MUST(lmdb(mdb_txn_commit(txn)));
	}
	mdb_env_close(env);
	return count / (now() - begun);
}

/* ---- durable updates ---- */

struct calendar {
	uint64_t owner, id;
};

struct create {
	const char *name;
	struct calendar made;
};

static int create_calendar(struct kv_txn *txn, void *arg)
{
	struct create *create = arg;
	struct principal p = {.kind = PRINCIPAL_USER, .name = slice_str(create->name)};
	struct collection c = {.kind = COLLECTION_CALENDAR, .home = slice_str(create->name), .name = SLICE("work")};
	int ret = store_principal_put(txn, &p);

	c.owner = p.id;
	if (ret == 0)
		ret = store_collection_put(txn, &c);
	create->made = (struct calendar){p.id, c.id};
	return ret;
}

static int put_event(struct kv_txn *txn, struct calendar calendar, unsigned number)
{
	static const char body[BODY_BYTES];
	char name[32], uid[32];
	struct interval at = {number * INT64_C(3600), number * INT64_C(3600) + 1800};
	struct object o = {
	    .collection = calendar.id,
	    .name = slice_of(name, (size_t)snprintf(name, sizeof(name), "%u.ics", number)),
	    .uid = slice_of(uid, (size_t)snprintf(uid, sizeof(uid), "uid-%u@example.org", number)),
	    .component = COMPONENT_VEVENT,
	    .span = at,
	};
	int ret = store_object_put(txn, calendar.owner, &o, slice_of(body, sizeof(body)), NOW);

	if (ret == 0) {
		const struct busy busy = {.at = at, .collection = calendar.id, .object = o.id, .kind = BUSY_KIND_BUSY};

		ret = store_index_put(txn, calendar.owner, calendar.id, o.id, &busy, 1);
	}
	return ret < 0 ? ret : store_occupancy_put(txn, calendar.owner, o.uid, &at, 1, NULL);
}

struct worker {
	pthread_t thread;
	struct kv *kv;
	struct calendar calendar;
	double end;
	unsigned number;
	double *samples;
	size_t sample_max;
};

static int put_next(struct kv_txn *txn, void *arg)
{
	struct worker *w = arg;

	return put_event(txn, w->calendar, w->number);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (double begun = now(); begun < w->end; begun = now()) {
		MUST(kv_update_wait(w->kv, put_next, w));
		if (w->number < w->sample_max)
			w->samples[w->number] = now() - begun;
		w->number++;
	}
	return NULL;
}

static void durable_updates(struct kv *kv, unsigned threads, double seconds, double raw)
{
	static double samples[SAMPLES_MAX];
	static struct worker workers[THREADS_MAX];
	struct kv_stats before, after;
	double begun;
	size_t count = 0;

	for (unsigned i = 0; i < threads; i++) {
		char name[32];
		struct create create = {.name = name};

		snprintf(name, sizeof(name), "user-%u-%u", threads, i);
		MUST(kv_update_wait(kv, create_calendar, &create));
		workers[i] = (struct worker){.kv = kv, .calendar = create.made, .sample_max = SAMPLES_MAX / threads};
		workers[i].samples = samples + i * workers[i].sample_max;
	}
	MUST(kv_stats(kv, &before));
	begun = now();
	for (unsigned i = 0; i < threads; i++) {
		workers[i].end = begun + seconds;
		MUST(-pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		memmove(samples + count, workers[i].samples, workers[i].number * sizeof(*samples));
		count += workers[i].number;
	}
	seconds = now() - begun;
	MUST(kv_stats(kv, &after));
	printf("%2u threads: %7.0f updates/s (%.2f of raw single commits), %5.1f a commit, p50 %.2f ms, p99 %.2f ms\n", threads,
	    (double)count / seconds, (double)count / seconds / raw, (double)count / (double)(after.batches - before.batches),
	    quantile(samples, count, 0.5) * 1e3, quantile(samples, count, 0.99) * 1e3);
}

/* ---- the busy index ---- */

struct filling {
	uint64_t seed;
	uint64_t first, count; /* objects */
};

/* Bookings of a quarter to two hours over three years; two in a thousand are blocks of days or weeks. */
static int fill_busy(struct kv_txn *txn, void *arg)
{
	struct filling f = *(struct filling *)arg; /* a copy: it may run again */

	for (uint64_t o = f.first; o < f.first + f.count; o++) {
		struct busy rows[ROWS_AN_OBJECT];
		uint64_t calendar = 1000000 + o % CALENDARS;
		int ret;

		for (uint32_t i = 0; i < ROWS_AN_OBJECT; i++) {
			instant_t start = NOW + (instant_t)(random_next(&f.seed) % (3 * 365 * 96)) * 900;
			int64_t length = 900 * (1 + (int64_t)(random_next(&f.seed) % 8));

			if (random_next(&f.seed) % 500 == 0)
				length = DAY_SECONDS * (1 + (int64_t)(random_next(&f.seed) % 20));
			rows[i] = (struct busy){.at = {start, start + length}, .collection = calendar, .object = o + 1,
			    .instance = i, .kind = BUSY_KIND_BUSY};
		}
		ret = store_index_put(txn, calendar, calendar, o + 1, rows, ROWS_AN_OBJECT);
		if (ret < 0)
			return ret;
	}
	return 0;
}

struct lookups {
	int64_t window_seconds;
	size_t count, hits;
	double samples[LOOKUPS];
};

static int hit(const struct busy *busy, void *arg)
{
	(void)busy;
	++*(size_t *)arg;
	return 0;
}

static int look_up(struct kv_txn *txn, void *arg)
{
	struct lookups *l = arg;
	uint64_t seed = 4711;

	for (size_t i = 0; i < l->count; i++) {
		uint64_t member = 1000000 + random_next(&seed) % CALENDARS;
		instant_t start = NOW + (instant_t)(random_next(&seed) % (3 * 365 * 96)) * 900;
		double begun = now();
		int ret = store_member_busy_each(txn, member, (struct interval){start, start + l->window_seconds}, hit,
		    &l->hits);

		if (ret < 0)
			return ret;
		l->samples[i] = now() - begun;
	}
	return 0;
}

static void busy_lookups(struct kv *kv)
{
	static struct lookups l;
	struct filling f = {.seed = 99, .count = 2000};
	double begun = now();

	for (f.first = 0; f.first < INTERVALS / ROWS_AN_OBJECT; f.first += f.count) {
		f.seed += f.first;
		MUST(kv_update_wait(kv, fill_busy, &f));
	}
	printf("busy index: %d intervals over %d calendars, in both forms, written in %.1f s\n", INTERVALS, CALENDARS,
	    now() - begun);
	for (int64_t window = HOUR_SECONDS; window <= 30 * DAY_SECONDS; window = window < DAY_SECONDS ? DAY_SECONDS : window * 30) {
		l = (struct lookups){.window_seconds = window, .count = LOOKUPS};
		MUST(kv_view(kv, look_up, &l));
		printf("  window of %3lld h: p50 %.1f us, p99 %.1f us, %.1f rows\n", (long long)(window / HOUR_SECONDS),
		    quantile(l.samples, LOOKUPS, 0.5) * 1e6, quantile(l.samples, LOOKUPS, 0.99) * 1e6,
		    (double)l.hits / LOOKUPS);
	}
}

/* ---- listings ---- */

struct listing {
	struct calendar calendar;
	unsigned first;
	size_t count;
	uint64_t number;
};

static int fill_listing(struct kv_txn *txn, void *arg)
{
	struct listing *l = arg;
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < 1000; i++)
		ret = put_event(txn, l->calendar, l->first + i);
	return ret;
}

static int see_object(const struct object *object, void *arg)
{
	char etag[RECORD_ETAG_SIZE];

	object_etag(object, etag);
	*(size_t *)arg += etag[1] != '\0';
	return 0;
}

static int see_change(const struct change *change, void *arg)
{
	*(size_t *)arg += change->name.len > 0;
	return 0;
}

static int list_objects(struct kv_txn *txn, void *arg)
{
	struct listing *l = arg;

	return store_object_each(txn, l->calendar.id, see_object, &l->count);
}

static int list_changes(struct kv_txn *txn, void *arg)
{
	struct listing *l = arg;

	return store_change_each(txn, l->calendar.id, 0, 0, see_change, &l->count);
}

static int poll_number(struct kv_txn *txn, void *arg)
{
	struct listing *l = arg;

	return store_collection_change(txn, l->calendar.id, &l->number);
}

static double best_of(struct kv *kv, kv_fn *fn, struct listing *l)
{
	double best = 1e9;

	for (int i = 0; i < 50; i++) {
		double begun = now(), took;

		l->count = 0;
		MUST(kv_view(kv, fn, l));
		took = now() - begun;
		best = took < best ? took : best;
	}
	return best;
}

static void listings(struct kv *kv)
{
	struct create create = {.name = "listed"};
	struct listing l = {.first = 0};

	MUST(kv_update_wait(kv, create_calendar, &create));
	l.calendar = create.made;
	for (; l.first < LISTED; l.first += 1000)
		MUST(kv_update_wait(kv, fill_listing, &l));
	printf("listing %d objects with ETags: %.2f ms; a first sync's changes: %.2f ms; one poll: %.1f us\n", LISTED,
	    best_of(kv, list_objects, &l) * 1e3, best_of(kv, list_changes, &l) * 1e3, best_of(kv, poll_number, &l) * 1e6);
}

int main(int argc, char **argv)
{
	static const unsigned threads[] = {1, 16, 64};
	struct store_options options = {.create = true};
	struct error err = ERROR_NONE;
	struct store *store;
	char url[4096];
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 3, raw;

	if (argc < 2) {
		fprintf(stderr, "usage: store_bench DIRECTORY [SECONDS]; the directory is left for you to remove\n");
		return 2;
	}
	mkdir(argv[1], 0700);
	snprintf(url, sizeof(url), "lmdb:%s/store", argv[1]);
	if (store_open(url, &options, &store, &err) < 0) {
		fprintf(stderr, "%s\n", err.detail);
		return 1;
	}
	raw = raw_commits(argv[1], seconds);
	printf("raw LMDB: %.0f single commits/s of %d bytes and an index entry\n", raw, BODY_BYTES);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		durable_updates(store_kv(store), threads[i], seconds, raw);
	listings(store_kv(store));
	busy_lookups(store_kv(store));
	store_close(store);
	return 0;
}
