/*
 * dav/xml_reader - a request body as a small tree, through libxml2 (RFC 4918, 8.2 and 17).
 *
 * No document type, no entities but the five of XML itself, no network; depth, elements, attributes and bytes are
 * limited. A prefix that is not declared is an error like any other, and a namespace that is no URI: the parsers of
 * clients would refuse our answers for it. Everything lives in the arena given.
 */
#ifndef DAV_XML_READER_H
#define DAV_XML_READER_H

#include <stdbool.h>

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "protocol/base/error.h"
#include "protocol/dav/xml_names.h"

#define XML_DEPTH_MAX      32
#define XML_ELEMENTS_MAX   50000 /* a multiget of ten thousand hrefs is far below */
#define XML_ATTRIBUTES_MAX 32    /* of one element */
#define XML_NAME_MAX       1000  /* bytes of a name that came as a value */

struct xml_attribute {
	struct slice ns, name, value;
	const struct xml_attribute *next;
};

struct xml_element {
	enum xml_id id; /* XML_UNKNOWN for a name that we do not know */
	struct slice ns, name;
	const struct xml_attribute *attributes;
	const struct xml_element *children, *next; /* in the order of the text */
	struct slice text;  /* all character data directly inside, joined; white space kept */
	size_t text_before; /* bytes of the parent's text that stand before this element */
	struct slice lang;  /* xml:lang in scope; empty: none (RFC 4918, 4.3) */
};

/* 0, -ENOMEM, or -EINVAL with *ERR (400: not well formed, a document type, over a limit; names the line). */
int xml_read(struct arena *arena, struct slice text, const struct xml_element **root_r, struct error *err);

/* The first child with that id, or NULL. */
const struct xml_element *xml_child(const struct xml_element *element, enum xml_id id);
/* The next sibling with that id, or NULL. */
const struct xml_element *xml_next(const struct xml_element *element, enum xml_id id);
/* The value of an attribute without namespace; .at == NULL when there is none. */
struct slice xml_attribute(const struct xml_element *element, const char *name);
/* The text without white space at both ends. */
struct slice xml_trimmed(const struct xml_element *element);
/* Whether TEXT can be the local name of an element; names that came as values are to be asked (Namespaces in XML, 3). */
bool xml_is_name(struct slice text);
/* What stands between the quotes of an attribute; white space that a parser would make plain spaces of is kept. */
void xml_write_value(struct buf *b, struct slice value);
/* The whole element as it can stand anywhere: its namespaces and its xml:lang are declared in it. */
void xml_write_element(struct buf *b, const struct xml_element *element);

#endif
