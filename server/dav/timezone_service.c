#include <config.h>

#include "server/dav/timezone_service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "protocol/base/ascii.h"
#include "protocol/base/codec.h"
#include "protocol/base/interval_set.h"
#include "protocol/http/precondition.h"
#include "protocol/ical/timezone.h"
#include "protocol/json/json.h"
#include "server/app.h"

#define CAPABILITIES  TIMEZONE_SERVICE "/capabilities"
#define ZONES         TIMEZONE_SERVICE "/zones"
#define OBSERVANCES   "/observances"
#define ERROR_URN     "urn:ietf:params:tzdist:error:"
#define CACHE         "public, max-age=86400" /* zone data changes some times a year */
#define QUERY_MAX     1024                    /* bytes of one value of a query, as written */
#define EXPANSION_MAX 1000                    /* observances of one expansion: 500 years */
#define JSON_TYPE     "application/json; charset=utf-8"

struct service {
	struct http_request *http;
	const struct zone_set *zones;
};

/* ---- what was asked ---- */

/* The value of NAME in the query, decoded; 0, -ENOENT, or -EINVAL. */
static int query_get(const struct service *s, const char *name, struct slice *value_r)
{
	struct slice rest = s->http->query, pair, key;

	while (slice_next(&rest, '&', &pair)) {
		char *decoded;
		ssize_t len;

		slice_next(&pair, '=', &key);
		if (!slice_is(key, name) || pair.at == NULL)
			continue;
		decoded = arena_alloc(s->http->arena, pair.len + 1);
		if (decoded == NULL)
			return -ENOMEM;
		len = pair.len > QUERY_MAX ? -1 : codec_percent_decode(pair, decoded, pair.len + 1);
		*value_r = slice_of(decoded, len > 0 ? (size_t)len : 0);
		return len < 0 ? -EINVAL : 0;
	}
	return -ENOENT;
}

/* ---- answers ---- */

static void answer_problem(const struct service *s, int status, const char *type, const char *title)
{
	struct buf *b = &s->http->response.body;

	http_reply_text(s->http, status, "application/problem+json", SLICE_EMPTY);
	json_open_object(b, NULL);
	json_add_text(b, "type", slice_str(type));
	json_add_text(b, "title", slice_str(title));
	json_add_integer(b, "status", status);
	json_close_object(b);
}

static void zone_etag(const struct zone *zone, char etag_r[static 24])
{
	snprintf(etag_r, 24, "\"%016" PRIx64 "\"", zone_digest(zone));
}

static void add_zone(struct buf *b, const struct zone *zone, struct slice version)
{
	AUTO_BUF struct buf date = BUF_INIT(64);
	char etag[24];

	zone_etag(zone, etag);
	buf_add_rfc3339(&date, zone_modified(zone), 0);
	json_open_object(b, NULL);
	json_add_text(b, "tzid", zone_name(zone));
	json_add_text(b, "etag", slice_sub(slice_str(etag), 1, 16));
	json_add_text(b, "last-modified", buf_slice(&date));
	json_add_text(b, "publisher", SLICE("IANA"));
	json_add_text(b, "version", version);
	json_close_object(b);
}

typedef bool choose_fn(const struct zone *zone, const void *arg);

static void answer_list(const struct service *s, choose_fn *choose, const void *arg)
{
	struct buf *b = &s->http->response.body;
	char token[24];

	snprintf(token, sizeof(token), "%016" PRIx64, zone_set_digest(s->zones));
	http_reply_text(s->http, 200, JSON_TYPE, SLICE_EMPTY);
	json_open_object(b, NULL);
	json_add_text(b, "synctoken", slice_str(token));
	json_open_array(b, "timezones");
	for (size_t i = 0; i < zone_set_count(s->zones); i++)
		if (choose(zone_set_at(s->zones, i), arg))
			add_zone(b, zone_set_at(s->zones, i), slice_str(token));
	json_close_array(b);
	json_close_object(b);
}

/* ---- capabilities (5.1) ---- */

