#include <config.h>

#include "http_door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "server/auth/auth.h"
#include "server/auth/password.h"
#include "server/base/config.h"
#include "server/base/pool.h"
#include "server/base/system_clock.h"
#include "storage/store.h"

#define CLIENT_SECONDS 20

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "http_door: %s: %s\n", what, strerror(errno));
	abort();
}

/* ---- routes ---- */

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_closed;

void door_close_gate(void)
{
	pthread_mutex_lock(&gate_lock);
	gate_closed = true;
	pthread_mutex_unlock(&gate_lock);
}

void door_open_gate(void)
{
	pthread_mutex_lock(&gate_lock);
	gate_closed = false;
	pthread_cond_broadcast(&gate_changed);
	pthread_mutex_unlock(&gate_lock);
}

static void reply(struct http_request *req, int status, struct slice body)
{
	http_reply_text(req, status, "text/plain", body);
	http_request_finish(req);
}

static void hello(struct http_request *req)
{
	reply(req, 200, SLICE("hello\n"));
}

static void echo(struct http_request *req)
{
	reply(req, 200, req->body);
}

static void private(struct http_request *req)
{
	reply(req, 200, slice_str(req->user->name));
}

static void wait_at_gate(struct http_request *req)
{
	pthread_mutex_lock(&gate_lock);
	while (gate_closed)
		pthread_cond_wait(&gate_changed, &gate_lock);
	pthread_mutex_unlock(&gate_lock);
	reply(req, 200, SLICE("waited\n"));
}

static void big(struct http_request *req)
{
	uint64_t len = 0;
	char *bytes;

	(void)!slice_to_u64(req->body, HTTP_REPLY_MAX, &len);
	req->response.status = 200;
	bytes = buf_reserve(&req->response.body, len);
	if (bytes != NULL) {
		memset(bytes, 'b', len);
		buf_reserved(&req->response.body, len);
	}
	http_request_finish(req);
}

static void none(struct http_request *req)
{
	reply(req, 204, SLICE("must not be sent"));
}

static void unchanged(struct http_request *req)
{
	reply(req, 304, SLICE("must not be sent"));
}

static void client(struct http_request *req)
{
	req->response.status = 200;
	buf_printf(&req->response.body, "from=%s secure=%d path=%.*s query=%.*s", req->peer_address, req->secure,
	    SLICE_ARG(req->path), SLICE_ARG(req->query));
	http_request_finish(req);
}

static void fail(struct http_request *req)
{
	struct error err = {.http_status = 403, .condition = CALDAV_VALID_CALENDAR_DATA, .detail = "no <calendar>"};

	http_reply_header(req, "X-Before", "gone");
	http_reply_error(req, &err, SLICE_EMPTY);
	http_reply_header(req, "X-Smuggled", "a\r\nX-Injected: b");
	http_reply_header(req, "X-After", "kept");
	http_request_finish(req);
}

static void forget(struct http_request *req)
{
	http_request_finish(req);
}

struct row {
	const char *path, *methods;
	struct http_route route;
};

static const struct row rows[] = {
    {"/hello", "GET HEAD", {hello, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE}},
    {"/echo", "PUT POST", {echo, RUN_ON_WORKER, BODY_ICAL, ACCESS_ANYONE}},
    {"/private", "GET PUT OPTIONS", {private, RUN_ON_WORKER, BODY_XML, ACCESS_SIGNED_IN}},
    {"/wait", "GET", {wait_at_gate, RUN_ON_WORKER, BODY_NONE, ACCESS_ANYONE}},
    {"/big", "PUT", {big, RUN_ON_WORKER, BODY_NONE, ACCESS_ANYONE}},
    {"/none", "GET", {none, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE}},
    {"/unchanged", "GET", {unchanged, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE}},
    {"/client", "GET", {client, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE}},
    {"/error", "GET", {fail, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE}},
    {"/forget", "GET", {forget, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE}},
};

static const struct http_route *find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	static const struct http_route not_allowed = {NULL, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE};

	(void)app;
	(void)arena;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!slice_is(path, rows[i].path))
			continue;
		*allow_r = rows[i].methods;
		return strstr(rows[i].methods, http_methods[method].name) != NULL ? &rows[i].route : &not_allowed;
	}
	*allow_r = "";
	return NULL;
}

/* ---- the server ---- */

static int make_user(struct kv_txn *txn, void *arg)
{
	struct principal user = {.kind = PRINCIPAL_USER,
	    .name = SLICE(DOOR_USER),
	    .email = SLICE("alice@example.org"),
	    .password_hash = slice_str(arg),
	    .credential_version = 1};

	return store_principal_put(txn, &user);
}

static void make_config(struct door *door, const char *text)
{
	char path[64];
	struct error err = ERROR_NONE;
	FILE *file;

	snprintf(door->directory, sizeof(door->directory), "/tmp/door-XXXXXX");
	must(mkdtemp(door->directory) != NULL, "a directory");
	snprintf(path, sizeof(path), "%s/conf", door->directory);
	file = fopen(path, "w");
	must(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, path);
	must(config_open(path, NULL, 0, &door->config, &err) == 0, err.detail);
}

