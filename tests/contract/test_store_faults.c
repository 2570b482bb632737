/* What the disk and the operator can do to LMDB's engine: a full map, a second opening, a newer format, odd paths. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/store_write.h"
#include "tests/contract/store_fixture.h"

#define SMALL_MAP (512u << 10)
#define LARGE     (600u << 10) /* more than SMALL_MAP */

/* ---- a full map ---- */

struct write {
	const char *key;
	size_t bytes;
	int ret, runs;
	sem_t *done;
};

static int put_bytes(struct kv_txn *txn, void *arg)
{
	static const char zeros[LARGE];
	struct write *w = arg;

	w->runs++;
	return kv_put(txn, slice_str(w->key), slice_of(zeros, w->bytes));
}

static void put_done(int ret, void *arg)
{
	struct write *w = arg;

	w->ret = ret;
	sem_post(w->done);
}

static int has(struct kv_txn *txn, void *arg)
{
	struct write *w = arg;
	struct slice value;
	int ret = kv_get(txn, slice_str(w->key), &value);

	return ret < 0 ? ret : value.len == w->bytes ? 0 : -EPROTO;
}

static void test_what_does_not_fit_fails_alone_and_the_store_goes_on(void **state)
{
	struct fixture *f = fixture_new(ENGINE_LMDB, SMALL_MAP);
	struct gate gate;
	sem_t done;
	struct write writes[] = {
	    {.key = "xa", .bytes = 100, .done = &done},
	    {.key = "xb", .bytes = LARGE, .done = &done}, /* breaks the batch */
	    {.key = "xc", .bytes = 100, .done = &done},
	    {.key = "xd", .bytes = 200, .done = &done},
	};
	struct write after = {.key = "xe", .bytes = 300};

	(void)state;
	sem_init(&done, 0, 0);
	gate_close(f->kv, &gate);
	for (size_t i = 0; i < ARRAY_LEN(writes); i++)
		kv_update(f->kv, put_bytes, put_done, &writes[i]);
	sem_post(&gate.open);
	for (size_t i = 0; i < ARRAY_LEN(writes); i++)
		while (sem_wait(&done) < 0 && errno == EINTR)
			;
	for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
		assert_int_equal(writes[i].ret, i == 1 ? -ENOSPC : 0);
		assert_int_equal(kv_view(f->kv, has, &writes[i]), i == 1 ? -ENOENT : 0);
	}
	assert_int_equal(writes[0].runs, 2); /* it was in the batch that broke: functions may run again */
	assert_int_equal(kv_update_wait(f->kv, put_bytes, &after), 0);
	fixture_reopen(f);
	assert_int_equal(kv_view(f->kv, has, &writes[0]), 0);
	assert_int_equal(kv_view(f->kv, has, &after), 0);
	fixture_free(f);
}

/* A function that hides the error of a put must not have half of its work committed. */
static int hide_error(struct kv_txn *txn, void *arg)
{
	struct write small = {.key = "xs", .bytes = 10}, large = {.key = "xl", .bytes = LARGE};

	(void)arg;
	put_bytes(txn, &small);
	put_bytes(txn, &large);
	return 0;
}

static void test_a_hidden_engine_error_is_still_an_error(void **state)
{
	struct fixture *f = fixture_new(ENGINE_LMDB, SMALL_MAP);
	struct write small = {.key = "xs", .bytes = 10};

	(void)state;
	assert_int_equal(kv_update_wait(f->kv, hide_error, NULL), -ENOSPC);
	assert_int_equal(kv_view(f->kv, has, &small), -ENOENT);
	fixture_free(f);
}

struct fill {
	unsigned n;
};

static struct slice fill_key(char key[static 16], unsigned n)
{
	return slice_of(key, (size_t)snprintf(key, 16, "x%06u", n * 7919 % 100003)); /* neighbours in time are none in order */
}

static int fill_up(struct kv_txn *txn, void *arg)
{
	static const char page[3000];
	char key[16];

	return kv_put(txn, fill_key(key, ((struct fill *)arg)->n), slice_of(page, sizeof(page)));
}

/* As a deletion does: the row goes, a smaller one comes. */
static int free_one(struct kv_txn *txn, void *arg)
{
	char key[16];
	int ret = kv_delete(txn, fill_key(key, ((struct fill *)arg)->n));

	key[0] = 'y';
	return ret < 0 ? ret : kv_put(txn, slice_of(key, 7), slice_of("gone", 4));
}

