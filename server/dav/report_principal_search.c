/*
 * principal-property-search and principal-search-property-set (RFC 3744, 9.4 and 9.5): people and resources by name or
 * address, for the fields in which an app completes an attendee.
 */
#include <config.h>

#include <errno.h>

#include "protocol/base/utf8.h"
#include "protocol/dav/multistatus.h"
#include "server/dav/reports.h"

#define SEARCH_TERMS_MAX   20   /* of one request */
#define SEARCH_RESULTS_MAX 1000 /* told; more is 507, as for a sync */

typedef bool match_fn(const struct principal *principal, struct slice text);

static bool match_name(const struct principal *p, struct slice text)
{
	return utf8_contains_folded(p->display_name.len > 0 ? p->display_name : p->name, text);
}

static bool match_email(const struct principal *p, struct slice text)
{
	return p->email.len > 0 && utf8_contains_folded(p->email, text);
}

/* "mailto:" and the address, or the path of the principal. */
static bool match_address(const struct principal *p, struct slice text)
{
	AUTO_BUF struct buf href = BUF_INIT(4096);

	if (slice_starts_nocase(text, SLICE("mailto:")))
		return match_email(p, slice_from(text, sizeof("mailto:") - 1));
	dav_href_principal(&href, dav_set_of(p->kind), p->name);
	return match_email(p, text) || slice_find(buf_slice(&href), text) >= 0;
}

static bool match_type(const struct principal *p, struct slice text)
{
	const char *type = p->kind == PRINCIPAL_USER ? "INDIVIDUAL"
	    : p->kind == PRINCIPAL_GROUP             ? "GROUP"
	    : p->resource == RESOURCE_ROOM           ? "ROOM"
	                                             : "RESOURCE";

	return utf8_contains_folded(slice_str(type), text);
}

static const struct {
	const char *ns, *name;
	match_fn *match;
	const char *description;
} searchable[] = {
    {NS_DAV, "displayname", match_name, "Name"},
    {NS_CS, "email-address-set", match_email, "Mail address"},
    {NS_CALDAV, "calendar-user-address-set", match_address, "Calendar address"},
    {NS_CALDAV, "calendar-user-type", match_type, "Kind"},
};

struct term {
	match_fn *match; /* NULL: a property that nobody can be found by */
	struct slice text;
};

struct search {
	struct report *report;
	struct term terms[SEARCH_TERMS_MAX];
	size_t term_count;
	bool any; /* one term is enough */
	size_t found;
};

/* ---- the request ---- */

static match_fn *find_match(const struct xml_element *property)
{
	for (size_t i = 0; i < ARRAY_LEN(searchable); i++)
		if (slice_is(property->name, searchable[i].name) && slice_is(property->ns, searchable[i].ns))
			return searchable[i].match;
	return NULL;
}

static int read_terms(struct search *search, const struct xml_element *root)
{
	struct error *err = &search->report->d->error;

	search->any = slice_is(xml_attribute(root, "test"), "anyof");
	for (const struct xml_element *one = xml_child(root, XML_DAV_PROPERTY_SEARCH); one != NULL;
	     one = xml_next(one, XML_DAV_PROPERTY_SEARCH)) {
		const struct xml_element *prop = xml_child(one, XML_DAV_PROP), *match = xml_child(one, XML_DAV_MATCH);

		if (prop == NULL || match == NULL)
			return error_set(err, 400, CONDITION_NONE, "property-search needs prop and match");
		for (const struct xml_element *property = prop->children; property != NULL; property = property->next) {
			if (search->term_count == SEARCH_TERMS_MAX)
				return error_set(err, 400, CONDITION_NONE, "more than %d things to search for", SEARCH_TERMS_MAX);
			search->terms[search->term_count++] = (struct term){find_match(property), xml_trimmed(match)};
		}
	}
	return search->term_count > 0 ? 0 : error_set(err, 400, CONDITION_NONE, "nothing to search for");
}

static bool matches(const struct search *search, const struct principal *principal)
{
	for (size_t i = 0; i < search->term_count; i++) {
		const struct term *term = &search->terms[i];
		bool good = term->match != NULL && term->match(principal, term->text);

		if (good == search->any)
			return search->any;
	}
	return !search->any;
}

/* ---- the answer ---- */

static int see_principal(const struct principal *principal, void *arg)
{
	struct search *search = arg;
	struct report *report = search->report;
	struct dav_resource member = dav_principal_resource(report->d, principal);

	if ((report->d->path.kind == DAV_PRINCIPAL_SET && member.set != report->d->path.set) || !matches(search, principal))
		return 0;
	buf_reset(&report->href);
	if (++search->found > SEARCH_RESULTS_MAX) {
		dav_href(&report->href, &report->d->path);
		response_error(report_body(report), buf_slice(&report->href), 507, DAV_NUMBER_OF_MATCHES_WITHIN_LIMITS);
		return 1; /* the end */
	}
	dav_href_of(&report->href, &member);
	report->source.resource = &member;
	return property_plan_run(report->plan, &report->source, buf_slice(&report->href), report_body(report));
}

int report_principal_property_search(struct report *report)
{
	struct search search = {.report = report};
	int ret = read_terms(&search, report->request.root);

	if (ret == 0)
		ret = store_principal_each(report->txn, see_principal, &search);
	multistatus_close(report_body(report), SLICE_EMPTY);
	return ret < 0 ? ret : 0;
}

int report_principal_search_property_set(struct report *report)
{
	struct http_request *http = report->d->http;
	struct buf *b = report_body(report);

	http->response.status = 200;
	http_reply_header(http, "Content-Type", "application/xml; charset=utf-8");
	buf_add_str(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:principal-search-property-set xmlns:D=\"" NS_DAV
	               "\" xmlns:C=\"" NS_CALDAV "\" xmlns:CS=\"" NS_CS "\">");
	for (size_t i = 0; i < ARRAY_LEN(searchable); i++) {
		buf_add_str(b, "<D:principal-search-property><D:prop>");
		property_empty(b, slice_str(searchable[i].ns), slice_str(searchable[i].name));
		buf_printf(b, "</D:prop><D:description xml:lang=\"en\">%s</D:description></D:principal-search-property>",
		    searchable[i].description);
	}
	buf_add_str(b, "</D:principal-search-property-set>\n");
	return 0;
}
