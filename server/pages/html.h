/*
 * pages/html - writes HTML in which nothing can be raw by accident.
 *
 * Names of elements and attributes are literals (the macros do not compile with anything else); all that is text goes
 * through one of three doors, each with its own escaping: html_text and html_say between tags, html_attr in an
 * attribute, html_path and html_outside in an address. There is no way to write markup from a value.
 *
 * The words of a page are sentences with places for values: "Times for {1}". They stand in one table at the top of its
 * file, marked with N_, so that they can be collected for translation.
 *
 * Errors are sticky in the buf. Opening deeper than HTML_DEPTH_MAX, closing what is not open and the like are asserted.
 */
#ifndef SERVER_PAGES_HTML_H
#define SERVER_PAGES_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "protocol/base/slice.h"

#define HTML_DEPTH_MAX 24

#define N_(words) words /* marks words for translation */

struct html {
	struct buf *out;
	struct slice open[HTML_DEPTH_MAX]; /* literals */
	size_t depth;
	bool in_tag; /* attributes may still come */
};

/* The values of a sentence's places, counted from 1. */
#define HTML_VALUES(...) ((const struct slice[]){SLICE_EMPTY, ##__VA_ARGS__})
#define HTML_VALUES_OF(...)                                                                                            \
	HTML_VALUES(__VA_ARGS__), sizeof(HTML_VALUES(__VA_ARGS__)) / sizeof(struct slice)

/* An element's start tag, with the classes that follow its name: html_open(h, "a.button.wide"). */
#define html_open(h, name)          html_open_(h, SLICE(name))
#define html_close(h, name)         html_close_(h, SLICE(name)) /* without classes */
#define html_void(h, name)          html_void_(h, SLICE(name)) /* an element without content: input, br */
/* Attributes of the start tag that was written last. */
#define html_attr(h, name, value)   html_attr_(h, SLICE(name), value)
#define html_flag(h, name)          html_flag_(h, SLICE(name))
/*
 * An address of our own: PATH is a literal that begins with '/', '#' or '?', with places {1}... whose values are
 * percent-encoded whole, so that a value is one segment or one parameter.
 */
#define html_path(h, name, path, ...) html_path_(h, SLICE(name), "" path, HTML_VALUES_OF(__VA_ARGS__))
/* An address of others: left out unless it is http, https, mailto or tel without spaces or control characters. */
#define html_outside(h, name, url)  html_outside_(h, SLICE(name), url)
/* The sentence WORDS with its values. */
#define html_say(h, words, ...)     html_say_(h, words, HTML_VALUES_OF(__VA_ARGS__))
/* A whole element: the sentence between its tags. */
#define html_line(h, name, words, ...) html_line_(h, SLICE(name), words, HTML_VALUES_OF(__VA_ARGS__))
/* The same sentence as plain text of ARENA; the empty slice without memory. */
#define html_words(arena, words, ...) html_words_(arena, words, HTML_VALUES_OF(__VA_ARGS__))

void html_text(struct html *h, struct slice text);
/* Paragraphs and line breaks of what somebody wrote. */
void html_lines(struct html *h, struct slice text);

/* An address of our own as html_path makes it, for a Location field; NULL without memory. */
#define html_location(arena, path, ...) html_location_(arena, "" path, HTML_VALUES_OF(__VA_ARGS__))

void html_open_(struct html *h, struct slice name);
void html_close_(struct html *h, struct slice name);
void html_void_(struct html *h, struct slice name);
void html_attr_(struct html *h, struct slice name, struct slice value);
void html_flag_(struct html *h, struct slice name);
void html_path_(struct html *h, struct slice name, const char *path, const struct slice *values, size_t count);
void html_outside_(struct html *h, struct slice name, struct slice url);
void html_say_(struct html *h, const char *words, const struct slice *values, size_t count);
void html_line_(struct html *h, struct slice name, const char *words, const struct slice *values, size_t count);
struct slice html_words_(struct arena *arena, const char *words, const struct slice *values, size_t count);
const char *html_location_(struct arena *arena, const char *path, const struct slice *values, size_t count);

#endif
