/* Any bytes edited: what was set is there once for each component, a second run changes nothing, no edit no change. */
#include <config.h>

#include <assert.h>
#include <errno.h>

#include "protocol/ical/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ical_edit edits[] = {
	    {ICAL_EDIT_SET, SLICE("STATUS"), SLICE_EMPTY, SLICE("CANCELLED")},
	    {ICAL_EDIT_REMOVE, SLICE("SUMMARY"), SLICE_EMPTY, SLICE_EMPTY},
	    {ICAL_EDIT_SET, SLICE("X-LONG"), SLICE(";X-P=\"a:b\""),
		SLICE("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890")},
	};
	struct slice text = slice_of((const char *)data, size);
	struct buf once = BUF_INIT(64 << 20), twice = BUF_INIT(64 << 20), same = BUF_INIT(64 << 20);
	int ret = ical_edit_apply(text, "VEVENT", edits, 3, &once);

	assert(ret == 0 || ret == -EINVAL || ret == -ENOMEM);
	if (ret == 0) {
		assert(ical_edit_apply(buf_slice(&once), "VEVENT", edits, 3, &twice) == 0);
		assert(slice_equal(buf_slice(&once), buf_slice(&twice)));
		assert(ical_edit_apply(text, "VEVENT", edits, 0, &same) == 0);
		assert(slice_equal(text, buf_slice(&same)));
	}
	buf_free(&once);
	buf_free(&twice);
	buf_free(&same);
	return 0;
}
