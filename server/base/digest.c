#include <config.h>

#include "server/base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

bool digest_sha256(struct slice bytes, unsigned char digest_r[static DIGEST_SIZE])
{
	return EVP_Digest(bytes.at, bytes.len, digest_r, NULL, EVP_sha256(), NULL) == 1;
}

bool digest_hmac(struct slice key, struct slice bytes, unsigned char digest_r[static DIGEST_SIZE])
{
	return HMAC(EVP_sha256(), key.at, (int)key.len, (const unsigned char *)bytes.at, bytes.len, digest_r, NULL) != NULL;
}

bool digest_random(void *out, size_t size)
{
	return getrandom(out, size, 0) == (ssize_t)size;
}
