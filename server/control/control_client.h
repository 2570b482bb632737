/*
 * server/control/control_client - the command line's end of the control socket.
 */
#ifndef SERVER_CONTROL_CONTROL_CLIENT_H
#define SERVER_CONTROL_CONTROL_CLIENT_H

#include "server/control/wire.h"

/* A connection to the server that runs on DATA; -ENOENT or -ECONNREFUSED when none does. The caller closes it. */
int control_connect(const char *data, int *fd_r);
/* Sends REQUEST, copies the answer to stdout and stderr; the command's status, or -errno. */
int control_ask(int fd, const struct control_request *request);

#endif
