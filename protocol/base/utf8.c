#include <config.h>

#include "protocol/base/utf8.h"

#define UTF8_REPLACEMENT 0xfffd

/* Length of the well-formed character at the start of TEXT, 0 when there is none (RFC 3629, 4). */
static size_t decode(struct slice text, uint32_t *code_r)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)text.at[0];
	size_t len = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
	uint32_t code = len < 2 ? first : first & (0x7fu >> len);

	if (len == 0 || len > text.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c & 0x3f);
	}
	if (len > 1 && (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
		return 0;
	*code_r = code;
	return len;
}

bool utf8_is_valid(struct slice text)
{
	while (text.len > 0) {
		uint32_t code;
		size_t len = decode(text, &code);

		if (len == 0)
			return false;
		text = slice_from(text, len);
	}
	return true;
}

bool utf8_next(struct slice *rest, uint32_t *code_r)
{
	size_t len;

	if (rest->len == 0)
		return false;
	len = decode(*rest, code_r);
	if (len == 0) {
		*code_r = UTF8_REPLACEMENT;
		len = 1;
	}
	*rest = slice_from(*rest, len);
	return true;
}

size_t utf8_count(struct slice text)
{
	size_t count = 0;
	uint32_t code;

	while (utf8_next(&text, &code))
		count++;
	return count;
}

struct slice utf8_truncate(struct slice text, size_t max)
{
	struct slice cut = slice_sub(text, 0, max);

	if (text.len <= max)
		return text;
	while (cut.len > 0 && ((unsigned char)text.at[cut.len] & 0xc0) == 0x80)
		cut.len--;
	return cut;
}

/* Ranges of capital letters whose small ones lie at a fixed distance, or alternate with them. */
static const struct {
	uint32_t from, to;
	int32_t distance; /* 0: even is capital, the odd one behind it small; 1: the other way round */
} fold_ranges[] = {
    {0x41, 0x5a, 32},         /* Basic Latin */
    {0xc0, 0xd6, 32},         /* Latin-1 */
    {0xd8, 0xde, 32},         /* */
    {0x100, 0x12e, 0},        /* Latin Extended-A */
    {0x132, 0x136, 0},        /* */
    {0x139, 0x147, 1},        /* */
    {0x14a, 0x176, 0},        /* */
    {0x179, 0x17d, 1},        /* */
    {0x1cd, 0x1db, 1},        /* Latin Extended-B */
    {0x1de, 0x1ee, 0},        /* */
    {0x1f8, 0x21e, 0},        /* */
    {0x222, 0x232, 0},        /* */
    {0x388, 0x38a, 37},       /* Greek with tonos */
    {0x391, 0x3a1, 32},       /* Greek */
    {0x3a3, 0x3ab, 32},       /* */
    {0x3d8, 0x3ee, 0},        /* */
    {0x400, 0x40f, 80},       /* Cyrillic */
    {0x410, 0x42f, 32},       /* */
    {0x460, 0x480, 0},        /* */
    {0x48a, 0x4be, 0},        /* */
    {0x4c1, 0x4cd, 1},        /* */
    {0x4d0, 0x52e, 0},        /* */
    {0x531, 0x556, 48},       /* Armenian */
    {0x1e00, 0x1e94, 0},      /* Latin Extended Additional */
    {0x1ea0, 0x1efe, 0},      /* */
    {0x24b6, 0x24cf, 26},     /* circled */
    {0xff21, 0xff3a, 32},     /* full width */
};

static const struct {
	uint32_t from, to;
} fold_singles[] = {
    {0x130, 'i'}, {0x178, 0xff}, {0x386, 0x3ac}, {0x38c, 0x3cc}, {0x38e, 0x3cd}, {0x38f, 0x3ce}, {0x3c2, 0x3c3},
    {0x17f, 's'}, {0xb5, 0x3bc}, {0x1e9e, 0xdf}, {0x4c0, 0x4cf}, {0x212a, 'k'}, {0x212b, 0xe5},
};

uint32_t utf8_fold(uint32_t code)
{
	if (code < 0x80)
		return code >= 'A' && code <= 'Z' ? code + 32 : code;
	for (size_t i = 0; i < sizeof(fold_singles) / sizeof(fold_singles[0]); i++)
		if (fold_singles[i].from == code)
			return fold_singles[i].to;
	for (size_t i = 0; i < sizeof(fold_ranges) / sizeof(fold_ranges[0]); i++) {
		if (code < fold_ranges[i].from || code > fold_ranges[i].to)
			continue;
		if (fold_ranges[i].distance > 1)
			return code + (uint32_t)fold_ranges[i].distance;
		return (code & 1) == (uint32_t)fold_ranges[i].distance ? code + 1 : code;
	}
	return code;
}

/* Whether the characters of PREFIX, folded, begin TEXT; *REST_R is what is left of TEXT. */
static bool starts_folded(struct slice text, struct slice prefix, struct slice *rest_r)
{
	uint32_t a, b;

	while (utf8_next(&prefix, &b))
		if (!utf8_next(&text, &a) || utf8_fold(a) != utf8_fold(b))
			return false;
	*rest_r = text;
	return true;
}

bool utf8_match_folded(struct slice haystack, struct slice needle, enum utf8_match how)
{
	bool whole = how == TEXT_EQUALS || how == TEXT_ENDS;
	struct slice rest;
	uint32_t code;

	do {
		if (starts_folded(haystack, needle, &rest) && (!whole || rest.len == 0))
			return true;
		if (how == TEXT_EQUALS || how == TEXT_STARTS)
			return false;
	} while (utf8_next(&haystack, &code));
	return false;
}

bool utf8_contains_folded(struct slice haystack, struct slice needle)
{
	return utf8_match_folded(haystack, needle, TEXT_CONTAINS);
}

bool utf8_equal_folded(struct slice a, struct slice b)
{
	return utf8_match_folded(a, b, TEXT_EQUALS);
}
