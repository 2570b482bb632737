#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/log.h"
#include "server/base/system_zone.h"
#include "server/base/tzdata.h"

static char directory[] = "/tmp/slotkeeper-tzdata-XXXXXX";

static void in_directory(const char *name, char path_r[128])
{
	snprintf(path_r, 128, "%s/%s", directory, name);
}

static void copy_zone(const char *zone, const char *name)
{
	char from[128], to[128], bytes[8192];
	FILE *in, *out;
	size_t len;

	snprintf(from, sizeof(from), ZONEINFO_DIRECTORY "/%s", zone);
	in_directory(name, to);
	in = fopen(from, "rb");
	out = fopen(to, "wb");
	assert_true(in != NULL && out != NULL);
	len = fread(bytes, 1, sizeof(bytes), in);
	assert_int_equal(fwrite(bytes, 1, len, out), len);
	fclose(in);
	fclose(out);
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	in_directory(name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(directory) == NULL;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	return system(command);
}

static void test_the_machines_zones_are_there(void **state)
{
	static const char *const names[] = {"UTC", "Europe/Amsterdam", "America/Argentina/Buenos_Aires", "Etc/GMT+5",
	    "Asia/Kolkata"};
	static const char *const others[] = {"right", "posixrules", "Factory", "posix/UTC", "zone.tab", "Europe"};
	struct error err = ERROR_NONE;
	struct zone_set *set;

	(void)state;
	assert_int_equal(tzdata_load(NULL, &set, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct zone *zone = zone_set_find(set, slice_str(names[i]));

		if (zone == NULL || !slice_is(zone_name(zone), names[i]))
			fail_msg("%s", names[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (zone_set_find(set, slice_str(others[i])) != NULL)
			fail_msg("%s", others[i]);
	assert_int_equal(zone_offset_at(zone_set_find(set, SLICE("Europe/Amsterdam")), 1814400000), 7200); /* July 2027 */
	zone_set_free(set);
}

static int warnings;

static void count_warning(enum log_level level, const char *line, void *arg)
{
	(void)arg;
	assert_int_equal(level, LOG_WARN_LEVEL);
	assert_non_null(strstr(line, "Broken error="));
	warnings++;
}

static void test_what_is_no_zone_is_left_out(void **state)
{
	struct error err = ERROR_NONE;
	struct zone_set *set;
	char path[128];

	(void)state;
	assert_int_equal(tzdata_load(directory, &set, &err), -ENOENT);
	assert_non_null(strstr(err.detail, "is tzdata installed?"));
	copy_zone("Asia/Tokyo", "Tokyo");
	write_file("zone.tab", "# a table\n");
	write_file("Broken", "TZif and nothing behind");
	write_file("empty", "");
	in_directory("loop", path);
	assert_int_equal(symlink(".", path), 0);
	in_directory("nowhere", path);
	assert_int_equal(symlink("/nowhere", path), 0);
	in_directory("pipe", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	in_directory("right", path);
	assert_int_equal(mkdir(path, 0700), 0);
	copy_zone("Asia/Tokyo", "right/Tokyo");
	log_set_sink(count_warning, NULL, LOG_WARN_LEVEL);
	assert_int_equal(tzdata_load(directory, &set, &err), 0);
	log_set_sink(NULL, NULL, LOG_ERROR_LEVEL);
	assert_int_equal(warnings, 4); /* loop/Broken and so on, as deep as it goes */
	assert_int_equal(zone_offset_at(zone_set_find(set, SLICE("Tokyo")), 0), 9 * 3600);
	assert_null(zone_set_find(set, SLICE("right/Tokyo")));
	assert_null(zone_set_find(set, SLICE("Broken")));
	zone_set_free(set);
}

static void test_a_directory_that_is_not_there_is_an_error(void **state)
{
	struct error err = ERROR_NONE;
	struct zone_set *set;

	(void)state;
	assert_int_equal(tzdata_load("/nowhere/zoneinfo", &set, &err), -ENOENT);
	assert_string_equal(err.detail, "/nowhere/zoneinfo: holds no time zones; is tzdata installed?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_machines_zones_are_there),
	    cmocka_unit_test(test_what_is_no_zone_is_left_out),
	    cmocka_unit_test(test_a_directory_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
