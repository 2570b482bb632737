#include <config.h>

#include "protocol/dav/path.h"

#include <errno.h>

#include "protocol/base/ascii.h"
#include "protocol/base/codec.h"

/* Decodes one raw segment into OUT. */
static int decode(struct slice raw, char out[DAV_SEGMENT_MAX + 1])
{
	ssize_t len;

	if (raw.len == 0)
		return -EINVAL;
	len = codec_percent_decode(raw, out, DAV_SEGMENT_MAX);
	if (len < 0)
		return len == -ENOSPC ? -ENAMETOOLONG : -EINVAL;
	out[len] = '\0';
	for (ssize_t i = 0; i < len; i++)
		if (ascii_is_control(out[i]) || out[i] == '/')
			return -EINVAL;
	return strcmp(out, ".") == 0 || strcmp(out, "..") == 0 ? -EINVAL : 0;
}

#define SEGMENTS_MAX 40 /* of which all below a collection fit DAV_SEGMENT_MAX together */

struct segments {
	struct slice at[SEGMENTS_MAX];
	size_t count;
	bool slash;
};

static int split(struct slice text, struct segments *segments)
{
	struct slice part;

	if (text.len == 0 || text.at[0] != '/')
		return -EINVAL;
	text = slice_from(text, 1);
	if (slice_is(text, "/"))
		return -EINVAL;
	segments->slash = text.len == 0 || text.at[text.len - 1] == '/';
	if (text.len > 0 && segments->slash)
		text.len--;
	while (text.len > 0 && slice_next(&text, '/', &part)) {
		if (segments->count == SEGMENTS_MAX)
			return -ENOENT;
		if (part.len == 0 || (text.at != NULL && text.len == 0))
			return -EINVAL; /* two slashes */
		segments->at[segments->count++] = part;
	}
	return 0;
}

static bool is(const struct segments *segments, size_t i, const char *name)
{
	char text[DAV_SEGMENT_MAX + 1];

	return i < segments->count && decode(segments->at[i], text) == 0 && strcmp(text, name) == 0;
}

static const char *const proxies[] = {
    [DAV_PROXY_READ] = "calendar-proxy-read", [DAV_PROXY_WRITE] = "calendar-proxy-write"};

static int principals(const struct segments *segments, struct dav_path *path)
{
	static const char *const sets[] = {[DAV_USERS] = "users", [DAV_RESOURCES] = "resources", [DAV_GROUPS] = "groups"};

	path->kind = DAV_PRINCIPALS;
	if (segments->count == 2)
		return 0;
	for (path->set = DAV_USERS; path->set <= DAV_GROUPS; path->set++)
		if (is(segments, 2, sets[path->set]))
			break;
	if (path->set > DAV_GROUPS || segments->count > 5)
		return -ENOENT;
	path->kind = segments->count == 3 ? DAV_PRINCIPAL_SET : segments->count == 4 ? DAV_PRINCIPAL : DAV_PROXY;
	if (path->kind == DAV_PROXY) {
		path->proxy = is(segments, 4, proxies[DAV_PROXY_WRITE]) ? DAV_PROXY_WRITE : DAV_PROXY_READ;
		if (!is(segments, 4, proxies[path->proxy]))
			return -ENOENT;
	}
	return path->kind == DAV_PRINCIPAL_SET ? 0 : decode(segments->at[3], path->name);
}

/* One more segment behind OBJECT. */
static int deeper(struct slice raw, char object[DAV_SEGMENT_MAX + 1])
{
	char segment[DAV_SEGMENT_MAX + 1];
	size_t have = strlen(object);
	int ret = decode(raw, segment);

	if (ret < 0)
		return ret;
	if (have + 1 + strlen(segment) > DAV_SEGMENT_MAX)
		return -ENAMETOOLONG;
	object[have] = '/';
	strcpy(object + have + 1, segment);
	return 0;
}

static int calendars(const struct segments *segments, struct dav_path *path)
{
	static const enum dav_kind kinds[] = {[2] = DAV_CALENDARS, DAV_HOME, DAV_COLLECTION, DAV_OBJECT};
	char *const parts[] = {NULL, NULL, path->name, path->collection, path->object};
	int ret = 0;

	path->kind = segments->count < ARRAY_LEN(kinds) ? kinds[segments->count] : DAV_OBJECT;
	for (size_t i = 2; ret == 0 && i < segments->count; i++)
		ret = i < ARRAY_LEN(parts) ? decode(segments->at[i], parts[i]) : deeper(segments->at[i], path->object);
	return ret;
}

