/*
 * The head is gathered, checked line by line, and given to http-parser in one piece, so that each of its callbacks comes
 * once. The body's framing is decoded here: Debian's http-parser is built without its strict mode and takes chunk lines
 * that end in anything, which is how requests are smuggled past a proxy (RFC 9112, 7.1 and 11.2).
 */
#include <config.h>

#include "protocol/http/request_parser.h"

#include <errno.h>
#include <http_parser.h>
#include <stdlib.h>

#include "protocol/base/ascii.h"
#include "protocol/base/buf.h"
#include "protocol/base/cleanup.h"

#define EMPTY_LINES_MAX 2  /* before a request: some clients send one behind a body (RFC 9112, 2.2) */
#define FIELDS_STEP     20 /* room is made for so many at once */
#define CHUNK_DIGITS    15 /* hexadecimal digits of a chunk's size: fits 64 bits */

struct field {
	struct slice name, value;
};

enum chunk_state {
	CHUNK_SIZE,       /* hexadecimal digits */
	CHUNK_SIZE_SPACE, /* white space before an extension or the CR */
	CHUNK_EXTENSION,  /* up to the CR, dropped */
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER,    /* at the start of a line */
	CHUNK_TRAILER_LINE,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,
};

struct http_request_parser {
	http_body_fn *body;
	void *arg;
	http_parser lib;
	enum http_parser_phase phase;
	int failed; /* -status, once refused */

	struct buf head;
	size_t line_start; /* of the line that is being gathered */
	unsigned empty_lines;
	struct slice method, target;
	struct field *fields; /* NULL between messages, as the head: many connections idle */
	size_t field_count, field_room;
	bool keep_alive;

	uint64_t length, left; /* of a body with a length; of the chunk */
	bool chunked;
	enum chunk_state chunk;
	unsigned chunk_digits;
	size_t dropped; /* bytes of extensions and trailers */
};

struct http_request_parser *http_request_parser_new(http_body_fn *body, void *arg)
{
	struct http_request_parser *parser = calloc(1, sizeof(*parser));

	if (parser == NULL)
		return NULL;
	parser->body = body;
	parser->arg = arg;
	parser->head = BUF_INIT(HTTP_HEAD_MAX);
	return parser;
}

void http_request_parser_free(struct http_request_parser *parser)
{
	if (parser == NULL)
		return;
	buf_free(&parser->head);
	free(parser->fields);
	free(parser);
}

void http_request_parser_next(struct http_request_parser *parser)
{
	buf_free(&parser->head); /* an idle connection holds nothing */
	free(steal_ptr(&parser->fields));
	parser->field_room = 0;
	parser->phase = HTTP_PHASE_START;
	parser->line_start = 0;
	parser->empty_lines = 0;
	parser->field_count = 0;
	parser->length = parser->left = 0;
	parser->chunked = false;
	parser->dropped = 0;
}

/* ---- the head ---- */

static bool is_token(char c)
{
	return ascii_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* A line without its end: the request line, or a field whose colon follows its name. */
static bool line_is_good(struct slice line, bool first)
{
	size_t name = 0;

	for (size_t i = 0; i < line.len; i++)
		if (ascii_is_control(line.at[i]) && line.at[i] != '\t')
			return false;
	if (first) { /* one space each between method, target and version (RFC 9112, 3) */
		size_t spaces = 0;

		for (size_t i = 0; i < line.len; i++)
			spaces += line.at[i] == ' ';
		return spaces <= 2 && slice_find_byte(line, '\t') < 0;
	}
	while (name < line.len && is_token(line.at[name]))
		name++;
	return name > 0 && name < line.len && line.at[name] == ':';
}

static int on_url(http_parser *lib, const char *at, size_t len)
{
	struct http_request_parser *parser = lib->data;

	parser->target = slice_of(at, len);
	return 0;
}

static bool more_fields(struct http_request_parser *parser)
{
	size_t room = parser->field_room + FIELDS_STEP;
	struct field *fields = realloc(parser->fields, room * sizeof(*fields));

	if (fields == NULL)
		return false;
	parser->fields = fields;
	parser->field_room = room;
	return true;
}

static int on_field(http_parser *lib, const char *at, size_t len)
{
	struct http_request_parser *parser = lib->data;

	if (parser->field_count == HTTP_FIELDS_MAX ||
	    (parser->field_count == parser->field_room && !more_fields(parser)))
		return -1;
	parser->fields[parser->field_count].name = slice_of(at, len);
	parser->fields[parser->field_count++].value = SLICE_EMPTY;
	return 0;
}

static int on_value(http_parser *lib, const char *at, size_t len)
{
	struct http_request_parser *parser = lib->data;

	if (parser->field_count > 0)
		parser->fields[parser->field_count - 1].value = slice_trim(slice_of(at, len));
	return 0;
}

static int on_headers_complete(http_parser *lib)
{
	(void)lib;
	return 1; /* no body, for the library: its framing is decoded here */
}

static const http_parser_settings lib_settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
};

