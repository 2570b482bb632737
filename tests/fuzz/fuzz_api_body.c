/*
 * The bodies of the JSON API: the first byte chooses an address, the rest is its body. Whatever is refused is refused
 * with a status and a sentence; a service that is taken means the same when it is written and read again.
 */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/bookings_private.h"
#include "server/booking/rules/policy.h"
#include "tests/support/zones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The rows with a body that hash no password, which would take its time. */
static const struct api_row *choose(uint8_t which)
{
	const struct api_row *rows[64];
	size_t count = 0;

	for (size_t i = 0; i < api_row_count; i++)
		if (api_rows[i].has_body && strncmp(api_rows[i].path, "staff", 5) != 0)
			rows[count++] = &api_rows[i];
	assert(count > 0 && count < ARRAY_LEN(rows));
	return rows[which % count];
}

static void check_service(struct arena *arena, const struct policy *policy)
{
	AUTO_BUF struct buf first = BUF_INIT(1 << 20), second = BUF_INIT(1 << 20);
	struct json_document *document;
	struct json_value root;
	struct policy again;

	policy_write(&first, NULL, policy, true);
	assert(first.err == 0);
	if (json_read(buf_slice(&first), POLICY_BYTES_MAX, &document, NULL) < 0)
		return; /* longer with its defaults than a service may be */
	root = json_root(document);
	assert(policy_read(arena, &root, true, &again, NULL) == 0);
	json_free(document);
	policy_write(&second, NULL, &again, true);
	assert(slice_equal(buf_slice(&first), buf_slice(&second)));
}

static void check(const struct api_request *r, int ret)
{
	if (ret < 0) {
		assert(ret == -EINVAL);
		assert(r->error.http_status == 403 || (r->error.http_status == 422 && r->error.detail[0] != '\0'));
		return;
	}
	if (r->row->read == api_service_read)
		check_service(r->arena, r->state);
	if (r->row->read == api_booking_read) {
		const struct booking_place *place = &((const struct booking_call *)r->state)->place;

		assert(place->seats >= 1 && place->customer.name.len > 0 && place->start > INSTANT_MIN && place->start < INSTANT_MAX);
		assert(!place->force);
	}
}

static void run(struct store *store, struct arena *arena, const struct api_row *row, struct slice body)
{
	static const char *const names[] = {"Europe/Amsterdam", "America/New_York", NULL};
	static struct zone_set *zones;
	struct app app = {.store = store};
	const struct http_headers headers = {NULL, 0};
	struct http_request http = {.arena = arena, .method = row->method, .headers = &headers, .body = body, .secure = true};
	struct api_request r = {.http = &http, .app = &app, .arena = arena, .row = row,
	    .segments = {SLICE("one"), SLICE("two")},
	    .caller = {.kind = CALLER_BOOKING, .who = "key 1"}, .now = INT64_C(1800000000)};

	if (zones == NULL)
		zones = support_zones(names);
	app.zones = zones;
	if (json_read(body, API_BODY_MAX, &r.document, &r.error) < 0)
		return;
	r.body = json_root(r.document);
	if (json_kind(&r.body) == JSON_KIND_OBJECT)
		check(&r, row->read(&r));
	json_free(r.document);
}

static int put_service(struct kv_txn *txn, void *arg)
{
	(void)arg;
	return store_service_put(txn, &(struct service){.id = SLICE("cut"),
	    .json = SLICE("{\"id\":\"cut\",\"name\":\"Cut\",\"duration_minutes\":30,\"staff\":[\"alice\"]}")});
}

static struct store *store_once(void)
{
	static struct store *store;
	const struct store_options options = {.create = true};
	struct error err = ERROR_NONE;

	if (store == NULL) {
		assert(store_open("memory:", &options, &store, &err) == 0);
		assert(kv_update_wait(store_kv(store), put_service, NULL) == 0);
	}
	return store;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(64u << 20);

	assert(arena != NULL);
	if (size > 0)
		run(store_once(), arena, choose(data[0]), slice_of((const char *)data + 1, size - 1));
	arena_free(arena);
	return 0;
}
