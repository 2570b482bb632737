/* Sessions: how they begin, what ends them, and what forms bring back. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "protocol/base/cleanup.h"
#include "server/auth/session.h"

#define NOON INT64_C(1790000040)

struct fake_clock {
	struct clock clock;
	instant_t now;
};

struct world {
	struct fake_clock clock;
	struct store *store;
	struct auth_user alice, bob; /* an administrator, and one who is none */
};

static instant_t fake_now(const struct clock *clock)
{
	return ((const struct fake_clock *)clock)->now;
}

static int make_people(struct kv_txn *txn, void *arg)
{
	struct world *w = arg;
	struct principal alice = {.kind = PRINCIPAL_USER, .name = SLICE("alice"), .credential_version = 1, .admin = true};
	struct principal bob = {.kind = PRINCIPAL_USER, .name = SLICE("bob"), .credential_version = 1};
	int ret = store_principal_put(txn, &alice);

	if (ret == 0)
		ret = store_principal_put(txn, &bob);
	w->alice = (struct auth_user){.id = alice.id, .name = "alice", .admin = true, .credential_version = 1};
	w->bob = (struct auth_user){.id = bob.id, .name = "bob", .credential_version = 1};
	return ret;
}

static int setup(void **state)
{
	static struct world w;
	struct store_options options = {.create = true};
	struct error err = ERROR_NONE;

	w = (struct world){.clock = {{fake_now}, NOON}};
	if (store_open("memory:again", &options, &w.store, &err) < 0)
		return -1;
	*state = &w;
	return kv_update_wait(store_kv(w.store), make_people, &w);
}

static int teardown(void **state)
{
	store_close(((struct world *)*state)->store);
	return 0;
}

static void begin(struct world *w, char cookie_r[static SESSION_COOKIE_SIZE])
{
	assert_int_equal(session_begin(w->store, &w->clock.clock, &w->alice, cookie_r), 0);
}

static int find(struct world *w, const char *cookie)
{
	struct auth_user user = {0};
	int ret = session_find(w->store, &w->clock.clock, slice_str(cookie), &user);

	if (ret == 0) {
		assert_int_equal(user.id, w->alice.id);
		assert_string_equal(user.name, "alice");
		assert_true(user.admin);
	} else {
		assert_int_equal(user.id, 0);
	}
	return ret;
}

static void test_who_signed_in_is_known(void **state)
{
	struct world *w = *state;
	char one[SESSION_COOKIE_SIZE], two[SESSION_COOKIE_SIZE];

	begin(w, one);
	begin(w, two);
	assert_string_not_equal(one, two);
	assert_int_equal(find(w, one), 0);
	assert_int_equal(find(w, two), 0);
	assert_int_equal(session_end(w->store, slice_str(one)), 0);
	assert_int_equal(session_end(w->store, slice_str(one)), 0);
	assert_int_equal(find(w, one), -ENOENT);
	assert_int_equal(find(w, two), 0);
}

static void test_only_an_administrator_with_his_present_password(void **state)
{
	struct world *w = *state;
	struct auth_user earlier = w->alice, nobody = {.id = 999, .credential_version = 1};
	char cookie[SESSION_COOKIE_SIZE];

	earlier.credential_version = 0;
	assert_int_equal(session_begin(w->store, &w->clock.clock, &w->bob, cookie), -EACCES);
	assert_int_equal(session_begin(w->store, &w->clock.clock, &earlier, cookie), -EACCES);
	assert_int_equal(session_begin(w->store, &w->clock.clock, &nobody, cookie), -EACCES);
}

