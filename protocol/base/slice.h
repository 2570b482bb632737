/*
 * base/slice - borrowed bytes.
 *
 * A slice neither owns nor ends its bytes: it may hold NUL and is not NUL-terminated. Comparisons without
 * case fold ASCII letters only.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *at;
	size_t len;
};

#define SLICE(literal)    ((struct slice){literal "", sizeof(literal) - 1})
#define SLICE_EMPTY       ((struct slice){"", 0})
#define SLICE_ARG(s)      (int)(s).len, (s).at /* for "%.*s" */

static inline struct slice slice_of(const char *at, size_t len)
{
	return (struct slice){at, len};
}

/* NULL gives the empty slice. */
static inline struct slice slice_str(const char *text)
{
	return text ? (struct slice){text, strlen(text)} : SLICE_EMPTY;
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *text);
bool slice_is_nocase(struct slice a, const char *text);
bool slice_starts(struct slice a, struct slice prefix);
bool slice_starts_nocase(struct slice a, struct slice prefix);
bool slice_ends(struct slice a, struct slice suffix);
int slice_compare(struct slice a, struct slice b); /* as memcmp; a prefix sorts first */
/* Offset of the first BYTE or of NEEDLE, or -1. An empty needle is at 0. */
ptrdiff_t slice_find_byte(struct slice a, char byte);
ptrdiff_t slice_find(struct slice a, struct slice needle);
/* The rest from offset FROM (clipped), and LEN bytes from there (clipped). */
struct slice slice_from(struct slice a, size_t from);
struct slice slice_sub(struct slice a, size_t from, size_t len);
/* Without the spaces and tabs at both ends. */
struct slice slice_trim(struct slice a);
/*
 * Cuts the part before the first SEPARATOR off *REST into *PART_R; the separator is consumed. False when *REST
 * is used up, which is marked by *REST.at == NULL; so "a," yields "a" and "".
 */
bool slice_next(struct slice *rest, char separator, struct slice *part_r);
/* The same for lines that end in LF or CRLF; the line comes without its end; an unfinished last line counts. */
bool slice_next_line(struct slice *rest, struct slice *line_r);
/* Decimal digits only, no sign, no space. -EINVAL when it is not that, -ERANGE when it is above MAX. */
int slice_to_u64(struct slice a, uint64_t max, uint64_t *value_r);
/* A NUL-terminated copy, or NULL when out of memory. The caller frees. */
char *slice_dup(struct slice a);
/* Copies into OUT of SIZE with a NUL; -ENAMETOOLONG when it does not fit or holds a NUL. */
int slice_copy(struct slice a, char *out, size_t size);

#endif
