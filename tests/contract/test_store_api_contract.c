/* What storage/store.h promises of API keys, the audit log and idempotency, on every engine. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "storage/store_private.h"
#include "tests/contract/store_cases.h"

#define NOW INT64_C(1800000000)

/* ---- API keys ---- */

static int add_ids(const struct api_key *key, void *arg)
{
	*(uint64_t *)arg += key->id;
	return 0;
}

CASE(an_api_key_is_found_by_digest_and_by_id_until_it_goes)
{
	static const unsigned char none[API_KEY_DIGEST];
	struct call *call = arg;
	struct api_key one = {.digest = "one", .role = API_ROLE_ADMIN, .name = SLICE("till"), .created = NOW};
	struct api_key two = {.digest = "two", .role = API_ROLE_BOOKING}, found;
	uint64_t sum = 0;

	WANT_RET(0, store_api_key_put(txn, &one));
	WANT_RET(0, store_api_key_put(txn, &two));
	WANT(one.id != two.id);
	WANT_RET(-EEXIST, store_api_key_put(txn, &(struct api_key){.digest = "two", .role = API_ROLE_ADMIN}));
	WANT_RET(-ENOENT, store_api_key_get(txn, call->f->arena, none, &found));
	WANT_RET(0, store_api_key_get(txn, call->f->arena, one.digest, &found));
	WANT(found.id == one.id && found.role == API_ROLE_ADMIN && found.created == NOW && slice_is(found.name, "till"));
	WANT(memcmp(found.digest, one.digest, API_KEY_DIGEST) == 0);
	WANT_RET(0, store_api_key_each(txn, add_ids, &sum));
	WANT(sum == one.id + two.id);
	WANT_RET(0, store_api_key_find(txn, call->f->arena, two.id, &found));
	WANT(found.role == API_ROLE_BOOKING && found.name.len == 0);
	WANT_RET(-ENOENT, store_api_key_find(txn, call->f->arena, two.id + 100, &found));
	WANT_RET(0, store_api_key_delete(txn, &found));
	WANT_RET(-ENOENT, store_api_key_get(txn, call->f->arena, two.digest, &found));
	WANT_RET(-ENOENT, store_api_key_delete(txn, &two));
	return 0;
}

/* ---- the audit log ---- */

struct seen {
	uint64_t first, last;
	size_t count;
	bool falls; /* numbers fall */
};

static int see(const struct audit *audit, void *arg)
{
	struct seen *seen = arg;

	if (seen->count++ == 0)
		seen->first = audit->number;
	else
		seen->falls &= audit->number < seen->last;
	seen->last = audit->number;
	return 0;
}

static int add(struct kv_txn *txn, instant_t at, struct audit *audit_r)
{
	*audit_r = (struct audit){.at = at, .who = SLICE("user alice"), .origin = SLICE("api"), .request = SLICE("r-1"),
	    .kind = SLICE("service"), .target = SLICE("haircut"), .action = SLICE("update"), .before = SLICE("{}"),
	    .after = SLICE("{\"id\":1}")};
	return store_audit_add(txn, audit_r);
}

static int is_whole(const struct audit *audit, void *arg)
{
	*(bool *)arg = audit->at == NOW && slice_is(audit->who, "user alice") && slice_is(audit->origin, "api") &&
	    slice_is(audit->request, "r-1") && slice_is(audit->kind, "service") && slice_is(audit->target, "haircut") &&
	    slice_is(audit->action, "update") && slice_is(audit->before, "{}") && slice_is(audit->after, "{\"id\":1}");
	return 0;
}

CASE(the_audit_log_is_read_from_the_newest_in_pages)
{
	struct call *call = arg;
	struct seen seen = {.falls = true}, rest = {.falls = true};
	struct audit audit;
	bool whole = false;

	for (size_t i = 0; i < 7; i++)
		WANT_RET(0, add(txn, NOW, &audit));
	WANT_RET(0, store_audit_each(txn, 0, 4, see, &seen));
	WANT(seen.count == 4 && seen.falls && seen.first == audit.number);
	WANT_RET(0, store_audit_each(txn, seen.last, 0, see, &rest));
	WANT(rest.count == 3 && rest.falls && rest.first == seen.last - 1);
	WANT_RET(0, store_audit_each(txn, 0, 1, is_whole, &whole));
	WANT(whole);
	WANT_RET(-EINVAL, store_audit_add(txn, &(struct audit){.who = SLICE("x"), .kind = SLICE("y")}));
	return 0;
}

CASE(the_audit_log_keeps_to_its_age)
{
	struct call *call = arg;
	struct seen seen = {0};
	struct audit audit;

	for (size_t i = 0; i < 3; i++)
		WANT_RET(0, add(txn, NOW, &audit));
	WANT_RET(0, add(txn, NOW + AUDIT_KEPT_TIME, &audit));
	WANT_RET(0, store_audit_each(txn, 0, 0, see, &seen));
	WANT(seen.count == 4); /* still of age */
	WANT_RET(0, add(txn, NOW + AUDIT_KEPT_TIME + 1, &audit));
	WANT_RET(0, add(txn, NOW + AUDIT_KEPT_TIME + 1, &audit));
	seen = (struct seen){0};
	WANT_RET(0, store_audit_each(txn, 0, 0, see, &seen));
	WANT(seen.count == 3 && seen.last == audit.number - 2);
	return 0;
}

