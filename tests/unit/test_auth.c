#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/codec.h"
#include "protocol/base/log.h"
#include "server/auth/acl.h"
#include "server/auth/auth.h"
#include "server/auth/password.h"

#define NOON      1790000040 /* some instant in the middle of a minute */
#define FAILURES  3          /* allowed a minute */
#define LOCAL     "192.0.2.1"
#define ELSEWHERE "2001:db8::7"

struct fake_clock {
	struct clock clock;
	instant_t now;
};

struct world {
	struct fake_clock clock;
	struct store *store;
	struct auth *auth;
	char hashes[2][PASSWORD_HASH_SIZE]; /* of "open sesame" and "new words" */
};

static instant_t fake_now(const struct clock *clock)
{
	return ((const struct fake_clock *)clock)->now;
}

static int make_people(struct kv_txn *txn, void *arg)
{
	struct world *w = arg;
	struct principal people[] = {
		{.kind = PRINCIPAL_USER, .name = SLICE("alice"), .password_hash = slice_str(w->hashes[0]),
		    .credential_version = 1, .admin = true},
		{.kind = PRINCIPAL_USER, .name = SLICE("bob@example.org"), .password_hash = slice_str(w->hashes[0]),
		    .credential_version = 1},
		{.kind = PRINCIPAL_USER, .name = SLICE("carol")}, /* no password yet */
		{.kind = PRINCIPAL_RESOURCE, .resource = RESOURCE_ROOM, .name = SLICE("room-1"),
		    .password_hash = slice_str(w->hashes[0]), .credential_version = 1},
	};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < ARRAY_LEN(people); i++)
		ret = store_principal_put(txn, &people[i]);
	return ret;
}

static void update(struct world *w, kv_fn *fn)
{
	assert_int_equal(kv_update_wait(store_kv(w->store), fn, w), 0);
}

static int setup(void **state)
{
	static struct world w;
	struct store_options options = {.create = true};
	struct auth_options limits = {.failures_per_minute = FAILURES};
	struct error err = ERROR_NONE;

	log_set_level(LOG_ERROR_LEVEL);
	w = (struct world){.clock = {{fake_now}, NOON}};
	if (password_hash(SLICE("open sesame"), w.hashes[0]) < 0 || password_hash(SLICE("new words"), w.hashes[1]) < 0 ||
	    store_open("memory:", &options, &w.store, &err) < 0)
		return -1;
	update(&w, make_people);
	w.auth = auth_new(w.store, &w.clock.clock, &limits);
	*state = &w;
	return w.auth == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	auth_free(w->auth);
	store_close(w->store);
	return 0;
}

/* "Basic ..." of USER_AND_PASSWORD, in *B. */
static struct slice basic(struct buf *b, const char *user_and_password)
{
	*b = BUF_INIT(10000);
	buf_add_str(b, "Basic ");
	codec_base64_encode(b, user_and_password, strlen(user_and_password));
	assert_int_equal(b->err, 0);
	return buf_slice(b);
}

typedef enum auth_result auth_fn(struct auth *, struct slice, const char *, struct auth_user *);

static enum auth_result ask(struct world *w, auth_fn *fn, const char *user_and_password, const char *address)
{
	AUTO_BUF struct buf b;
	struct auth_user user = {0};
	struct slice header = basic(&b, user_and_password);
	enum auth_result result = fn(w->auth, header, address, &user);

	if (result == AUTH_OK) {
		assert_int_not_equal(user.id, 0);
		assert_memory_equal(user.name, user_and_password, strlen(user.name));
		assert_int_equal(user_and_password[strlen(user.name)], ':');
	} else {
		assert_int_equal(user.id, 0);
	}
	return result;
}

/* ---- passwords ---- */

static void test_password_round_trip(void **state)
{
	char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];

	(void)state;
	assert_int_equal(password_hash(SLICE("gr\xc3\xbcn:\0" "x"), one), 0);
	assert_int_equal(password_hash(SLICE("gr\xc3\xbcn:\0" "x"), two), 0);
	assert_string_not_equal(one, two); /* each has its own salt */
	assert_true(password_verify(slice_str(one), SLICE("gr\xc3\xbcn:\0" "x")));
	assert_false(password_verify(slice_str(one), SLICE("gr\xc3\xbcn:\0" "y"))); /* what follows a NUL counts */
	assert_false(password_verify(slice_str(one), SLICE_EMPTY));
	assert_false(password_is_outdated(slice_str(one)));
	assert_true(password_is_outdated(SLICE("$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$aGFzaA")));
}

