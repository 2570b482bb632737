/*
 * Any text put into the calendar of a person who is never free: whatever blocks is refused, leniently stored as a copy
 * that blocks nothing, and the store stays sound.
 */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "tests/unit/booking_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct shop *world_once(void)
{
	static struct shop *world;

	if (world == NULL) {
		world = world_new("memory:", NULL);
		world_put(world, "alice/work/always.ics",
		    SLICE("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:always\r\nDTSTAMP:20270101T000000Z\r\n"
			  "DTSTART:00010103T000000Z\r\nDTEND:99991230T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
		    HANDLING_STRICT, NULL);
		assert(world_busy(world, "alice", "20270301T000000Z", "20270302T000000Z") == 1);
	}
	return world;
}

/* At most the one that was always there. */
static void check(struct shop *world)
{
	assert(world_busy(world, "alice", "00010104T000000Z", "99991229T000000Z") == 1);
	assert(world_verify(world, true) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shop *world = world_once();
	struct arena *arena = world->arena;
	struct slice text = slice_of((const char *)data, size), copy;
	struct change_result result;

	world->arena = arena_new(256u << 20);
	assert(world->arena != NULL);
	result = world_put(world, "alice/bookings/x.ics", text, HANDLING_LENIENT, NULL);
	assert(result.outcome != CHANGE_FAILED);
	check(world);
	if (world_get(world, "alice/bookings/x.ics", NULL, &copy) == 0) {
		result = world_put(world, "alice/bookings/x.ics", text, HANDLING_STRICT, NULL);
		assert(result.outcome != CHANGE_FAILED);
		assert(world_get(world, "alice/bookings/x.ics", NULL, &copy) == 0);
		result = world_put(world, "alice/bookings/x.ics", copy, HANDLING_LENIENT, NULL);
		assert(result.outcome == CHANGE_UNCHANGED);
		check(world);
		result = world_delete(world, "alice/bookings/x.ics", NULL);
		assert(result.outcome == CHANGE_DELETED);
	}
	/* in a private calendar it may block */
	result = world_put(world, "bob/work/x.ics", text, HANDLING_STRICT, NULL);
	assert(result.outcome != CHANGE_FAILED);
	assert(world_verify(world, true) == 0);
	if (result.outcome == CHANGE_CREATED)
		assert(world_delete(world, "bob/work/x.ics", NULL).outcome == CHANGE_DELETED);
	arena_free(world->arena);
	world->arena = arena;
	return 0;
}
