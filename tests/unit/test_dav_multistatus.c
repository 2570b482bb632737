/* What is written is read again with the reader of requests, so it is well formed whatever went into it. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/dav/condition.h"
#include "protocol/dav/multistatus.h"
#include "protocol/dav/xml_reader.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(1 << 20);
	return arena == NULL;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static const struct xml_element *read_back(struct buf *b)
{
	const struct xml_element *root = NULL;
	struct error err = ERROR_NONE;

	assert_int_equal(b->err, 0);
	if (xml_read(arena, buf_slice(b), &root, &err) < 0)
		fail_msg("%s: %s", err.detail, buf_cstr(b));
	return root;
}

static const struct xml_element *child(const struct xml_element *element, const char *ns, const char *name)
{
	const struct xml_element *c = element->children;

	while (c != NULL && !(slice_is(c->ns, ns) && slice_is(c->name, name)))
		c = c->next;
	if (c == NULL)
		fail_msg("no %s %s in %.*s", ns, name, SLICE_ARG(element->name));
	return c;
}

static void test_a_response_with_groups(void **state)
{
	struct buf b = BUF_INIT(10000);
	const struct xml_element *root, *response, *propstat, *prop;

	(void)state;
	multistatus_open(&b);
	response_open(&b, SLICE("/dav/calendars/anna%40example.com/work/"));
	propstat_open(&b);
	property_open(&b, SLICE(NS_DAV), SLICE("displayname"));
	buf_add_xml(&b, SLICE("Work & <more>"));
	property_close(&b, SLICE(NS_DAV), SLICE("displayname"));
	property_empty(&b, SLICE(NS_CALDAV), SLICE("calendar-description"));
	propstat_close(&b, 200, CONDITION_NONE);
	propstat_open(&b);
	property_empty(&b, SLICE("urn:x&y"), SLICE("y"));
	property_empty(&b, SLICE(""), SLICE("z"));
	propstat_close(&b, 403, DAV_CANNOT_MODIFY_PROTECTED_PROPERTY);
	response_close(&b);
	multistatus_close(&b, SLICE("urn:a&b"));
	root = read_back(&b);
	assert_true(slice_is(root->name, "multistatus") && slice_is(root->ns, NS_DAV));
	response = child(root, NS_DAV, "response");
	assert_true(slice_is(child(response, NS_DAV, "href")->text, "/dav/calendars/anna%40example.com/work/"));
	propstat = child(response, NS_DAV, "propstat");
	assert_true(slice_is(child(propstat, NS_DAV, "status")->text, "HTTP/1.1 200 OK"));
	prop = child(propstat, NS_DAV, "prop");
	assert_true(slice_is(child(prop, NS_DAV, "displayname")->text, "Work & <more>"));
	child(prop, NS_CALDAV, "calendar-description");
	propstat = propstat->next;
	assert_true(slice_is(child(propstat, NS_DAV, "status")->text, "HTTP/1.1 403 Forbidden"));
	prop = child(propstat, NS_DAV, "prop");
	child(prop, "urn:x&y", "y");
	child(prop, "", "z");
	child(child(propstat, NS_DAV, "error"), NS_DAV, "cannot-modify-protected-property");
	assert_null(propstat->next);
	assert_true(slice_is(child(root, NS_DAV, "sync-token")->text, "urn:a&b"));
	buf_free(&b);
}

static void test_responses_of_a_status(void **state)
{
	struct buf b = BUF_INIT(10000);
	const struct xml_element *root, *response;

	(void)state;
	multistatus_open(&b);
	response_status(&b, SLICE("/a"), 404);
	response_error(&b, SLICE("/b"), 507, DAV_NUMBER_OF_MATCHES_WITHIN_LIMITS);
	multistatus_close(&b, SLICE_EMPTY);
	root = read_back(&b);
	response = child(root, NS_DAV, "response");
	assert_true(slice_is(child(response, NS_DAV, "href")->text, "/a"));
	assert_true(slice_is(child(response, NS_DAV, "status")->text, "HTTP/1.1 404 Not Found"));
	response = response->next;
	assert_true(slice_is(child(response, NS_DAV, "status")->text, "HTTP/1.1 507 Insufficient Storage"));
	child(child(response, NS_DAV, "error"), NS_DAV, "number-of-matches-within-limits");
	assert_null(response->next); /* no sync token was given */
	buf_free(&b);
}