static void test_broken_hash_is_never_right(void **state)
{
	char hash[PASSWORD_HASH_SIZE], longer[PASSWORD_HASH_SIZE + 40];

	(void)state;
	assert_int_equal(password_hash(SLICE("a"), hash), 0);
	assert_false(password_verify(SLICE_EMPTY, SLICE_EMPTY));
	assert_false(password_verify(SLICE("$argon2id$"), SLICE("a")));
	assert_false(password_verify(slice_sub(slice_str(hash), 0, strlen(hash) - 4), SLICE("a")));
	snprintf(longer, sizeof(longer), "%s%0*d", hash, PASSWORD_HASH_SIZE, 0);
	assert_false(password_verify(slice_sub(slice_str(longer), 0, sizeof(longer) - 1), SLICE("a")));
}

/* ---- signing in ---- */

static void test_first_check_needs_the_hash_the_next_does_not(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, auth_check, "alice:open sesame", LOCAL), AUTH_NEEDS_HASH);
	assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_OK);
	assert_int_equal(ask(w, auth_check, "alice:open sesame", LOCAL), AUTH_OK);
	assert_int_equal(ask(w, auth_check, "alice:open sesame", ELSEWHERE), AUTH_OK);
	assert_int_equal(ask(w, auth_check, "alice:open sesamE", LOCAL), AUTH_NEEDS_HASH);
	assert_int_equal(ask(w, auth_check, "bob@example.org:open sesame", LOCAL), AUTH_NEEDS_HASH);
}

static void test_user_is_who_the_store_says(void **state)
{
	struct world *w = *state;
	AUTO_BUF struct buf b;
	struct auth_user user;

	assert_int_equal(auth_verify(w->auth, basic(&b, "alice:open sesame"), LOCAL, &user), AUTH_OK);
	assert_string_equal(user.name, "alice");
	assert_true(user.admin);
	buf_free(&b);
	assert_int_equal(auth_verify(w->auth, basic(&b, "bob@example.org:open sesame"), LOCAL, &user), AUTH_OK);
	assert_string_equal(user.name, "bob@example.org");
	assert_false(user.admin);
}

static void test_verified_credential_is_forgotten_in_time(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_OK);
	w->clock.now += 599;
	assert_int_equal(ask(w, auth_check, "alice:open sesame", LOCAL), AUTH_OK);
	w->clock.now += 1;
	assert_int_equal(ask(w, auth_check, "alice:open sesame", LOCAL), AUTH_NEEDS_HASH);
}

static int change_password(struct kv_txn *txn, void *arg)
{
	struct world *w = arg;
	struct arena *arena = arena_new(100000);
	struct principal alice;
	int ret = arena == NULL ? -ENOMEM : store_principal_get(txn, arena, SLICE("alice"), &alice);

	if (ret == 0) {
		alice.password_hash = slice_str(w->hashes[1]);
		alice.credential_version++;
		ret = store_principal_put(txn, &alice);
	}
	arena_free(arena);
	return ret;
}

static void test_changed_password_ends_what_was_verified(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_OK);
	update(w, change_password);
	assert_int_equal(ask(w, auth_check, "alice:open sesame", LOCAL), AUTH_NEEDS_HASH);
	assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_REFUSED);
	assert_int_equal(ask(w, auth_verify, "alice:new words", LOCAL), AUTH_OK);
	assert_int_equal(ask(w, auth_check, "alice:new words", LOCAL), AUTH_OK);
}

static int delete_alice(struct kv_txn *txn, void *arg)
{
	(void)arg;
	return store_principal_delete(txn, SLICE("alice"));
}

static void test_deleted_user_is_out_at_once(void **state)
{
	struct world *w = *state;

	assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_OK);
	update(w, delete_alice);
	assert_int_equal(ask(w, auth_check, "alice:open sesame", LOCAL), AUTH_NEEDS_HASH);
	assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_REFUSED);
}