static int dispatch(const struct segments *segments, struct dav_path *path)
{
	if (segments->count == 0)
		path->kind = DAV_SITE;
	else if (segments->count == 1 && is(segments, 0, "dav"))
		path->kind = DAV_ROOT;
	else if (segments->count == 1 && is(segments, 0, "principals"))
		path->kind = DAV_PROBE_PRINCIPALS;
	else if (segments->count == 2 && is(segments, 0, ".well-known") && is(segments, 1, "caldav"))
		path->kind = DAV_WELL_KNOWN;
	else if (segments->count == 4 && is(segments, 0, "calendar") && is(segments, 1, "dav") && is(segments, 3, "user"))
		return path->kind = DAV_PROBE_USER, decode(segments->at[2], path->name);
	else if (is(segments, 0, "dav") && is(segments, 1, "principals"))
		return principals(segments, path);
	else if (is(segments, 0, "dav") && is(segments, 1, "calendars"))
		return calendars(segments, path);
	else
		return -ENOENT;
	return 0;
}

int dav_path_parse(struct slice text, struct dav_path *path_r)
{
	struct segments segments = {0};
	struct dav_path path = {0};
	int ret = split(text, &segments);

	if (ret == 0)
		ret = dispatch(&segments, &path);
	if (ret < 0)
		return ret;
	path.slash = segments.slash;
	*path_r = path;
	return 0;
}

int dav_path_parse_href(struct slice href, struct dav_path *path_r)
{
	ptrdiff_t scheme = slice_find(href, SLICE("://"));

	for (size_t i = 0; i < href.len; i++)
		if (href.at[i] == '?' || href.at[i] == '#')
			href.len = i; /* a query is no part of the name */
	if (scheme > 0 && href.at[0] != '/') {
		struct slice rest = slice_from(href, (size_t)scheme + 3);
		ptrdiff_t slash = slice_find_byte(rest, '/');

		href = slash < 0 ? SLICE("/") : slice_from(rest, (size_t)slash);
	}
	return dav_path_parse(href, path_r);
}

void dav_href_home(struct buf *b, struct slice name)
{
	buf_add_str(b, "/dav/calendars/");
	buf_add_percent(b, name);
	buf_add_char(b, '/');
}

void dav_href_collection(struct buf *b, struct slice name, struct slice collection)
{
	dav_href_home(b, name);
	buf_add_percent(b, collection);
	buf_add_char(b, '/');
}

void dav_href_object(struct buf *b, struct slice name, struct slice collection, struct slice object)
{
	dav_href_collection(b, name, collection);
	buf_add_percent_path(b, object);
}

void dav_href_principal(struct buf *b, enum dav_principal_set set, struct slice name)
{
	static const char *const prefixes[] = {[DAV_USERS] = "/dav/principals/users/",
	    [DAV_RESOURCES] = "/dav/principals/resources/",
	    [DAV_GROUPS] = "/dav/principals/groups/"};

	buf_add_str(b, prefixes[set]);
	if (name.len == 0)
		return;
	buf_add_percent(b, name);
	buf_add_char(b, '/');
}

void dav_href_proxy(struct buf *b, enum dav_principal_set set, struct slice name, enum dav_proxy proxy)
{
	dav_href_principal(b, set, name);
	buf_add_str(b, proxies[proxy]);
	buf_add_char(b, '/');
}

void dav_href(struct buf *b, const struct dav_path *path)
{
	struct slice name = slice_str(path->name), collection = slice_str(path->collection);

	switch (path->kind) {
	case DAV_SITE:
		buf_add_str(b, "/");
		return;
	case DAV_WELL_KNOWN:
		buf_add_str(b, "/.well-known/caldav");
		return;
	case DAV_PROBE_PRINCIPALS:
		buf_add_str(b, "/principals/");
		return;
	case DAV_PROBE_USER:
		buf_add_str(b, "/calendar/dav/");
		buf_add_percent(b, name);
		buf_add_str(b, "/user/");
		return;
	case DAV_ROOT:
		buf_add_str(b, "/dav/");
		return;
	case DAV_PRINCIPALS:
		buf_add_str(b, "/dav/principals/");
		return;
	case DAV_PRINCIPAL_SET:
	case DAV_PRINCIPAL:
		dav_href_principal(b, path->set, name);
		return;
	case DAV_PROXY:
		dav_href_proxy(b, path->set, name, path->proxy);
		return;
	case DAV_CALENDARS:
		buf_add_str(b, "/dav/calendars/");
		return;
	case DAV_HOME:
		dav_href_home(b, name);
		return;
	case DAV_COLLECTION:
		dav_href_collection(b, name, collection);
		return;
	case DAV_OBJECT:
		dav_href_object(b, name, collection, slice_str(path->object));
		return;
	case DAV_FOLDER:
	case DAV_FILE:
	case DAV_KIND_COUNT:
		return;
	}
}