static int lib_status(const struct http_request_parser *parser)
{
	switch (HTTP_PARSER_ERRNO(&parser->lib)) {
	case HPE_OK:
	case HPE_PAUSED:
		return 0;
	case HPE_INVALID_METHOD:
		return 501;
	case HPE_INVALID_VERSION:
		return 505;
	case HPE_CB_header_field:
		return parser->field_count == HTTP_FIELDS_MAX ? 431 : 503;
	case HPE_HEADER_OVERFLOW:
		return 431;
	default:
		return 400;
	}
}

/* The only field NAME; *COUNT_R says how many there are. */
static struct slice only_field(const struct http_request_parser *parser, const char *name, size_t *count_r)
{
	struct slice value = SLICE_EMPTY;

	*count_r = 0;
	for (size_t i = 0; i < parser->field_count; i++)
		if (slice_is_nocase(parser->fields[i].name, name)) {
			value = parser->fields[i].value;
			++*count_r;
		}
	return value;
}

static int check_host(const struct http_request_parser *parser)
{
	size_t count;
	struct slice host = only_field(parser, "Host", &count);

	if (count > 1 || (count == 0 && parser->lib.http_minor == 1))
		return 400;
	for (size_t i = 0; i < host.len; i++)
		if (!ascii_is_alnum(host.at[i]) && strchr("-._~!$&'()*+;=:[]%", host.at[i]) == NULL)
			return 400;
	return 0;
}

/* RFC 9112, 6.1 to 6.3: what says two things about the length is refused. */
static int check_framing(struct http_request_parser *parser)
{
	size_t codings, lengths;
	struct slice coding = only_field(parser, "Transfer-Encoding", &codings);
	struct slice length = only_field(parser, "Content-Length", &lengths);

	if (codings > 1 || lengths > 1 || (codings > 0 && lengths > 0))
		return 400;
	if (codings > 0) {
		if (parser->lib.http_minor == 0)
			return 400;
		if (!slice_is_nocase(coding, "chunked"))
			return 501;
		parser->chunked = true;
		parser->chunk = CHUNK_SIZE;
		parser->chunk_digits = 0;
		parser->length = UINT64_MAX;
		parser->left = 0;
		return 0;
	}
	if (lengths > 0 && slice_to_u64(length, INT64_MAX, &parser->length) < 0)
		return 400;
	parser->left = parser->length;
	return 0;
}

static int parse_head(struct http_request_parser *parser)
{
	struct slice head = buf_slice(&parser->head);
	int status;

	http_parser_init(&parser->lib, HTTP_REQUEST);
	parser->lib.data = parser;
	parser->target = SLICE_EMPTY;
	http_parser_execute(&parser->lib, &lib_settings, head.at, head.len);
	status = lib_status(parser);
	if (status != 0)
		return status;
	if (parser->lib.http_major != 1 || parser->lib.http_minor > 1)
		return 505;
	parser->method = slice_sub(head, 0, (size_t)slice_find_byte(head, ' '));
	if (parser->target.len == 0)
		return 400;
	if (parser->target.len > HTTP_TARGET_MAX)
		return 414;
	parser->keep_alive = http_should_keep_alive(&parser->lib) != 0;
	status = check_host(parser);
	return status != 0 ? status : check_framing(parser);
}

