#include <config.h>

#include "protocol/dav/xml_reader.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/base/ascii.h"
#include "protocol/base/utf8.h"

/* A tree under construction: libxml2 calls, we copy into the arena. */
struct reader {
	struct arena *arena;
	xmlParserCtxtPtr context;
	struct xml_element *root;
	struct xml_element *open[XML_DEPTH_MAX];  /* the path from the root */
	struct xml_element *last[XML_DEPTH_MAX];  /* the last child of each */
	struct buf text[XML_DEPTH_MAX];           /* character data of each so far */
	size_t depth, elements;
	int ret; /* -ENOMEM or -EINVAL once something was wrong */
	char why[80];
};

static void fail(struct reader *reader, int ret, const char *why)
{
	if (reader->ret == 0) {
		reader->ret = ret;
		snprintf(reader->why, sizeof(reader->why), "%s", why);
	}
	xmlStopParser(reader->context);
}

static struct slice copy(struct reader *reader, const xmlChar *text, size_t len)
{
	char *at = arena_copy(reader->arena, slice_of((const char *)text, len));

	if (at == NULL) {
		fail(reader, -ENOMEM, "out of memory");
		return SLICE_EMPTY;
	}
	return slice_of(at, len);
}

static struct slice copy_string(struct reader *reader, const xmlChar *text)
{
	return text == NULL ? SLICE_EMPTY : copy(reader, text, strlen((const char *)text));
}

/* libxml2 gives five pointers an attribute: name, prefix, namespace, value, end of the value. */
static void take_attributes(struct reader *reader, struct xml_element *element, int count, const xmlChar **at)
{
	const struct xml_attribute **last = &element->attributes;

	if (count > XML_ATTRIBUTES_MAX) {
		fail(reader, -EINVAL, "too many attributes");
		return;
	}
	for (int i = 0; i < count; i++, at += 5) {
		struct xml_attribute *attribute = arena_zalloc(reader->arena, sizeof(*attribute));

		if (attribute == NULL) {
			fail(reader, -ENOMEM, "out of memory");
			return;
		}
		attribute->name = copy_string(reader, at[0]);
		attribute->ns = copy_string(reader, at[2]);
		attribute->value = copy(reader, at[3], (size_t)(at[4] - at[3]));
		if (!utf8_is_valid(attribute->value)) {
			fail(reader, -EINVAL, "not UTF-8");
			return;
		}
		*last = attribute;
		last = &attribute->next;
	}
}

static bool is_xml_ns(struct slice ns)
{
	return slice_is(ns, (const char *)XML_XML_NAMESPACE);
}

/* The element's place in the tree, and what it inherits. */
static void link_element(struct reader *reader, struct xml_element *element)
{
	struct xml_element *parent, *before;

	if (reader->depth == 0) {
		reader->root = element;
	} else {
		parent = reader->open[reader->depth - 1];
		before = reader->last[reader->depth - 1];
		element->text_before = reader->text[reader->depth - 1].len;
		element->lang = parent->lang;
		if (before == NULL)
			parent->children = element;
		else
			before->next = element;
		reader->last[reader->depth - 1] = element;
	}
	for (const struct xml_attribute *a = element->attributes; a != NULL; a = a->next)
		if (is_xml_ns(a->ns) && slice_is(a->name, "lang"))
			element->lang = a->value;
}

static void on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns, int namespace_count,
    const xmlChar **namespaces, int attribute_count, int defaulted, const xmlChar **attributes)
{
	struct reader *reader = arg;
	struct xml_element *element;

	(void)prefix;
	(void)namespace_count;
	(void)namespaces;
	(void)defaulted;
	if (reader->ret < 0)
		return;
	if (reader->depth == XML_DEPTH_MAX || ++reader->elements > XML_ELEMENTS_MAX) {
		fail(reader, -EINVAL, reader->depth == XML_DEPTH_MAX ? "nested too deeply" : "too many elements");
		return;
	}
	element = arena_zalloc(reader->arena, sizeof(*element));
	if (element == NULL) {
		fail(reader, -ENOMEM, "out of memory");
		return;
	}
	element->ns = copy_string(reader, ns);
	if (is_xml_ns(element->ns)) { /* reserved (Namespaces in XML, 3), and no other prefix may be bound to it in an answer */
		fail(reader, -EINVAL, "an element of XML's own namespace");
		return;
	}
	element->name = copy_string(reader, name);
	element->id = xml_id_find(element->ns, element->name);
	element->text = element->lang = SLICE_EMPTY;
	take_attributes(reader, element, attribute_count, attributes);
	link_element(reader, element);
	reader->last[reader->depth] = NULL;
	buf_reset(&reader->text[reader->depth]);
	reader->open[reader->depth++] = element;
}

