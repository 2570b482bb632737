/* Any bytes as a file: its parts, joined and split again, are as many. */
#include <config.h>

#include <assert.h>
#include <errno.h>

#include "protocol/ical/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct ical_join *join;
	size_t parts;
};

static int take(const struct ical_part *part, void *arg)
{
	struct run *run = arg;

	assert(part->uid.len > 0 && part->line > 0);
	run->parts++;
	return run->join != NULL ? ical_join_add(run->join, part->text) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(64 << 20);
	struct buf joined = BUF_INIT(64 << 20);
	struct error err = ERROR_NONE;
	struct zone_set *none = zone_set_new(); /* every name is somebody's own */
	struct run first = {ical_join_new(arena, none), 0}, second = {NULL, 0};
	int ret = ical_split(arena, slice_of((const char *)data, size), take, &first, &err);

	assert(ret == 0 || ret == -ENOMEM || (ret == -EINVAL && err.detail[0] != '\0'));
	if (ret == 0 && ical_join_finish(first.join, &(struct ical_stream_head){.name = SLICE("x")}, &joined) == 0) {
		ret = ical_split(arena, buf_slice(&joined), take, &second, NULL);
		assert(ret == -ENOMEM || (ret == 0 && second.parts == first.parts));
	}
	buf_free(&joined);
	arena_free(arena);
	zone_set_free(none);
	return 0;
}
