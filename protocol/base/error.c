#include <config.h>

#include "protocol/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

int error_set(struct error *err, int http_status, enum dav_condition condition, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return -EINVAL;
	err->http_status = http_status;
	err->condition = condition;
	va_start(args, format);
	vsnprintf(err->detail, sizeof(err->detail), format, args);
	va_end(args);
	return -EINVAL;
}