static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns)
{
	struct reader *reader = arg;
	struct buf *text;

	(void)name;
	(void)prefix;
	(void)ns;
	if (reader->ret < 0 || reader->depth == 0)
		return;
	text = &reader->text[--reader->depth];
	if (text->err < 0)
		fail(reader, text->err == -ENOMEM ? -ENOMEM : -EINVAL, "too much text");
	else if (!utf8_is_valid(buf_slice(text))) /* libxml2 hands on what stands in CDATA as it is */
		fail(reader, -EINVAL, "not UTF-8");
	else if (text->len > 0)
		reader->open[reader->depth]->text = copy(reader, (const xmlChar *)text->at, text->len);
}

static void on_text(void *arg, const xmlChar *text, int len)
{
	struct reader *reader = arg;

	if (reader->ret == 0 && reader->depth > 0)
		buf_add(&reader->text[reader->depth - 1], text, (size_t)len);
}

static void on_doctype(void *arg, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	fail(arg, -EINVAL, "a document type is not accepted");
}

static xmlEntityPtr on_entity(void *arg, const xmlChar *name)
{
	xmlEntityPtr entity = xmlGetPredefinedEntity(name);

	if (entity == NULL)
		fail(arg, -EINVAL, "entities are not accepted");
	return entity;
}

static void on_error(void *arg, xmlErrorPtr error)
{
	(void)arg;
	(void)error; /* looked at behind the parse */
}

/* For what libxml2 reports outside of a parser, broken encodings say: it would write to standard error. */
static void be_silent(void *arg, xmlErrorPtr error)
{
	(void)arg;
	(void)error;
}

static int parse(struct reader *reader, struct slice text, struct error *err)
{
	xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
	    .startElementNs = on_start,
	    .endElementNs = on_end,
	    .characters = on_text,
	    .cdataBlock = on_text,
	    .internalSubset = on_doctype,
	    .getEntity = on_entity,
	    .serror = on_error};
	int line;

	xmlSetStructuredErrorFunc(NULL, be_silent); /* of this thread */
	reader->context = xmlCreatePushParserCtxt(&sax, reader, NULL, 0, NULL);
	if (reader->context == NULL)
		return -ENOMEM;
	/* NOENT: else "&amp;" in an attribute comes as "&#38;". There are no other entities: a document type ends it all. */
	xmlCtxtUseOptions(reader->context, XML_PARSE_NOENT | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlParseChunk(reader->context, text.at, (int)text.len, 1);
	line = xmlSAX2GetLineNumber(reader->context);
	if (reader->ret == 0 && (!reader->context->wellFormed || !reader->context->nsWellFormed || reader->root == NULL ||
	    reader->depth > 0)) {
		reader->ret = -EINVAL;
		snprintf(reader->why, sizeof(reader->why), "not well formed");
	}
	xmlFreeParserCtxt(reader->context);
	if (reader->ret == -EINVAL)
		return error_set(err, 400, CONDITION_NONE, "line %d: XML: %s", line, reader->why);
	return reader->ret;
}

int xml_read(struct arena *arena, struct slice text, const struct xml_element **root_r, struct error *err)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int ret;

	if (reader == NULL)
		return -ENOMEM;
	if (text.len > INT32_MAX) {
		free(reader);
		return error_set(err, 413, CONDITION_NONE, "XML: too long");
	}
	/* A byte of another encoding can become four in UTF-8. */
	reader->arena = arena;
	for (size_t i = 0; i < XML_DEPTH_MAX; i++)
		reader->text[i] = BUF_INIT(4 * text.len);
	ret = parse(reader, text, err);
	for (size_t i = 0; i < XML_DEPTH_MAX; i++)
		buf_free(&reader->text[i]);
	if (ret == 0)
		*root_r = reader->root;
	free(reader);
	return ret;
}

