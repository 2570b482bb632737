#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "protocol/dav/property_request.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(16 << 20);
	return arena == NULL;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* ---- PROPFIND ---- */

#define PROPFIND(inside) "<propfind xmlns='DAV:'>" inside "</propfind>"

static void test_propfind(void **state)
{
	static const struct {
		const char *body;
		int ret;
		enum propfind_kind kind;
		size_t count;
	} rows[] = {
	    {"", 0, PROPFIND_ALLPROP, 0}, /* RFC 4918, 9.1 */
	    {PROPFIND("<allprop/>"), 0, PROPFIND_ALLPROP, 0},
	    {PROPFIND("<propname/>"), 0, PROPFIND_PROPNAME, 0},
	    {PROPFIND("<prop/>"), 0, PROPFIND_PROP, 0},
	    {PROPFIND("<prop><getetag/><x xmlns='urn:x'/><x/></prop>"), 0, PROPFIND_PROP, 3},
	    {PROPFIND("<allprop/><include><getetag/></include>"), 0, PROPFIND_ALLPROP, 1},
	    {PROPFIND("<include><getetag/></include><allprop/>"), 0, PROPFIND_ALLPROP, 1},
	    /* what nobody knows is as if it were not there: RFC 4918, 17 */
	    {PROPFIND("<x xmlns='urn:x'><prop xmlns='DAV:'><y/></prop></x><prop><getetag/></prop>"), 0, PROPFIND_PROP, 1},
	    {PROPFIND("<foobar/><allprop/>"), 0, PROPFIND_ALLPROP, 0},
	    {PROPFIND(""), -EINVAL, 0, 0},
	    {PROPFIND("<include><getetag/></include>"), -EINVAL, 0, 0},
	    {PROPFIND("<prop xmlns='urn:x'/>"), -EINVAL, 0, 0},
	    {"<propfind xmlns='urn:x'><prop xmlns='DAV:'/></propfind>", -EINVAL, 0, 0},
	    {"<prop xmlns='DAV:'/>", -EINVAL, 0, 0},
	    {" ", -EINVAL, 0, 0},
	    {PROPFIND("<prop>"), -EINVAL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct property_list list = {0};
		struct error err = ERROR_NONE;
		int ret = propfind_read(arena, slice_str(rows[i].body), &list, &err);

		if (ret != rows[i].ret || (ret < 0 && err.http_status != 400))
			fail_msg("%s: %d, status %d", rows[i].body, ret, err.http_status);
		if (ret == 0 && (list.kind != rows[i].kind || list.count != rows[i].count))
			fail_msg("%s: kind %d, %zu names", rows[i].body, list.kind, list.count);
	}
}

static void test_propfind_names_in_order(void **state)
{
	struct property_list list;

	(void)state;
	assert_int_equal(propfind_read(arena, SLICE(PROPFIND("<prop><b xmlns='urn:x'/><a/><b/></prop>")), &list, NULL), 0);
	assert_int_equal(list.count, 3);
	assert_true(slice_is(list.names[0].ns, "urn:x") && slice_is(list.names[0].name, "b"));
	assert_true(slice_is(list.names[1].ns, "DAV:") && slice_is(list.names[1].name, "a"));
	assert_true(slice_is(list.names[2].ns, "DAV:") && slice_is(list.names[2].name, "b"));
	assert_ptr_equal(list.names[2].element->next, NULL);
}

/* COUNT properties between HEAD and TAIL. */
static struct slice many(const char *head, size_t count, const char *tail)
{
	struct buf b = BUF_INIT(1 << 20);
	struct slice copy;

	buf_add_str(&b, head);
	for (size_t i = 0; i < count; i++)
		buf_add_str(&b, "<x/>");
	buf_add_str(&b, tail);
	copy = slice_str(arena_copy(arena, buf_slice(&b)));
	buf_free(&b);
	return copy;
}

static void test_the_number_of_properties_is_limited(void **state)
{
	struct property_list list;
	struct property_changes changes;
	struct collection_request collection;
	struct error err = ERROR_NONE;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		size_t count = DAV_PROPERTIES_MAX + more;
		int want = more > 0 ? -EINVAL : 0;

		assert_int_equal(propfind_read(arena, many("<propfind xmlns='DAV:'><prop>", count, "</prop></propfind>"),
		                     &list, &err), want);
		/* one from somewhere else before them */
		assert_int_equal(proppatch_read(arena, many("<propertyupdate xmlns='DAV:'><remove><prop><y/></prop></remove>"
		                                            "<set><prop>", count - 1, "</prop></set></propertyupdate>"),
		                     &changes, &err), want);
		assert_int_equal(collection_request_read(arena, many("<mkcol xmlns='DAV:'><set><prop>", count,
		                     "</prop></set></mkcol>"), false, &collection, &err), want);
	}
	assert_string_equal(err.detail, "more than 500 properties");
}

/* ---- PROPPATCH ---- */