static const struct {
	const char *name, *template;
	struct {
		const char *name; /* NULL: no more */
		bool required;
	} parameters[3];
} actions[] = {
    {"capabilities", CAPABILITIES, {{NULL, false}}},
    {"list", ZONES "{?changedsince}", {{"changedsince", false}}},
    {"get", ZONES "{/tzid}", {{NULL, false}}},
    {"expand", ZONES "{/tzid}" OBSERVANCES "{?start,end}", {{"start", true}, {"end", true}}},
    {"find", ZONES "{?pattern}", {{"pattern", true}}},
};

static void add_action(struct buf *b, size_t i)
{
	json_open_object(b, NULL);
	json_add_text(b, "name", slice_str(actions[i].name));
	json_add_text(b, "uri-template", slice_str(actions[i].template));
	json_open_array(b, "parameters");
	for (size_t k = 0; actions[i].parameters[k].name != NULL; k++) {
		json_open_object(b, NULL);
		json_add_text(b, "name", slice_str(actions[i].parameters[k].name));
		json_add_boolean(b, "required", actions[i].parameters[k].required);
		json_add_boolean(b, "multi", false);
		json_close_object(b);
	}
	json_close_array(b);
	json_close_object(b);
}

static void capabilities(const struct service *s)
{
	struct buf *b = &s->http->response.body;

	http_reply_text(s->http, 200, JSON_TYPE, SLICE_EMPTY);
	http_reply_header(s->http, "Cache-Control", CACHE);
	json_open_object(b, NULL);
	json_add_integer(b, "version", 1);
	json_open_object(b, "info");
	json_add_text(b, "primary-source", SLICE("IANA"));
	json_open_array(b, "formats");
	json_add_text(b, NULL, SLICE("text/calendar"));
	json_close_array(b);
	json_open_array(b, "contacts");
	json_close_array(b);
	json_close_object(b);
	json_open_array(b, "actions");
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		add_action(b, i);
	json_close_array(b);
	json_close_object(b);
}

/* ---- list and find (5.2, 5.5) ---- */

static bool any(const struct zone *zone, const void *arg)
{
	(void)zone;
	(void)arg;
	return true;
}

static bool differs(const struct zone *zone, const void *arg)
{
	const struct zone *then = zone_set_named(arg, zone_name(zone));

	return then == NULL || zone_digest(then) != zone_digest(zone);
}

/* The set that had this token, among those since the server was started; NULL: none. */
static const struct zone_set *find_set(const struct zone_set *set, struct slice wanted)
{
	for (; set != NULL; set = zone_set_previous(set)) {
		char token[24];

		snprintf(token, sizeof(token), "%016" PRIx64, zone_set_digest(set));
		if (slice_is(wanted, token))
			return set;
	}
	return NULL;
}

static void list_changed(const struct service *s, struct slice since)
{
	const struct zone_set *then = find_set(s->zones, since);

	if (then != NULL)
		answer_list(s, differs, then);
	else
		answer_problem(s, 400, ERROR_URN "invalid-changedsince", "Too long ago: list all of them.");
}

static char plain(char c)
{
	return c == '_' ? ' ' : ascii_lower(c);
}

static bool is_at(struct slice name, size_t at, struct slice text)
{
	if (at > name.len || name.len - at < text.len)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (plain(name.at[at + i]) != plain(text.at[i]))
			return false;
	return true;
}

/* "text", "text*", "*text" and "*text*", without case, an underscore like a space. */
static bool matches(const struct zone *zone, const void *pattern)
{
	struct slice name = zone_name(zone), text = *(const struct slice *)pattern;
	bool front = slice_starts(text, SLICE("*")), back;

	text = slice_from(text, front);
	back = slice_ends(text, SLICE("*"));
	text = slice_sub(text, 0, text.len - back);
	if (!back)
		return name.len >= text.len && (front || name.len == text.len) && is_at(name, name.len - text.len, text);
	if (!front)
		return is_at(name, 0, text);
	for (size_t i = 0; i + text.len <= name.len; i++)
		if (is_at(name, i, text))
			return true;
	return false;
}

