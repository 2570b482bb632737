/*
 * base/ascii - case, digits and classes that no locale changes.
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>

static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool ascii_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool ascii_is_alpha(char c)
{
	return ascii_is_upper(c) || ascii_is_lower(c);
}

static inline bool ascii_is_alnum(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

static inline bool ascii_is_space(char c) /* SP, HT, CR, LF */
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline bool ascii_is_control(char c) /* C0 and DEL */
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static inline char ascii_lower(char c)
{
	return (char)(ascii_is_upper(c) ? c + 32 : c);
}

static inline char ascii_upper(char c)
{
	return (char)(ascii_is_lower(c) ? c - 32 : c);
}

/* 0 to 15, or -1. */
static inline int ascii_hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
