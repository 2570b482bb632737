/* Codecs of stored records: what is written is read back; anything cut, longer or of another version is refused. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "storage/pack.h"
#include "storage/record.h"

static const struct principal principal = {
    .id = 7, .kind = PRINCIPAL_RESOURCE, .resource = RESOURCE_ROOM, .name = {"room-1", 6}, .display_name = {"Room 1", 6},
    .email = {"room-1@example.org", 18}, .timezone = {"Europe/Paris", 12}, .pool = {"rooms", 5}, .seats = 12,
    .admin = true, .password_hash = {"$argon2id$", 10}, .credential_version = 3, .hours = {"{}", 2},
    .created = -1800000000,
};

static const struct collection collection = {
    .id = UINT64_MAX, .owner = 7, .kind = COLLECTION_BOOKINGS, .home = {"room-1", 6}, .name = {"bookings", 8},
    .display_name = {"B", 1}, .description = {"", 0}, .timezone = {"BEGIN:VTIMEZONE\r\n", 17},
    .timezone_id = {"Europe/Paris", 12}, .components = COMPONENT_ALL, .transparent = true,
    .handling = HANDLING_STRICT, .on_overlap = ON_OVERLAP_REFUSE, .revision = 9, .created = 1,
};

static const struct object object = {
    .id = 5, .collection = 6, .name = {"a\0b.ics", 7}, .uid = {"uid@example.org", 15}, .change = 1234567890123,
    .digest = 0x0123456789abcdef, .size = 4096, .component = COMPONENT_VTODO, .flags = OBJECT_RECURRING | OBJECT_ENDLESS,
    .span = {INSTANT_MIN, INSTANT_MAX}, .created = 10, .modified = 20,
};

static const struct job job = {
    .id = 77, .state = JOB_DEAD, .due = 5, .lease_end = 6, .created = 4, .attempts = 3, .kind = {"refusal_notice", 14},
    .key = {"k", 1}, .payload = {"{\"a\":1}", 7}, .request = {"req-1", 5}, .version = 9, .last_error = {"no route", 8},
};

static const struct slice names[] = {{"alice", 5}, {"", 0}, {"bob", 3}};

static const struct booking booking = {
    .number = 9, .id = {"id", 2}, .uid = {"uid", 3}, .status = BOOKING_HELD, .service = {"cut", 3}, .core = {10, 20},
    .before = 5, .after = 6, .buffers_max = true, .staff = names, .staff_count = 3, .resources = names, .resource_count = 1,
    .seats = 4, .shared = true, .customer_name = {"Kim", 3}, .customer_email = {"kim@example.org", 15},
    .customer_phone = {"+31", 3}, .customer_timezone = {"Asia/Tokyo", 10}, .customer_language = {"en", 2},
    .notes = {"n", 1}, .has_token = true, .token = {1, 2, 3}, .expires = 99, .extensions = 1, .version = 3, .sequence = 2,
    .reason = {"r", 1}, .origin = {"api", 3}, .created = 1, .updated = 2,
};

/* One codec behind one shape, so that every check runs on every record. */
struct codec {
	const char *what;
	void (*encode)(struct buf *b);
	int (*decode_again)(struct slice value, struct buf *b); /* and encodes what it read */
};

#define CODEC(type)                                                                                \
	static void encode_##type(struct buf *b)                                                   \
	{                                                                                          \
		type##_encode(b, &type);                                                           \
	}                                                                                          \
	static int decode_##type(struct slice value, struct buf *b)                                \
	{                                                                                          \
		struct type read;                                                                  \
		int ret = type##_decode(value, &read);                                             \
                                                                                                   \
		if (ret == 0)                                                                      \
			type##_encode(b, &read);                                                   \
		return ret;                                                                        \
	}

CODEC(principal)
CODEC(collection)
CODEC(object)
CODEC(job)

static void encode_booking(struct buf *b)
{
	booking_encode(b, &booking);
}

static int decode_booking(struct slice value, struct buf *b)
{
	struct arena *arena = arena_new(1 << 16);
	struct booking read;
	int ret = booking_decode(value, arena, &read);

	if (ret == 0)
		booking_encode(b, &read);
	arena_free(arena);
	return ret;
}

static const struct codec codecs[] = {
    {"principal", encode_principal, decode_principal},
    {"collection", encode_collection, decode_collection},
    {"object", encode_object, decode_object},
    {"job", encode_job, decode_job},
    {"booking", encode_booking, decode_booking},
};

static void test_what_is_written_is_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
		AUTO_BUF struct buf first = BUF_INIT(4096), second = BUF_INIT(4096);

		codecs[i].encode(&first);
		assert_int_equal(first.err, 0);
		if (codecs[i].decode_again(buf_slice(&first), &second) != 0 ||
		    !slice_equal(buf_slice(&first), buf_slice(&second)))
			fail_msg("%s: not read back as it was", codecs[i].what);
	}
}

