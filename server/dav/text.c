/* The text of calendar objects on its way to a client: time zones by reference (RFC 7809). */
#include <config.h>

#include <errno.h>

#include "protocol/ical/zone_reference.h"
#include "server/dav/dav_private.h"

#define SCRATCH_MAX (8u << 20) /* for one object's folded lines */

static enum zones_wanted wanted(const struct dav_request *d)
{
	return d->prefer.zones_by_reference ? ZONES_BY_REFERENCE : ZONES_DEFINED;
}

/* A report of many objects must not keep what each of them took. */
int dav_text_apply(struct dav_request *d, struct slice body, struct buf *out)
{
	struct arena *scratch;
	int ret;

	if (!ical_zones_may_change(body, wanted(d)))
		return 0;
	scratch = arena_new(SCRATCH_MAX + 4 * body.len);
	ret = scratch == NULL ? -ENOMEM : ical_zones_apply(scratch, d->app->zones, body, wanted(d), out);
	arena_free(scratch);
	return ret;
}

int dav_add_text(struct dav_request *d, struct slice body, struct buf *out)
{
	int ret = dav_text_apply(d, body, out);

	if (ret == 0)
		buf_add_slice(out, body);
	return ret < 0 ? ret : 0;
}
