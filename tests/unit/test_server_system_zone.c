#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "server/base/system_zone.h"

static char directory[] = "/tmp/slotkeeper-zone-XXXXXX";
static char timezone_file[64], localtime_link[64];

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(timezone_file, sizeof(timezone_file), "%s/timezone", directory);
	snprintf(localtime_link, sizeof(localtime_link), "%s/localtime", directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(timezone_file);
	unlink(localtime_link);
	return rmdir(directory);
}

static void test_zones_that_exist(void **state)
{
	static const struct {
		const char *name;
		bool exists;
	} rows[] = {
	    {"UTC", true},
	    {"Europe/Amsterdam", true},
	    {"America/Argentina/Buenos_Aires", true},
	    {"Etc/GMT+5", true},
	    {"", false},
	    {"Europe", false},
	    {"Europe/", false},
	    {"Europe//Amsterdam", false},
	    {"/usr/share/zoneinfo/UTC", false},
	    {"../zoneinfo/UTC", false},
	    {"Europe/../UTC", false},
	    {"right/UTC", false},
	    {"zone.tab", false},
	    {"tzdata.zi", false},
	    {"Mars/Olympus", false},
	    {"Europe/Amsterdam\n", false},
	    {"a-name-that-is-much-longer-than-any-zone-of-the-world-has-ever-had-so-far", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (system_zone_exists(rows[i].name) != rows[i].exists)
			fail_msg("\"%s\"", rows[i].name);
}

static void write_timezone(const char *text)
{
	FILE *file = fopen(timezone_file, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_the_first_source_that_names_a_zone_counts(void **state)
{
	static const struct {
		const char *tz, *timezone, *localtime, *name;
	} rows[] = {
	    {"Asia/Tokyo", "Europe/Paris\n", "/usr/share/zoneinfo/America/Lima", "Asia/Tokyo"},
	    {":Asia/Tokyo", NULL, NULL, "Asia/Tokyo"},
	    {":/usr/share/zoneinfo/Asia/Tokyo", NULL, NULL, "Asia/Tokyo"},
	    {"CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Paris\n", NULL, "Europe/Paris"},
	    {"", "Europe/Paris", NULL, "Europe/Paris"},
	    {NULL, "Europe/Paris\n", "/usr/share/zoneinfo/America/Lima", "Europe/Paris"},
	    {NULL, "nonsense\n", "/usr/share/zoneinfo/America/Lima", "America/Lima"},
	    {NULL, "", "../usr/share/zoneinfo/America/Lima", "America/Lima"},
	    {NULL, NULL, "/etc/elsewhere", "UTC"},
	    {NULL, NULL, NULL, "UTC"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[SYSTEM_ZONE_SIZE];

		unlink(timezone_file);
		unlink(localtime_link);
		if (rows[i].timezone != NULL)
			write_timezone(rows[i].timezone);
		if (rows[i].localtime != NULL)
			assert_int_equal(symlink(rows[i].localtime, localtime_link), 0);
		system_zone_choose(rows[i].tz, timezone_file, localtime_link, name);
		if (strcmp(name, rows[i].name) != 0)
			fail_msg("row %zu: %s, not %s", i, name, rows[i].name);
	}
}

static void test_this_machine_has_a_zone(void **state)
{
	char name[SYSTEM_ZONE_SIZE];

	(void)state;
	system_zone_name(name);
	assert_true(system_zone_exists(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_zones_that_exist),
	    cmocka_unit_test(test_the_first_source_that_names_a_zone_counts),
	    cmocka_unit_test(test_this_machine_has_a_zone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
