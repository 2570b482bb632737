#include <config.h>

#include "protocol/base/slice.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/ascii.h"

static bool equal_nocase(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ascii_lower(a[i]) != ascii_lower(b[i]))
			return false;
	return true;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && equal_nocase(a.at, b.at, a.len);
}

bool slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_str(text));
}

bool slice_is_nocase(struct slice a, const char *text)
{
	return slice_equal_nocase(a, slice_str(text));
}

bool slice_starts(struct slice a, struct slice prefix)
{
	return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.at, prefix.at, prefix.len) == 0);
}

bool slice_starts_nocase(struct slice a, struct slice prefix)
{
	return a.len >= prefix.len && equal_nocase(a.at, prefix.at, prefix.len);
}

bool slice_ends(struct slice a, struct slice suffix)
{
	return a.len >= suffix.len && slice_equal(slice_from(a, a.len - suffix.len), suffix);
}

int slice_compare(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.at, b.at, len) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

ptrdiff_t slice_find_byte(struct slice a, char byte)
{
	const char *found = a.len > 0 ? memchr(a.at, byte, a.len) : NULL;

	return found != NULL ? found - a.at : -1;
}

ptrdiff_t slice_find(struct slice a, struct slice needle)
{
	const char *found;

	if (needle.len == 0)
		return 0;
	found = a.len > 0 ? memmem(a.at, a.len, needle.at, needle.len) : NULL;
	return found != NULL ? found - a.at : -1;
}

struct slice slice_from(struct slice a, size_t from)
{
	if (from > a.len)
		from = a.len;
	return slice_of(a.len > 0 ? a.at + from : a.at, a.len - from);
}

struct slice slice_sub(struct slice a, size_t from, size_t len)
{
	a = slice_from(a, from);
	if (a.len > len)
		a.len = len;
	return a;
}

struct slice slice_trim(struct slice a)
{
	while (a.len > 0 && (a.at[0] == ' ' || a.at[0] == '\t'))
		a = slice_from(a, 1);
	while (a.len > 0 && (a.at[a.len - 1] == ' ' || a.at[a.len - 1] == '\t'))
		a.len--;
	return a;
}

bool slice_next(struct slice *rest, char separator, struct slice *part_r)
{
	ptrdiff_t end;

	if (rest->at == NULL)
		return false;
	end = slice_find_byte(*rest, separator);
	if (end < 0) {
		*part_r = *rest;
		*rest = slice_of(NULL, 0);
		return true;
	}
	*part_r = slice_of(rest->at, (size_t)end);
	*rest = slice_from(*rest, (size_t)end + 1);
	return true;
}

bool slice_next_line(struct slice *rest, struct slice *line_r)
{
	ptrdiff_t end;

	if (rest->len == 0)
		return false;
	end = slice_find_byte(*rest, '\n');
	if (end < 0) {
		*line_r = *rest;
		*rest = slice_from(*rest, rest->len);
	} else {
		*line_r = slice_of(rest->at, (size_t)end);
		*rest = slice_from(*rest, (size_t)end + 1);
	}
	if (line_r->len > 0 && line_r->at[line_r->len - 1] == '\r')
		line_r->len--;
	return true;
}

int slice_to_u64(struct slice a, uint64_t max, uint64_t *value_r)
{
	uint64_t value = 0;
	bool overflow = false;

	if (a.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < a.len; i++) {
		if (!ascii_is_digit(a.at[i]))
			return -EINVAL;
		overflow |= __builtin_mul_overflow(value, 10, &value);
		overflow |= __builtin_add_overflow(value, (uint64_t)(a.at[i] - '0'), &value);
	}
	if (overflow || value > max)
		return -ERANGE;
	*value_r = value;
	return 0;
}

char *slice_dup(struct slice a)
{
	char *copy = malloc(a.len + 1);

	if (copy == NULL)
		return NULL;
	if (a.len > 0)
		memcpy(copy, a.at, a.len);
	copy[a.len] = '\0';
	return copy;
}

int slice_copy(struct slice a, char *out, size_t size)
{
	if (a.len >= size || slice_find_byte(a, '\0') >= 0)
		return -ENAMETOOLONG;
	if (a.len > 0)
		memcpy(out, a.at, a.len);
	out[a.len] = '\0';
	return 0;
}
