#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "protocol/dav/path.h"

#define A64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A255 A64 A64 A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct good {
	const char *text;
	enum dav_kind kind;
	enum dav_principal_set set;
	const char *name, *collection, *object;
	const char *href; /* how it is written */
};

/* Each is also tried with a slash added or taken away, which is remembered but names the same. */
static const struct good good[] = {
    {"/", DAV_SITE, 0, "", "", "", "/"},
    {"/.well-known/caldav", DAV_WELL_KNOWN, 0, "", "", "", "/.well-known/caldav"},
    {"/principals/", DAV_PROBE_PRINCIPALS, 0, "", "", "", "/principals/"},
    {"/calendar/dav/anna%40example.com/user/", DAV_PROBE_USER, 0, "anna@example.com", "", "",
	"/calendar/dav/anna%40example.com/user/"},
    {"/dav/", DAV_ROOT, 0, "", "", "", "/dav/"},
    {"/d%61v/", DAV_ROOT, 0, "", "", "", "/dav/"},
    {"/dav/principals/", DAV_PRINCIPALS, 0, "", "", "", "/dav/principals/"},
    {"/dav/principals/users/", DAV_PRINCIPAL_SET, DAV_USERS, "", "", "", "/dav/principals/users/"},
    {"/dav/principals/resources/", DAV_PRINCIPAL_SET, DAV_RESOURCES, "", "", "", "/dav/principals/resources/"},
    {"/dav/principals/groups/", DAV_PRINCIPAL_SET, DAV_GROUPS, "", "", "", "/dav/principals/groups/"},
    {"/dav/principals/users/anna/", DAV_PRINCIPAL, DAV_USERS, "anna", "", "", "/dav/principals/users/anna/"},
    {"/dav/principals/resources/room%201/", DAV_PRINCIPAL, DAV_RESOURCES, "room 1", "", "",
	"/dav/principals/resources/room%201/"},
    {"/dav/principals/groups/g/", DAV_PRINCIPAL, DAV_GROUPS, "g", "", "", "/dav/principals/groups/g/"},
    {"/dav/calendars/", DAV_CALENDARS, 0, "", "", "", "/dav/calendars/"},
    {"/dav/calendars/anna@example.com/", DAV_HOME, 0, "anna@example.com", "", "",
	"/dav/calendars/anna%40example.com/"},
    {"/dav/calendars/anna%40example.com/work/", DAV_COLLECTION, 0, "anna@example.com", "work", "",
	"/dav/calendars/anna%40example.com/work/"},
    {"/dav/calendars/anna/work/a%20b.ics", DAV_OBJECT, 0, "anna", "work", "a b.ics",
	"/dav/calendars/anna/work/a%20b.ics"},
    {"/dav/calendars/anna/work/a%20b/c/d.txt", DAV_OBJECT, 0, "anna", "work", "a b/c/d.txt",
	"/dav/calendars/anna/work/a%20b/c/d.txt"},
    {"/dav/principals/users/anna/calendar-proxy-write/", DAV_PROXY, DAV_USERS, "anna", "", "",
	"/dav/principals/users/anna/calendar-proxy-write/"},
    {"/dav/calendars/anna/work/caf\xc3\xa9%c3%a9.ics", DAV_OBJECT, 0, "anna", "work", "caf\xc3\xa9\xc3\xa9.ics",
	"/dav/calendars/anna/work/caf%C3%A9%C3%A9.ics"},
    {"/dav/calendars/anna/work/+!$&'()*,;=:~-._", DAV_OBJECT, 0, "anna", "work", "+!$&'()*,;=:~-._",
	"/dav/calendars/anna/work/%2B%21%24%26%27%28%29%2A%2C%3B%3D%3A~-._"},
    {"/dav/calendars/anna/work/%25%32%65%3F%23", DAV_OBJECT, 0, "anna", "work", "%2e?#",
	"/dav/calendars/anna/work/%252e%3F%23"},
    {"/dav/calendars/anna/work/...", DAV_OBJECT, 0, "anna", "work", "...", "/dav/calendars/anna/work/..."},
    {"/dav/calendars/anna/work/" A255, DAV_OBJECT, 0, "anna", "work", A255, "/dav/calendars/anna/work/" A255},
};

static void check_good(const struct good *row, const char *text, bool slash)
{
	struct buf href = BUF_INIT(4096);
	struct dav_path path;
	int ret = dav_path_parse(slice_str(text), &path);

	if (ret < 0)
		fail_msg("%s: %d", text, ret);
	if (path.kind != row->kind || path.set != row->set || path.slash != slash)
		fail_msg("%s: kind %d, set %d, slash %d", text, path.kind, path.set, path.slash);
	assert_string_equal(path.name, row->name);
	assert_string_equal(path.collection, row->collection);
	assert_string_equal(path.object, row->object);
	dav_href(&href, &path);
	assert_string_equal(buf_cstr(&href), row->href);
	buf_free(&href);
}

static void test_paths_name_kinds_with_and_without_slash(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *text = good[i].text;
		size_t len = strlen(text);
		char other[1000];

		check_good(&good[i], text, text[len - 1] == '/');
		if (len == 1)
			continue;
		if (text[len - 1] == '/')
			snprintf(other, sizeof(other), "%.*s", (int)len - 1, text);
		else
			snprintf(other, sizeof(other), "%s/", text);
		check_good(&good[i], other, text[len - 1] != '/');
	}
}

