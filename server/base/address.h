/*
 * server/base/address - where to listen and whom to trust, from their text.
 */
#ifndef SERVER_BASE_ADDRESS_H
#define SERVER_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_SIZE 64 /* bytes of "[IPv6%scope]:65535" with its NUL */

/* An address of IPv4 or IPv6 with a port. */
struct address {
	struct sockaddr_storage socket;
	socklen_t len;
};

/* A range of addresses: those whose first PREFIX bits are those of BYTES. */
struct network {
	int family; /* AF_INET or AF_INET6 */
	unsigned char bytes[16];
	unsigned prefix;
};

/* "127.0.0.1:8080", "[::1]:8080"; port 0 is any free one. No names: nothing is looked up. 0 or -EINVAL. */
int address_parse(const char *text, struct address *address_r);
/* An address alone, as in an X-Forwarded-For field: IPv4, IPv6 with or without brackets. 0 or -EINVAL. */
int address_parse_host(const char *text, struct address *address_r);
/* The form of address_parse; "?" for another family. */
void address_format(const struct sockaddr *socket, char text_r[ADDRESS_TEXT_SIZE]);
/* The address alone, as in an X-Forwarded-For field, without brackets and port. */
void address_format_host(const struct sockaddr *socket, char text_r[ADDRESS_TEXT_SIZE]);
bool address_is_loopback(const struct sockaddr *socket);

/* "192.0.2.0/24", "2001:db8::/32", or one address. Bits behind the prefix must be 0. 0 or -EINVAL. */
int network_parse(const char *text, struct network *network_r);
/* An IPv4 address that came through an IPv6 socket (::ffff:a.b.c.d) is taken as IPv4. */
bool network_holds(const struct network *network, const struct sockaddr *socket);

#endif
