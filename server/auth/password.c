#include <config.h>

#include "server/auth/password.h"

#include <argon2.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <sys/random.h>

#define SALT_BYTES 16
#define HASH_BYTES 32

#define TEXT_(value)  #value
#define TEXT_OF(value) TEXT_(value)
/* What an encoded hash of today begins with. */
#define HASH_PREFIX                                                                                                    \
	"$argon2id$v=19$m=" TEXT_OF(PASSWORD_MEMORY_KIB) ",t=" TEXT_OF(PASSWORD_ITERATIONS) ",p=" TEXT_OF(             \
	    PASSWORD_PARALLELISM) "$"

int password_make(char made_r[static PASSWORD_MADE_LENGTH + 1])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char random[PASSWORD_MADE_LENGTH];

	_Static_assert(sizeof(letters) - 1 == 32, "a byte falls on each letter equally often");
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	for (size_t i = 0; i < PASSWORD_MADE_LENGTH; i++)
		made_r[i] = letters[random[i] % (sizeof(letters) - 1)];
	made_r[PASSWORD_MADE_LENGTH] = '\0';
	return 0;
}

int password_digest(struct slice password, unsigned char digest_r[static PASSWORD_DIGEST_SIZE])
{
	unsigned len = PASSWORD_DIGEST_SIZE;

	return EVP_Digest(password.at, password.len, digest_r, &len, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

int password_hash(struct slice password, char encoded_r[static PASSWORD_HASH_SIZE])
{
	unsigned char salt[SALT_BYTES];
	int rc;

	if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt))
		return -EIO;
	rc = argon2id_hash_encoded(PASSWORD_ITERATIONS, PASSWORD_MEMORY_KIB, PASSWORD_PARALLELISM, password.at,
	    password.len, salt, sizeof(salt), HASH_BYTES, encoded_r, PASSWORD_HASH_SIZE);
	return rc == ARGON2_OK ? 0 : rc == ARGON2_MEMORY_ALLOCATION_ERROR ? -ENOMEM : -EIO;
}

/* As long as a real check takes, for a name that nobody has. */
static void waste(struct slice password)
{
	static const unsigned char salt[SALT_BYTES] = "no such person";
	unsigned char hash[HASH_BYTES];

	(void)argon2id_hash_raw(PASSWORD_ITERATIONS, PASSWORD_MEMORY_KIB, PASSWORD_PARALLELISM, password.at,
	    password.len, salt, sizeof(salt), hash, sizeof(hash));
}

bool password_verify(struct slice encoded, struct slice password)
{
	char text[PASSWORD_HASH_SIZE];

	if (encoded.len == 0 || slice_copy(encoded, text, sizeof(text)) < 0) {
		waste(password);
		return false;
	}
	return argon2id_verify(text, password.at, password.len) == ARGON2_OK;
}

bool password_is_outdated(struct slice encoded)
{
	return !slice_starts(encoded, SLICE(HASH_PREFIX));
}
