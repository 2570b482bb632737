#include <config.h>

#include "protocol/http/credentials.h"

#include <errno.h>

#include "protocol/base/ascii.h"
#include "protocol/base/codec.h"

static bool scheme(struct slice header, struct slice name, struct slice *rest_r)
{
	if (!slice_starts_nocase(header, name) || header.len == name.len || header.at[name.len] != ' ')
		return false;
	*rest_r = slice_trim(slice_from(header, name.len));
	return true;
}

int http_basic_parse(struct slice header, struct http_basic *basic_r)
{
	struct slice rest, all;
	ptrdiff_t colon;
	ssize_t len;

	if (!scheme(header, SLICE("Basic"), &rest))
		return -ENOENT;
	len = codec_base64_decode(rest, basic_r->bytes, sizeof(basic_r->bytes));
	if (len < 0)
		return -EINVAL;
	all = slice_of(basic_r->bytes, (size_t)len);
	colon = slice_find_byte(all, ':');
	if (colon < 0)
		return -EINVAL;
	basic_r->user = slice_sub(all, 0, (size_t)colon);
	basic_r->password = slice_from(all, (size_t)colon + 1);
	for (size_t i = 0; i < basic_r->user.len; i++)
		if (ascii_is_control(basic_r->user.at[i]))
			return -EINVAL;
	return 0;
}

bool http_bearer_parse(struct slice header, struct slice *token_r)
{
	return scheme(header, SLICE("Bearer"), token_r) && token_r->len > 0;
}