static void test_what_was_never_made_here(void **state)
{
	struct world *w = *state;
	char cookie[SESSION_COOKIE_SIZE], other[SESSION_COOKIE_SIZE + 8];

	begin(w, cookie);
	assert_int_equal(session_make(w->alice.id, other), 0);
	assert_int_equal(find(w, other), -ENOENT);
	snprintf(other, sizeof(other), "%s", cookie);
	other[strlen(other) - 1] = other[strlen(other) - 1] == 'A' ? 'Q' : 'A';
	assert_int_equal(find(w, other), -ENOENT);
	snprintf(other, sizeof(other), "0%s", cookie); /* another spelling of the number is another cookie */
	assert_int_equal(find(w, other), -ENOENT);
	snprintf(other, sizeof(other), "%llu%s", (unsigned long long)w->bob.id, strchr(cookie, '.'));
	assert_int_equal(find(w, other), -ENOENT);
	assert_int_equal(find(w, ""), -ENOENT);
	assert_int_equal(find(w, "1."), -ENOENT);
	assert_int_equal(find(w, "x.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), -ENOENT);
	assert_int_equal(session_end(w->store, SLICE("nonsense")), 0);
	assert_int_equal(find(w, cookie), 0);
}

static void test_one_that_is_not_used_ends(void **state)
{
	struct world *w = *state;
	char cookie[SESSION_COOKIE_SIZE];

	begin(w, cookie);
	w->clock.now += SESSION_IDLE_SECONDS - 1;
	assert_int_equal(find(w, cookie), 0); /* and is used by this */
	w->clock.now += SESSION_IDLE_SECONDS - 1;
	assert_int_equal(find(w, cookie), 0);
	w->clock.now += SESSION_IDLE_SECONDS;
	assert_int_equal(find(w, cookie), -ENOENT);
}

static void test_use_is_noted_now_and_then(void **state)
{
	struct world *w = *state;
	char cookie[SESSION_COOKIE_SIZE];

	begin(w, cookie);
	w->clock.now += SESSION_TOUCH_SECONDS - 1;
	assert_int_equal(find(w, cookie), 0); /* too soon for a write */
	w->clock.now = NOON + SESSION_IDLE_SECONDS;
	assert_int_equal(find(w, cookie), -ENOENT);
}

static void test_one_that_is_used_ends_with_the_day(void **state)
{
	struct world *w = *state;
	char cookie[SESSION_COOKIE_SIZE];

	begin(w, cookie);
	while (w->clock.now + HOUR_SECONDS < NOON + SESSION_LIFE_SECONDS) {
		w->clock.now += HOUR_SECONDS;
		assert_int_equal(find(w, cookie), 0);
	}
	w->clock.now = NOON + SESSION_LIFE_SECONDS;
	assert_int_equal(find(w, cookie), -ENOENT);
}

struct edit {
	struct world *w;
	uint64_t version;
	bool admin;
};

static int change_alice(struct kv_txn *txn, void *arg)
{
	const struct edit *edit = arg;
	struct arena *arena = arena_new(100000);
	struct principal alice;
	int ret = store_principal_get(txn, arena, SLICE("alice"), &alice);

	alice.credential_version = edit->version;
	alice.admin = edit->admin;
	if (ret == 0)
		ret = store_principal_put(txn, &alice);
	arena_free(arena);
	return ret;
}

static void test_another_password_or_less_rights_end_it(void **state)
{
	struct world *w = *state;
	char cookie[SESSION_COOKIE_SIZE];

	begin(w, cookie);
	assert_int_equal(kv_update_wait(store_kv(w->store), change_alice, &(struct edit){w, 2, true}), 0);
	assert_int_equal(find(w, cookie), -ENOENT);
	w->alice.credential_version = 2;
	begin(w, cookie);
	assert_int_equal(kv_update_wait(store_kv(w->store), change_alice, &(struct edit){w, 2, false}), 0);
	assert_int_equal(find(w, cookie), -ENOENT);
}

static int count_one(const struct session *session, void *arg)
{
	(void)session;
	++*(size_t *)arg;
	return 0;
}

struct counting {
	uint64_t principal;
	size_t count;
};

static int count_in(struct kv_txn *txn, void *arg)
{
	struct counting *counting = arg;

	counting->count = 0;
	return store_session_each(txn, counting->principal, count_one, &counting->count);
}

static void test_there_are_not_too_many(void **state)
{
	struct world *w = *state;
	struct counting counting = {.principal = w->alice.id};
	char first[SESSION_COOKIE_SIZE], second[SESSION_COOKIE_SIZE], more[SESSION_COOKIE_SIZE];

	begin(w, first);
	w->clock.now++;
	begin(w, second);
	w->clock.now++;
	for (int i = 2; i < SESSION_EACH_MAX + 1; i++)
		begin(w, more);
	assert_int_equal(find(w, first), -ENOENT); /* the one that was used longest ago */
	assert_int_equal(find(w, second), 0);
	assert_int_equal(kv_view(store_kv(w->store), count_in, &counting), 0);
	assert_int_equal(counting.count, SESSION_EACH_MAX);
	w->clock.now += SESSION_IDLE_SECONDS;
	begin(w, more);
	assert_int_equal(kv_view(store_kv(w->store), count_in, &counting), 0);
	assert_int_equal(counting.count, 1); /* what was over has gone */
}

static void test_what_forms_bring_back(void **state)
{
	char cookie[SESSION_COOKIE_SIZE], other[SESSION_COOKIE_SIZE], form[SESSION_FORM_SIZE], again[SESSION_FORM_SIZE];

	(void)state;
	assert_int_equal(session_make(7, cookie), 0);
	assert_int_equal(session_make(7, other), 0);
	assert_int_equal(session_form_make(slice_str(cookie), form), 0);
	assert_int_equal(session_form_make(slice_str(cookie), again), 0);
	assert_string_not_equal(form, again);
	assert_true(session_form_check(slice_str(cookie), slice_str(form)));
	assert_true(session_form_check(slice_str(cookie), slice_str(again)));
	assert_false(session_form_check(slice_str(other), slice_str(form)));
	assert_false(session_form_check(slice_str(cookie), SLICE_EMPTY));
	assert_false(session_form_check(SLICE_EMPTY, slice_str(form)));
	assert_false(session_form_check(slice_of(NULL, 0), SLICE_EMPTY));
	form[10] = form[10] == 'A' ? 'B' : 'A';
	assert_false(session_form_check(slice_str(cookie), slice_str(form)));
	assert_null(strstr(again, strchr(cookie, '.') + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_who_signed_in_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_an_administrator_with_his_present_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_was_never_made_here, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_that_is_not_used_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_use_is_noted_now_and_then, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_that_is_used_ends_with_the_day, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_password_or_less_rights_end_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_there_are_not_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_forms_bring_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
