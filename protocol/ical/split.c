#include <config.h>

#include "protocol/ical/split.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/edit.h"
#include "protocol/ical/value.h"
#include "protocol/ical/zone_rename.h"

#define SPLIT_DEPTH_MAX  32    /* BEGINs open at once: what is deeper is no calendar */
#define SPLIT_HEADER_MAX 65536 /* bytes of a calendar's own properties, which go into each object */
#define ZONE_NAMES_MAX   100   /* zones that want one name, in one stream: the rest must do with the last */
#define SPLIT_SCRATCH    (4 << 20) /* for the zones of one object, computed and compared */
#define SPLIT_PART_MAX   (64 << 20)

/* ---- a table from names to what bears them ---- */

struct entry {
	struct slice key;
	void *value;
	struct entry *next;
};

struct table {
	struct entry **buckets;
	size_t size, count; /* SIZE is a power of two, or 0 */
};

static uint64_t hash_of(struct slice s, uint64_t seed) /* FNV-1a, finished so that low bits depend on all */
{
	uint64_t hash = UINT64_C(14695981039346656037) ^ seed;

	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.at[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 32;
	hash *= UINT64_C(0xd6e8feb86659fd93);
	return hash ^ hash >> 32;
}

static struct entry *table_find(const struct table *table, struct slice key)
{
	struct entry *e = table->size > 0 ? table->buckets[hash_of(key, 0) & (table->size - 1)] : NULL;

	while (e != NULL && !slice_equal(e->key, key))
		e = e->next;
	return e;
}

static int table_grow(struct table *table, struct arena *arena)
{
	size_t size = table->size ? table->size * 4 : 64;
	struct entry **buckets = arena_array(arena, size, sizeof(struct entry *)), *e, *next;

	if (buckets == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < table->size; i++) {
		for (e = table->buckets[i]; e != NULL; e = next) {
			struct entry **bucket = &buckets[hash_of(e->key, 0) & (size - 1)];

			next = e->next;
			e->next = *bucket;
			*bucket = e;
		}
	}
	table->buckets = buckets;
	table->size = size;
	return 0;
}

static int table_add(struct table *table, struct arena *arena, struct slice key, void *value)
{
	struct entry *e = arena_zalloc(arena, sizeof(*e)), **bucket;

	if (e == NULL || (table->count >= table->size && table_grow(table, arena) < 0))
		return -ENOMEM;
	bucket = &table->buckets[hash_of(key, 0) & (table->size - 1)];
	*e = (struct entry){key, value, *bucket};
	*bucket = e;
	table->count++;
	return 0;
}

/* ---- what a file consists of ---- */

struct names {
	struct slice name;
	struct names *next;
};

struct calendar {
	struct names *header, **header_end; /* raw lines of its properties */
	size_t header_len;
	bool has_version;
	struct table zones; /* TZID to struct piece */
};

struct piece { /* a component at depth 1 */
	struct slice raw;
	struct slice uid; /* empty: none */
	size_t line;
	bool is_zone, has_stamp;
	struct names *tzids;
	struct calendar *calendar;
	struct piece *next;  /* in the file */
	struct piece *again; /* of the same UID */
};

struct scan {
	struct arena *arena;
	struct error *err;
	struct content_reader reader;
	struct slice open[SPLIT_DEPTH_MAX];
	size_t open_line[SPLIT_DEPTH_MAX];
	size_t depth;
	size_t base; /* depth of the pieces: 1, or 0 for a component without VCALENDAR around it */
	struct calendar *calendar;
	struct piece *piece; /* the open one */
	struct piece *first, **end;
	struct table zones; /* of all calendars: the first of each TZID */
	size_t calendars;
};

static int broken(struct scan *scan, size_t line, const char *what)
{
	return error_set(scan->err, 403, CALDAV_VALID_CALENDAR_DATA, "line %zu: %s", line, what);
}

static int add_name(struct arena *arena, struct names **list, struct slice name)
{
	struct names *n = arena_zalloc(arena, sizeof(*n));

	if (n == NULL)
		return -ENOMEM;
	*n = (struct names){name, *list};
	*list = n;
	return 0;
}

static int open_calendar(struct scan *scan)
{
	struct calendar *calendar = arena_zalloc(scan->arena, sizeof(*calendar));

	if (calendar == NULL)
		return -ENOMEM;
	calendar->header_end = &calendar->header;
	scan->calendar = calendar;
	scan->calendars++;
	return 0;
}

static int open_piece(struct scan *scan, struct slice name, const struct content_line *line)
{
	struct piece *piece = arena_zalloc(scan->arena, sizeof(*piece));

	if (piece == NULL)
		return -ENOMEM;
	piece->raw = line->raw;
	piece->uid = SLICE_EMPTY;
	piece->line = line->line;
	piece->is_zone = slice_is_nocase(name, "VTIMEZONE");
	piece->calendar = scan->calendar;
	scan->piece = piece;
	return 0;
}

static int scan_begin(struct scan *scan, struct slice name, const struct content_line *line)
{
	bool is_calendar = slice_is_nocase(name, "VCALENDAR");
	int ret = 0;

	if (scan->depth == SPLIT_DEPTH_MAX)
		return broken(scan, line->line, "components are nested too deep");
	if (scan->depth == 0) {
		scan->base = is_calendar;
		ret = open_calendar(scan);
	}
	if (ret == 0 && scan->depth == scan->base && (scan->depth > 0 || !is_calendar))
		ret = open_piece(scan, name, line);
	scan->open[scan->depth] = name;
	scan->open_line[scan->depth++] = line->line;
	return ret;
}

static int close_piece(struct scan *scan, struct piece *piece)
{
	struct slice tzid = piece->uid; /* of a zone: read into the same field */
	int ret = 0;

	scan->piece = NULL;
	if (!piece->is_zone) {
		*scan->end = piece;
		scan->end = &piece->next;
		return 0;
	}
	if (table_find(&piece->calendar->zones, tzid) == NULL)
		ret = table_add(&piece->calendar->zones, scan->arena, tzid, piece);
	if (ret == 0 && table_find(&scan->zones, tzid) == NULL)
		ret = table_add(&scan->zones, scan->arena, tzid, piece);
	return ret;
}

static int scan_end(struct scan *scan, struct slice name, const struct content_line *line)
{
	struct piece *piece = scan->piece;

	if (scan->depth == 0 || !slice_equal_nocase(scan->open[scan->depth - 1], name))
		return broken(scan, line->line, "END does not match BEGIN");
	scan->depth--;
	if (piece == NULL || scan->depth != scan->base)
		return 0;
	piece->raw.len = (size_t)(line->raw.at + line->raw.len - piece->raw.at);
	return close_piece(scan, piece);
}

static int scan_header(struct scan *scan, const struct content_line *line)
{
	struct calendar *calendar = scan->calendar;
	struct names *n;

	if (content_line_is(line, "METHOD"))
		return 0;
	calendar->header_len += line->raw.len;
	if (calendar->header_len > SPLIT_HEADER_MAX)
		return broken(scan, line->line, "the calendar's own properties are too long");
	n = arena_zalloc(scan->arena, sizeof(*n));
	if (n == NULL)
		return -ENOMEM;
	n->name = line->raw;
	*calendar->header_end = n;
	calendar->header_end = &n->next;
	calendar->has_version |= content_line_is(line, "VERSION");
	return 0;
}

static int scan_property(struct scan *scan, const struct content_line *line)
{
	struct piece *piece = scan->piece;
	struct slice tzid;

	if (piece == NULL)
		return scan_header(scan, line);
	if (scan->depth == scan->base + 1 && piece->uid.len == 0 && content_line_is(line, piece->is_zone ? "TZID" : "UID")) {
		piece->uid = ical_value_unescape(scan->arena, slice_trim(line->value));
		return piece->uid.at != NULL ? 0 : -ENOMEM;
	}
	if (scan->depth == scan->base + 1 && content_line_is(line, "DTSTAMP"))
		piece->has_stamp = true;
	if (line->parameters.len == 0 || !content_parameter(line->parameters, "TZID", &tzid))
		return 0;
	for (const struct names *n = piece->tzids; n != NULL; n = n->next)
		if (slice_equal(n->name, tzid))
			return 0;
	return add_name(scan->arena, &piece->tzids, tzid);
}

static int scan_line(struct scan *scan, const struct content_line *line)
{
	struct slice name;

	if (slice_trim(line->text).len == 0)
		return 0;
	if (content_line_marks(line, "BEGIN", &name))
		return scan_begin(scan, name, line);
	if (content_line_marks(line, "END", &name))
		return scan_end(scan, name, line);
	if (scan->depth == 0)
		return broken(scan, line->line, "not iCalendar");
	/* A line that is no property: inside a piece it is judged with the piece, between pieces it means nothing. */
	return line->has_value ? scan_property(scan, line) : 0;
}

static int scan_file(struct scan *scan, struct arena *arena, struct slice file, struct error *err)
{
	static const struct slice bom = {"\xef\xbb\xbf", 3};
	struct content_line line;
	int ret;

	while (slice_starts(file, bom)) /* it would stand in the middle of what is written */
		file = slice_from(file, bom.len);
	*scan = (struct scan){.arena = arena, .err = err};
	scan->end = &scan->first;
	content_reader_init(&scan->reader, arena, file);
	while ((ret = content_reader_next(&scan->reader, &line)) > 0) {
		ret = scan_line(scan, &line);
		if (ret < 0)
			return ret;
	}
	if (ret < 0)
		return ret;
	if (scan->depth > 0)
		return broken(scan, scan->open_line[scan->depth - 1], "BEGIN without END");
	return scan->calendars > 0 ? 0 : broken(scan, 1, "not iCalendar");
}

/* ---- parts ---- */

/* Without the blanks, folded ones too, before its first name: they would make it a continuation of what stands before it. */
static void add_raw(struct buf *b, struct slice raw)
{
	while (raw.len > 0 && (raw.at[0] == ' ' || raw.at[0] == '\t' || raw.at[0] == '\r' || raw.at[0] == '\n'))
		raw = slice_from(raw, 1);
	buf_add_slice(b, raw);
	if (raw.len > 0 && raw.at[raw.len - 1] != '\n' && raw.at[raw.len - 1] != '\r')
		buf_add_str(b, "\r\n");
}

/* The same content gives the same UID, so that a file can be imported again; TURN tells equal pieces apart. */
static int make_uid(struct arena *arena, struct piece *piece, const struct table *uids)
{
	for (uint64_t turn = 0;; turn++) {
		char *uid = arena_printf(arena, "%016" PRIx64 "%016" PRIx64, hash_of(piece->raw, 2 * turn + 1),
		    hash_of(piece->raw, 2 * turn + 2));

		if (uid == NULL)
			return -ENOMEM;
		piece->uid = slice_str(uid);
		if (table_find(uids, piece->uid) == NULL)
			return 0;
	}
}

/* The piece with one more line, behind its BEGIN. */
static int add_with_line(struct arena *arena, struct buf *b, const struct piece *piece, const char *name,
    struct slice value)
{
	struct content_reader reader;
	struct content_line line;
	int ret;

	content_reader_init(&reader, arena, piece->raw);
	ret = content_reader_next(&reader, &line);
	if (ret < 0)
		return ret;
	add_raw(b, line.raw);
	ical_add_line(b, slice_str(name), SLICE_EMPTY, value);
	add_raw(b, slice_from(piece->raw, line.raw.len));
	return 0;
}

static int add_piece(struct arena *arena, struct buf *b, const struct piece *piece, bool without_uid)
{
	if (without_uid)
		return add_with_line(arena, b, piece, "UID", piece->uid);
	add_raw(b, piece->raw);
	return 0;
}

static int add_zones(struct scan *scan, struct buf *b, const struct piece *piece)
{
	struct table done = {0};

	for (; piece != NULL; piece = piece->again) {
		for (const struct names *n = piece->tzids; n != NULL; n = n->next) {
			const struct entry *zone = table_find(&piece->calendar->zones, n->name);

			if (zone == NULL)
				zone = table_find(&scan->zones, n->name);
			if (zone == NULL || table_find(&done, n->name) != NULL)
				continue;
			if (table_add(&done, scan->arena, n->name, NULL) < 0)
				return -ENOMEM;
			add_raw(b, ((const struct piece *)zone->value)->raw);
		}
	}
	return 0;
}

static int write_part(struct scan *scan, struct buf *b, const struct piece *first, bool without_uid)
{
	int ret;

	buf_add_str(b, "BEGIN:VCALENDAR\r\n");
	if (!first->calendar->has_version)
		buf_add_str(b, "VERSION:2.0\r\n");
	for (const struct names *n = first->calendar->header; n != NULL; n = n->next)
		add_raw(b, n->name);
	ret = add_zones(scan, b, first);
	for (const struct piece *p = first; ret == 0 && p != NULL; p = p->again)
		ret = add_piece(scan->arena, b, p, without_uid);
	buf_add_str(b, "END:VCALENDAR\r\n");
	return ret < 0 ? ret : b->err;
}

struct group {
	struct piece *first, *last;
	bool without_uid;
};

/* Pieces of one UID into one chain each, in the order of the file; GROUPS_R has room for as many as there are pieces. */
static int group_pieces(struct scan *scan, struct group **groups_r, size_t *count_r)
{
	struct table uids = {0};
	struct group *groups;
	size_t pieces = 0, count = 0;

	for (const struct piece *p = scan->first; p != NULL; p = p->next)
		pieces++;
	groups = arena_array(scan->arena, pieces + 1, sizeof(*groups));
	if (groups == NULL)
		return -ENOMEM;
	for (struct piece *p = scan->first; p != NULL; p = p->next) {
		bool without_uid = p->uid.len == 0;
		struct entry *e;

		if (without_uid && make_uid(scan->arena, p, &uids) < 0)
			return -ENOMEM;
		e = table_find(&uids, p->uid);
		if (e != NULL) {
			struct group *group = e->value;

			group->last->again = p;
			group->last = p;
			continue;
		}
		groups[count] = (struct group){p, p, without_uid};
		if (table_add(&uids, scan->arena, p->uid, &groups[count++]) < 0)
			return -ENOMEM;
	}
	*groups_r = groups;
	*count_r = count;
	return 0;
}

int ical_split(struct arena *arena, struct slice file, ical_split_fn *fn, void *arg, struct error *err)
{
	AUTO_BUF struct buf text = BUF_INIT(SPLIT_PART_MAX);
	struct scan scan;
	struct group *groups;
	size_t count;
	int ret = scan_file(&scan, arena, file, err);

	if (ret == 0)
		ret = group_pieces(&scan, &groups, &count);
	for (size_t i = 0; ret == 0 && i < count; i++) {
		struct ical_part part = {.uid = groups[i].first->uid, .line = groups[i].first->line};
		const char *copy;

		buf_reset(&text);
		ret = write_part(&scan, &text, groups[i].first, groups[i].without_uid);
		if (ret < 0)
			break;
		copy = arena_copy(arena, buf_slice(&text));
		if (copy == NULL)
			return -ENOMEM;
		part.text = slice_of(copy, text.len);
		ret = fn(&part, arg);
	}
	return ret;
}

/* ---- join ---- */

struct ical_join {
	struct arena *arena;
	const struct zone_set *known; /* names that mean the same to everybody; NULL: nobody asks */
	struct table zones; /* TZID to the struct names that holds its text */
	struct names *zone_texts, **zones_end;
	struct names *components, **components_end;
};

struct ical_join *ical_join_new(struct arena *arena, const struct zone_set *known)
{
	struct ical_join *join = arena_zalloc(arena, sizeof(*join));

	if (join != NULL) {
		join->arena = arena;
		join->known = known;
		join->zones_end = &join->zone_texts;
		join->components_end = &join->components;
	}
	return join;
}

static int append(struct ical_join *join, struct names ***end, struct slice raw)
{
	struct names *n = arena_zalloc(join->arena, sizeof(*n));
	const char *copy = arena_copy(join->arena, raw);

	if (n == NULL || copy == NULL)
		return -ENOMEM;
	n->name = slice_of(copy, raw.len);
	**end = n;
	*end = &n->next;
	return 0;
}

/* ---- zones of one name ---- */

/* Whether the definition RAW can go by TZID in the stream: nobody else has the name, or means the same by it. */
static bool can_be_called(struct ical_join *join, struct arena *scratch, struct slice tzid, struct slice raw)
{
	const struct entry *e = table_find(&join->zones, tzid);

	return e == NULL || ical_zones_are_same(scratch, ((const struct names *)e->value)->name, raw);
}

/* "Customized Time Zone (2)". Names with escapes, which read otherwise in a parameter, are left as they are. */
static int choose_name(struct ical_join *join, struct arena *scratch, const struct entry *zone,
    struct zone_rename **renames)
{
	struct slice raw = ((const struct piece *)zone->value)->raw, to = zone->key;
	struct zone_rename *rename;

	if (zone_set_find(join->known, zone->key) != NULL || slice_find_byte(zone->key, '\\') >= 0)
		return 0;
	for (unsigned n = 2; n < ZONE_NAMES_MAX && !can_be_called(join, scratch, to, raw); n++) {
		const char *name = arena_printf(scratch, "%.*s (%u)", SLICE_ARG(zone->key), n);

		if (name == NULL)
			return -ENOMEM;
		to = slice_str(name);
	}
	if (slice_equal(to, zone->key))
		return 0;
	rename = arena_zalloc(scratch, sizeof(*rename));
	if (rename == NULL)
		return -ENOMEM;
	*rename = (struct zone_rename){zone->key, to, *renames};
	*renames = rename;
	return 0;
}

/* The zones by whose names others are meant already get their own. 0 or -ENOMEM; *RENAMES NULL: none. */
static int find_renames(struct ical_join *join, struct arena *scratch, const struct table *zones,
    struct zone_rename **renames)
{
	int ret = 0;

	*renames = NULL;
	for (size_t i = 0; join->known != NULL && ret == 0 && i < zones->size; i++)
		for (const struct entry *e = zones->buckets[i]; ret == 0 && e != NULL; e = e->next)
			ret = choose_name(join, scratch, e, renames);
	return ret;
}

static int join_zones(struct ical_join *join, const struct table *zones)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < zones->size; i++) {
		for (const struct entry *e = zones->buckets[i]; ret == 0 && e != NULL; e = e->next) {
			struct names **node = join->zones_end;
			const char *key;

			if (table_find(&join->zones, e->key) != NULL)
				continue;
			key = arena_copy(join->arena, e->key);
			ret = key != NULL ? append(join, &join->zones_end, ((const struct piece *)e->value)->raw) :
					    -ENOMEM;
			if (ret == 0)
				ret = table_add(&join->zones, join->arena, slice_of(key, e->key.len), *node);
		}
	}
	return ret;
}

