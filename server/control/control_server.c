#include <config.h>

#include "server/control/control_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/log.h"
#include "server/base/pool.h"
#include "server/control/wire.h"

#define CONTROL_BACKLOG   16
#define CONTROL_ARENA_MAX (2 * (size_t)COMMAND_INPUT_MAX)

struct control_server {
	const struct app *app;
	struct pool *pool;
	pthread_t thread;
	int listener, directory, stop; /* stop: an eventfd */
};

struct control_peer {
	struct control_server *server;
	int fd;
};

static bool peer_is_allowed(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && (who.uid == 0 || who.uid == geteuid());
}

static int run(struct command_call *call, const struct control_request *request)
{
	int status = command_parse(call, request->words, request->word_count);

	if (status == COMMAND_OK)
		status = call->command->run(call);
	if (call->out.err < 0)
		status = command_fail(call, COMMAND_FAILED, "the answer is too long");
	return status;
}

static void answer(int fd, struct command_call *call, int status)
{
	char code = (char)status;
	int ret = 0;

	if (call->out.err == 0 && call->out.len > 0)
		ret = control_frame_write(fd, CONTROL_OUT, buf_slice(&call->out));
	if (ret == 0 && call->err.len > 0)
		ret = control_frame_write(fd, CONTROL_ERR, buf_slice(&call->err));
	if (ret == 0)
		ret = control_frame_write(fd, CONTROL_EXIT, slice_of(&code, 1));
	if (ret < 0)
		log_event(LOG_WARN_LEVEL, "control", NULL, "answer not sent", "error=%s", strerror(-ret));
}

static void serve(struct control_peer *peer, struct arena *arena)
{
	struct command_call call = {.app = peer->server->app,
	    .arena = arena,
	    .live = true,
	    .out = BUF_INIT(COMMAND_OUTPUT_MAX),
	    .err = BUF_INIT(COMMAND_OUTPUT_MAX)};
	struct control_request request;
	int status, ret = control_request_read(peer->fd, arena, &request);

	if (ret < 0) {
		log_event(LOG_WARN_LEVEL, "control", NULL, "request not understood", "error=%s", strerror(-ret));
		return;
	}
	call.files = request.files;
	call.file_count = request.file_count;
	status = run(&call, &request);
	log_event(LOG_INFO_LEVEL, "control", NULL, "command", "name=\"%s\" status=%d",
	    call.command ? call.command->name : "?", status);
	answer(peer->fd, &call, status);
	buf_free(&call.out);
	buf_free(&call.err);
}

static void serve_peer(void *arg)
{
	struct control_peer *peer = arg;
	struct arena *arena = arena_new(CONTROL_ARENA_MAX);

	if (arena != NULL)
		serve(peer, arena);
	arena_free(arena);
	close(peer->fd);
	free(peer);
}

static void accept_peer(struct control_server *server)
{
	struct timeval timeout = {.tv_sec = CONTROL_TIMEOUT_SECONDS};
	struct control_peer *peer = malloc(sizeof(*peer));
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		(void)!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (fd >= 0)
		(void)!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (fd < 0 || peer == NULL || !peer_is_allowed(fd)) {
		if (fd >= 0)
			close(fd);
		free(peer);
		return;
	}
	*peer = (struct control_peer){server, fd};
	if (pool_run(server->pool, serve_peer, peer) < 0) {
		log_event(LOG_WARN_LEVEL, "control", NULL, "too many commands at once", "%s", "");
		close(fd);
		free(peer);
	}
}

static void *accept_loop(void *arg)
{
	struct control_server *server = arg;

	for (;;) {
		struct pollfd fds[] = {{server->listener, POLLIN, 0}, {server->stop, POLLIN, 0}};

		if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[1].revents)
			return NULL;
		if (fds[0].revents)
			accept_peer(server);
	}
}

static int listen_in(struct control_server *server, const char *data)
{
	struct sockaddr_un address;
	int ret = control_socket(data, &server->listener, &server->directory, &address);

	if (ret < 0)
		return ret;
	if (unlinkat(server->directory, CONTROL_SOCKET_NAME, 0) < 0 && errno != ENOENT)
		return -errno;
	if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (chmod(address.sun_path, 0600) < 0 || listen(server->listener, CONTROL_BACKLOG) < 0)
		return -errno;
	return 0;
}

int control_server_new(const struct app *app, const char *data, struct control_server **server_r)
{
	struct control_server *server = calloc(1, sizeof(*server));
	int ret;

	if (server == NULL)
		return -ENOMEM;
	server->app = app;
	server->listener = server->directory = -1;
	server->stop = eventfd(0, EFD_CLOEXEC);
	server->pool = pool_new("control", CONTROL_WORKERS, CONTROL_QUEUE);
	ret = server->stop < 0 || server->pool == NULL ? -ENOMEM : listen_in(server, data);
	if (ret == 0)
		ret = -pthread_create(&server->thread, NULL, accept_loop, server);
	if (ret < 0) {
		server->thread = 0;
		control_server_free(server);
		return ret;
	}
	*server_r = server;
	return 0;
}

void control_server_free(struct control_server *server)
{
	if (server == NULL)
		return;
	if (server->thread) {
		uint64_t one = 1;

		(void)!write(server->stop, &one, sizeof(one));
		pthread_join(server->thread, NULL);
		unlinkat(server->directory, CONTROL_SOCKET_NAME, 0);
	}
	if (server->pool != NULL)
		pool_free(server->pool);
	if (server->listener >= 0)
		close(server->listener);
	if (server->directory >= 0)
		close(server->directory);
	if (server->stop >= 0)
		close(server->stop);
	free(server);
}