static bool is_pattern(struct slice pattern)
{
	size_t stars = 0;

	for (size_t i = 0; i < pattern.len; i++) {
		stars += pattern.at[i] == '*';
		if (pattern.at[i] == '*' && i > 0 && i + 1 < pattern.len)
			return false;
	}
	return pattern.len > stars;
}

static void list(const struct service *s)
{
	struct slice pattern, since;
	int found = query_get(s, "pattern", &pattern), changed = query_get(s, "changedsince", &since);

	if (found == -EINVAL || (found == 0 && !is_pattern(pattern)))
		answer_problem(s, 400, ERROR_URN "invalid-pattern", "The pattern is text with a * before it, after it, or both.");
	else if (found == 0)
		answer_list(s, matches, &pattern);
	else if (changed == 0)
		list_changed(s, since);
	else
		answer_list(s, any, NULL);
}

/* ---- get (5.3) ---- */

static void get(const struct service *s, const struct zone *zone)
{
	struct http_precondition precondition;
	struct buf *b = &s->http->response.body;
	struct slice unused;
	char etag[24];
	int status;

	if (query_get(s, "start", &unused) != -ENOENT || query_get(s, "end", &unused) != -ENOENT) {
		answer_problem(s, 400, ERROR_URN "invalid-truncate", "Zones are given whole.");
		return;
	}
	if (http_precondition_parse(s->http->headers, s->http->arena, &precondition) < 0) {
		answer_problem(s, 400, "about:blank", "The list of entity tags cannot be read.");
		return;
	}
	zone_etag(zone, etag);
	http_reply_text(s->http, 200, "text/calendar; charset=utf-8", SLICE_EMPTY);
	http_reply_header(s->http, "ETag", "%s", etag);
	http_reply_header(s->http, "Cache-Control", CACHE);
	status = http_precondition_get(&precondition, slice_str(etag), zone_modified(zone));
	if (status != 0) {
		s->http->response.status = status;
		return;
	}
	buf_add_str(b, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//Slotkeeper//EN\r\n");
	(void)zone_write(zone, zone_name(zone), INSTANT_MIN, b); /* an error stays in the buffer */
	buf_add_str(b, "END:VCALENDAR\r\n");
}

/* ---- expand (5.4) ---- */

static void add_observance(struct buf *b, const struct zone *zone, instant_t at, int from)
{
	AUTO_BUF struct buf onset = BUF_INIT(64);
	int to = zone_offset_at(zone, at);

	buf_add_rfc3339(&onset, at, 0);
	json_open_object(b, NULL);
	json_add_text(b, "name", to > from ? SLICE("Daylight") : SLICE("Standard"));
	json_add_text(b, "onset", buf_slice(&onset));
	json_add_integer(b, "utc-offset-from", from);
	json_add_integer(b, "utc-offset-to", to);
	json_close_object(b);
}

/* The last change that is not after START, or START itself where there is none: what is in force then. */
static instant_t onset_before(const struct zone *zone, instant_t start)
{
	/* A zone that changes for ever does so every year; of the others the few changes there are can be walked. */
	const instant_t near = start - 800 * DAY_SECONDS;
	instant_t from = zone_next_transition(zone, near) <= start ? near : INSTANT_MIN, found = start;

	for (instant_t at = zone_next_transition(zone, from); at <= start; at = zone_next_transition(zone, at))
		found = at;
	return found;
}

static void add_observances(struct buf *b, const struct zone *zone, struct interval window)
{
	instant_t first = onset_before(zone, window.start);

	add_observance(b, zone, first, zone_offset_at(zone, first == window.start ? first : first - 1));
	for (instant_t at = zone_next_transition(zone, window.start); at < window.end; at = zone_next_transition(zone, at))
		add_observance(b, zone, at, zone_offset_at(zone, at - 1));
}

static bool is_small(const struct zone *zone, struct interval window)
{
	size_t count = 0;

	for (instant_t at = window.start; at < window.end && count <= EXPANSION_MAX; at = zone_next_transition(zone, at))
		count++;
	return count <= EXPANSION_MAX;
}

static bool read_time(const struct service *s, const char *name, struct slice *text_r, instant_t *at_r)
{
	int offset;

	return query_get(s, name, text_r) == 0 && instant_parse_rfc3339(*text_r, at_r, &offset) == 0 && offset == 0;
}

static void expand(const struct service *s, const struct zone *zone)
{
	struct buf *b = &s->http->response.body;
	struct interval window = {0, 0};
	struct slice start, end;

	if (!read_time(s, "start", &start, &window.start)) {
		answer_problem(s, 400, ERROR_URN "invalid-start", "start is a time in UTC, as 2027-01-01T00:00:00Z.");
		return;
	}
	if (!read_time(s, "end", &end, &window.end) || window.end <= window.start || !is_small(zone, window)) {
		answer_problem(s, 400, ERROR_URN "invalid-end", "end is a time in UTC after start, not centuries after it.");
		return;
	}
	http_reply_text(s->http, 200, JSON_TYPE, SLICE_EMPTY);
	http_reply_header(s->http, "Cache-Control", CACHE);
	json_open_object(b, NULL);
	json_add_text(b, "tzid", zone_name(zone));
	json_add_text(b, "start", start);
	json_add_text(b, "end", end);
	json_open_array(b, "observances");
	add_observances(b, zone, window);
	json_close_array(b);
	json_close_object(b);
}

/* ---- routes ---- */

/* A standard TZID: no other spelling, so that each zone has one address. */
static const struct zone *find_zone(const struct service *s, struct slice encoded)
{
	char name[ZONE_NAME_MAX + 1];
	ssize_t len = codec_percent_decode(encoded, name, sizeof(name));

	return len > 0 ? zone_set_named(s->zones, slice_of(name, (size_t)len)) : NULL;
}

static void answer_zone(const struct service *s, struct slice rest)
{
	bool observances = slice_ends(rest, SLICE(OBSERVANCES));
	const struct zone *zone =
	    find_zone(s, observances ? slice_sub(rest, 0, rest.len - (sizeof(OBSERVANCES) - 1)) : rest);

	if (zone == NULL)
		answer_problem(s, 404, ERROR_URN "tzid-not-found", "There is no such time zone.");
	else if (observances)
		expand(s, zone);
	else
		get(s, zone);
}

static void answer(struct http_request *http)
{
	const struct app *app = http->app;
	struct service s = {http, app->zones};
	struct slice path = http->path;

	if (slice_is(path, CAPABILITIES))
		capabilities(&s);
	else if (slice_is(path, ZONES))
		list(&s);
	else if (slice_starts(path, SLICE(ZONES "/")))
		answer_zone(&s, slice_from(path, sizeof(ZONES)));
	else
		answer_problem(&s, 404, ERROR_URN "invalid-action", "There is no such action.");
	if (http->response.body.err != 0)
		http_reply_error(http, &(struct error){.http_status = 503}, SLICE_EMPTY);
	http_request_finish(http);
}

static void redirect(struct http_request *http)
{
	http_reply_header(http, "Location", TIMEZONE_SERVICE);
	http_reply_header(http, "Cache-Control", "max-age=3600");
	http->response.status = 301;
	http_request_finish(http);
}

const struct http_route *timezone_service_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	static const struct http_route service = {answer, RUN_ON_WORKER, BODY_NONE, ACCESS_ANYONE},
	                               well_known = {redirect, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE},
	                               other = {NULL, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE};
	const struct http_route *route = NULL;

	(void)app;
	(void)arena;
	if (slice_is(path, "/.well-known/timezone"))
		route = &well_known;
	else if (slice_is(path, TIMEZONE_SERVICE) || slice_starts(path, SLICE(TIMEZONE_SERVICE "/")))
		route = &service;
	if (route == NULL)
		return NULL;
	*allow_r = "GET, HEAD";
	return method == HTTP_GET || method == HTTP_HEAD ? route : &other;
}