static void test_fields_come_back_where_they_belong(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	struct principal p;
	struct object o;
	struct job j;
	struct collection c;

	(void)state;
	principal_encode(&b, &principal);
	assert_int_equal(principal_decode(buf_slice(&b), &p), 0);
	assert_true(p.id == 7 && p.seats == 12 && p.admin && p.credential_version == 3 && p.created == -1800000000 &&
		    slice_is(p.pool, "rooms") && slice_is(p.timezone, "Europe/Paris") && p.resource == RESOURCE_ROOM);
	buf_reset(&b);
	collection_encode(&b, &collection);
	assert_int_equal(collection_decode(buf_slice(&b), &c), 0);
	assert_true(c.id == UINT64_MAX && c.transparent && c.handling == HANDLING_STRICT &&
		    c.on_overlap == ON_OVERLAP_REFUSE && c.components == COMPONENT_ALL && slice_is(c.home, "room-1") &&
		    slice_is(c.name, "bookings") && c.revision == 9);
	buf_reset(&b);
	object_encode(&b, &object);
	assert_int_equal(object_decode(buf_slice(&b), &o), 0);
	assert_true(o.change == 1234567890123 && o.span.start == INSTANT_MIN && o.span.end == INSTANT_MAX &&
		    slice_equal(o.name, object.name) && o.digest == object.digest && o.modified == 20);
	buf_reset(&b);
	job_encode(&b, &job);
	assert_int_equal(job_decode(buf_slice(&b), &j), 0);
	assert_true(j.state == JOB_DEAD && j.lease_end == 6 && j.attempts == 3 && slice_is(j.request, "req-1"));
	assert_true(j.version == 9 && slice_is(j.last_error, "no route"));
}

/* As the versions of format 2 and before wrote it. */
static void test_a_job_of_the_first_version_is_read(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	struct job j;

	(void)state;
	pack_u8(&b, 1);
	pack_u64(&b, 12);
	pack_u8(&b, JOB_READY);
	pack_i64(&b, 100);
	pack_i64(&b, 0);
	pack_i64(&b, 40);
	pack_u32(&b, 2);
	pack_text(&b, SLICE("touch"));
	pack_text(&b, SLICE("3/a.ics"));
	pack_text(&b, SLICE("{}"));
	pack_text(&b, SLICE("req-7"));
	assert_int_equal(job_decode(buf_slice(&b), &j), 0);
	assert_true(j.id == 12 && j.version == 0 && j.state == JOB_READY && j.due == 100 && j.created == 40 &&
		    j.attempts == 2 && slice_is(j.kind, "touch") && slice_is(j.key, "3/a.ics") &&
		    slice_is(j.payload, "{}") && slice_is(j.request, "req-7") && j.last_error.len == 0);
	buf_add_char(&b, 0);
	assert_int_equal(job_decode(buf_slice(&b), &j), -EBADMSG);
}

static void test_every_cut_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
		AUTO_BUF struct buf b = BUF_INIT(4096), again = BUF_INIT(4096);

		codecs[i].encode(&b);
		for (size_t len = 0; len < b.len; len++) {
			AUTO_FREE char *exact = malloc(len + 1); /* so that a sanitizer sees a read behind it */

			memcpy(exact, b.at, len);
			if (codecs[i].decode_again(slice_of(exact, len), &again) != -EBADMSG)
				fail_msg("%s: %zu of %zu bytes were read", codecs[i].what, len, b.len);
		}
	}
}

static void test_more_bytes_and_other_versions_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
		AUTO_BUF struct buf b = BUF_INIT(4096), again = BUF_INIT(4096);

		codecs[i].encode(&b);
		buf_add_char(&b, 0);
		if (codecs[i].decode_again(buf_slice(&b), &again) != -EBADMSG)
			fail_msg("%s: a byte too many was read", codecs[i].what);
		buf_truncate(&b, b.len - 1);
		b.at[0] = 99;
		if (codecs[i].decode_again(buf_slice(&b), &again) != -EBADMSG)
			fail_msg("%s: version 99 was read", codecs[i].what);
	}
}

static void test_an_etag_is_quoted_and_tells_digest_and_change(void **state)
{
	char etag[RECORD_ETAG_SIZE];
	struct object o = object;

	(void)state;
	object_etag(&o, etag);
	assert_string_equal(etag, "\"0123456789abcdef-11f71fb04cb\"");
	o.digest = UINT64_MAX;
	o.change = UINT64_MAX;
	object_etag(&o, etag); /* the longest */
	assert_string_equal(etag, "\"ffffffffffffffff-ffffffffffffffff\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_written_is_read_back),
	    cmocka_unit_test(test_fields_come_back_where_they_belong),
	    cmocka_unit_test(test_a_job_of_the_first_version_is_read),
	    cmocka_unit_test(test_every_cut_is_refused),
	    cmocka_unit_test(test_more_bytes_and_other_versions_are_refused),
	    cmocka_unit_test(test_an_etag_is_quoted_and_tells_digest_and_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
