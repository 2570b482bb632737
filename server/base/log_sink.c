#include <config.h>

#include "server/base/log_sink.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "protocol/base/instant.h"

#define LINE_SIZE (2 * LOG_LINE_MAX + 64)

static const char *const level_names[] = {
    [LOG_ERROR_LEVEL] = "error",
    [LOG_WARN_LEVEL] = "warn",
    [LOG_INFO_LEVEL] = "info",
    [LOG_DEBUG_LEVEL] = "debug",
};

/* A log that cannot be written has nobody to be told: the rest of the line is dropped. */
static void write_all(int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

static void write_line(enum log_level level, const char *line, void *arg)
{
	char text[LINE_SIZE];
	struct timespec now = {0};
	struct civil civil;
	int len;

	clock_gettime(CLOCK_REALTIME, &now);
	civil_from_utc(now.tv_sec, &civil);
	len = snprintf(text, sizeof(text), "%s %04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s\n", level_names[level], civil.year,
	    civil.month, civil.day, civil.hour, civil.minute, civil.second, (int)(now.tv_nsec / 1000000), line);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(text)) {
		len = (int)sizeof(text) - 1;
		text[len - 1] = '\n';
	}
	write_all((int)(intptr_t)arg, text, (size_t)len);
}

void log_sink_install(int fd, enum log_level max_level)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): a descriptor, never followed as a pointer */
	log_set_sink(write_line, (void *)(intptr_t)fd, max_level);
}