static void test_proppatch_in_the_order_of_the_document(void **state)
{
	static const char body[] = "<D:propertyupdate xmlns:D='DAV:' xmlns:x='urn:x'>"
	                           "<D:set><D:prop><x:a>1</x:a><x:b/></D:prop><D:prop><x:c/></D:prop></D:set>"
	                           "<D:remove><D:prop><x:a/></D:prop></D:remove><x:ignored><D:prop><x:z/></D:prop></x:ignored>"
	                           "<D:set><D:prop><x:a>2</x:a></D:prop></D:set></D:propertyupdate>";
	static const char *const want[] = {"+a1", "+b", "+c", "-a", "+a2"};
	struct property_changes changes;

	(void)state;
	assert_int_equal(proppatch_read(arena, slice_str(body), &changes, NULL), 0);
	assert_int_equal(changes.count, 5);
	for (size_t i = 0; i < changes.count; i++) {
		char got[10];

		snprintf(got, sizeof(got), "%c%.*s%.*s", changes.at[i].remove ? '-' : '+', SLICE_ARG(changes.at[i].name),
		    SLICE_ARG(changes.at[i].element->text));
		assert_string_equal(got, want[i]);
		assert_true(slice_is(changes.at[i].ns, "urn:x"));
	}
}

static void test_proppatch_that_is_none(void **state)
{
	static const char *const rows[] = {
	    "",
	    "<propfind xmlns='DAV:'><prop/></propfind>",
	    "<propertyupdate xmlns='DAV:'/>",
	    "<propertyupdate xmlns='DAV:'><set/></propertyupdate>",
	    "<propertyupdate xmlns='DAV:'><set><prop/></set></propertyupdate>",
	    "<propertyupdate xmlns='DAV:'><prop><a/></prop></propertyupdate>",
	    "<propertyupdate><set><prop><a/></prop></set></propertyupdate>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct property_changes changes;
		struct error err = ERROR_NONE;

		if (proppatch_read(arena, slice_str(rows[i]), &changes, &err) != -EINVAL || err.http_status != 400)
			fail_msg("%s: status %d", rows[i], err.http_status);
	}
}

/* ---- MKCALENDAR and MKCOL ---- */

#define MKCOL(types) "<mkcol xmlns='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:CS='http://calendarserver.org/ns/'>" \
	"<set><prop><displayname>x</displayname>" types "</prop></set></mkcol>"

static void test_collections_to_be_made(void **state)
{
	enum { TYPE = 1, CALENDAR = 2, OTHER = 4 };
	static const struct {
		bool mkcalendar;
		const char *body;
		int ret;
		unsigned want;
		size_t set;
	} rows[] = {
	    {true, "", 0, CALENDAR, 0},
	    {false, "", 0, 0, 0},
	    {true, "<mkcalendar xmlns='urn:ietf:params:xml:ns:caldav'/>", 0, CALENDAR, 0},
	    {false, MKCOL(""), 0, 0, 1},
	    {false, MKCOL("<resourcetype/>"), 0, TYPE, 1},
	    {false, MKCOL("<resourcetype><collection/></resourcetype>"), 0, TYPE, 1},
	    {false, MKCOL("<resourcetype><collection/><C:calendar/></resourcetype>"), 0, TYPE | CALENDAR, 1},
	    {false, MKCOL("<resourcetype><collection/><CS:subscribed/></resourcetype>"), 0, TYPE | OTHER, 1},
	    {false, MKCOL("<resourcetype><calendar/></resourcetype>"), 0, TYPE | OTHER, 1},
	    {false, MKCOL("<resourcetype><collection/><x xmlns='urn:x'/></resourcetype><owner/>"), 0, TYPE | OTHER, 2},
	    /* the one body for the other method, and what is neither */
	    {true, MKCOL(""), -EINVAL, 0, 0},
	    {false, "<mkcalendar xmlns='urn:ietf:params:xml:ns:caldav'/>", -EINVAL, 0, 0},
	    {true, "<mkcalendar xmlns='DAV:'/>", -EINVAL, 0, 0},
	    {false, "afafafaf", -EINVAL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct collection_request r = {0};
		struct error err = ERROR_NONE;
		int ret = collection_request_read(arena, slice_str(rows[i].body), rows[i].mkcalendar, &r, &err);
		unsigned got = (r.has_resourcetype ? TYPE : 0) | (r.is_calendar ? CALENDAR : 0) | (r.is_other ? OTHER : 0);

		if (ret != rows[i].ret || (ret < 0 && err.http_status != 400))
			fail_msg("%s: %d, status %d", rows[i].body, ret, err.http_status);
		if (ret == 0 && (got != rows[i].want || r.set.count != rows[i].set))
			fail_msg("%s: %u, %zu properties", rows[i].body, got, r.set.count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_propfind),
	    cmocka_unit_test(test_propfind_names_in_order),
	    cmocka_unit_test(test_the_number_of_properties_is_limited),
	    cmocka_unit_test(test_proppatch_in_the_order_of_the_document),
	    cmocka_unit_test(test_proppatch_that_is_none),
	    cmocka_unit_test(test_collections_to_be_made),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
