#include <config.h>

#include "protocol/dav/lock_request.h"

#include <errno.h>
#include <stdio.h>

#include "protocol/base/ascii.h"

#define URN "urn:uuid:"

int lock_request_read(struct arena *arena, struct slice body, struct lock_request *request_r, struct error *err)
{
	AUTO_BUF struct buf owner = BUF_INIT(LOCK_OWNER_MAX);
	const struct xml_element *root, *scope, *type, *told;
	struct lock_request request = {false, SLICE_EMPTY};
	int ret = xml_read(arena, body, &root, err);

	if (ret < 0)
		return ret;
	scope = root->id == XML_DAV_LOCKINFO ? xml_child(root, XML_DAV_LOCKSCOPE) : NULL;
	type = root->id == XML_DAV_LOCKINFO ? xml_child(root, XML_DAV_LOCKTYPE) : NULL;
	if (scope == NULL || type == NULL)
		return error_set(err, 400, CONDITION_NONE, "The body is no DAV:lockinfo with its scope and type.");
	if (xml_child(type, XML_DAV_WRITE) == NULL)
		return error_set(err, 403, CONDITION_NONE, "There are locks against writing only.");
	request.shared = xml_child(scope, XML_DAV_SHARED) != NULL;
	if (request.shared == (xml_child(scope, XML_DAV_EXCLUSIVE) != NULL))
		return error_set(err, 400, CONDITION_NONE, "The scope is either exclusive or shared.");
	told = xml_child(root, XML_DAV_OWNER);
	if (told != NULL) {
		xml_write_element(&owner, told);
		if (owner.err != 0)
			return error_set(err, 400, CONDITION_NONE, "DAV:owner is longer than %d bytes.", LOCK_OWNER_MAX);
		request.owner = slice_of(arena_copy(arena, buf_slice(&owner)), owner.len);
		if (request.owner.at == NULL)
			return -ENOMEM;
	}
	*request_r = request;
	return 0;
}

int64_t lock_timeout_read(struct slice value)
{
	struct slice part;
	uint64_t seconds;

	while (value.at != NULL && slice_next(&value, ',', &part)) {
		part = slice_trim(part);
		if (slice_is_nocase(part, "Infinite"))
			return LOCK_SECONDS_MAX;
		if (!slice_starts_nocase(part, SLICE("Second-")))
			continue;
		if (slice_to_u64(slice_from(part, sizeof("Second-") - 1), UINT32_MAX, &seconds) == 0 && seconds > 0)
			return seconds < LOCK_SECONDS_MAX ? (int64_t)seconds : LOCK_SECONDS_MAX;
	}
	return LOCK_SECONDS_DEFAULT;
}

void lock_token_make(unsigned char token[static 16])
{
	token[6] = (unsigned char)((token[6] & 0x0f) | 0x40);
	token[8] = (unsigned char)((token[8] & 0x3f) | 0x80);
}

void lock_token_write(const unsigned char token[static 16], char text_r[static LOCK_TOKEN_TEXT + 1])
{
	size_t len = sizeof(URN) - 1;

	memcpy(text_r, URN, len);
	for (size_t i = 0; i < 16; i++)
		len += (size_t)snprintf(text_r + len, LOCK_TOKEN_TEXT + 1 - len, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", token[i]);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool lock_token_read(struct slice text, unsigned char token_r[static 16])
{
	char again[LOCK_TOKEN_TEXT + 1];
	unsigned char token[16];
	size_t n = 0;

	if (text.len != LOCK_TOKEN_TEXT || !slice_starts(text, SLICE(URN)))
		return false;
	for (size_t i = sizeof(URN) - 1; i + 1 < text.len && n < sizeof(token);) {
		if (text.at[i] == '-') {
			i++;
			continue;
		}
		if (digit(text.at[i]) < 0 || digit(text.at[i + 1]) < 0)
			return false;
		token[n++] = (unsigned char)(digit(text.at[i]) * 16 + digit(text.at[i + 1]));
		i += 2;
	}
	if (n != sizeof(token))
		return false;
	memcpy(token_r, token, sizeof(token));
	lock_token_write(token, again);
	return slice_is(text, again);
}
