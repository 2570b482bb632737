/*
 * A store of either engine for a test.
 *
 * cmocka's asserts jump: use them in the test's own thread alone. Functions that the writer runs return errors.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <semaphore.h>

#include "protocol/base/arena.h"
#include "storage/store.h"

enum engine {
	ENGINE_MEMORY,
	ENGINE_LMDB,
	ENGINE_AGAIN, /* memory, every update function runs twice */
};

struct fixture {
	enum engine engine;
	char directory[64]; /* of LMDB; made below TMPDIR */
	char url[80];
	uint64_t map_bytes;
	struct store *store;
	struct kv *kv;
	struct arena *arena;
};

/* Makes a fresh store, or exits with a sentence. */
struct fixture *fixture_new(enum engine engine, uint64_t map_bytes);
void fixture_free(struct fixture *f); /* with its files */
void fixture_reopen(struct fixture *f);

/* cmocka's set-up and tear-down; the engine is the test's initial state. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
#define ON_MEMORY(test) {#test " in memory", test, fixture_setup, fixture_teardown, (void *)(uintptr_t)ENGINE_MEMORY}
#define ON_LMDB(test)   {#test " in LMDB", test, fixture_setup, fixture_teardown, (void *)(uintptr_t)ENGINE_LMDB}

#define ON_AGAIN(test)  {#test " run again", test, fixture_setup, fixture_teardown, (void *)(uintptr_t)ENGINE_AGAIN}

/* Holds the writer, from gate_close on, so that what is queued meanwhile is one batch; sem_post(&gate.open) lets it go on. */
struct gate {
	sem_t entered, open;
};
void gate_close(struct kv *kv, struct gate *gate);

/* xorshift: the same row of numbers in every run. */
uint64_t random_next(uint64_t *seed);
unsigned random_below(uint64_t *seed, unsigned limit);

/* Whether all tables agree; sentences on stderr. */
bool fixture_agrees(struct fixture *f);

#endif
