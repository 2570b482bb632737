/*
 * Nobody is ever booked twice, however many write at once: threads ask for equal, overlapping and adjacent times in one
 * bookings calendar, on both engines, while its properties change under them.
 */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/base/pool.h"
#include "tests/unit/booking_world.h"

#define THREADS 6
#define ROUNDS  25 /* of each kind */

struct team {
	struct shop *world;
	pthread_barrier_t barrier;
	atomic_int winners[ROUNDS], refused[ROUNDS];
	atomic_int failures;
	atomic_bool stop;
};

struct player {
	struct team *team;
	struct shop world; /* the same, with an arena of the thread's own */
	int number;
	unsigned seed;
};

static const char *path_of(struct player *player, const char *uid)
{
	return arena_printf(player->world.arena, "alice/bookings/%s.ics", uid);
}

static struct change_result book(struct player *player, const char *uid, instant_t start, int minutes)
{
	AUTO_BUF struct buf text = BUF_INIT(64);

	buf_add_basic_utc(&text, start);
	return world_put(&player->world, path_of(player, uid), world_event(&player->world, uid, buf_cstr(&text), minutes, ""),
	    HANDLING_STRICT, NULL);
}

static bool is_slot_refusal(const struct change_result *result)
{
	return result->outcome == CHANGE_REFUSED && result->error.condition == SLOTKEEPER_SLOT_UNAVAILABLE;
}

/* All ask for times that all overlap; one gets it. */
static void contest(struct player *player, int round, int64_t shift)
{
	const char *uid = arena_printf(player->world.arena, "contest-%d-%d", round, player->number);
	instant_t start = world_time("20270302T000000Z") + round * 4 * HOUR_SECONDS;
	struct change_result result = book(player, uid, start + player->number * shift, 60);

	if (result.outcome == CHANGE_CREATED)
		atomic_fetch_add(&player->team->winners[round], 1);
	else if (is_slot_refusal(&result))
		atomic_fetch_add(&player->team->refused[round], 1);
	else
		atomic_fetch_add(&player->team->failures, 1);
}

/* Each asks for its own time beside the others': all get it. */
static void sit_side_by_side(struct player *player, int round)
{
	const char *uid = arena_printf(player->world.arena, "beside-%d-%d", round, player->number);
	instant_t start = world_time("20270402T000000Z") + round * 4 * HOUR_SECONDS;

	if (book(player, uid, start + player->number * 20 * 60, 20).outcome != CHANGE_CREATED)
		atomic_fetch_add(&player->team->failures, 1);
}

/* Creates, moves and deletes among ten bookings that everybody knows. */
static void jostle(struct player *player)
{
	const char *uid = arena_printf(player->world.arena, "shared-%d", rand_r(&player->seed) % 10);
	instant_t start = world_time("20270502T000000Z") + rand_r(&player->seed) % 48 * 600;
	struct change_result result;

	if (rand_r(&player->seed) % 4 == 0)
		result = world_delete(&player->world, path_of(player, uid), NULL);
	else
		result = book(player, uid, start, 10 * (1 + rand_r(&player->seed) % 5));
	if (result.outcome == CHANGE_FAILED || (result.outcome == CHANGE_REFUSED && !is_slot_refusal(&result) &&
	    result.error.http_status != 404))
		atomic_fetch_add(&player->team->failures, 1);
}

static void *play(void *arg)
{
	struct player *player = arg;

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&player->team->barrier);
		contest(player, round, round % 2 ? 60 : 0);
		sit_side_by_side(player, round);
		for (int i = 0; i < 4; i++)
			jostle(player);
	}
	return NULL;
}

static void set_new_york(struct collection *collection)
{
	collection->timezone_id = SLICE("America/New_York");
}

static void set_no_zone(struct collection *collection)
{
	collection->timezone_id = SLICE_EMPTY;
}

/* What a snapshot was prepared from changes again and again. */
static void *unsettle(void *arg)
{
	struct player *player = arg;

	while (!atomic_load(&player->team->stop)) {
		world_change_collection(&player->world, "alice/bookings", set_new_york);
		world_change_collection(&player->world, "alice/bookings", set_no_zone);
	}
	return NULL;
}

static void player_init(struct player *player, struct team *team, int number)
{
	player->team = team;
	player->world = *team->world;
	player->world.arena = arena_new(SIZE_MAX / 4);
	player->number = number;
	player->seed = (unsigned)number * 7919 + 1;
	assert_non_null(player->world.arena);
}

static void check(struct team *team)
{
	assert_int_equal(atomic_load(&team->failures), 0);
	for (int round = 0; round < ROUNDS; round++) {
		/* shifted by a minute each, so that all overlap all */
		assert_int_equal(atomic_load(&team->winners[round]), 1);
		assert_int_equal(atomic_load(&team->refused[round]), THREADS - 1);
	}
	assert_int_equal(world_verify(team->world, true), 0);
	assert_int_equal(world_overlaps(team->world, "alice"), 0);
}

static void play_on(const char *url, struct pool *pool)
{
	struct team team = {.world = world_new(url, pool)};
	struct player players[THREADS + 1];
	pthread_t threads[THREADS + 1];

	pthread_barrier_init(&team.barrier, NULL, THREADS);
	for (int i = 0; i <= THREADS; i++)
		player_init(&players[i], &team, i);
	for (int i = 0; i <= THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, i < THREADS ? play : unsettle, &players[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&team.stop, true);
	pthread_join(threads[THREADS], NULL);
	pthread_barrier_destroy(&team.barrier);
	check(&team);
	for (int i = 0; i <= THREADS; i++)
		arena_free(players[i].world.arena);
	world_free(team.world);
}

static void test_one_winner_in_memory(void **state)
{
	struct pool *pool = pool_new("test", 2, 64);

	(void)state;
	assert_non_null(pool);
	play_on("memory:", pool);
	pool_free(pool);
}

static void test_one_winner_on_disk(void **state)
{
	char directory[] = "/tmp/slotkeeper-test-XXXXXX", url[64], file[64];
	static const char *const files[] = {"data.mdb", "lock.mdb"};

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(url, sizeof(url), "lmdb:%s", directory);
	play_on(url, NULL);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(file, sizeof(file), "%s/%s", directory, files[i]);
		unlink(file);
	}
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_winner_in_memory),
		cmocka_unit_test(test_one_winner_on_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
