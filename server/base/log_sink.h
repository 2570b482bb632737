/*
 * server/base/log_sink - log lines to a file descriptor: `level time component request=... msg key=value`.
 *
 * The time is RFC 3339 in UTC with milliseconds. One event is one write, so that lines of several threads do not mix.
 */
#ifndef SERVER_BASE_LOG_SINK_H
#define SERVER_BASE_LOG_SINK_H

#include "protocol/base/log.h"

/* From now on events up to MAX_LEVEL go to FD, which stays the caller's. Before any thread starts. */
void log_sink_install(int fd, enum log_level max_level);

#endif
