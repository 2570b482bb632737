#include <config.h>

#include "protocol/ical/timezone.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/ascii.h"
#include "protocol/base/cleanup.h"
#include "protocol/ical/posix_tz.h"
#include "protocol/ical/windows_zones.h"
#include "protocol/ical/zone_private.h"

struct zone_set {
	struct zone **zones; /* sorted by name without case once sealed */
	size_t count, capacity;
	bool sealed;
	uint64_t digest;
	const struct zone_set *previous;
};

static const struct zone utc = {.name = {"UTC", 3}};

const struct zone *zone_utc(void)
{
	return &utc;
}

struct slice zone_name(const struct zone *zone)
{
	return zone->name;
}

/* ---- TZif (RFC 8536, 3) ---- */

struct tzif_counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

static uint64_t big_endian(const char *at, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | (unsigned char)at[i];
	return value;
}

#define TZIF_HEADER 44

/* Reads a header off *REST and the size of the data block behind it with times of TIME_SIZE bytes. */
static int read_header(struct slice *rest, size_t time_size, struct tzif_counts *counts, size_t *block_r)
{
	uint32_t *const fields[] = {&counts->isut, &counts->isstd, &counts->leap, &counts->time, &counts->type,
	    &counts->chars};

	if (rest->len < TZIF_HEADER || memcmp(rest->at, "TZif", 4) != 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		*fields[i] = (uint32_t)big_endian(rest->at + 20 + 4 * i, 4);
	if (counts->time > ZONE_TRANSITIONS_MAX || counts->type < 1 || counts->type > ZONE_TYPES_MAX ||
	    counts->chars > 4096 || counts->isut > ZONE_TYPES_MAX || counts->isstd > ZONE_TYPES_MAX)
		return -EINVAL;
	if (counts->leap != 0) /* instants know no leap seconds: the files below right/ */
		return -EINVAL;
	*block_r = counts->time * (time_size + 1) + counts->type * 6 + counts->chars + counts->isstd + counts->isut;
	*rest = slice_of(rest->at + TZIF_HEADER, rest->len - TZIF_HEADER);
	return *block_r <= rest->len ? 0 : -EINVAL;
}

static int read_types(const char *at, uint32_t count, int32_t *offsets)
{
	for (uint32_t i = 0; i < count; i++) {
		offsets[i] = (int32_t)(uint32_t)big_endian(at + 6 * i, 4);
		if (offsets[i] < -ZONE_OFFSET_MAX || offsets[i] > ZONE_OFFSET_MAX)
			return -EINVAL;
	}
	return 0;
}

static int64_t read_time(const char *at, size_t size)
{
	uint64_t raw = big_endian(at, size);

	return size == 4 ? (int64_t)(int32_t)(uint32_t)raw : (int64_t)raw;
}

/* Fills TRANSITIONS (room for counts->time) and the initial offset of ZONE. */
static int read_block(struct slice data, size_t time_size, const struct tzif_counts *counts,
    struct zone_transition *transitions, struct zone *zone)
{
	int32_t offsets[ZONE_TYPES_MAX];
	const char *times = data.at, *indexes = times + counts->time * time_size;
	int ret = read_types(indexes + counts->time, counts->type, offsets);

	if (ret < 0)
		return ret;
	for (uint32_t i = 0; i < counts->time; i++) {
		unsigned char type = (unsigned char)indexes[i];

		transitions[i].at = read_time(times + i * time_size, time_size);
		if (type >= counts->type || (i > 0 && transitions[i].at <= transitions[i - 1].at))
			return -EINVAL;
		transitions[i].offset = offsets[type];
	}
	zone->initial = offsets[0];
	zone->transitions = transitions;
	zone->count = counts->time;
	return 0;
}

static int read_footer(struct slice rest, struct zone *zone)
{
	ptrdiff_t end;
	int ret;

	if (rest.len < 2 || rest.at[0] != '\n')
		return -EINVAL;
	rest = slice_from(rest, 1);
	end = slice_find_byte(rest, '\n');
	if (end < 0)
		return -EINVAL;
	if (end == 0) /* nothing is known about the future: the last offset stays */
		return 0;
	ret = posix_tz_parse(slice_sub(rest, 0, (size_t)end), &zone->footer);
	zone->has_footer = ret == 0;
	return ret;
}

/* The block that counts in *DATA_R: the second one where there is one. */
static int find_block(struct slice tzif, struct tzif_counts *counts, size_t *time_size_r, struct slice *data_r,
    struct slice *footer_r)
{
	char version = tzif.len > 4 ? tzif.at[4] : '\0';
	size_t block;
	int ret = read_header(&tzif, 4, counts, &block);

	*time_size_r = 4;
	*footer_r = SLICE_EMPTY;
	if (ret == 0 && version >= '2') {
		tzif = slice_from(tzif, block);
		ret = read_header(&tzif, 8, counts, &block);
		*time_size_r = 8;
		if (ret == 0)
			*footer_r = slice_from(tzif, block);
	}
	*data_r = tzif;
	return ret;
}

static uint64_t hash_bytes(uint64_t hash, struct slice bytes) /* FNV-1a */
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.at[i]) * UINT64_C(1099511628211);
	return hash;
}

