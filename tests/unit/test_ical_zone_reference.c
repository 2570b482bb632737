#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/zone_reference.h"
#include "tests/support/zones.h"

static const char *const zone_names[] = {"Europe/Amsterdam", "Etc/UTC", "Asia/Kathmandu", NULL};
static struct zone_set *zones;

static int setup(void **state)
{
	(void)state;
	zones = support_zones(zone_names);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zone_set_free(zones);
	return 0;
}

#define HEAD "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-A;TZID=Nowhere:b\r\n"
#define OWN(id)                                                                                                    \
	"BEGIN:VTIMEZONE\r\nTZID:" id "\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\n"       \
	"TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
#define KATHMANDU(id)                                                                                              \
	"BEGIN:VTIMEZONE\r\nTZID:" id "\r\nBEGIN:STANDARD\r\nDTSTART:19700101T053000\r\nTZOFFSETFROM:+0530\r\n"       \
	"TZOFFSETTO:+0530\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:19860101T000000\r\nTZOFFSETFROM:+0530\r\n"      \
	"TZOFFSETTO:+0545\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
#define AT(id) "BEGIN:VEVENT\r\nDTSTART;TZID=" id ":20270101T000000\r\nSUMMARY:fold\r\n ed\r\nEND:VEVENT\r\n"
#define TAIL "END:VCALENDAR\r\n"

static const struct {
	const char *what, *text;
	enum zones_wanted wanted;
	const char *want; /* NULL: as it stands */
} rows[] = {
	{"a standard one goes", HEAD OWN("Europe/Amsterdam") AT("Europe/Amsterdam") TAIL, ZONES_BY_REFERENCE,
	    HEAD AT("Europe/Amsterdam") TAIL},
	{"one of somebody's own stays", HEAD OWN("Mine") AT("Mine") TAIL, ZONES_BY_REFERENCE, NULL},
	{"of several the standard ones", HEAD OWN("Mine") OWN("Asia/Kathmandu") AT("Mine") AT("Asia/Kathmandu") OWN("UTC") TAIL,
	    ZONES_BY_REFERENCE, HEAD OWN("Mine") AT("Mine") AT("Asia/Kathmandu") TAIL},
	{"UTC by its other name", HEAD OWN("Etc/UTC") AT("Etc/UTC") TAIL, ZONES_BY_REFERENCE, HEAD AT("Etc/UTC") TAIL},
	{"another spelling is another name", HEAD OWN("europe/amsterdam") AT("europe/amsterdam") TAIL, ZONES_BY_REFERENCE, NULL},
	{"a Windows name is not standard", HEAD OWN("W. Europe Standard Time") TAIL, ZONES_BY_REFERENCE, NULL},
	{"nothing to leave out", HEAD AT("Europe/Amsterdam") TAIL, ZONES_BY_REFERENCE, NULL},
	{"what is defined stays so", HEAD OWN("Europe/Amsterdam") AT("Europe/Amsterdam") TAIL, ZONES_DEFINED, NULL},
	{"what is not is put in, once", HEAD AT("Asia/Kathmandu") AT("Asia/Kathmandu") TAIL, ZONES_DEFINED,
	    HEAD KATHMANDU("Asia/Kathmandu") AT("Asia/Kathmandu") AT("Asia/Kathmandu") TAIL},
	{"under the name it is used by", HEAD AT("/example.org/Asia/Kathmandu") TAIL, ZONES_DEFINED,
	    HEAD KATHMANDU("/example.org/Asia/Kathmandu") AT("/example.org/Asia/Kathmandu") TAIL},
	{"what nobody knows cannot be", HEAD AT("Nowhere") TAIL, ZONES_DEFINED, NULL},
	{"no zone at all", HEAD "BEGIN:VEVENT\r\nDTSTART:20270101T000000Z\r\nEND:VEVENT\r\n" TAIL, ZONES_DEFINED, NULL},
	{"nothing", "", ZONES_DEFINED, NULL},
};

static void test_definitions_come_and_go(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *arena = arena_new(1 << 20);
		AUTO_BUF struct buf out = BUF_INIT(1 << 20);
		int ret;

		buf_add_str(&out, "before:");
		ret = ical_zones_apply(arena, zones, slice_str(rows[i].text), rows[i].wanted, &out);
		if (ret != (rows[i].want != NULL))
			fail_msg("%s: %d", rows[i].what, ret);
		if (!slice_equal(slice_from(buf_slice(&out), 7), slice_str(rows[i].want != NULL ? rows[i].want : "")))
			fail_msg("%s:\n%s", rows[i].what, buf_cstr(&out));
		arena_free(arena);
	}
}

static void test_a_full_reply_is_an_error(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	AUTO_BUF struct buf out = BUF_INIT(100);

	(void)state;
	assert_true(ical_zones_apply(arena, zones, slice_str(rows[0].text), ZONES_BY_REFERENCE, &out) < 0);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_definitions_come_and_go),
	    cmocka_unit_test(test_a_full_reply_is_an_error),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
