#include <config.h>

#include "tests/contract/store_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/verify.h"

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
	if (engine != ENGINE_LMDB) {
		snprintf(f->url, sizeof(f->url), engine == ENGINE_AGAIN ? "memory:again" : "memory:");
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

static int wait_at_gate(struct kv_txn *txn, void *arg)
{
	struct gate *gate = arg;

	(void)txn;
	sem_post(&gate->entered);
	while (sem_wait(&gate->open) < 0 && errno == EINTR)
		;
	return 0;
}

void gate_close(struct kv *kv, struct gate *gate)
{
	sem_init(&gate->entered, 0, 0);
	sem_init(&gate->open, 0, 0);
	kv_update(kv, wait_at_gate, NULL, gate);
	while (sem_wait(&gate->entered) < 0 && errno == EINTR)
		;
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

static void print_disagreement(const char *sentence, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", sentence);
}

static int verify(struct kv_txn *txn, void *arg)
{
	return store_verify(txn, print_disagreement, NULL, arg);
}

bool fixture_agrees(struct fixture *f)
{
	struct store_verify_counts counts = {0};

	return kv_view(f->kv, verify, &counts) == 0 && counts.disagreements == 0;
}