static void fill_to_the_brim(struct fixture *f, struct fill *fill)
{
	int ret = 0;

	while (ret == 0) {
		ret = kv_update_wait(f->kv, fill_up, fill);
		fill->n += ret == 0;
	}
	assert_int_equal(ret, -ENOSPC);
}

static void empty_from_the_brim(uint64_t map_bytes)
{
	struct fixture *f = fixture_new(ENGINE_LMDB, map_bytes);
	struct fill fill = {0}, gone;
	struct kv_stats stats;
	int ret;

	fill_to_the_brim(f, &fill);
	assert_int_equal(kv_stats(f->kv, &stats), 0);
	assert_true(stats.bytes_used <= stats.bytes_reserved && stats.bytes_reserved == map_bytes);
	assert_true(fill.n > map_bytes / 8192);
	for (gone.n = 0; gone.n < fill.n; gone.n++) {
		ret = kv_update_wait(f->kv, free_one, &gone);
		if (ret < 0)
			fail_msg("map of %lu bytes: row %u of %u cannot be taken away: %d", (unsigned long)map_bytes, gone.n, fill.n,
			    ret);
	}
	for (gone.n = 0; gone.n < fill.n / 2; gone.n++)
		assert_int_equal(kv_update_wait(f->kv, fill_up, &gone), 0);
	fixture_free(f);
}

static void test_a_store_filled_to_the_brim_can_be_emptied_and_used_again(void **state)
{
	(void)state;
	empty_from_the_brim(SMALL_MAP);
	empty_from_the_brim(8u << 20);
}

/* ---- a page that names the newest transaction cannot be written ---- */

#define FAULTS  10
#define READERS 4

static atomic_bool meta_fails;

/* In the place of libc's for LMDB too. */
ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (atomic_load(&meta_fails) && offset < 2 * sysconf(_SC_PAGESIZE)) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, data, len, offset);
}

struct reading {
	struct kv *kv;
	struct write *first; /* always there */
	atomic_bool over;
	atomic_uint reads, wrong;
};

static void *read_on(void *arg)
{
	struct reading *reading = arg;
	struct kv_stats stats;

	while (!atomic_load(&reading->over)) {
		atomic_fetch_add(&reading->reads, 1);
		if (kv_view(reading->kv, has, reading->first) != 0 || kv_stats(reading->kv, &stats) != 0)
			atomic_fetch_add(&reading->wrong, 1);
	}
	return NULL;
}

static void test_the_engine_is_opened_anew_under_its_readers(void **state)
{
	struct fixture *f = fixture_new(ENGINE_LMDB, 16u << 20);
	struct write first = {.key = "xa", .bytes = 100}, lost = {.key = "xb", .bytes = 200}, kept = {.key = "xc"};
	struct reading reading = {.kv = f->kv, .first = &first};
	pthread_t threads[READERS];

	(void)state;
	assert_int_equal(kv_update_wait(f->kv, put_bytes, &first), 0);
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &reading), 0);
	for (size_t i = 0; i < FAULTS; i++) {
		atomic_store(&meta_fails, true);
		assert_int_equal(kv_update_wait(f->kv, put_bytes, &lost), -EIO);
		assert_int_equal(kv_view(f->kv, has, &lost), -ENOENT);
		assert_int_equal(kv_update_wait(f->kv, put_bytes, &lost), -EIO); /* the new environment fails in its turn */
		atomic_store(&meta_fails, false);
		kept.bytes = i;
		assert_int_equal(kv_update_wait(f->kv, put_bytes, &kept), 0);
		assert_int_equal(kv_view(f->kv, has, &kept), 0);
	}
	while (atomic_load(&reading.reads) < 100)
		sched_yield();
	atomic_store(&reading.over, true);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&reading.wrong), 0);
	fixture_reopen(f);
	assert_int_equal(kv_view(f->kv, has, &first), 0);
	assert_int_equal(kv_view(f->kv, has, &lost), -ENOENT);
	assert_int_equal(kv_view(f->kv, has, &kept), 0);
	fixture_free(f);
}

/* ---- opening ---- */