static int join_piece(struct ical_join *join, const struct piece *piece, struct slice stamp)
{
	AUTO_BUF struct buf b = BUF_INIT(piece->raw.len + 256);
	int ret;

	if (stamp.len == 0 || piece->has_stamp)
		return append(join, &join->components_end, piece->raw);
	ret = add_with_line(join->arena, &b, piece, "DTSTAMP", stamp);
	if (ret == 0)
		ret = b.err;
	return ret < 0 ? ret : append(join, &join->components_end, buf_slice(&b));
}

static int join_scanned(struct ical_join *join, const struct scan *scan, struct slice stamp)
{
	int ret = join_zones(join, &scan->zones);

	for (const struct piece *p = scan->first; ret == 0 && p != NULL; p = p->next)
		ret = join_piece(join, p, stamp);
	return ret;
}

static int join_object(struct ical_join *join, struct slice object_text, struct slice stamp)
{
	struct arena *scratch = arena_new(64 * object_text.len + SPLIT_SCRATCH);
	AUTO_BUF struct buf renamed = BUF_INIT(2 * object_text.len + 65536);
	struct zone_rename *renames = NULL;
	struct scan scan;
	int ret = scratch != NULL ? scan_file(&scan, scratch, object_text, NULL) : -ENOMEM;

	if (ret == 0)
		ret = find_renames(join, scratch, &scan.zones, &renames);
	if (ret == 0 && renames != NULL) {
		ret = ical_zones_rename(scratch, object_text, renames, &renamed);
		if (ret == 0)
			ret = scan_file(&scan, scratch, buf_slice(&renamed), NULL);
	}
	if (ret == 0)
		ret = join_scanned(join, &scan, stamp);
	arena_free(scratch);
	return ret;
}

