#include <config.h>

#include "server/control/control_client.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"

int control_connect(const char *data, int *fd_r)
{
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int directory = -1;
	struct sockaddr_un address;
	int ret = control_socket(data, &fd, &directory, &address);

	if (ret < 0)
		return ret;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*fd_r = fd;
	fd = -1;
	return 0;
}

int control_ask(int fd, const struct control_request *request)
{
	AUTO_BUF struct buf b = BUF_INIT(COMMAND_OUTPUT_MAX);
	int ret = control_request_write(fd, request);

	while (ret == 0) {
		enum control_frame frame;
		struct slice bytes;

		ret = control_frame_read(fd, &b, &frame, &bytes);
		if (ret < 0)
			return ret;
		if (frame == CONTROL_EXIT)
			return bytes.len == 1 ? (unsigned char)bytes.at[0] : -EPROTO;
		if (fwrite(bytes.at, 1, bytes.len, frame == CONTROL_OUT ? stdout : stderr) != bytes.len)
			return -EIO;
	}
	return ret;
}
