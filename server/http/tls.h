/*
 * server/http/tls - certificates for connections, replaced while running.
 */
#ifndef SERVER_HTTP_TLS_H
#define SERVER_HTTP_TLS_H

#include "protocol/base/error.h"

struct bufferevent;
struct event_base;
struct tls;

/* Loads a certificate chain and its key (PEM). -EINVAL with *ERR: what is wrong with which file. */
int tls_new(const char *certificate, const char *key, struct tls **tls_r, struct error *err);
void tls_free(struct tls *tls);
/* Takes new files for new connections, only if all of them are good; else the old ones stay. */
int tls_reload(struct tls *tls, const char *certificate, const char *key, struct error *err);
/* Sends close_notify, so that the other side knows its answer to be whole (RFC 8446, 6.1). */
void tls_say_goodbye(struct bufferevent *bev);
/* A server's side of a connection on FD, which it owns then. NULL when it cannot be made. Any thread. */
struct bufferevent *tls_accept(struct tls *tls, struct event_base *base, int fd);

#endif
