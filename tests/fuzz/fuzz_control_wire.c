/*
 * What comes over the control socket: the first byte chooses a request or the frames of an answer, the rest is what the other
 * end sent before it closed. A request that is read is written and read again as the same.
 */
#include <config.h>

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "server/control/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SENT_MAX    32768 /* fits the socket's buffer, so that nobody waits */
#define ARENA_BYTES (64u << 20)

/* A socket on which BYTES came and no more will; -1 when there is none. */
static int socket_with(struct slice bytes)
{
	int ends[2];
	ssize_t sent;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	sent = send(ends[1], bytes.at, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(ends[1]);
	if (sent == (ssize_t)bytes.len)
		return ends[0];
	close(ends[0]);
	return -1;
}

static void check_same(const struct control_request *a, const struct control_request *b)
{
	assert(a->word_count == b->word_count && a->file_count == b->file_count);
	for (size_t i = 0; i < a->word_count; i++)
		assert(strcmp(a->words[i], b->words[i]) == 0);
	for (size_t i = 0; i < a->file_count; i++)
		assert(strcmp(a->files[i].name, b->files[i].name) == 0 && slice_equal(a->files[i].bytes, b->files[i].bytes));
}

static void try_request(struct slice bytes)
{
	AUTO_CLOSE int fd = socket_with(bytes);
	struct arena *arena = arena_new(ARENA_BYTES);
	struct control_request request, again;
	int ends[2];

	if (fd >= 0 && arena != NULL && control_request_read(fd, arena, &request) == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
		assert(control_request_write(ends[1], &request) == 0);
		assert(control_request_read(ends[0], arena, &again) == 0);
		check_same(&request, &again);
		close(ends[0]);
		close(ends[1]);
	}
	arena_free(arena);
}

static void try_frames(struct slice bytes)
{
	AUTO_CLOSE int fd = socket_with(bytes);
	AUTO_BUF struct buf b = BUF_INIT(ARENA_BYTES);
	enum control_frame frame;
	struct slice text;
	size_t seen = 0;

	while (fd >= 0 && control_frame_read(fd, &b, &frame, &text) == 0)
		seen += 5 + text.len;
	assert(seen <= bytes.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of((const char *)data + 1, size > 0 ? size - 1 : 0);

	if (size == 0 || size > SENT_MAX)
		return 0;
	if (data[0] % 2 == 0)
		try_request(bytes);
	else
		try_frames(bytes);
	return 0;
}
