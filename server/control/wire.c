#include <config.h>

#include "server/control/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int read_all(int fd, void *bytes, size_t len)
{
	char *at = bytes;

	while (len > 0) {
		ssize_t n = recv(fd, at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPROTO;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_u32(int fd, size_t value)
{
	unsigned char b[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16), (unsigned char)(value >> 8),
	    (unsigned char)value};

	return write_all(fd, b, sizeof(b));
}

static int read_u32(int fd, size_t max, size_t *value_r)
{
	unsigned char b[4];
	int ret = read_all(fd, b, sizeof(b));
	size_t value;

	if (ret < 0)
		return ret;
	value = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
	if (value > max)
		return -E2BIG;
	*value_r = value;
	return 0;
}

static int write_string(int fd, struct slice s)
{
	int ret = write_u32(fd, s.len);

	return ret < 0 ? ret : write_all(fd, s.at, s.len);
}

/* LEFT is what all strings of the message may still hold. */
static int read_string(int fd, struct arena *arena, size_t *left, struct slice *s_r)
{
	size_t len;
	char *at;
	int ret = read_u32(fd, *left, &len);

	if (ret < 0)
		return ret;
	at = arena_alloc(arena, len + 1);
	if (at == NULL)
		return -ENOMEM;
	ret = read_all(fd, at, len);
	if (ret < 0)
		return ret;
	at[len] = '\0';
	*left -= len;
	*s_r = slice_of(at, len);
	return 0;
}

int control_request_write(int fd, const struct control_request *request)
{
	int ret = write_all(fd, CONTROL_MAGIC, strlen(CONTROL_MAGIC));

	if (ret == 0)
		ret = write_u32(fd, request->word_count);
	for (size_t i = 0; ret == 0 && i < request->word_count; i++)
		ret = write_string(fd, slice_str(request->words[i]));
	if (ret == 0)
		ret = write_u32(fd, request->file_count);
	for (size_t i = 0; ret == 0 && i < request->file_count; i++) {
		ret = write_string(fd, slice_str(request->files[i].name));
		if (ret == 0)
			ret = write_string(fd, request->files[i].bytes);
	}
	return ret;
}

static int read_words(int fd, struct arena *arena, size_t *left, struct control_request *request)
{
	int ret = read_u32(fd, COMMAND_ARGUMENTS_MAX, &request->word_count);

	if (ret < 0)
		return ret;
	request->words = arena_array(arena, request->word_count + 1, sizeof(*request->words));
	if (request->words == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < request->word_count; i++) {
		struct slice word;

		ret = read_string(fd, arena, left, &word);
		if (ret < 0)
			return ret;
		request->words[i] = word.at;
	}
	return 0;
}

static int read_files(int fd, struct arena *arena, size_t *left, struct control_request *request)
{
	int ret = read_u32(fd, COMMAND_ARGUMENTS_MAX, &request->file_count);

	if (ret < 0)
		return ret;
	request->files = arena_array(arena, request->file_count + 1, sizeof(*request->files));
	if (request->files == NULL)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && i < request->file_count; i++) {
		struct slice name;

		ret = read_string(fd, arena, left, &name);
		if (ret == 0)
			ret = read_string(fd, arena, left, &request->files[i].bytes);
		if (ret == 0)
			request->files[i].name = name.at;
	}
	return ret;
}

int control_request_read(int fd, struct arena *arena, struct control_request *request_r)
{
	char magic[sizeof(CONTROL_MAGIC) - 1];
	struct control_request request = {0};
	size_t left = COMMAND_INPUT_MAX;
	int ret = read_all(fd, magic, sizeof(magic));

	if (ret < 0)
		return ret;
	if (memcmp(magic, CONTROL_MAGIC, sizeof(magic)) != 0)
		return -EPROTO;
	ret = read_words(fd, arena, &left, &request);
	if (ret == 0)
		ret = read_files(fd, arena, &left, &request);
	if (ret == 0)
		*request_r = request;
	return ret;
}

int control_frame_write(int fd, enum control_frame frame, struct slice bytes)
{
	char type = (char)frame;
	int ret = write_all(fd, &type, 1);

	return ret < 0 ? ret : write_string(fd, bytes);
}

int control_frame_read(int fd, struct buf *b, enum control_frame *frame_r, struct slice *bytes_r)
{
	char type;
	size_t len;
	char *at;
	int ret = read_all(fd, &type, 1);

	if (ret == 0)
		ret = read_u32(fd, COMMAND_OUTPUT_MAX, &len);
	if (ret < 0)
		return ret;
	if (type != CONTROL_OUT && type != CONTROL_ERR && type != CONTROL_EXIT)
		return -EPROTO;
	buf_reset(b);
	at = buf_reserve(b, len);
	if (at == NULL)
		return b->err;
	ret = read_all(fd, at, len);
	if (ret < 0)
		return ret;
	buf_reserved(b, len);
	*frame_r = (enum control_frame)type;
	*bytes_r = buf_slice(b);
	return 0;
}

int control_socket(const char *data, int *fd_r, int *directory_r, struct sockaddr_un *address_r)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int directory = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (directory < 0)
		return -errno;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		close(directory);
		return -EMFILE;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory, CONTROL_SOCKET_NAME);
	*fd_r = fd;
	*directory_r = directory;
	*address_r = address;
	return 0;
}