static void test_status_lines(void **state)
{
	/* all that a response or propstat may carry */
	static const struct {
		int status;
		const char *line;
	} rows[] = {
	    {200, "HTTP/1.1 200 OK"},
	    {201, "HTTP/1.1 201 Created"},
	    {204, "HTTP/1.1 204 No Content"},
	    {400, "HTTP/1.1 400 Bad Request"},
	    {401, "HTTP/1.1 401 Unauthorized"},
	    {403, "HTTP/1.1 403 Forbidden"},
	    {404, "HTTP/1.1 404 Not Found"},
	    {409, "HTTP/1.1 409 Conflict"},
	    {412, "HTTP/1.1 412 Precondition Failed"},
	    {413, "HTTP/1.1 413 Content Too Large"},
	    {415, "HTTP/1.1 415 Unsupported Media Type"},
	    {422, "HTTP/1.1 422 Unprocessable Content"},
	    {423, "HTTP/1.1 423 Locked"},
	    {424, "HTTP/1.1 424 Failed Dependency"},
	    {500, "HTTP/1.1 500 Internal Server Error"},
	    {503, "HTTP/1.1 503 Service Unavailable"},
	    {507, "HTTP/1.1 507 Insufficient Storage"},
	    {299, "HTTP/1.1 299 Status"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT(1000);

		status_line(&b, rows[i].status);
		assert_string_equal(buf_cstr(&b), rows[i].line);
		buf_free(&b);
	}
}

static void test_a_full_buffer_is_told(void **state)
{
	struct buf b = BUF_INIT(400);

	(void)state;
	multistatus_open(&b);
	for (size_t i = 0; i < 10; i++)
		response_status(&b, SLICE("/dav/calendars/anna/work/a.ics"), 404);
	multistatus_close(&b, SLICE_EMPTY);
	assert_int_not_equal(b.err, 0);
	assert_true(b.len <= 400);
	buf_free(&b);
}

static void test_every_condition_has_a_name(void **state)
{
	(void)state;
	assert_null(condition_find(CONDITION_NONE));
	assert_null(condition_find(DAV_CONDITION_COUNT));
	for (enum dav_condition c = CONDITION_NONE + 1; c < DAV_CONDITION_COUNT; c++) {
		const struct condition_info *info = condition_find(c);
		struct buf b = BUF_INIT(1000);
		const struct xml_element *root;

		if (info == NULL)
			fail_msg("condition %d has no row", c);
		for (enum dav_condition d = CONDITION_NONE + 1; d < c; d++)
			if (slice_is(slice_str(info->name), condition_find(d)->name))
				fail_msg("%s stands there twice", info->name);
		condition_write_error(&b, c, "a <sentence>", SLICE_EMPTY);
		root = read_back(&b);
		assert_true(slice_is(root->ns, NS_DAV) && slice_is(root->name, "error"));
		child(root, info->ns, info->name);
		assert_true(slice_is(root->text, "a <sentence>")); /* Evolution shows it */
		buf_free(&b);
	}
}

static void test_an_error_with_more_inside(void **state)
{
	struct buf b = BUF_INIT(1000);
	const struct xml_element *root;

	(void)state;
	condition_write_error(&b, CALDAV_NO_UID_CONFLICT, "", SLICE("<D:href>/dav/x</D:href>"));
	root = child(read_back(&b), NS_CALDAV, "no-uid-conflict");
	assert_true(slice_is(child(root, NS_DAV, "href")->text, "/dav/x"));
	buf_reset(&b);
	condition_write_error(&b, SLOTKEEPER_SLOT_UNAVAILABLE, "Taken.",
	    SLICE("<slotkeeper:slot-unavailable xmlns:slotkeeper=\"" NS_SLOTKEEPER "\" reason=\"staff_busy\"/>"));
	root = child(read_back(&b), NS_SLOTKEEPER, "slot-unavailable");
	assert_true(slice_is(xml_attribute(root, "reason"), "staff_busy"));
	buf_reset(&b);
	condition_write_error(&b, CONDITION_NONE, "Only words.", SLICE_EMPTY);
	root = read_back(&b);
	assert_null(root->children);
	assert_true(slice_is(root->text, "Only words."));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_response_with_groups),
	    cmocka_unit_test(test_responses_of_a_status),
	    cmocka_unit_test(test_status_lines),
	    cmocka_unit_test(test_a_full_buffer_is_told),
	    cmocka_unit_test(test_every_condition_has_a_name),
	    cmocka_unit_test(test_an_error_with_more_inside),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
