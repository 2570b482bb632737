#include <config.h>

#include "protocol/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "protocol/base/ascii.h"

/* Set once before any thread starts, but for the level, and read by all. */
static struct {
	log_sink_fn *sink;
	void *arg;
	atomic_int max_level;
} sink;

void log_set_sink(log_sink_fn *fn, void *arg, enum log_level max_level)
{
	sink.sink = fn;
	sink.arg = arg;
	log_set_level(max_level);
}

void log_set_level(enum log_level max_level)
{
	atomic_store_explicit(&sink.max_level, (int)max_level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
	return sink.sink != NULL && (int)level <= atomic_load_explicit(&sink.max_level, memory_order_relaxed);
}

/* Copies TEXT with control characters made visible; what does not fit is cut. */
static void escape(const char *text, char *out, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t used = 0;

	for (; *text != '\0' && used + 5 < size; text++) {
		if (!ascii_is_control(*text)) {
			out[used++] = *text;
			continue;
		}
		out[used++] = '\\';
		out[used++] = 'x';
		out[used++] = hex[(unsigned char)*text >> 4];
		out[used++] = hex[*text & 15];
	}
	out[used] = '\0';
}

void log_event(enum log_level level, const char *component, const char *request, const char *msg, const char *format,
    ...)
{
	char values[LOG_LINE_MAX], line[LOG_LINE_MAX + 512], safe[2 * LOG_LINE_MAX];
	va_list args;

	if (!log_enabled(level))
		return;
	values[0] = '\0';
	va_start(args, format);
	if (format != NULL)
		vsnprintf(values, sizeof(values), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "%s %s%s%s%s%s%s", component, request != NULL ? "request=" : "",
	    request != NULL ? request : "", request != NULL ? " " : "", msg, values[0] ? " " : "", values);
	escape(line, safe, sizeof(safe));
	sink.sink(level, safe, sink.arg);
}