static int finish_head(struct http_request_parser *parser)
{
	int status = parse_head(parser);

	if (status == 0)
		parser->phase = parser->chunked || parser->left > 0 ? HTTP_PHASE_BODY : HTTP_PHASE_END;
	return status;
}

/* One whole line lies at line_start, its LF last in the head. */
static int finish_line(struct http_request_parser *parser)
{
	struct slice line = slice_from(buf_slice(&parser->head), parser->line_start);
	bool first = parser->line_start == 0;

	if (line.len < 2 || line.at[line.len - 2] != '\r')
		return 400; /* a bare line feed */
	line.len -= 2;
	if (line.len == 0 && first) {
		buf_reset(&parser->head);
		return ++parser->empty_lines > EMPTY_LINES_MAX ? 400 : 0;
	}
	if (line.len == 0)
		return finish_head(parser);
	if (first && line.len > HTTP_TARGET_MAX + 64)
		return 414;
	if (!line_is_good(line, first))
		return 400;
	parser->line_start = parser->head.len;
	return 0;
}

/* Gathers up to the end of a line; returns the bytes used, or -status. */
static ptrdiff_t feed_head(struct http_request_parser *parser, struct slice bytes)
{
	ptrdiff_t lf = slice_find_byte(bytes, '\n');
	struct slice part = lf < 0 ? bytes : slice_sub(bytes, 0, (size_t)lf + 1);
	int status;

	parser->phase = HTTP_PHASE_HEAD;
	buf_add_slice(&parser->head, part);
	if (parser->head.err != 0)
		return parser->head.err == -ENOMEM ? -503 : parser->line_start == 0 ? -414 : -431;
	status = lf < 0 ? 0 : finish_line(parser);
	if (status != 0)
		return -status;
	if (parser->phase == HTTP_PHASE_HEAD && parser->head.len == 0)
		parser->phase = HTTP_PHASE_START;
	return (ptrdiff_t)part.len;
}

/* ---- the body ---- */

static ptrdiff_t feed_data(struct http_request_parser *parser, struct slice bytes)
{
	struct slice part = slice_sub(bytes, 0, parser->left < bytes.len ? (size_t)parser->left : bytes.len);
	int status = parser->body(part, parser->arg);

	if (status != 0)
		return -status;
	parser->left -= part.len;
	return (ptrdiff_t)part.len;
}

/* The size is complete. */
static void chunk_begins(struct http_request_parser *parser)
{
	parser->chunk = parser->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
	parser->chunk_digits = 0;
}

/* Behind the digits: white space, then an extension or the end. */
static int chunk_size_end(struct http_request_parser *parser, char c)
{
	bool space = c == ' ' || c == '\t';

	parser->chunk = space ? CHUNK_SIZE_SPACE : c == '\r' ? CHUNK_SIZE_LF : CHUNK_EXTENSION;
	if (space && ++parser->dropped > HTTP_TRAILER_MAX)
		return 431;
	return space || c == '\r' || c == ';' ? 0 : 400;
}

static int chunk_size_byte(struct http_request_parser *parser, char c)
{
	int value = ascii_hex_value(c);

	if (value >= 0) {
		if (++parser->chunk_digits > CHUNK_DIGITS)
			return 400;
		parser->left = parser->left << 4 | (unsigned)value;
		return 0;
	}
	if (parser->chunk_digits == 0)
		return 400;
	return chunk_size_end(parser, c);
}

static int drop_byte(struct http_request_parser *parser, char c)
{
	if (++parser->dropped > HTTP_TRAILER_MAX)
		return 431;
	return ascii_is_control(c) && c != '\t' ? 400 : 0;
}