static void test_paths_that_are_none(void **state)
{
	static const struct {
		struct slice text;
		int ret;
	} rows[] = {
#define ROW(text, ret) {{text, sizeof(text) - 1}, ret}
	    ROW("", -EINVAL),
	    ROW("dav/", -EINVAL),
	    ROW("*", -EINVAL),
	    ROW("//", -EINVAL),
	    ROW("///", -EINVAL),
	    ROW("//dav/", -EINVAL),
	    ROW("/dav//", -EINVAL),
	    ROW("/dav//calendars/", -EINVAL),
	    ROW("/dav/calendars/anna//x", -EINVAL),
	    ROW("/dav/calendars/anna/work/x//", -EINVAL),
	    ROW("/dav/calendars/./", -EINVAL),
	    ROW("/dav/calendars/../", -EINVAL),
	    ROW("/dav/calendars/%2e%2E/work/", -EINVAL),
	    ROW("/dav/calendars/anna/work/.%2e", -EINVAL),
	    ROW("/dav/calendars/anna%2Fwork/", -EINVAL),
	    ROW("/dav/calendars/%00/", -EINVAL),
	    ROW("/dav/calendars/a\0b/", -EINVAL),
	    ROW("/dav/calendars/a%0d%0ab/", -EINVAL),
	    ROW("/dav/calendars/a\x7f/", -EINVAL),
	    ROW("/dav/calendars/%/", -EINVAL),
	    ROW("/dav/calendars/%4/", -EINVAL),
	    ROW("/dav/calendars/%zz/", -EINVAL),
	    ROW("/dav/calendars/anna/work/" A255 "a", -ENAMETOOLONG),
	    ROW("/dav/calendars/" A255 "%41/", -ENAMETOOLONG),
	    ROW("/dav/calendars/anna/work/a/" A255, -ENAMETOOLONG),
	    ROW("/dav/calendars/anna/work/a//b", -EINVAL),
	    ROW("/dav/calendars/anna/work/a/../b", -EINVAL),
	    ROW("/dav/calendars/anna/work/a/%2fb", -EINVAL),
	    ROW("/dav/calendars/anna/work/1/2/3/4/5/6/7/8/9/1/2/3/4/5/6/7/8/9/1/2/3/4/5/6/7/8/9/1/2/3/4/5/6/7/8/9/1",
		-ENOENT),
	    ROW("/dav/principals/others/", -ENOENT),
	    ROW("/dav/principals/users/anna/x/", -ENOENT),
	    ROW("/dav/x/", -ENOENT),
	    ROW("/DAV/", -ENOENT),
	    ROW("/.well-known/", -ENOENT),
	    ROW("/.well-known/carddav", -ENOENT),
	    ROW("/calendar/dav/anna/", -ENOENT),
	    ROW("/principals/users/", -ENOENT),
	    ROW("/book/", -ENOENT),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dav_path path = {.kind = DAV_KIND_COUNT};
		int ret = dav_path_parse(rows[i].text, &path);

		if (ret != rows[i].ret || path.kind != DAV_KIND_COUNT)
			fail_msg("%s: %d, not %d", rows[i].text.at, ret, rows[i].ret);
	}
}

static void test_hrefs_may_be_whole_uris(void **state)
{
	static const struct {
		const char *text;
		int ret;
		enum dav_kind kind;
		const char *object;
	} rows[] = {
	    {"/dav/calendars/anna/work/a.ics", 0, DAV_OBJECT, "a.ics"},
	    {"https://example.com/dav/calendars/anna/work/a.ics", 0, DAV_OBJECT, "a.ics"},
	    {"http://[::1]:8080/dav/", 0, DAV_ROOT, ""},
	    {"https://example.com", 0, DAV_SITE, ""},
	    {"https://example.com?x=/dav/", 0, DAV_SITE, ""},
	    {"/dav/calendars/anna/work/a.ics?x=y#z", 0, DAV_OBJECT, "a.ics"},
	    {"/dav/calendars/anna/work/a.ics#?", 0, DAV_OBJECT, "a.ics"},
	    {"/dav/calendars/anna/work/a.ics?next=http://example.com/", 0, DAV_OBJECT, "a.ics"},
	    /* an authority is behind a scheme only */
	    {"/x://y/dav/calendars/anna/work/a.ics", -EINVAL, 0, ""},
	    {"//example.com/dav/", -EINVAL, 0, ""},
	    {"://example.com/dav/", -EINVAL, 0, ""},
	    {"a.ics", -EINVAL, 0, ""},
	    {"", -EINVAL, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dav_path path;
		int ret = dav_path_parse_href(slice_str(rows[i].text), &path);

		if (ret != rows[i].ret)
			fail_msg("%s: %d", rows[i].text, ret);
		if (ret == 0 && (path.kind != rows[i].kind || strcmp(path.object, rows[i].object) != 0))
			fail_msg("%s: kind %d, object %s", rows[i].text, path.kind, path.object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_paths_name_kinds_with_and_without_slash),
	    cmocka_unit_test(test_paths_that_are_none),
	    cmocka_unit_test(test_hrefs_may_be_whole_uris),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