static void test_who_cannot_sign_in(void **state)
{
	static const char *const rows[] = {"alice:wrong", "alice:", "nobody:open sesame", "carol:", "carol:open sesame",
	    "room-1:open sesame", "bob@example.org:open sesame ", NULL};
	struct world *w = *state;

	for (const char *const *row = rows; *row != NULL; row++) {
		if (ask(w, auth_check, *row, LOCAL) != AUTH_NEEDS_HASH) /* nothing tells who exists */
			fail_msg("%s: told apart before the hash", *row);
		if (ask(w, auth_verify, *row, LOCAL) != AUTH_REFUSED)
			fail_msg("%s: not refused", *row);
		if (ask(w, auth_check, *row, LOCAL) == AUTH_OK)
			fail_msg("%s: let in afterwards", *row);
	}
}

/* ---- headers ---- */

static void test_broken_headers(void **state)
{
	static const struct {
		struct slice header;
		enum auth_result want;
	} rows[] = {
		{{"", 0}, AUTH_MISSING},
		{{"Bearer abc", 10}, AUTH_MISSING},
		{{"Digest username=\"alice\"", 23}, AUTH_MISSING},
		{{"Basic", 5}, AUTH_MISSING},
		{{"Basic !!!!", 10}, AUTH_REFUSED},
		{{"Basic YWxpY2U=", 14}, AUTH_REFUSED},         /* alice, without a colon */
		{{"Basic Om9wZW4gc2VzYW1l", 22}, AUTH_REFUSED}, /* no name */
		{{"Basic YWxp\0Y2U6eA==", 19}, AUTH_REFUSED},
	};
	struct world *w = *state;
	struct auth_user user = {0};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum auth_result checked = auth_check(w->auth, rows[i].header, LOCAL, &user);
		enum auth_result verified = auth_verify(w->auth, rows[i].header, LOCAL, &user);

		if (checked != verified || checked != rows[i].want)
			fail_msg("\"%.*s\": %d and %d", SLICE_ARG(rows[i].header), checked, verified);
	}
	assert_int_equal(user.id, 0);
}

static void test_name_that_fits_no_principal_is_refused(void **state)
{
	struct world *w = *state;
	char text[AUTH_NAME_SIZE + 10];

	memset(text, 'a', sizeof(text));
	memcpy(text + AUTH_NAME_SIZE, ":x", 3);
	assert_int_equal(ask(w, auth_check, text, LOCAL), AUTH_REFUSED);
	assert_int_equal(ask(w, auth_verify, text, LOCAL), AUTH_REFUSED);
	memcpy(text + AUTH_NAME_SIZE - 1, ":x", 3);
	assert_int_equal(ask(w, auth_check, text, LOCAL), AUTH_NEEDS_HASH);
}

/* ---- the throttle ---- */

static void fail_until_throttled(struct world *w, const char *user_and_password)
{
	for (int i = 0; i < FAILURES; i++)
		assert_int_equal(ask(w, auth_verify, user_and_password, LOCAL), AUTH_REFUSED);
	assert_int_equal(ask(w, auth_verify, user_and_password, LOCAL), AUTH_THROTTLED);
	assert_int_equal(ask(w, auth_check, user_and_password, LOCAL), AUTH_THROTTLED);
}

static void test_failures_throttle_one_user_from_one_address(void **state)
{
	struct world *w = *state;

	fail_until_throttled(w, "alice:wrong");
	assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_THROTTLED);
	assert_int_equal(ask(w, auth_verify, "alice:open sesame", ELSEWHERE), AUTH_OK);
	assert_int_equal(ask(w, auth_verify, "bob@example.org:open sesame", LOCAL), AUTH_OK);
}

static void test_next_minute_releases(void **state)
{
	struct world *w = *state;

	fail_until_throttled(w, "alice:wrong");
	w->clock.now += 60 - w->clock.now % 60 - 1;
	assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_THROTTLED);
	w->clock.now += 1;
	assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_OK);
}

static void test_unknown_user_is_throttled_alike(void **state)
{
	fail_until_throttled(*state, "nobody:wrong");
}

static void test_success_counts_no_failure(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3 * FAILURES; i++)
		assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_OK);
}

