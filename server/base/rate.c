#include <config.h>

#include "server/base/rate.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SETS      4096 /* a power of two */
#define WAYS      4
#define MINUTE_US INT64_C(60000000)
#define SECOND_US INT64_C(1000000)

/* When all that was taken will have come back; that lies at most a minute ahead. */
struct bucket {
	uint64_t address; /* a keyed hash of it; 0: nobody's */
	int64_t full_us;
};

struct rate {
	pthread_mutex_t lock;
	uint64_t seed; /* nobody outside knows who shares a set */
	struct bucket buckets[SETS][WAYS];
};

struct rate *rate_new(void)
{
	struct rate *rate = calloc(1, sizeof(*rate));

	if (rate == NULL)
		return NULL;
	if (getrandom(&rate->seed, sizeof(rate->seed), 0) != sizeof(rate->seed)) {
		free(rate);
		return NULL;
	}
	pthread_mutex_init(&rate->lock, NULL);
	return rate;
}

void rate_free(struct rate *rate)
{
	if (rate == NULL)
		return;
	pthread_mutex_destroy(&rate->lock);
	free(rate);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9); /* splitmix64 */
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t hash(const struct rate *rate, const char *address)
{
	unsigned char bytes[16] = {0};
	uint64_t first, value;
	size_t len = strlen(address);

	if (inet_pton(AF_INET6, address, bytes) == 1)
		memset(bytes + 8, 0, 8);
	else
		memcpy(bytes, address, len < sizeof(bytes) ? len : sizeof(bytes));
	memcpy(&first, bytes, 8);
	memcpy(&value, bytes + 8, 8);
	value = mix(mix(first ^ rate->seed) ^ value);
	return value != 0 ? value : 1;
}

/* Its bucket, or that of whoever has most left. */
static struct bucket *find(struct rate *rate, uint64_t address)
{
	struct bucket *set = rate->buckets[address % SETS], *least = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].address == address)
			return &set[i];
		if (set[i].full_us < least->full_us)
			least = &set[i];
	}
	*least = (struct bucket){.address = address};
	return least;
}

unsigned rate_take(struct rate *rate, const char *address, long per_minute, int64_t now_us)
{
	int64_t each_us, wait_us, full_us;
	struct bucket *bucket;

	if (per_minute <= 0)
		return 0;
	each_us = MINUTE_US / per_minute;
	pthread_mutex_lock(&rate->lock);
	bucket = find(rate, hash(rate, address));
	full_us = (bucket->full_us > now_us ? bucket->full_us : now_us) + each_us;
	wait_us = full_us - now_us - MINUTE_US;
	if (wait_us <= 0)
		bucket->full_us = full_us;
	pthread_mutex_unlock(&rate->lock);
	return wait_us <= 0 ? 0 : (unsigned)((wait_us + SECOND_US - 1) / SECOND_US);
}
