#include <config.h>

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "protocol/base/log.h"
#include "server/base/loop.h"
#include "server/base/pool.h"
#include "server/http/http_private.h"

#define LISTEN_BACKLOG  1024
#define SIGN_INS_QUEUED 1024 /* for each thread that hashes, a quarter from one address; more are answered 503 */

static const struct http_deadlines usual_deadlines = {
    .tls_ms = 10000,
    .head_ms = 15000,
    .body_ms = 20000,
    .idle_ms = 75000,
    .write_ms = 30000,
    .linger_ms = 2000,
    .stop_ms = 8000,
    .tick_ms = 1000,
};

struct http_listeners {
	size_t count, loops;  /* addresses; sockets of each */
	int *fds;             /* count * loops */
	struct address first; /* as it was bound */
};

int64_t http_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- listening ---- */

static int open_one(const struct address *address, int *fd_r)
{
	int one = 1, fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0 ||
	    bind(fd, (const struct sockaddr *)&address->socket, address->len) < 0 || listen(fd, LISTEN_BACKLOG) < 0) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	*fd_r = fd;
	return 0;
}

/*
 * With SO_REUSEPORT another process of ours could share the port unseen: a socket without it finds out first.
 */
static int probe(const struct address *address)
{
	int one = 1, ret = 0, fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&address->socket, address->len) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int open_address(struct http_listeners *listeners, const struct address *wanted, int *fds)
{
	struct address address = *wanted;
	int ret = probe(&address);

	for (size_t i = 0; ret == 0 && i < listeners->loops; i++) {
		ret = open_one(&address, &fds[i]);
		if (ret == 0 && i == 0 && getsockname(fds[0], (struct sockaddr *)&address.socket, &address.len) < 0)
			ret = -errno; /* for port 0: the others bind the one that was found */
	}
	if (ret == 0 && fds == listeners->fds)
		listeners->first = address;
	return ret;
}

int http_listeners_open(const struct address *addresses, size_t count, size_t loops,
    struct http_listeners **listeners_r, struct error *err)
{
	struct http_listeners *listeners = calloc(1, sizeof(*listeners));
	int ret = 0;

	if (listeners != NULL)
		listeners->fds = malloc(count * loops * sizeof(int));
	if (listeners == NULL || listeners->fds == NULL) {
		free(listeners);
		return -ENOMEM;
	}
	listeners->count = count;
	listeners->loops = loops;
	for (size_t i = 0; i < count * loops; i++)
		listeners->fds[i] = -1;
	for (size_t i = 0; ret == 0 && i < count; i++) {
		char text[ADDRESS_TEXT_SIZE];

		ret = open_address(listeners, &addresses[i], listeners->fds + i * loops);
		if (ret == 0)
			continue;
		address_format((const struct sockaddr *)&addresses[i].socket, text);
		error_set(err, 0, CONDITION_NONE, "cannot listen on %s: %s", text, strerror(-ret));
		http_listeners_free(listeners);
		return ret;
	}
	*listeners_r = listeners;
	return 0;
}

void http_listeners_free(struct http_listeners *listeners)
{
	if (listeners == NULL)
		return;
	for (size_t i = 0; i < listeners->count * listeners->loops; i++)
		if (listeners->fds[i] >= 0)
			close(listeners->fds[i]);
	free(listeners->fds);
	free(listeners);
}

void http_listeners_first(const struct http_listeners *listeners, char text_r[ADDRESS_TEXT_SIZE])
{
	address_format((const struct sockaddr *)&listeners->first.socket, text_r);
}

/* ---- loops ---- */

static void accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *arg)
{
	(void)listener;
	http_peer_new(arg, fd, address, (socklen_t)len);
}

