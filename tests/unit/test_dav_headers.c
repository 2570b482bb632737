#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "protocol/dav/headers.h"

static void test_depth(void **state)
{
	static const struct {
		const char *value; /* NULL: no field */
		int ret;
		enum dav_depth depth;
	} rows[] = {
	    {NULL, 0, DEPTH_1},
	    {"0", 0, DEPTH_0},
	    {"1", 0, DEPTH_1},
	    {"infinity", 0, DEPTH_INFINITY},
	    {"Infinity", 0, DEPTH_INFINITY},
	    {"", -EINVAL, 0},
	    {"2", -EINVAL, 0},
	    {"00", -EINVAL, 0},
	    {"1,noroot", -EINVAL, 0},
	    {"infinite", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_field field = {SLICE("depth"), slice_str(rows[i].value)};
		struct http_headers headers = {&field, rows[i].value != NULL};
		struct error err = ERROR_NONE;
		enum dav_depth depth = DEPTH_1;
		int ret = dav_depth_read(&headers, DEPTH_1, &depth, &err);

		if (ret != rows[i].ret || (ret == 0 && depth != rows[i].depth))
			fail_msg("Depth: %s: %d, depth %d", rows[i].value, ret, depth);
		assert_int_equal(err.http_status, ret < 0 ? 400 : 0);
	}
}

static void test_destination(void **state)
{
	static const struct {
		const char *value; /* NULL: no field */
		int status;
		const char *path;
	} rows[] = {
	    {"/dav/x", 0, "/dav/x"},
	    {" /dav/x%20y ", 0, "/dav/x%20y"},
	    {"http://cal.example:8080/dav/x", 0, "/dav/x"},
	    {"HTTP://CAL.example:8080/dav/x", 0, "/dav/x"},
	    {"https://book.example/dav/x", 0, "/dav/x"},
	    {"https://book.example:443/dav/x", 0, "/dav/x"},
	    {"http://cal.example:8080", 0, "/"},
	    {"https://book.example:80/dav/x", 502, NULL},
	    {"http://cal.example/dav/x", 502, NULL}, /* another port */
	    {"http://other.example/dav/x", 502, NULL},
	    {"http:///dav/x", 502, NULL},
	    {"//cal.example:8080/dav/x", 400, NULL},
	    {"ftp://cal.example:8080/dav/x", 400, NULL},
	    {"dav/x", 400, NULL},
	    {"x?a=http://cal.example:8080/", 400, NULL},
	    {"", 400, NULL},
	    {NULL, 400, NULL},
	};
	const struct slice authorities[] = {SLICE("cal.example:8080"), SLICE(""), SLICE("book.example:443")};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_field field = {SLICE("destination"), slice_str(rows[i].value)};
		struct http_headers headers = {&field, rows[i].value != NULL};
		struct error err = ERROR_NONE;
		struct slice path;
		int ret = dav_destination_read(&headers, authorities, 3, &path, &err);

		if ((ret < 0) != (rows[i].status != 0) || err.http_status != rows[i].status ||
		    (ret == 0 && !slice_is(path, rows[i].path)))
			fail_msg("Destination: %s: %d, %d", rows[i].value, ret, err.http_status);
	}
}

static void test_overwrite(void **state)
{
	static const struct {
		const char *value;
		int ret;
		bool overwrite;
	} rows[] = {{NULL, 0, true}, {"T", 0, true}, {"F", 0, false}, {"f", 0, false}, {"", -EINVAL, true}, {"yes", -EINVAL, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_field field = {SLICE("Overwrite"), slice_str(rows[i].value)};
		struct http_headers headers = {&field, rows[i].value != NULL};
		struct error err = ERROR_NONE;
		bool overwrite;

		assert_int_equal(dav_overwrite_read(&headers, &overwrite, &err), rows[i].ret);
		if (rows[i].ret == 0)
			assert_int_equal(overwrite, rows[i].overwrite);
	}
}

enum { MINIMAL = 1, REPRESENTATION = 2, STRICT = 4, LENIENT = 8, NOROOT = 16 };

static void test_preferences(void **state)
{
	static const struct {
		const char *name[2], *value[2];
		unsigned want;
	} rows[] = {
	    {{NULL}, {NULL}, 0},
	    {{"Prefer"}, {"return=minimal"}, MINIMAL},
	    {{"prefer"}, {"RETURN=\"minimal\""}, MINIMAL},
	    {{"Prefer"}, {"return-minimal"}, MINIMAL}, /* macOS 10.9 */
	    {{"Brief"}, {"t"}, MINIMAL},
	    {{"Brief"}, {"T"}, MINIMAL},
	    {{"Brief"}, {"f"}, 0},
	    {{"Prefer", "Brief"}, {"return=minimal", "t"}, MINIMAL},
	    {{"Prefer"}, {"return=representation"}, REPRESENTATION},
	    {{"Prefer"}, {"handling=strict"}, STRICT},
	    {{"Prefer"}, {"handling=lenient"}, LENIENT},
	    {{"Prefer"}, {"respond-async, wait=10, return=minimal; x=y, handling=strict"}, MINIMAL | STRICT},
	    {{"Prefer", "Prefer"}, {"return=representation", "handling=lenient"}, REPRESENTATION | LENIENT},
	    /* RFC 7240, 2: of a preference given twice the first counts */
	    {{"Prefer"}, {"return=minimal, return=representation"}, MINIMAL},
	    {{"Prefer"}, {"return=representation, return=minimal"}, REPRESENTATION},
	    {{"Prefer"}, {"handling=lenient, handling=strict"}, LENIENT},
	    {{"Prefer", "Prefer"}, {"handling=strict", "handling=lenient"}, STRICT},
	    {{"Prefer"}, {"depth-noroot, return=minimal"}, NOROOT | MINIMAL},
	    {{"Prefer"}, {"wait=1; depth-noroot"}, 0},
	    /* a parameter of another preference is none */
	    {{"Prefer"}, {"wait=10; return=minimal"}, 0},
	    {{"Prefer"}, {"foo; handling=strict"}, 0},
	    {{"Prefer"}, {"return"}, 0},
	    {{"Prefer"}, {"return=other"}, 0},
	    {{"Prefer"}, {""}, 0},
	    {{"Prefer"}, {",;=,\""}, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_field fields[2];
		struct http_headers headers = {fields, 0};
		struct dav_preferences p;
		unsigned got;

		for (; headers.count < 2 && rows[i].name[headers.count] != NULL; headers.count++)
			fields[headers.count] = (struct http_field){slice_str(rows[i].name[headers.count]),
			    slice_str(rows[i].value[headers.count])};
		dav_preferences_read(&headers, &p);
		got = (p.return_minimal ? MINIMAL : 0) | (p.return_representation ? REPRESENTATION : 0) |
		    (p.handling_strict ? STRICT : 0) | (p.handling_lenient ? LENIENT : 0) |
		    (p.depth_noroot ? NOROOT : 0);
		if (got != rows[i].want)
			fail_msg("%s: %u, not %u", rows[i].value[0], got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_destination),
	    cmocka_unit_test(test_overwrite),
	    cmocka_unit_test(test_preferences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
