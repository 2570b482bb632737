/*
 * base/log - one line an event: `level time component request=... msg key=value`.
 *
 * Libraries log through a sink that server/base/log_sink installs once, before any thread starts; without one
 * nothing is written. Values from outside are escaped here. Never tokens, passwords or bodies; e-mail
 * addresses at debug only.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "protocol/base/slice.h"

enum log_level {
	LOG_ERROR_LEVEL, /* a person should act */
	LOG_WARN_LEVEL,  /* odd, handled */
	LOG_INFO_LEVEL,  /* what an operator expects once */
	LOG_DEBUG_LEVEL, /* off by default */
};

/* LINE is complete but for level and time, without an end of line. Called from any thread. */
typedef void log_sink_fn(enum log_level level, const char *line, void *arg);

void log_set_sink(log_sink_fn *fn, void *arg, enum log_level max_level);
/* Any thread, at any time. */
void log_set_level(enum log_level max_level);
bool log_enabled(enum log_level level);

/*
 * log_event(LOG_INFO_LEVEL, "http", request_id, "answered", "status=%d path=%s", ...): REQUEST may be NULL, MSG is
 * words, the rest key=value pairs (FORMAT NULL: none). The formatted text is cut at LOG_LINE_MAX, control characters become \xHH.
 */
#define LOG_LINE_MAX 2000
void log_event(enum log_level level, const char *component, const char *request, const char *msg, const char *format,
    ...) __attribute__((format(printf, 5, 6)));

#endif