/* ---- a form ---- */

static void test_a_form_is_throttled_with_the_header(void **state)
{
	struct world *w = *state;
	struct auth_user user = {0};

	assert_int_equal(auth_sign_in(w->auth, SLICE("alice"), SLICE("open sesame"), LOCAL, &user), AUTH_OK);
	assert_string_equal(user.name, "alice");
	assert_int_equal(user.credential_version, 1);
	for (int i = 0; i < FAILURES; i++)
		assert_int_equal(auth_sign_in(w->auth, SLICE("alice"), SLICE("wrong"), LOCAL, &user), AUTH_REFUSED);
	assert_int_equal(auth_sign_in(w->auth, SLICE("alice"), SLICE("open sesame"), LOCAL, &user), AUTH_THROTTLED);
	assert_int_equal(ask(w, auth_verify, "alice:open sesame", LOCAL), AUTH_THROTTLED);
	assert_int_equal(auth_sign_in(w->auth, SLICE("nobody"), SLICE("open sesame"), LOCAL, &user), AUTH_REFUSED);
	assert_int_equal(auth_sign_in(w->auth, SLICE_EMPTY, SLICE("open sesame"), LOCAL, &user), AUTH_REFUSED);
	assert_int_equal(auth_sign_in(w->auth, SLICE("room-1"), SLICE("open sesame"), LOCAL, &user), AUTH_REFUSED);
}

/* ---- what a user may do ---- */

