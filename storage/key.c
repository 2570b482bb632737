#include <config.h>

#include "storage/key.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define HASH_BYTES 16

void key_begin(struct key *key, char table)
{
	key->at[0] = table;
	key->len = 1;
}

static void add(struct key *key, const void *bytes, size_t len)
{
	if (key->len + len > KV_KEY_MAX) {
		key->len = KV_KEY_MAX + 1;
		return;
	}
	memcpy(key->at + key->len, bytes, len);
	key->len += len;
}

void key_add_u8(struct key *key, uint8_t value)
{
	add(key, &value, 1);
}

void key_add_bytes(struct key *key, struct slice bytes)
{
	add(key, bytes.at, bytes.len);
}

static void add_big_endian(struct key *key, uint64_t value, size_t bytes)
{
	unsigned char out[8];

	for (size_t i = bytes; i-- > 0; value >>= 8)
		out[i] = (unsigned char)value;
	add(key, out, bytes);
}

void key_add_u32(struct key *key, uint32_t value)
{
	add_big_endian(key, value, 4);
}

void key_add_u64(struct key *key, uint64_t value)
{
	add_big_endian(key, value, 8);
}

void key_add_i64(struct key *key, int64_t value)
{
	add_big_endian(key, (uint64_t)value ^ UINT64_C(1) << 63, 8);
}

/* A NUL becomes 00 FF, the end is 00 00: nothing that goes on sorts before what ends. */
void key_add_text(struct key *key, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		add(key, text.at + i, 1);
		if (text.at[i] == '\0')
			add(key, "\xff", 1);
	}
	add(key, "\0\0", 2);
}

static void sha256(struct slice text, unsigned char digest_r[static 32])
{
	unsigned len = 32;

	if (EVP_Digest(text.at, text.len, digest_r, &len, EVP_sha256(), NULL) != 1)
		abort(); /* a build of OpenSSL without SHA-256 */
}

void key_add_hash(struct key *key, struct slice text)
{
	unsigned char digest[32];

	sha256(text, digest);
	add(key, digest, HASH_BYTES);
}

uint64_t key_digest(struct slice bytes)
{
	unsigned char digest[32];
	uint64_t value = 0;

	sha256(bytes, digest);
	for (size_t i = 0; i < 8; i++)
		value = value << 8 | digest[i];
	return value;
}

struct slice key_slice(const struct key *key)
{
	return slice_of(key->at, key->len);
}

struct key key_end(const struct key *key)
{
	struct key end = *key;

	if (end.len > KV_KEY_MAX)
		return end;
	while (end.len > 1 && (unsigned char)end.at[end.len - 1] == 0xff)
		end.len--;
	end.at[end.len - 1]++;
	return end;
}

bool key_take_u8(struct slice *rest, uint8_t *value_r)
{
	if (rest->len < 1)
		return false;
	*value_r = (uint8_t)rest->at[0];
	*rest = slice_from(*rest, 1);
	return true;
}

static bool take_big_endian(struct slice *rest, size_t bytes, uint64_t *value_r)
{
	uint64_t value = 0;

	if (rest->len < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | (unsigned char)rest->at[i];
	*rest = slice_from(*rest, bytes);
	*value_r = value;
	return true;
}

bool key_take_u32(struct slice *rest, uint32_t *value_r)
{
	uint64_t value;

	if (!take_big_endian(rest, 4, &value))
		return false;
	*value_r = (uint32_t)value;
	return true;
}

bool key_take_u64(struct slice *rest, uint64_t *value_r)
{
	return take_big_endian(rest, 8, value_r);
}

bool key_take_i64(struct slice *rest, int64_t *value_r)
{
	uint64_t value;

	if (!take_big_endian(rest, 8, &value))
		return false;
	*value_r = (int64_t)(value ^ UINT64_C(1) << 63);
	return true;
}

bool key_take_text(struct slice *rest, char *out, size_t size, struct slice *text_r)
{
	size_t used = 0;

	for (size_t i = 0; i < rest->len; i++) {
		char c = rest->at[i];

		if (c == '\0') {
			if (++i == rest->len)
				return false;
			if (rest->at[i] == '\0') {
				*rest = slice_from(*rest, i + 1);
				*text_r = slice_of(out, used);
				return true;
			}
			if ((unsigned char)rest->at[i] != 0xff)
				return false;
		}
		if (used == size)
			return false;
		out[used++] = c;
	}
	return false;
}
