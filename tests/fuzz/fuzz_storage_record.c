/*
 * Every decoder of a stored value: the first byte chooses one, the rest is the value. What is read is written and read
 * again, and must be the same.
 */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>

#include "storage/store_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX (1 << 22)

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* Reads VALUE, writes it, reads and writes that: the two writings are equal. */
#define RECORD(type)                                                                               \
	static void try_##type(struct slice value)                                                 \
	{                                                                                          \
		AUTO_BUF struct buf first = BUF_INIT(BYTES_MAX), second = BUF_INIT(BYTES_MAX);     \
		struct type a, b;                                                                  \
                                                                                                   \
		if (type##_decode(value, &a) < 0)                                                  \
			return;                                                                    \
		type##_encode(&first, &a);                                                         \
		CHECK(type##_decode(buf_slice(&first), &b) == 0);                                  \
		type##_encode(&second, &b);                                                        \
		CHECK(slice_equal(buf_slice(&first), buf_slice(&second)));                         \
	}

RECORD(principal)
RECORD(collection)
RECORD(object)
RECORD(job)
RECORD(file)

static unsigned sum; /* so that every byte of a borrowed text is read */

static void read_all(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		sum += (unsigned char)text.at[i];
}

static void try_change(struct slice value)
{
	struct change change;

	if (store_change_decode(SLICE("h........########"), value, &change) == 0)
		read_all(change.name);
	if (store_change_decode(value, SLICE("\1\1........\0\0\0\0"), &change) == 0)
		read_all(change.name);
}

static void try_series(struct slice value)
{
	struct series series;

	if (store_series_decode(value, &series) == 0)
		read_all(series.name);
}

static void try_occupancy(struct slice value)
{
	struct occupancy occupancy;

	if (store_occupancy_decode(SLICE("a........c########"), value, &occupancy) == 0)
		read_all(occupancy.uid);
	if (store_occupancy_decode(value, SLICE("\1........\0\0\0\0\0\0\0\0"), &occupancy) == 0)
		read_all(occupancy.uid);
}

static void try_index(struct slice value)
{
	struct arena *arena = arena_new(BYTES_MAX);
	struct busy *rows;
	uint64_t member;
	size_t count;

	if (arena != NULL && store_index_decode(value, arena, 1, 2, &member, &rows, &count) == 0)
		for (size_t i = 0; i < count; i++)
			CHECK(rows[i].collection == 1 && rows[i].object == 2);
	arena_free(arena);
}

static void try_alert(struct slice value)
{
	struct alert alert;

	if (store_alert_decode(SLICE("W........################"), value, &alert) == 0) {
		read_all(alert.event);
		read_all(alert.booking);
		read_all(alert.request);
		read_all(alert.resolved_by);
	}
}

static void try_access(struct slice value)
{
	struct app_password password;
	struct grant grant;
	struct lock lock;

	if (store_lock_decode(SLICE("l........################"), value, &lock) == 0) {
		read_all(lock.path);
		read_all(lock.told);
	}

	if (store_app_password_decode(SLICE("w................................########"), value, &password) == 0)
		read_all(password.name);
	if (store_grant_decode(value, SLICE("\1\1\0\0\0"), &grant) == 0)
		CHECK(grant.privileges == 1 && grant.to >= GRANT_TO_ALL && grant.to <= GRANT_TO_PRINCIPAL);
}

static void try_api(struct slice value)
{
	struct idempotency record;
	struct api_key api_key;
	struct audit audit;

	if (store_api_key_decode(SLICE("P................................"), value, &api_key) == 0)
		read_all(api_key.name);
	if (store_audit_decode(SLICE("Q........"), value, &audit) == 0) {
		read_all(audit.who);
		read_all(audit.before);
		read_all(audit.after);
	}
	if (store_idempotency_decode(value, &record) == 0) {
		read_all(record.location);
		read_all(record.body);
	}
}

static void try_booking(struct slice value)
{
	AUTO_BUF struct buf first = BUF_INIT(BYTES_MAX), second = BUF_INIT(BYTES_MAX);
	struct arena *arena = arena_new(BYTES_MAX);
	struct booking a, b;

	if (arena != NULL && booking_decode(value, arena, &a) == 0) {
		booking_encode(&first, &a);
		CHECK(booking_decode(buf_slice(&first), arena, &b) == 0);
		booking_encode(&second, &b);
		CHECK(slice_equal(buf_slice(&first), buf_slice(&second)));
	}
	arena_free(arena);
}

static void try_service(struct slice value)
{
	struct arena *arena = arena_new(BYTES_MAX);
	struct service service;

	if (arena != NULL && store_service_decode(SLICE("Ccut\0\0"), value, arena, &service) == 0)
		read_all(service.json);
	arena_free(arena);
}

static void (*const decoders[])(struct slice value) = {
    try_principal, try_collection, try_object, try_job, try_change, try_series, try_occupancy, try_index,
    try_file, try_access, try_api,
    try_booking, try_service, try_alert,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		decoders[data[0] % ARRAY_LEN(decoders)](slice_of((const char *)data + 1, size - 1));
	return 0;
}
