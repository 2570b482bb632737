#include <config.h>

#include "protocol/http/coding.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#define GZIP_WRAPPER 16 /* added to the window's bits: the gzip form (zlib.h, deflateInit2) */
#define GZIP_LEVEL   4  /* XML shrinks twelvefold at a third of the usual level's time */
#define GZIP_MEMORY  8  /* zlib's own default */
#define PIECE        16384u /* bytes of room for one step */

enum http_coding http_coding_of(const struct http_headers *headers)
{
	enum http_coding coding = HTTP_IDENTITY;
	struct http_list list = {0};
	struct slice element;

	while (http_list_next(headers, "Content-Encoding", &list, &element)) {
		if (slice_is_nocase(element, "identity"))
			continue;
		if (coding != HTTP_IDENTITY)
			return HTTP_CODING_UNKNOWN;
		coding = slice_is_nocase(element, "gzip") || slice_is_nocase(element, "x-gzip") ? HTTP_GZIP
		                                                                                : HTTP_CODING_UNKNOWN;
	}
	return coding;
}

/* "0.5" as thousandths (RFC 9110, 12.4.2); what is no weight is no wish. */
static unsigned read_weight(struct slice text)
{
	unsigned weight, scale = 100;

	if (text.len == 0 || text.len > 5 || (text.at[0] != '0' && text.at[0] != '1') || (text.len > 1 && text.at[1] != '.'))
		return 0;
	weight = text.at[0] == '1' ? 1000 : 0;
	for (size_t i = 2; i < text.len; i++, scale /= 10) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 0;
		weight += (unsigned)(text.at[i] - '0') * scale;
	}
	return weight <= 1000 ? weight : 0;
}

static unsigned weight_of(struct slice parameters)
{
	struct slice name, value;

	while (http_parameter_next(&parameters, &name, &value))
		if (slice_is_nocase(name, "q"))
			return read_weight(value);
	return 1000;
}

bool http_coding_takes_gzip(const struct http_headers *headers)
{
	int gzip = -1, any = -1, identity = -1; /* not named */
	struct http_list list = {0};
	struct slice element, name, value;

	while (http_list_next(headers, "Accept-Encoding", &list, &element)) {
		int weight;

		if (!http_parameter_next(&element, &name, &value))
			continue;
		weight = (int)weight_of(element);
		if (slice_is_nocase(name, "gzip") || slice_is_nocase(name, "x-gzip"))
			gzip = weight;
		else if (slice_is_nocase(name, "identity"))
			identity = weight;
		else if (slice_is(name, "*"))
			any = weight;
	}
	if (gzip < 0)
		gzip = any;
	return gzip > 0 && gzip >= identity;
}

/* A run of zlib into a buffer. At the buffer's end one byte may still go to SPILL: then it was too much. */
struct run {
	z_stream z;
	struct buf *out;
	unsigned room; /* of this step */
	char spill;
};

static bool give_room(struct run *run)
{
	struct buf *out = run->out;
	size_t left = out->max - out->len;
	char *at = &run->spill;

	run->room = left < PIECE ? (unsigned)left : PIECE;
	if (run->room > 0)
		at = buf_reserve(out, run->room);
	run->z.next_out = (Bytef *)at;
	run->z.avail_out = run->room > 0 ? run->room : 1;
	return at != NULL;
}

static void take_output(struct run *run)
{
	if (run->room > 0)
		buf_reserved(run->out, run->room - run->z.avail_out);
	else if (run->z.avail_out == 0)
		run->out->err = -EMSGSIZE;
}

/* At most UINT_MAX bytes a call: zlib counts in unsigned. */
static void give_input(z_stream *z, struct slice *bytes)
{
	unsigned len = bytes->len > UINT_MAX ? UINT_MAX : (unsigned)bytes->len;

	z->next_in = (z_const Bytef *)bytes->at;
	z->avail_in = len;
	*bytes = slice_from(*bytes, len);
}

int http_gzip(struct slice bytes, struct buf *out)
{
	struct run run = {.out = out};
	int ret = deflateInit2(&run.z, GZIP_LEVEL, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER, GZIP_MEMORY, Z_DEFAULT_STRATEGY);

	if (ret != Z_OK)
		return -ENOMEM;
	while (ret == Z_OK && out->err == 0 && give_room(&run)) {
		if (run.z.avail_in == 0)
			give_input(&run.z, &bytes);
		ret = deflate(&run.z, bytes.len > 0 ? Z_NO_FLUSH : Z_FINISH);
		take_output(&run);
	}
	deflateEnd(&run.z);
	return out->err;
}

int http_gunzip(struct slice bytes, struct buf *out)
{
	struct run run = {.out = out};
	int ret = inflateInit2(&run.z, MAX_WBITS + GZIP_WRAPPER);
	bool whole;

	if (ret != Z_OK)
		return -ENOMEM;
	while (ret == Z_OK && out->err == 0 && give_room(&run)) {
		if (run.z.avail_in == 0)
			give_input(&run.z, &bytes);
		ret = inflate(&run.z, Z_NO_FLUSH);
		take_output(&run);
	}
	whole = ret == Z_STREAM_END && run.z.avail_in == 0 && bytes.len == 0;
	inflateEnd(&run.z);
	if (out->err < 0)
		return out->err;
	return whole ? 0 : ret == Z_MEM_ERROR ? -ENOMEM : -EINVAL;
}