static struct zone *zone_from_tzif(struct slice name, struct slice tzif, int *err_r)
{
	struct tzif_counts counts;
	struct slice data, footer;
	size_t time_size;
	struct zone *zone;
	struct zone_transition *transitions;
	char *own_name;

	*err_r = find_block(tzif, &counts, &time_size, &data, &footer);
	if (*err_r < 0)
		return NULL;
	*err_r = -ENOMEM;
	zone = calloc(1, sizeof(*zone) + counts.time * sizeof(*transitions) + name.len + 1);
	if (zone == NULL)
		return NULL;
	transitions = (struct zone_transition *)(zone + 1);
	own_name = (char *)(transitions + counts.time);
	memcpy(own_name, name.at, name.len);
	zone->name = slice_of(own_name, name.len);
	*err_r = read_block(data, time_size, &counts, transitions, zone);
	if (*err_r == 0 && time_size == 8)
		*err_r = read_footer(footer, zone);
	if (*err_r < 0) {
		free(zone);
		return NULL;
	}
	return zone;
}

/* ---- the set ---- */

struct zone_set *zone_set_new(void)
{
	return calloc(1, sizeof(struct zone_set));
}

void zone_set_free(struct zone_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		free(set->zones[i]);
	free(set->zones);
	free(set);
}

int zone_set_add(struct zone_set *set, struct slice name, struct slice tzif)
{
	struct zone *zone;
	int ret;

	if (name.len == 0 || name.len > ZONE_NAME_MAX)
		return -EINVAL;
	if (set->count == set->capacity) {
		size_t capacity = set->capacity ? set->capacity * 2 : 256;
		struct zone **zones = realloc(set->zones, capacity * sizeof(*zones));

		if (zones == NULL)
			return -ENOMEM;
		set->zones = zones;
		set->capacity = capacity;
	}
	zone = zone_from_tzif(name, tzif, &ret);
	if (zone == NULL)
		return ret;
	zone->digest = hash_bytes(hash_bytes(UINT64_C(14695981039346656037), name), tzif);
	set->zones[set->count++] = zone;
	set->sealed = false;
	set->digest += zone->digest; /* a sum, so that the order of the files does not matter */
	return 0;
}