int ical_join_add(struct ical_join *join, struct slice object_text)
{
	return join_object(join, object_text, SLICE_EMPTY);
}

int ical_join_add_stamped(struct ical_join *join, struct slice object_text, instant_t at)
{
	AUTO_BUF struct buf stamp = BUF_INIT(32);

	buf_add_basic_utc(&stamp, at);
	return stamp.err < 0 ? stamp.err : join_object(join, object_text, buf_slice(&stamp));
}

static void write_head(const struct ical_stream_head *head, struct buf *out)
{
	AUTO_BUF struct buf name = BUF_INIT(out->max);

	buf_add_str(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//Slotkeeper//EN\r\nCALSCALE:GREGORIAN\r\n");
	if (head->method.len > 0)
		ical_add_line(out, SLICE("METHOD"), SLICE_EMPTY, head->method);
	if (head->name.len > 0) {
		ical_escape_text(&name, head->name);
		ical_add_line(out, SLICE("NAME"), SLICE_EMPTY, buf_slice(&name));
		ical_add_line(out, SLICE("X-WR-CALNAME"), SLICE_EMPTY, buf_slice(&name));
	}
	if (head->refresh_minutes > 0)
		buf_printf(out, "REFRESH-INTERVAL;VALUE=DURATION:PT%" PRIu32 "M\r\nX-PUBLISHED-TTL:PT%" PRIu32 "M\r\n",
		    head->refresh_minutes, head->refresh_minutes);
}

int ical_join_finish(struct ical_join *join, const struct ical_stream_head *head, struct buf *out)
{
	write_head(head, out);
	for (const struct names *n = join->zone_texts; n != NULL; n = n->next)
		add_raw(out, n->name);
	for (const struct names *n = join->components; n != NULL; n = n->next)
		add_raw(out, n->name);
	buf_add_str(out, "END:VCALENDAR\r\n");
	return out->err;
}
