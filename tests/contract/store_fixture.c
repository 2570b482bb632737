#include <config.h>

#include "tests/contract/store_fixture.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/key.h"

#define ARENA_MAX (256u << 20)

static void give_up(const char *what, int ret, const struct error *err)
{
	fprintf(stderr, "%s: %s (%s)\n", what, strerror(-ret), err->detail);
	exit(1);
}

void fixture_reopen(struct fixture *f)
{
	struct store_options options = {.map_bytes = f->map_bytes, .create = true};
	struct error err = ERROR_NONE;
	int ret;

	store_close(f->store);
	f->store = NULL;
	ret = store_open(f->url, &options, &f->store, &err);
	if (ret < 0)
		give_up(f->url, ret, &err);
	f->kv = store_kv(f->store);
}

struct fixture *fixture_new(enum engine engine, uint64_t map_bytes)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *root = getenv("TMPDIR");
	struct error err = ERROR_NONE;

	if (f == NULL)
		exit(1);
	f->engine = engine;
	f->map_bytes = map_bytes;
	f->arena = arena_new(ARENA_MAX);
	if (engine == ENGINE_MEMORY) {
		snprintf(f->url, sizeof(f->url), "memory:");
	} else {
		snprintf(f->directory, sizeof(f->directory), "%.40s/store.XXXXXX", root != NULL ? root : "/tmp");
		if (mkdtemp(f->directory) == NULL)
			give_up(f->directory, -errno, &err);
		snprintf(f->url, sizeof(f->url), "lmdb:%s", f->directory);
	}
	fixture_reopen(f);
	return f;
}

static void remove_file(const char *directory, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "%.64s/%s", directory, name);
	unlink(path);
}

void fixture_free(struct fixture *f)
{
	if (f == NULL)
		return;
	store_close(f->store);
	arena_free(f->arena);
	if (f->engine == ENGINE_LMDB) {
		remove_file(f->directory, "data.mdb");
		remove_file(f->directory, "lock.mdb");
		remove_file(f->directory, "lock");
		rmdir(f->directory);
	}
	free(f);
}

int fixture_setup(void **state)
{
	*state = fixture_new((enum engine)(uintptr_t)*state, 0);
	return 0;
}

int fixture_teardown(void **state)
{
	fixture_free(*state);
	return 0;
}

uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

unsigned random_below(uint64_t *seed, unsigned limit)
{
	return (unsigned)((random_next(seed) >> 16) % limit);
}

/* ---- agreement ---- */

struct agree {
	struct kv_txn *txn;
	struct arena *arena;
	uint64_t owner, collection;
	uint64_t last;             /* number of the last change row */
	size_t objects, index_rows, blocking_rows;
	size_t busy_rows, member_rows, live_changes;
};