/* One byte of the framing: sizes, extensions, line ends, trailers. */
static int chunk_byte(struct http_request_parser *parser, char c)
{
	switch (parser->chunk) {
	case CHUNK_SIZE:
		return chunk_size_byte(parser, c);
	case CHUNK_SIZE_SPACE:
		return chunk_size_end(parser, c);
	case CHUNK_EXTENSION:
		if (c != '\r')
			return drop_byte(parser, c);
		parser->chunk = CHUNK_SIZE_LF;
		return 0;
	case CHUNK_SIZE_LF:
		chunk_begins(parser);
		return c == '\n' ? 0 : 400;
	case CHUNK_DATA:
		break;
	case CHUNK_DATA_CR:
		parser->chunk = CHUNK_DATA_LF;
		return c == '\r' ? 0 : 400;
	case CHUNK_DATA_LF:
		parser->chunk = CHUNK_SIZE;
		return c == '\n' ? 0 : 400;
	case CHUNK_TRAILER:
		parser->chunk = c == '\r' ? CHUNK_LAST_LF : CHUNK_TRAILER_LINE;
		return c == '\r' ? 0 : is_token(c) ? drop_byte(parser, c) : 400;
	case CHUNK_TRAILER_LINE:
		if (c != '\r')
			return drop_byte(parser, c);
		parser->chunk = CHUNK_TRAILER_LF;
		return 0;
	case CHUNK_TRAILER_LF:
		parser->chunk = CHUNK_TRAILER;
		return c == '\n' ? 0 : 400;
	case CHUNK_LAST_LF:
		parser->phase = HTTP_PHASE_END;
		return c == '\n' ? 0 : 400;
	}
	return 400;
}

static ptrdiff_t feed_chunked(struct http_request_parser *parser, struct slice bytes)
{
	ptrdiff_t used;
	int status;

	if (parser->chunk != CHUNK_DATA) {
		status = chunk_byte(parser, bytes.at[0]);
		return status != 0 ? -status : 1;
	}
	used = feed_data(parser, bytes);
	if (used >= 0 && parser->left == 0)
		parser->chunk = CHUNK_DATA_CR;
	return used;
}

static ptrdiff_t feed_body(struct http_request_parser *parser, struct slice bytes)
{
	ptrdiff_t used = parser->chunked ? feed_chunked(parser, bytes) : feed_data(parser, bytes);

	if (used >= 0 && !parser->chunked && parser->left == 0)
		parser->phase = HTTP_PHASE_END;
	return used;
}

ptrdiff_t http_request_parser_feed(struct http_request_parser *parser, struct slice bytes)
{
	bool in_body = parser->phase == HTTP_PHASE_BODY;
	size_t total = 0;

	if (parser->failed != 0)
		return parser->failed;
	while (bytes.len > 0 && parser->phase != HTTP_PHASE_END && (parser->phase == HTTP_PHASE_BODY) == in_body) {
		ptrdiff_t used = in_body ? feed_body(parser, bytes) : feed_head(parser, bytes);

		if (used < 0) {
			parser->failed = (int)used;
			return used;
		}
		total += (size_t)used;
		bytes = slice_from(bytes, (size_t)used);
	}
	return (ptrdiff_t)total;
}

/* ---- what the head said ---- */

enum http_parser_phase http_request_parser_phase(const struct http_request_parser *parser)
{
	return parser->phase;
}

struct slice http_request_parser_method(const struct http_request_parser *parser)
{
	return parser->method;
}

struct slice http_request_parser_target(const struct http_request_parser *parser)
{
	return parser->target;
}

size_t http_request_parser_field_count(const struct http_request_parser *parser)
{
	return parser->field_count;
}

void http_request_parser_field(const struct http_request_parser *parser, size_t i, struct slice *name_r,
    struct slice *value_r)
{
	*name_r = parser->fields[i].name;
	*value_r = parser->fields[i].value;
}

bool http_request_parser_keep_alive(const struct http_request_parser *parser)
{
	return parser->keep_alive;
}

uint64_t http_request_parser_length(const struct http_request_parser *parser)
{
	return parser->length;
}

bool http_request_parser_minor_version(const struct http_request_parser *parser)
{
	return parser->lib.http_minor == 1;
}
