/*
 * server/control/wire - what goes over the control socket, a Unix stream socket in the data directory.
 *
 * A request is the magic, the words, then the files; the answer is frames of standard output and standard error and
 * one with the exit status. Integers are 32-bit big-endian, strings a length and bytes. Both ends are this program in
 * one version: another magic is refused.
 */
#ifndef SERVER_CONTROL_WIRE_H
#define SERVER_CONTROL_WIRE_H

#include "server/control/command.h"

#define CONTROL_SOCKET_NAME "control.sock"
#define CONTROL_MAGIC       "SLOTKEEPER-CONTROL-1\n"

enum control_frame {
	CONTROL_OUT = 'o',
	CONTROL_ERR = 'e',
	CONTROL_EXIT = 'x', /* one byte: the status; the last frame */
};

struct control_request {
	const char **words;
	size_t word_count;
	struct command_file *files;
	size_t file_count;
};

/* Blocking reads and writes of a whole message on FD. 0, or -EPROTO, -E2BIG, -ENOMEM, -errno of the socket. */
int control_request_write(int fd, const struct control_request *request);
int control_request_read(int fd, struct arena *arena, struct control_request *request_r);
int control_frame_write(int fd, enum control_frame frame, struct slice bytes);
/* BYTES_R lives in B, which is reset first. */
int control_frame_read(int fd, struct buf *b, enum control_frame *frame_r, struct slice *bytes_r);

/*
 * A stream socket and the address of the control socket in DATA, by way of an open directory, so that no path is too
 * long for it. The caller closes *FD_R and *DIRECTORY_R. 0 or -errno.
 */
struct sockaddr_un;
int control_socket(const char *data, int *fd_r, int *directory_r, struct sockaddr_un *address_r);

#endif