/* Descriptors or memory are short: a listener that stays readable would spin; the next tick tries again. */
static void accept_failed(struct evconnlistener *listener, void *arg)
{
	struct http_shard *shard = arg;

	evconnlistener_disable(listener);
	if (!shard->deaf)
		log_event(LOG_ERROR_LEVEL, "http", NULL, "cannot accept a connection", "why=\"%s\"",
		    evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	shard->deaf = true;
}

static void tick(evutil_socket_t fd, short what, void *arg)
{
	struct http_shard *shard = arg;

	(void)fd;
	(void)what;
	http_peers_tick(shard);
	if (!shard->deaf)
		return;
	shard->deaf = false;
	for (size_t i = 0; i < shard->listener_count; i++)
		evconnlistener_enable(shard->listeners[i]);
}

static int shard_listen(struct http_shard *shard, struct http_listeners *listeners, size_t index)
{
	shard->listeners = calloc(listeners->count, sizeof(*shard->listeners));
	if (shard->listeners == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < listeners->count; i++) {
		int *fd = &listeners->fds[i * listeners->loops + index];

		shard->listeners[i] = evconnlistener_new(loop_base(shard->loop), accepted, shard,
		    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, *fd);
		if (shard->listeners[i] == NULL)
			return -ENOMEM;
		evconnlistener_set_error_cb(shard->listeners[i], accept_failed);
		*fd = -1; /* the listener's now */
		shard->listener_count++;
	}
	return 0;
}

static int shard_start(struct http_server *server, struct http_shard *shard, struct http_listeners *listeners,
    size_t index)
{
	long ms = server->options.deadlines->tick_ms;
	struct timeval period = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	int ret;

	shard->server = server;
	TAILQ_INIT(&shard->peers);
	shard->loop = loop_new();
	if (shard->loop == NULL)
		return -ENOMEM;
	shard->tick = event_new(loop_base(shard->loop), -1, EV_PERSIST, tick, shard);
	if (shard->tick == NULL || event_add(shard->tick, &period) < 0)
		return -ENOMEM;
	ret = shard_listen(shard, listeners, index);
	return ret < 0 ? ret : loop_start(shard->loop);
}

/* Half of what the workers are: the others are for those who have signed in. */
static struct pool *make_sign_in(const struct config *config)
{
	size_t threads = ((size_t)config_get(config)->workers + 1) / 2;

	return pool_new("sign-in", threads, threads * SIGN_INS_QUEUED);
}

int http_server_new(const struct http_server_options *options, struct http_listeners *listeners,
    struct http_server **server_r)
{
	struct http_server *server = calloc(1, sizeof(*server));
	int ret = server == NULL ? -ENOMEM : 0;

	if (ret == 0) {
		server->options = *options;
		if (server->options.deadlines == NULL)
			server->options.deadlines = &usual_deadlines;
		server->addresses = http_addresses_new();
		server->sign_in = make_sign_in(options->config);
		server->shards = calloc(options->loops, sizeof(*server->shards));
		if (server->shards == NULL || server->addresses == NULL || server->sign_in == NULL ||
		    getrandom(&server->request_prefix, sizeof(server->request_prefix), 0) < 0)
			ret = -ENOMEM;
	}
	for (size_t i = 0; ret == 0 && i < options->loops; i++) {
		ret = shard_start(server, &server->shards[i], listeners, i);
		server->shard_count++;
	}
	http_listeners_free(listeners);
	if (ret < 0) {
		http_server_free(server);
		return ret;
	}
	*server_r = server;
	return 0;
}

static void stop_on_loop(void *arg)
{
	struct http_shard *shard = arg;

	for (size_t i = 0; i < shard->listener_count; i++)
		evconnlistener_free(shard->listeners[i]);
	shard->listener_count = 0;
	http_peers_stop(shard);
}

static void close_on_loop(void *arg)
{
	http_peers_close(arg);
}

void http_server_stop(struct http_server *server)
{
	struct timespec pause = {.tv_nsec = 10000000};
	int64_t end = http_now_ms() + server->options.deadlines->stop_ms;

	for (size_t i = 0; i < server->shard_count; i++)
		loop_post(server->shards[i].loop, stop_on_loop, &server->shards[i]);
	while (atomic_load(&server->open) > 0 && http_now_ms() < end)
		nanosleep(&pause, NULL);
}

/* Requests that still run on a worker are waited for by their owner, the pool, which is freed before this. */
void http_server_free(struct http_server *server)
{
	if (server == NULL)
		return;
	pool_free(server->sign_in);
	for (size_t i = 0; i < server->shard_count; i++) {
		struct http_shard *shard = &server->shards[i];

		if (shard->loop != NULL) {
			loop_post(shard->loop, stop_on_loop, shard);
			loop_post(shard->loop, close_on_loop, shard);
			loop_stop(shard->loop);
		}
		for (size_t k = 0; k < shard->listener_count; k++)
			evconnlistener_free(shard->listeners[k]);
		free(shard->listeners);
		if (shard->tick != NULL)
			event_free(shard->tick);
		loop_free(shard->loop);
	}
	free(server->shards);
	http_addresses_free(server->addresses);
	free(server);
}
