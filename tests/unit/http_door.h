/*
 * http_door - a whole HTTP server on loopback for tests, with a few routes, one user and clients that write raw bytes.
 *
 * Routes: /hello (loop), /echo PUT (worker), /private (signed in, worker), /wait (worker; until door_open_gate), /big
 * PUT (worker; as many bytes as the body says), /none 204, /unchanged 304, /client (who asks), /error, /forget (a reply
 * without a status). Anything ends the test program when the fixture itself fails.
 */
#ifndef TESTS_HTTP_DOOR_H
#define TESTS_HTTP_DOOR_H

#include "protocol/base/buf.h"
#include "server/base/metrics.h"
#include "server/http/http_server.h"

#define DOOR_USER        "alice"
#define DOOR_CREDENTIALS "Authorization: Basic YWxpY2U6c2VjcmV0\r\n"    /* alice:secret */
#define DOOR_WRONG       "Authorization: Basic YWxpY2U6Z3Vlc3NlZA==\r\n" /* alice:guessed */
#define DOOR_WORKERS     2

struct tls;

struct door {
	struct config *config;
	struct auth *auth;
	struct store *store;
	struct pool *pool;
	struct metrics *metrics;
	struct http_server *server;
	char directory[32];
	int port;
};

/* CONFIG is the text of the configuration file; DEADLINES and TLS may be NULL. */
struct door *door_new(const char *config, const struct http_deadlines *deadlines, struct tls *tls);
void door_free(struct door *door);
void door_close_gate(void);
void door_open_gate(void);
/* Waits until the metric has VALUE; false after twenty seconds. */
bool door_settles(struct door *door, enum metric metric, int64_t value);

/* A blocking client that waits twenty seconds for each read. */
int door_connect(const struct door *door);
void door_send(int fd, const char *text);
void door_send_bytes(int fd, struct slice bytes);
/* Reads up to the end of the connection, or what comes before a timeout ("(still open)" is added). */
void door_read_all(int fd, struct buf *b);
/* One reply: its head and as many bytes as Content-Length says. */
void door_read_reply(int fd, struct buf *b);
/* Sends TEXT on a new connection, in pieces of STEP bytes (0: at once), and reads all. */
void door_talk(const struct door *door, const char *text, size_t step, struct buf *b);
/* How often WORD stands in B. */
size_t door_count(const struct buf *b, const char *word);
/* The status of the first reply in B, 0 without one. */
int door_status(const struct buf *b);

#endif
