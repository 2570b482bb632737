#include <config.h>

#include "protocol/itip/schedule_status.h"

#define CODE_LENGTH 3 /* "1.2" */

static const char *const texts[SCHEDULE_STATUS_COUNT] = {
    [SCHEDULE_PENDING] = "1.0;Pending",
    [SCHEDULE_SENT] = "1.1;Sent",
    [SCHEDULE_DELIVERED] = "1.2;Delivered",
    [SCHEDULE_SUCCESS] = "2.0;Success",
    [SCHEDULE_UNKNOWN_USER] = "3.7;Invalid Calendar User",
    [SCHEDULE_NO_AUTHORITY] = "3.8;No authority",
    [SCHEDULE_UNAVAILABLE] = "5.1;Service unavailable",
    [SCHEDULE_NO_ROUTE] = "5.2;Invalid calendar service",
    [SCHEDULE_REJECTED] = "5.3;No scheduling support for user",
};

struct slice schedule_status_text(enum schedule_status status)
{
	return slice_str(texts[status]);
}

struct slice schedule_status_code(enum schedule_status status)
{
	return slice_sub(slice_str(texts[status]), 0, CODE_LENGTH);
}

bool schedule_status_read(struct slice text, enum schedule_status *status_r)
{
	struct slice code;

	if (!slice_next(&text, ';', &code))
		return false;
	for (int i = 0; i < SCHEDULE_STATUS_COUNT; i++) {
		if (slice_equal(slice_trim(code), schedule_status_code((enum schedule_status)i))) {
			*status_r = (enum schedule_status)i;
			return true;
		}
	}
	return false;
}

bool schedule_status_is_delivered(struct slice text)
{
	enum schedule_status status;

	return schedule_status_read(text, &status) && (status == SCHEDULE_DELIVERED || status == SCHEDULE_SUCCESS);
}