static void test_a_second_opening_is_refused_in_this_and_in_another_process(void **state)
{
	struct fixture *f = fixture_new(ENGINE_LMDB, 0);
	struct store_options options = {.create = true};
	struct error err = ERROR_NONE;
	struct store *second = NULL;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(store_open(f->url, &options, &second, &err), -EBUSY);
	assert_non_null(strstr(err.detail, "another process"));
	store_close(f->store); /* a child must not inherit it: the lock is on the open file */
	f->store = NULL;
	pid = fork();
	if (pid == 0) {
		int ret = store_open(f->url, &options, &second, &err);

		if (ret == 0)
			kill(getpid(), SIGSTOP); /* holds it until it is told to go on */
		_exit(ret == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(store_open(f->url, &options, &second, &err), -EBUSY);
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fixture_reopen(f); /* the lock went with the process */
	fixture_free(f);
}

static int age(struct kv_txn *txn, void *arg)
{
	uint64_t format = STORE_FORMAT_VERSION + 1;

	(void)arg;
	return store_meta_put(txn, SLICE("format"), slice_of((const char *)&format, sizeof(format)));
}

static void test_a_newer_format_is_refused_with_a_sentence(void **state)
{
	struct fixture *f = fixture_new(ENGINE_LMDB, 0);
	struct store_options options = {0};
	struct error err = ERROR_NONE;
	struct store *again = NULL;

	(void)state;
	assert_int_equal(kv_update_wait(f->kv, age, NULL), 0);
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(store_open(f->url, &options, &again, &err), -EPROTO);
	assert_non_null(strstr(err.detail, "newer version"));
	assert_null(again);
	fixture_free(f);
}

struct open_row {
	const char *url;
	bool create;
	int ret;
};

static void test_what_is_no_store_is_not_opened(void **state)
{
	static const struct open_row rows[] = {
	    {"lmdb:/nonexistent/store", false, -ENOENT},
	    {"lmdb:/proc/version/store", true, -ENOTDIR},
	    {"lmdb:", false, -ENOENT},
    {"lmdb:", true, -ENOENT},
	    {"pgsql:host=localhost", true, -EINVAL},
	    {"", true, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct store_options options = {.create = rows[i].create};
		struct error err = ERROR_NONE;
		struct store *store = NULL;
		int ret = store_open(rows[i].url, &options, &store, &err);

		if (ret != rows[i].ret || err.detail[0] == '\0')
			fail_msg("\"%s\": %d, \"%s\"", rows[i].url, ret, err.detail);
	}
	assert_false(store_exists("lmdb:/nonexistent"));
	assert_false(store_exists("memory:"));
}

static mode_t mode_of(const char *directory, const char *name)
{
	char path[128];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 0777;
}

static void test_a_new_store_is_its_owners_alone_and_keeps_its_epoch(void **state)
{
	struct fixture *f = fixture_new(ENGINE_LMDB, 0), *other = fixture_new(ENGINE_LMDB, 0);
	char parent[64], url[96];
	struct store_options options = {.create = true};
	struct error err = ERROR_NONE;
	struct store *store = NULL;
	uint64_t epoch;

	(void)state;
	assert_true(store_exists(f->url));
	snprintf(parent, sizeof(parent), "%.50s/below", f->directory);
	snprintf(url, sizeof(url), "lmdb:%s", parent);
	assert_false(store_exists(url));
	assert_int_equal(store_open(url, &options, &store, &err), 0);
	assert_int_equal(mode_of(parent, "."), 0700);
	assert_int_equal(mode_of(parent, "data.mdb"), 0600);
	assert_int_equal(mode_of(parent, "lock.mdb"), 0600);
	assert_int_equal(mode_of(parent, "lock"), 0600);
	epoch = store_epoch(store);
	assert_true(epoch != store_epoch(other->store));
	store_close(store);
	options.create = false;
	assert_int_equal(store_open(url, &options, &store, &err), 0);
	assert_true(store_epoch(store) == epoch);
	store_close(store);
	for (size_t i = 0; i < 3; i++) {
		const char *const names[] = {"data.mdb", "lock.mdb", "lock"};
		char path[128];

		snprintf(path, sizeof(path), "%s/%s", parent, names[i]);
		unlink(path);
	}
	rmdir(parent);
	fixture_free(f);
	fixture_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_does_not_fit_fails_alone_and_the_store_goes_on),
	    cmocka_unit_test(test_a_hidden_engine_error_is_still_an_error),
	    cmocka_unit_test(test_a_store_filled_to_the_brim_can_be_emptied_and_used_again),
	    cmocka_unit_test(test_the_engine_is_opened_anew_under_its_readers),
	    cmocka_unit_test(test_a_second_opening_is_refused_in_this_and_in_another_process),
	    cmocka_unit_test(test_a_newer_format_is_refused_with_a_sentence),
	    cmocka_unit_test(test_what_is_no_store_is_not_opened),
	    cmocka_unit_test(test_a_new_store_is_its_owners_alone_and_keeps_its_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
