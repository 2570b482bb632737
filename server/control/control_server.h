/*
 * server/control/control_server - the running server's end of the control socket.
 *
 * A thread accepts, a few workers run commands; whoever may write to the socket (its owner and root, by the modes of
 * socket and directory, checked again by SO_PEERCRED) may do everything.
 */
#ifndef SERVER_CONTROL_CONTROL_SERVER_H
#define SERVER_CONTROL_CONTROL_SERVER_H

struct app;
struct control_server;

#define CONTROL_WORKERS         4
#define CONTROL_QUEUE           64
#define CONTROL_TIMEOUT_SECONDS 30 /* for a client that stops reading or sending */

/*
 * Listens in DATA, replacing a socket that a dead server left: call only while holding the store. APP must outlive
 * the server. 0 or -errno.
 */
int control_server_new(const struct app *app, const char *data, struct control_server **server_r);
/* Ends what is under way, removes the socket. */
void control_server_free(struct control_server *server);

#endif
