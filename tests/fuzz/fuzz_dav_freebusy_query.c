/* Any query is refused with a reason or is a window that is not empty and not too long. */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "protocol/dav/freebusy_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice query = slice_of((const char *)data, size);
	struct arena *arena = arena_new(1 << 20);
	struct interval window;
	struct error err = ERROR_NONE;
	int ret = freebusy_query_window(arena, query, zone_utc(), 1800000000, &window, &err);

	must(ret == 0 || (ret == -EINVAL && err.http_status == 400) || ret == -ENOMEM);
	must(ret < 0 || (window.start < window.end && window.end - window.start <= FREEBUSY_QUERY_DAYS_MAX * DAY_SECONDS));
	must(freebusy_query_token(arena, query).len <= FREEBUSY_QUERY_MAX);
	arena_free(arena);
	return 0;
}