/* As after many more: the counter alone is moved on. */
static int move_counter(struct kv_txn *txn, uint64_t number)
{
	return store_meta_put(txn, SLICE("audit"), slice_of((const char *)&number, sizeof(number)));
}

CASE(the_audit_log_keeps_to_its_number)
{
	struct call *call = arg;
	struct seen seen = {0};
	struct audit first, audit;

	WANT_RET(0, add(txn, NOW, &first));
	WANT_RET(0, move_counter(txn, first.number + AUDIT_KEPT_MAX - 2));
	WANT_RET(0, add(txn, NOW, &audit));
	WANT(audit.number == first.number + AUDIT_KEPT_MAX - 1);
	WANT_RET(0, store_audit_each(txn, 0, 0, see, &seen));
	WANT(seen.count == 2); /* still among the newest */
	WANT_RET(0, add(txn, NOW, &audit));
	seen = (struct seen){0};
	WANT_RET(0, store_audit_each(txn, 0, 0, see, &seen));
	WANT(seen.count == 2 && seen.last == audit.number - 1);
	return 0;
}

/* ---- idempotency ---- */

static int remember(struct kv_txn *txn, const char *key, instant_t at)
{
	const struct idempotency record = {.scope = SLICE("key 1"), .key = slice_str(key), .request = "digest", .status = 201,
	    .location = SLICE("/api/v1/bookings/1"), .body = SLICE("{}"), .at = at};

	return store_idempotency_put(txn, &record);
}

static int count_row(struct slice key, struct slice value, void *arg)
{
	(void)key;
	(void)value;
	++*(size_t *)arg;
	return 0;
}

static int count(struct kv_txn *txn, char table, size_t *count_r)
{
	struct key prefix;

	*count_r = 0;
	key_begin(&prefix, table);
	return store_range(txn, &prefix, count_row, count_r);
}

CASE(an_answer_is_given_again_for_a_day_and_to_nobody_else)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct idempotency found;
	size_t rows;

	WANT_RET(0, remember(txn, "a", NOW));
	WANT_RET(0, store_idempotency_get(txn, arena, SLICE("key 1"), SLICE("a"), NOW, &found));
	WANT(found.status == 201 && found.at == NOW);
	WANT(slice_is(found.body, "{}") && slice_is(found.location, "/api/v1/bookings/1"));
	WANT(memcmp(found.request, "digest", 7) == 0);
	WANT_RET(-ENOENT, store_idempotency_get(txn, arena, SLICE("key 2"), SLICE("a"), NOW, &found));
	WANT_RET(-ENOENT, store_idempotency_get(txn, arena, SLICE("key 1"), SLICE("b"), NOW, &found));
	WANT_RET(0, store_idempotency_get(txn, arena, SLICE("key 1"), SLICE("a"), NOW + IDEMPOTENCY_KEPT - 1, &found));
	WANT_RET(-ENOENT, store_idempotency_get(txn, arena, SLICE("key 1"), SLICE("a"), NOW + IDEMPOTENCY_KEPT, &found));
	WANT_RET(0, remember(txn, "a", NOW + 10)); /* anew: one row, with one end */
	WANT_RET(0, count(txn, TABLE_IDEMPOTENCY_DUE, &rows));
	WANT(rows == 1);
	return 0;
}

CASE(answers_that_are_too_old_go_as_new_ones_come)
{
	struct call *call = arg;
	struct idempotency found;
	char key[] = "0";
	size_t rows, ends;

	for (; key[0] < '6'; key[0]++)
		WANT_RET(0, remember(txn, key, NOW));
	WANT_RET(0, remember(txn, "fresh", NOW + 60));
	WANT_RET(0, remember(txn, "later", NOW + IDEMPOTENCY_KEPT));
	WANT_RET(0, remember(txn, "last", NOW + IDEMPOTENCY_KEPT));
	WANT_RET(0, count(txn, TABLE_IDEMPOTENCY, &rows));
	WANT_RET(0, count(txn, TABLE_IDEMPOTENCY_DUE, &ends));
	WANT(rows == 3 && ends == 3);
	WANT_RET(0, store_idempotency_get(txn, call->f->arena, SLICE("key 1"), SLICE("fresh"), NOW + 60, &found));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ENGINES(an_api_key_is_found_by_digest_and_by_id_until_it_goes),
	    ENGINES(the_audit_log_is_read_from_the_newest_in_pages),
	    ENGINES(the_audit_log_keeps_to_its_age),
	    ENGINES(the_audit_log_keeps_to_its_number),
	    ENGINES(an_answer_is_given_again_for_a_day_and_to_nobody_else),
	    ENGINES(answers_that_are_too_old_go_as_new_ones_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
