/* Connections by client address, so that one address cannot take them all: a small open hash under a lock. */
#include <config.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/http_private.h"

#define BUCKETS 1024

struct entry {
	struct entry *next;
	unsigned char bytes[16];
	long count;
};

struct http_addresses {
	pthread_mutex_t lock;
	struct entry *buckets[BUCKETS];
};

struct http_addresses *http_addresses_new(void)
{
	struct http_addresses *addresses = calloc(1, sizeof(*addresses));

	if (addresses != NULL)
		pthread_mutex_init(&addresses->lock, NULL);
	return addresses;
}

void http_addresses_free(struct http_addresses *addresses)
{
	if (addresses == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (addresses->buckets[i] != NULL) {
			struct entry *next = addresses->buckets[i]->next;

			free(addresses->buckets[i]);
			addresses->buckets[i] = next;
		}
	pthread_mutex_destroy(&addresses->lock);
	free(addresses);
}

/* An IPv6 client is its /64: it may choose the rest at will. */
static void key_of(const struct sockaddr *address, unsigned char bytes_r[16])
{
	const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;

	memset(bytes_r, 0, 16);
	if (address->sa_family == AF_INET)
		memcpy(bytes_r, &((const struct sockaddr_in *)address)->sin_addr, 4);
	else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six))
		memcpy(bytes_r, &six->s6_addr[12], 4); /* IPv4 by way of a socket for both */
	else if (address->sa_family == AF_INET6)
		memcpy(bytes_r, six, 8);
}

static struct entry **find(struct http_addresses *addresses, const unsigned char bytes[16])
{
	uint32_t hash = 2166136261u;
	struct entry **at;

	for (size_t i = 0; i < 16; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	for (at = &addresses->buckets[hash % BUCKETS]; *at != NULL; at = &(*at)->next)
		if (memcmp((*at)->bytes, bytes, 16) == 0)
			break;
	return at;
}

bool http_addresses_take(struct http_addresses *addresses, const struct sockaddr *address, long max)
{
	unsigned char bytes[16];
	struct entry **at;
	bool taken = false;

	key_of(address, bytes);
	pthread_mutex_lock(&addresses->lock);
	at = find(addresses, bytes);
	if (*at == NULL) {
		*at = calloc(1, sizeof(**at));
		if (*at != NULL)
			memcpy((*at)->bytes, bytes, 16);
	}
	if (*at != NULL && (*at)->count < max) {
		(*at)->count++;
		taken = true;
	}
	pthread_mutex_unlock(&addresses->lock);
	return taken;
}

void http_addresses_give(struct http_addresses *addresses, const struct sockaddr *address)
{
	unsigned char bytes[16];
	struct entry **at, *entry;

	key_of(address, bytes);
	pthread_mutex_lock(&addresses->lock);
	at = find(addresses, bytes);
	entry = *at;
	if (entry != NULL && --entry->count <= 0) {
		*at = entry->next;
		free(entry);
	}
	pthread_mutex_unlock(&addresses->lock);
}