static int disagree(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int disagree(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return -EBADMSG;
}

static bool same_object(const struct object *a, const struct object *b)
{
	return a->id == b->id && a->collection == b->collection && a->change == b->change && a->digest == b->digest &&
	       a->size == b->size && slice_equal(a->name, b->name) && slice_equal(a->uid, b->uid);
}

static int count_owner_uid(const struct object *object, void *arg)
{
	*(size_t *)arg += 1;
	(void)object;
	return 0;
}

static int check_lookups(struct agree *a, const struct object *object)
{
	struct object other;
	size_t count = 0;

	if (store_object_get(a->txn, a->arena, a->collection, object->name, &other) < 0 || !same_object(object, &other))
		return disagree("%.*s: not found by name", SLICE_ARG(object->name));
	if (store_object_get_by_uid(a->txn, a->arena, a->collection, object->uid, &other) < 0 ||
	    !same_object(object, &other))
		return disagree("%.*s: not found by UID", SLICE_ARG(object->name));
	if (store_object_get_by_id(a->txn, a->arena, a->collection, object->id, &other) < 0 ||
	    !same_object(object, &other))
		return disagree("%.*s: not found by id", SLICE_ARG(object->name));
	if (store_object_each_by_owner_uid(a->txn, a->owner, object->uid, count_owner_uid, &count) < 0 || count == 0)
		return disagree("%.*s: not found by its owner and UID", SLICE_ARG(object->name));
	return 0;
}

static int check_object(const struct object *object, void *arg)
{
	struct agree *a = arg;
	struct busy *rows;
	struct slice body;
	uint64_t member;
	size_t count;

	a->objects++;
	if (object->collection != a->collection)
		return disagree("%.*s: of another collection", SLICE_ARG(object->name));
	if (store_body_get(a->txn, object->id, &body) < 0)
		return disagree("%.*s: no body", SLICE_ARG(object->name));
	if (body.len != object->size || key_digest(body) != object->digest)
		return disagree("%.*s: another body", SLICE_ARG(object->name));
	if (store_index_get(a->txn, a->arena, a->collection, object->id, &member, &rows, &count) < 0)
		return disagree("%.*s: index rows cannot be read", SLICE_ARG(object->name));
	a->index_rows += count;
	for (size_t i = 0; i < count; i++)
		a->blocking_rows += member == a->owner && rows[i].kind != BUSY_KIND_FREE &&
				    rows[i].at.start < rows[i].at.end;
	return check_lookups(a, object);
}

static int check_busy(const struct busy *busy, void *arg)
{
	struct agree *a = arg;
	struct object object;

	a->busy_rows++;
	if (store_object_get_by_id(a->txn, a->arena, a->collection, busy->object, &object) < 0)
		return disagree("a busy row of no object");
	return 0;
}

static int check_member_busy(const struct busy *busy, void *arg)
{
	struct agree *a = arg;

	a->member_rows += busy->collection == a->collection;
	return 0;
}

static int check_change(const struct change *change, void *arg)
{
	struct agree *a = arg;
	struct object object;
	int ret = store_object_get(a->txn, a->arena, a->collection, change->name, &object);

	if (change->number <= a->last)
		return disagree("change rows out of order");
	a->last = change->number;
	if (change->op == CHANGE_DELETE)
		return ret == -ENOENT ? 0 : disagree("%.*s: there in spite of its tombstone", SLICE_ARG(change->name));
	if (ret < 0)
		return disagree("%.*s: a change row without an object", SLICE_ARG(change->name));
	if (object.change != change->number)
		return disagree("%.*s: more than one change row", SLICE_ARG(change->name));
	a->live_changes++;
	return 0;
}

int store_agrees(struct kv_txn *txn, struct arena *arena, uint64_t owner, uint64_t collection)
{
	const struct interval all = {INSTANT_MIN, INSTANT_MAX};
	struct agree a = {.txn = txn, .arena = arena, .owner = owner, .collection = collection};
	uint64_t number = 0;
	int ret = store_object_each(txn, collection, check_object, &a);

	if (ret == 0)
		ret = store_busy_each(txn, collection, all, check_busy, &a);
	if (ret == 0)
		ret = store_member_busy_each(txn, owner, all, check_member_busy, &a);
	if (ret == 0)
		ret = store_change_each(txn, collection, 0, 0, check_change, &a);
	if (ret == 0)
		ret = store_collection_change(txn, collection, &number);
	if (ret < 0)
		return ret;
	if (a.busy_rows != a.index_rows)
		return disagree("%zu busy rows, %zu in the objects' lists", a.busy_rows, a.index_rows);
	if (a.member_rows != a.blocking_rows)
		return disagree("%zu member rows, %zu that block", a.member_rows, a.blocking_rows);
	if (a.live_changes != a.objects)
		return disagree("%zu objects, %zu change rows", a.objects, a.live_changes);
	if (a.last != number)
		return disagree("the last change is %llu, the counter says %llu", (unsigned long long)a.last,
		    (unsigned long long)number);
	return 0;
}