static void test_acl_table(void **state)
{
	enum { FREE_BUSY = ACL_READ_FREE_BUSY, ALL = ACL_ALL, OWN = ACL_ALL };
	static const struct {
		const char *what;
		bool admin;
		uint64_t owner; /* the user is 1 */
		enum principal_kind owner_kind;
		enum collection_kind kind;
		unsigned home, collection;
	} rows[] = {
		{"his own calendar", false, 1, PRINCIPAL_USER, COLLECTION_CALENDAR, OWN, OWN},
		{"his own bookings", false, 1, PRINCIPAL_USER, COLLECTION_BOOKINGS, OWN, OWN},
		{"another's calendar", false, 2, PRINCIPAL_USER, COLLECTION_CALENDAR, FREE_BUSY, FREE_BUSY},
		{"another's bookings", false, 2, PRINCIPAL_USER, COLLECTION_BOOKINGS, FREE_BUSY, FREE_BUSY},
		{"a room's bookings", false, 2, PRINCIPAL_RESOURCE, COLLECTION_BOOKINGS, FREE_BUSY, FREE_BUSY},
		{"an administrator's own", true, 1, PRINCIPAL_USER, COLLECTION_CALENDAR, OWN, OWN},
		{"to an administrator, another's calendar", true, 2, PRINCIPAL_USER, COLLECTION_CALENDAR, FREE_BUSY,
		    FREE_BUSY},
		{"to an administrator, another's bookings", true, 2, PRINCIPAL_USER, COLLECTION_BOOKINGS, FREE_BUSY, ALL},
		{"to an administrator, a room's bookings", true, 2, PRINCIPAL_RESOURCE, COLLECTION_BOOKINGS, ALL, ALL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct auth_user user = {.id = 1, .name = "alice", .admin = rows[i].admin};
		struct collection collection = {.id = 9, .owner = rows[i].owner, .kind = rows[i].kind};
		struct acl acl = {.user = &user}; /* without a grant */

		if (acl_home(&acl, rows[i].owner, rows[i].owner_kind) != rows[i].home)
			fail_msg("%s: the home", rows[i].what);
		if (acl_collection(&acl, &collection, rows[i].owner_kind) != rows[i].collection)
			fail_msg("%s: the collection", rows[i].what);
	}
}

/* Grants on a home and on a calendar, to the user, to a group of a group, to all: what adds up where. */
static int write_grants(struct kv_txn *txn, void *arg)
{
	static const struct grant grants[] = {
		{2, 0, GRANT_TO_PRINCIPAL, 1, ACL_READ},
		{2, 9, GRANT_TO_PRINCIPAL, 1, ACL_WRITE_CONTENT},
		{2, 8, GRANT_TO_ALL, 0, ACL_BIND},
		{2, 9, GRANT_TO_PRINCIPAL, 21, ACL_UNBIND}, /* group 21 holds group 20, which holds the user */
		{3, 7, GRANT_TO_AUTHENTICATED, 0, ACL_READ},
		{3, 9, GRANT_TO_PRINCIPAL, 5, ACL_WRITE}, /* another's */
	};
	int ret = store_member_put(txn, 20, 1);

	(void)arg;
	if (ret == 0)
		ret = store_member_put(txn, 21, 20);
	if (ret == 0)
		ret = store_member_put(txn, 20, 21); /* a circle */
	for (size_t i = 0; ret == 0 && i < ARRAY_LEN(grants); i++)
		ret = store_grant_put(txn, &grants[i]);
	return ret;
}

struct loading {
	struct arena *arena;
	const struct auth_user *user;
	struct acl acl;
};

static int load_acl(struct kv_txn *txn, void *arg)
{
	struct loading *loading = arg;

	return acl_load(txn, loading->arena, loading->user, &loading->acl);
}

static void test_grants_add_up(void **state)
{
	struct world *w = *state;
	struct auth_user user = {.id = 1, .name = "alice"};
	struct loading loading = {.arena = arena_new(1 << 20), .user = &user};
	struct collection nine = {.id = 9, .owner = 2, .kind = COLLECTION_CALENDAR}, eight = {.id = 8, .owner = 2};
	struct collection seven = {.id = 7, .owner = 3}, other = {.id = 9, .owner = 3};

	assert_int_equal(kv_update_wait(store_kv(w->store), write_grants, NULL), 0);
	assert_int_equal(kv_view(store_kv(w->store), load_acl, &loading), 0);
	assert_int_equal(acl_home(&loading.acl, 2, PRINCIPAL_USER), ACL_READ_FREE_BUSY | ACL_READ);
	assert_int_equal(acl_collection(&loading.acl, &nine, PRINCIPAL_USER),
	    ACL_READ_FREE_BUSY | ACL_READ | ACL_WRITE_CONTENT | ACL_UNBIND);
	assert_int_equal(acl_collection(&loading.acl, &eight, PRINCIPAL_USER), ACL_READ_FREE_BUSY | ACL_READ | ACL_BIND);
	assert_int_equal(acl_collection(&loading.acl, &seven, PRINCIPAL_USER), ACL_READ_FREE_BUSY | ACL_READ);
	assert_int_equal(acl_collection(&loading.acl, &other, PRINCIPAL_USER), ACL_READ_FREE_BUSY);
	assert_true(acl_finds_home(&loading.acl, 2) && acl_finds_home(&loading.acl, 3) && !acl_finds_home(&loading.acl, 4));
	assert_int_equal(loading.acl.group_count, 2);
	loading.user = NULL;
	assert_int_equal(kv_view(store_kv(w->store), load_acl, &loading), 0);
	assert_int_equal(acl_collection(&loading.acl, &eight, PRINCIPAL_USER), ACL_BIND);
	assert_int_equal(acl_collection(&loading.acl, &seven, PRINCIPAL_USER), 0);
	arena_free(loading.arena);
}

int main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_password_round_trip),
		cmocka_unit_test(test_broken_hash_is_never_right),
		IN_A_WORLD(test_first_check_needs_the_hash_the_next_does_not),
		IN_A_WORLD(test_user_is_who_the_store_says),
		IN_A_WORLD(test_verified_credential_is_forgotten_in_time),
		IN_A_WORLD(test_changed_password_ends_what_was_verified),
		IN_A_WORLD(test_deleted_user_is_out_at_once),
		IN_A_WORLD(test_who_cannot_sign_in),
		IN_A_WORLD(test_broken_headers),
		IN_A_WORLD(test_name_that_fits_no_principal_is_refused),
		IN_A_WORLD(test_failures_throttle_one_user_from_one_address),
		IN_A_WORLD(test_next_minute_releases),
		IN_A_WORLD(test_unknown_user_is_throttled_alike),
		IN_A_WORLD(test_success_counts_no_failure),
		IN_A_WORLD(test_a_form_is_throttled_with_the_header),
		cmocka_unit_test(test_acl_table),
		IN_A_WORLD(test_grants_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
