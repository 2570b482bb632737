/*
 * base/utf8 - UTF-8 checked and cut where characters end (RFC 3629).
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/base/slice.h"

bool utf8_is_valid(struct slice text);   /* no overlong forms, surrogates or values above U+10FFFF; NUL is valid */
size_t utf8_count(struct slice text);    /* characters; each invalid byte counts as one */
/* The longest prefix of at most MAX bytes that does not cut a character. */
struct slice utf8_truncate(struct slice text, size_t max);
/* Reads one character off *REST; U+FFFD and one byte for what is invalid. False at the end. */
bool utf8_next(struct slice *rest, uint32_t *code_r);
/* Simple case folding of one character, for i;unicode-casemap (RFC 5051): Latin, Greek, Cyrillic, Armenian. */
uint32_t utf8_fold(uint32_t code);
enum utf8_match {
	TEXT_CONTAINS,
	TEXT_EQUALS,
	TEXT_STARTS,
	TEXT_ENDS,
};
/* Whether HAYSTACK contains, equals, starts or ends with NEEDLE when both are folded. */
bool utf8_match_folded(struct slice haystack, struct slice needle, enum utf8_match how);
bool utf8_contains_folded(struct slice haystack, struct slice needle);
bool utf8_equal_folded(struct slice a, struct slice b);

#endif