static void make_auth(struct door *door)
{
	const struct auth_options options = {.failures_per_minute =
	                                         (unsigned)config_get(door->config)->login_failures};
	static char hash[PASSWORD_HASH_SIZE]; /* once: it is slow on purpose */
	struct error err = ERROR_NONE;

	must(hash[0] != '\0' || password_hash(SLICE("secret"), hash) == 0, "a hash");
	must(store_open("memory:", &(struct store_options){.create = true}, &door->store, &err) == 0, err.detail);
	must(kv_update_wait(store_kv(door->store), make_user, hash) == 0, "a user");
	door->auth = auth_new(door->store, system_clock(), &options);
	must(door->auth != NULL, "auth");
}

struct door *door_new(const char *config, const struct http_deadlines *deadlines, struct tls *tls)
{
	struct door *door = calloc(1, sizeof(*door));
	struct http_listeners *listeners;
	struct http_server_options options = {.tls = tls, .find = find, .app = door, .loops = 2, .deadlines = deadlines};
	struct address address;
	struct error err = ERROR_NONE;
	char text[ADDRESS_TEXT_SIZE];

	must(door != NULL, "memory");
	make_config(door, config);
	make_auth(door);
	door->pool = pool_new("door", DOOR_WORKERS, 1000);
	door->metrics = metrics_new();
	must(door->pool != NULL && door->metrics != NULL, "workers");
	options.config = door->config;
	options.auth = door->auth;
	options.pool = door->pool;
	options.metrics = door->metrics;
	must(address_parse("127.0.0.1:0", &address) == 0, "an address");
	must(http_listeners_open(&address, 1, options.loops, &listeners, &err) == 0, err.detail);
	http_listeners_first(listeners, text);
	door->port = atoi(strrchr(text, ':') + 1);
	must(http_server_new(&options, listeners, &door->server) == 0, "a server");
	return door;
}

void door_free(struct door *door)
{
	char path[64];

	door_open_gate();
	pool_free(door->pool);
	http_server_free(door->server);
	auth_free(door->auth);
	store_close(door->store);
	metrics_free(door->metrics);
	config_free(door->config);
	snprintf(path, sizeof(path), "%s/conf", door->directory);
	must(unlink(path) == 0 && rmdir(door->directory) == 0, "cleaning");
	free(door);
}

bool door_settles(struct door *door, enum metric metric, int64_t value)
{
	const struct timespec pause = {.tv_nsec = 10000000};

	for (int i = 0; i < 2000 && metrics_get(door->metrics, metric) != value; i++)
		nanosleep(&pause, NULL);
	return metrics_get(door->metrics, metric) == value;
}

/* ---- clients ---- */

int door_connect(const struct door *door)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)door->port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct timeval patience = {.tv_sec = CLIENT_SECONDS};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, "connect");
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0, "patience");
	must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0, "no delay");
	return fd;
}

void door_send_bytes(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t sent = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);

		if (sent <= 0)
			return; /* the server closed: what it said is read next */
		bytes = slice_from(bytes, (size_t)sent);
	}
}

void door_send(int fd, const char *text)
{
	door_send_bytes(fd, slice_str(text));
}

void door_read_all(int fd, struct buf *b)
{
	for (;;) {
		char *room = buf_reserve(b, 65536);
		ssize_t got = room == NULL ? -1 : recv(fd, room, 65536, 0);

		if (got > 0) {
			buf_reserved(b, (size_t)got);
			continue;
		}
		if (got < 0 && errno == EAGAIN)
			buf_add_str(b, "(still open)");
		else if (got < 0)
			buf_add_str(b, "(reset)");
		return;
	}
}

static bool read_byte(int fd, struct buf *b)
{
	char c;
	bool got = recv(fd, &c, 1, 0) == 1;

	if (got)
		buf_add_char(b, c);
	return got;
}

void door_read_reply(int fd, struct buf *b)
{
	size_t from = b->len;
	uint64_t length = 0;
	ptrdiff_t at, end;

	while (slice_find(slice_from(buf_slice(b), from), SLICE("\r\n\r\n")) < 0)
		if (!read_byte(fd, b))
			return;
	at = slice_find(slice_from(buf_slice(b), from), SLICE("Content-Length: "));
	if (at >= 0) {
		struct slice rest = slice_from(buf_slice(b), from + (size_t)at + 16);

		end = slice_find_byte(rest, '\r');
		(void)!slice_to_u64(slice_sub(rest, 0, (size_t)end), UINT64_MAX, &length);
	}
	while (length-- > 0 && read_byte(fd, b))
		;
}

void door_talk(const struct door *door, const char *text, size_t step, struct buf *b)
{
	struct slice rest = slice_str(text);
	AUTO_CLOSE int fd = door_connect(door);

	while (rest.len > 0) {
		struct slice part = slice_sub(rest, 0, step == 0 ? rest.len : step);

		door_send_bytes(fd, part);
		rest = slice_from(rest, part.len);
	}
	door_read_all(fd, b);
}

size_t door_count(const struct buf *b, const char *word)
{
	struct slice rest = buf_slice(b);
	size_t count = 0;
	ptrdiff_t at;

	while ((at = slice_find(rest, slice_str(word))) >= 0) {
		count++;
		rest = slice_from(rest, (size_t)at + strlen(word));
	}
	return count;
}

int door_status(const struct buf *b)
{
	uint64_t status = 0;

	if (!slice_starts(buf_slice(b), SLICE("HTTP/1.1 ")) ||
	    slice_to_u64(slice_sub(buf_slice(b), 9, 3), 999, &status) < 0)
		return 0;
	return (int)status;
}
