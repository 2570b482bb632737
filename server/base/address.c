#include <config.h>

#include "server/base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "protocol/base/slice.h"

#define PORT_MAX 65535

/* The address as bytes; an IPv4 address inside IPv6 as IPv4. Its family, or 0. */
static int unpack(const struct sockaddr *socket, unsigned char bytes_r[16])
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)socket;

	if (socket->sa_family == AF_INET) {
		memcpy(bytes_r, &((const struct sockaddr_in *)(const void *)socket)->sin_addr, 4);
		return AF_INET;
	}
	if (socket->sa_family != AF_INET6)
		return 0;
	if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		memcpy(bytes_r, six->sin6_addr.s6_addr + 12, 4);
		return AF_INET;
	}
	memcpy(bytes_r, &six->sin6_addr, 16);
	return AF_INET6;
}

/* HOST without brackets. */
static int parse_host(struct slice host, bool six, uint16_t port, struct address *address_r)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	char text[INET6_ADDRSTRLEN];

	if (slice_copy(host, text, sizeof(text)) < 0)
		return -EINVAL;
	if (inet_pton(six ? AF_INET6 : AF_INET, text, six ? (void *)&in6.sin6_addr : (void *)&in4.sin_addr) != 1)
		return -EINVAL;
	memset(address_r, 0, sizeof(*address_r));
	address_r->len = six ? sizeof(in6) : sizeof(in4);
	memcpy(&address_r->socket, six ? (const void *)&in6 : (const void *)&in4, address_r->len);
	return 0;
}

int address_parse(const char *text, struct address *address_r)
{
	struct slice all = slice_str(text), host;
	const char *colon = strrchr(text, ':');
	uint64_t port;
	bool six;

	if (colon == NULL || slice_to_u64(slice_str(colon + 1), PORT_MAX, &port) < 0)
		return -EINVAL;
	host = slice_sub(all, 0, (size_t)(colon - text));
	six = host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
	if (six)
		host = slice_sub(host, 1, host.len - 2);
	return parse_host(host, six, (uint16_t)port, address_r);
}

int address_parse_host(const char *text, struct address *address_r)
{
	struct slice host = slice_str(text);

	if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = slice_sub(host, 1, host.len - 2);
	return parse_host(host, slice_find_byte(host, ':') >= 0, 0, address_r);
}

void address_format_host(const struct sockaddr *socket, char text_r[ADDRESS_TEXT_SIZE])
{
	unsigned char bytes[16];
	int family = unpack(socket, bytes);

	if (family == 0 || inet_ntop(family, bytes, text_r, ADDRESS_TEXT_SIZE) == NULL)
		memcpy(text_r, "?", 2);
}

void address_format(const struct sockaddr *socket, char text_r[ADDRESS_TEXT_SIZE])
{
	char host[ADDRESS_TEXT_SIZE];
	uint16_t port = 0;

	address_format_host(socket, host);
	if (socket->sa_family == AF_INET)
		port = ntohs(((const struct sockaddr_in *)(const void *)socket)->sin_port);
	else if (socket->sa_family == AF_INET6)
		port = ntohs(((const struct sockaddr_in6 *)(const void *)socket)->sin6_port);
	if (host[0] == '?')
		memcpy(text_r, "?", 2);
	else if (strchr(host, ':') != NULL)
		snprintf(text_r, ADDRESS_TEXT_SIZE, "[%.46s]:%u", host, port);
	else
		snprintf(text_r, ADDRESS_TEXT_SIZE, "%.46s:%u", host, port);
}

bool address_is_loopback(const struct sockaddr *socket)
{
	static const unsigned char six[16] = {[15] = 1};
	unsigned char bytes[16];

	switch (unpack(socket, bytes)) {
	case AF_INET:
		return bytes[0] == 127;
	case AF_INET6:
		return memcmp(bytes, six, sizeof(six)) == 0;
	}
	return false;
}

static bool bit(const unsigned char *bytes, unsigned i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

int network_parse(const char *text, struct network *network_r)
{
	struct slice all = slice_str(text);
	ptrdiff_t slash = slice_find_byte(all, '/');
	struct slice host = slash < 0 ? all : slice_sub(all, 0, (size_t)slash);
	bool six = slice_find_byte(host, ':') >= 0;
	unsigned bits = six ? 128 : 32;
	uint64_t prefix = bits;
	struct network network = {.family = six ? AF_INET6 : AF_INET};
	char buffer[INET6_ADDRSTRLEN];

	if (slash >= 0 && slice_to_u64(slice_from(all, (size_t)slash + 1), bits, &prefix) < 0)
		return -EINVAL;
	if (slice_copy(host, buffer, sizeof(buffer)) < 0 || inet_pton(network.family, buffer, network.bytes) != 1)
		return -EINVAL;
	for (unsigned i = (unsigned)prefix; i < bits; i++)
		if (bit(network.bytes, i))
			return -EINVAL;
	network.prefix = (unsigned)prefix;
	*network_r = network;
	return 0;
}

bool network_holds(const struct network *network, const struct sockaddr *socket)
{
	unsigned char bytes[16] = {0};

	if (unpack(socket, bytes) != network->family)
		return false;
	for (unsigned i = 0; i < network->prefix; i++)
		if (bit(bytes, i) != bit(network->bytes, i))
			return false;
	return true;
}
