/*
 * principal-property-search and principal-search-property-set (RFC 3744, 9.4 and 9.5), and calendarserver-principal-search:
 * people and resources by name or address, for the fields in which an app completes an attendee.
 */
#include <config.h>

#include <errno.h>

#include "protocol/base/utf8.h"
#include "protocol/dav/multistatus.h"
#include "server/dav/reports.h"

#define SEARCH_TERMS_MAX   20   /* of one request */
#define SEARCH_RESULTS_MAX 1000 /* told; more is 507, as for a sync */

typedef bool match_fn(const struct principal *principal, struct slice text, enum utf8_match how);

static bool match_name(const struct principal *p, struct slice text, enum utf8_match how)
{
	return utf8_match_folded(p->display_name.len > 0 ? p->display_name : p->name, text, how);
}

static bool match_email(const struct principal *p, struct slice text, enum utf8_match how)
{
	return p->email.len > 0 && utf8_match_folded(p->email, text, how);
}

/* "mailto:" and the address, or the path of the principal. */
static bool match_address(const struct principal *p, struct slice text, enum utf8_match how)
{
	AUTO_BUF struct buf href = BUF_INIT(4096);

	if (slice_starts_nocase(text, SLICE("mailto:")))
		return match_email(p, slice_from(text, sizeof("mailto:") - 1), how);
	dav_href_principal(&href, dav_set_of(p->kind), p->name);
	return match_email(p, text, how) || slice_find(buf_slice(&href), text) >= 0;
}

static const char *type_of(const struct principal *p)
{
	return p->kind == PRINCIPAL_USER       ? "INDIVIDUAL"
	    : p->kind == PRINCIPAL_GROUP       ? "GROUP"
	    : p->resource == RESOURCE_ROOM     ? "ROOM"
	                                       : "RESOURCE";
}

static bool match_type(const struct principal *p, struct slice text, enum utf8_match how)
{
	return utf8_match_folded(slice_str(type_of(p)), text, how);
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
	enum utf8_match how;
};

struct search {
	struct report *report;
	struct term terms[SEARCH_TERMS_MAX];
	size_t term_count;
	bool any; /* one term is enough */
	bool everywhere; /* in all sets, whatever the path is */
	unsigned kinds;  /* 1 << enum principal_kind of those that are wanted */
	bool rooms_only;
	uint64_t limit;
	size_t found;
	bool (*matches)(const struct search *search, const struct principal *principal);
};

/* ---- the request ---- */

static match_fn *find_match(const struct xml_element *property)
{
	for (size_t i = 0; i < ARRAY_LEN(searchable); i++)
		if (slice_is(property->name, searchable[i].name) && slice_is(property->ns, searchable[i].ns))
			return searchable[i].match;
	return NULL;
}

/* On DAV:match or on DAV:property-search, as apps in use write it. */
static enum utf8_match how_of(const struct xml_element *one, const struct xml_element *match)
{
	struct slice how = xml_attribute(match, "match-type");

	if (how.at == NULL)
		how = xml_attribute(one, "match-type");
	return slice_is(how, "starts-with") ? TEXT_STARTS
	    : slice_is(how, "ends-with")    ? TEXT_ENDS
	    : slice_is(how, "equals")       ? TEXT_EQUALS
	                                    : TEXT_CONTAINS;
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
			search->terms[search->term_count++] = (struct term){find_match(property), xml_trimmed(match), how_of(one, match)};
		}
	}
	return search->term_count > 0 ? 0 : error_set(err, 400, CONDITION_NONE, "nothing to search for");
}

static bool matches(const struct search *search, const struct principal *principal)
{
	for (size_t i = 0; i < search->term_count; i++) {
		const struct term *term = &search->terms[i];
		bool good = term->match != NULL && term->match(principal, term->text, term->how);

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

	if (!search->everywhere && report->d->path.kind == DAV_PRINCIPAL_SET && member.set != report->d->path.set)
		return 0;
	if ((search->kinds & 1u << principal->kind) == 0 || !search->matches(search, principal))
		return 0;
	buf_reset(&report->href);
	if (++search->found > search->limit) {
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
	struct search search = {.report = report, .kinds = ~0u, .limit = SEARCH_RESULTS_MAX, .matches = matches};
	int ret = read_terms(&search, report->request.root);

	search.everywhere = xml_child(report->request.root, XML_DAV_APPLY_TO_PRINCIPAL_COLLECTION_SET) != NULL;
	if (!search.everywhere && report->d->path.kind != DAV_PRINCIPALS && report->d->path.kind != DAV_PRINCIPAL_SET)
		search.kinds = 0; /* no principal lies in there */

	if (ret == 0)
		ret = store_principal_each(report->txn, see_principal, &search);
	multistatus_close(report_body(report), SLICE_EMPTY);
	return ret < 0 ? ret : 0;
}

/* ---- calendarserver-principal-search ---- */

/* Every token in the name or in the address. */
static bool matches_tokens(const struct search *search, const struct principal *principal)
{
	if (search->rooms_only && principal->resource != RESOURCE_ROOM)
		return false;
	for (size_t i = 0; i < search->term_count; i++) {
		const struct term *term = &search->terms[i];

		if (!match_name(principal, term->text, term->how) && !match_email(principal, term->text, term->how))
			return false;
	}
	return true;
}

static int read_tokens(struct search *search, const struct xml_element *root)
{
	struct error *err = &search->report->d->error;
	const struct xml_element *limit = xml_child(root, XML_CS_LIMIT), *results;
	struct slice context = xml_attribute(root, "context");

	for (const struct xml_element *e = xml_child(root, XML_CS_SEARCH_TOKEN); e != NULL; e = xml_next(e, XML_CS_SEARCH_TOKEN)) {
		if (search->term_count == SEARCH_TERMS_MAX)
			return error_set(err, 400, CONDITION_NONE, "more than %d things to search for", SEARCH_TERMS_MAX);
		if (xml_trimmed(e).len > 0)
			search->terms[search->term_count++] = (struct term){NULL, xml_trimmed(e), TEXT_CONTAINS};
	}
	if (search->term_count == 0)
		return error_set(err, 400, CONDITION_NONE, "nothing to search for");
	if (slice_is(context, "user") || slice_is(context, "group"))
		search->kinds = 1u << (slice_is(context, "user") ? PRINCIPAL_USER : PRINCIPAL_GROUP);
	else if (slice_is(context, "resource") || slice_is(context, "location"))
		search->kinds = 1u << PRINCIPAL_RESOURCE;
	search->rooms_only = slice_is(context, "location");
	results = limit != NULL ? xml_child(limit, XML_CS_NRESULTS) : NULL;
	if (results != NULL && slice_to_u64(xml_trimmed(results), SEARCH_RESULTS_MAX, &search->limit) < 0)
		search->limit = SEARCH_RESULTS_MAX;
	return 0;
}

int report_calendarserver_principal_search(struct report *report)
{
	struct search search = {
	    .report = report, .kinds = ~0u, .everywhere = true, .limit = SEARCH_RESULTS_MAX, .matches = matches_tokens};
	int ret = read_tokens(&search, report->request.root);

	if (ret == 0)
		ret = store_principal_each(report->txn, see_principal, &search);
	multistatus_close(report_body(report), SLICE_EMPTY);
	return ret < 0 ? ret : 0;
}

/* ---- what one can search by ---- */

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