static int compare_names(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < n; i++) {
		int d = (unsigned char)ascii_lower(a.at[i]) - (unsigned char)ascii_lower(b.at[i]);

		if (d != 0)
			return d;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static int compare_zones(const void *a, const void *b)
{
	const struct zone *x = *(struct zone *const *)a, *y = *(struct zone *const *)b;
	int d = compare_names(x->name, y->name);

	return d != 0 ? d : slice_compare(x->name, y->name);
}

void zone_set_seal(struct zone_set *set)
{
	if (set->count > 0)
		qsort(set->zones, set->count, sizeof(struct zone *), compare_zones);
	set->sealed = true;
}

void zone_set_follow(struct zone_set *set, const struct zone_set *previous)
{
	set->previous = previous;
}

const struct zone_set *zone_set_previous(const struct zone_set *set)
{
	return set->previous;
}

void zone_set_date(struct zone_set *set, instant_t modified)
{
	if (set->count > 0 && !set->sealed)
		set->zones[set->count - 1]->modified = modified;
}

size_t zone_set_count(const struct zone_set *set)
{
	return set->count;
}

const struct zone *zone_set_at(const struct zone_set *set, size_t i)
{
	return set->zones[i];
}

uint64_t zone_digest(const struct zone *zone)
{
	return zone->digest;
}

instant_t zone_modified(const struct zone *zone)
{
	return zone->modified;
}

uint64_t zone_set_digest(const struct zone_set *set)
{
	return set->digest;
}

static const struct zone *find_name(const struct zone_set *set, struct slice name)
{
	size_t low = 0, high = set->sealed ? set->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_names(set->zones[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low >= set->count || !set->sealed || compare_names(set->zones[low]->name, name) != 0)
		return NULL;
	for (size_t i = low; i < set->count && compare_names(set->zones[i]->name, name) == 0; i++)
		if (slice_equal(set->zones[i]->name, name))
			return set->zones[i];
	return set->zones[low];
}

const struct zone *zone_set_named(const struct zone_set *set, struct slice name)
{
	const struct zone *zone = find_name(set, name);

	return zone != NULL && slice_equal(zone->name, name) ? zone : NULL;
}

static const struct zone *find_plain(const struct zone_set *set, struct slice name)
{
	static const char *const utc_names[] = {"UTC", "Etc/UTC", "Z"};
	const struct zone *zone;

	for (size_t i = 0; i < ARRAY_LEN(utc_names); i++)
		if (slice_is_nocase(name, utc_names[i]))
			return zone_utc();
	zone = find_name(set, name);
	if (zone == NULL) {
		struct slice iana = windows_zone_find(name);

		if (iana.len > 0)
			zone = slice_is(iana, "Etc/UTC") ? zone_utc() : find_name(set, iana);
	}
	return zone;
}

const struct zone *zone_set_find(const struct zone_set *set, struct slice tzid)
{
	const struct zone *zone;
	struct slice tail;
	ptrdiff_t slash;

	tzid = slice_trim(tzid);
	if (tzid.len == 0 || tzid.len > 4 * ZONE_NAME_MAX)
		return NULL;
	zone = find_plain(set, tzid);
	if (zone != NULL)
		return zone;
	/* "/vendor.example/version/Area/City" and "tzone://Vendor/Utc": the name is the tail. */
	if (tzid.at[0] != '/' && slice_find(tzid, SLICE("://")) < 0)
		return NULL;
	for (tail = tzid; zone == NULL && (slash = slice_find_byte(tail, '/')) >= 0;) {
		tail = slice_from(tail, (size_t)slash + 1);
		if (tail.len > 0)
			zone = find_plain(set, tail);
	}
	return zone;
}

/* ---- offsets ---- */

/* The number of transitions that are not after AT. */
static size_t transitions_until(const struct zone *zone, instant_t at)
{
	size_t low = 0, high = zone->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->transitions[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int zone_offset_at(const struct zone *zone, instant_t at)
{
	size_t passed = transitions_until(zone, at);

	if (passed == zone->count && zone->has_footer)
		return posix_tz_offset_at(&zone->footer, at);
	return passed == 0 ? zone->initial : zone->transitions[passed - 1].offset;
}

instant_t zone_next_transition(const struct zone *zone, instant_t at)
{
	size_t passed = transitions_until(zone, at);
	int here = zone_offset_at(zone, at);

	for (; passed < zone->count; passed++)
		if (zone_offset_at(zone, zone->transitions[passed].at) != here)
			return zone->transitions[passed].at;
	if (!zone->has_footer)
		return INSTANT_MAX;
	if (zone->count > 0 && at < zone->transitions[zone->count - 1].at)
		at = zone->transitions[zone->count - 1].at;
	return posix_tz_next(&zone->footer, at);
}