const struct xml_element *xml_next(const struct xml_element *element, enum xml_id id)
{
	for (element = element->next; element != NULL && element->id != id;)
		element = element->next;
	return element;
}

const struct xml_element *xml_child(const struct xml_element *element, enum xml_id id)
{
	const struct xml_element *child = element->children;

	while (child != NULL && child->id != id)
		child = child->next;
	return child;
}

struct slice xml_attribute(const struct xml_element *element, const char *name)
{
	for (const struct xml_attribute *a = element->attributes; a != NULL; a = a->next)
		if (a->ns.len == 0 && slice_is(a->name, name))
			return a->value;
	return slice_of(NULL, 0);
}

struct slice xml_trimmed(const struct xml_element *element)
{
	struct slice text = element->text;

	while (text.len > 0 && ascii_is_space(text.at[0]))
		text = slice_from(text, 1);
	while (text.len > 0 && ascii_is_space(text.at[text.len - 1]))
		text.len--;
	return text;
}

bool xml_is_name(struct slice text)
{
	char name[XML_NAME_MAX + 1];

	return utf8_is_valid(text) && slice_copy(text, name, sizeof(name)) == 0 &&
	    xmlValidateNCName((const xmlChar *)name, 0) == 0;
}

void xml_write_value(struct buf *b, struct slice value)
{
	size_t from = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] != '\n' && value.at[i] != '\t')
			continue;
		buf_add_xml(b, slice_sub(value, from, i - from));
		buf_printf(b, "&#%d;", value.at[i]);
		from = i + 1;
	}
	buf_add_xml(b, slice_from(value, from));
}

/* Declares an element's namespace when it is not its parent's; attributes bring prefixes of their own. */
static void write_tag(struct buf *b, const struct xml_element *element, const struct slice *parent_ns)
{
	unsigned prefixes = 0;

	buf_add_char(b, '<');
	buf_add_slice(b, element->name);
	if (parent_ns == NULL || !slice_equal(*parent_ns, element->ns)) {
		buf_add_str(b, " xmlns=\"");
		xml_write_value(b, element->ns);
		buf_add_char(b, '"');
	}
	for (const struct xml_attribute *a = element->attributes; a != NULL; a = a->next) {
		if (is_xml_ns(a->ns)) {
			buf_add_str(b, " xml:");
		} else if (a->ns.len > 0) {
			buf_printf(b, " xmlns:a%u=\"", ++prefixes);
			xml_write_value(b, a->ns);
			buf_printf(b, "\" a%u:", prefixes);
		} else {
			buf_add_char(b, ' ');
		}
		buf_add_slice(b, a->name);
		buf_add_str(b, "=\"");
		xml_write_value(b, a->value);
		buf_add_char(b, '"');
	}
}

static bool has_lang(const struct xml_element *element)
{
	for (const struct xml_attribute *a = element->attributes; a != NULL; a = a->next)
		if (is_xml_ns(a->ns) && slice_is(a->name, "lang"))
			return true;
	return false;
}

static void write_element(struct buf *b, const struct xml_element *element, const struct slice *parent_ns)
{
	size_t written = 0;

	write_tag(b, element, parent_ns);
	if (parent_ns == NULL && element->lang.len > 0 && !has_lang(element)) {
		buf_add_str(b, " xml:lang=\"");
		xml_write_value(b, element->lang);
		buf_add_char(b, '"');
	}
	if (element->children == NULL && element->text.len == 0) {
		buf_add_str(b, "/>");
		return;
	}
	buf_add_char(b, '>');
	for (const struct xml_element *child = element->children; child != NULL; child = child->next) {
		buf_add_xml(b, slice_sub(element->text, written, child->text_before - written));
		written = child->text_before;
		write_element(b, child, &element->ns); /* depth is bounded by the reader */
	}
	buf_add_xml(b, slice_from(element->text, written));
	buf_add_str(b, "</");
	buf_add_slice(b, element->name);
	buf_add_char(b, '>');
}

void xml_write_element(struct buf *b, const struct xml_element *element)
{
	write_element(b, element, NULL);
}
