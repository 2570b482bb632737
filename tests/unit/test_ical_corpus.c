/*
 * Every file of tests/data/corpus through split, parse and every getter. What is accepted and refused is compared with
 * expected.txt there, so that a change shows; `test_ical_corpus -w` prints the table anew, -v every refusal.
 */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "protocol/base/buf.h"
#include "protocol/base/cleanup.h"
#include "protocol/ical/calendar_object.h"
#include "protocol/ical/split.h"
#include "protocol/ical/zoned_time.h"
#include "tests/unit/ical_zones.h"

#define FILE_SECONDS_MAX 5.0 /* generous: sanitizers, a busy machine */

static struct zone_set *zones;
static bool verbose;

/* ---- every getter ---- */

static void visit_times(const struct component *c)
{
	static const char *const names[] = {"DTSTART", "DTEND", "DUE", "COMPLETED", "CREATED", "DTSTAMP"};
	const struct ical_period *rdates;
	const struct ical_time *exdates;
	struct ical_duration duration;
	struct ical_time time;
	bool future;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (component_time(c, names[i], &time))
			assert_true(ical_time_instant(&time, zone_utc()) >= INSTANT_MIN);
	if (component_recurrence_id(c, &time, &future))
		assert_true(civil_is_valid(&time.civil));
	component_duration(c, &duration);
	for (size_t i = component_rdates(c, &rdates); i-- > 0;)
		assert_true(civil_is_valid(&rdates[i].start.civil));
	for (size_t i = component_exdates(c, &exdates); i-- > 0;)
		assert_true(civil_is_valid(&exdates[i].civil));
}

static size_t visit(const struct component *c)
{
	const struct ical_attendee *attendees;
	struct ical_attendee organizer;
	size_t bytes = 0;

	visit_times(c);
	component_integer(c, "SEQUENCE", 0);
	for (size_t i = component_attendees(c, &attendees); i-- > 0;)
		bytes += attendees[i].address.len;
	if (component_organizer(c, &organizer))
		bytes += organizer.address.len;
	for (size_t i = 0; i < component_rrule_count(c); i++)
		bytes += component_rrule(c, i).len;
	for (size_t i = 0; i < component_property_count(c); i++) {
		const struct ical_property *p = component_property_at(c, i);
		struct slice value;

		assert_true(ical_property_name(p).len > 0);
		bytes += ical_property_value(p).len + component_text(c, "SUMMARY").len;
		if (ical_property_parameter(p, "TZID", &value))
			bytes += value.len;
	}
	for (size_t i = 0; i < component_child_count(c); i++)
		bytes += visit(component_child(c, i));
	return bytes;
}

/* ---- one file ---- */

struct outcome {
	const char *file;
	size_t accepted, refused;
	struct ical_join *join;
	struct arena *arena;
};

static int take_part(const struct ical_part *part, void *arg)
{
	struct outcome *outcome = arg;
	struct arena *arena = arena_new(64 << 20);
	struct calendar_object *object = NULL;
	struct error err = ERROR_NONE;
	int ret = calendar_object_parse(arena, zones, part->text, ICAL_OBJECT_MAX, &object, &err);

	assert_true(part->line > 0);
	if (ret == 0) {
		outcome->accepted++;
		assert_true(slice_equal(calendar_object_uid(object), part->uid));
		assert_true(visit(calendar_object_root(object)) > 0);
		assert_true(calendar_object_count(object) > 0);
		calendar_object_free(object);
	} else {
		outcome->refused++;
		assert_int_equal(ret, -EINVAL);
		assert_true(err.http_status == 403 && err.condition != CONDITION_NONE);
		if (strncmp(err.detail, "line ", 5) != 0)
			fail_msg("%s: a refusal that names no line: %s", outcome->file, err.detail);
		if (verbose)
			print_message("%s: object at line %zu: %s\n", outcome->file, part->line, err.detail);
	}
	assert_int_equal(ical_join_add(outcome->join, part->text), 0);
	arena_free(arena);
	return 0;
}

static int count_part(const struct ical_part *part, void *arg)
{
	(void)part;
	++*(size_t *)arg;
	return 0;
}

/* What was split and joined splits into as many objects again. */
static void check_join(struct outcome *outcome)
{
	struct buf joined = BUF_INIT(64 << 20);
	size_t parts = 0;

	assert_int_equal(ical_join_finish(outcome->join, &(struct ical_stream_head){.name = SLICE("Joined, again")}, &joined), 0);
	assert_int_equal(ical_split(outcome->arena, buf_slice(&joined), count_part, &parts, NULL), 0);
	if (parts != outcome->accepted + outcome->refused)
		fail_msg("%s: %zu objects after split and join, not %zu", outcome->file, parts,
		    outcome->accepted + outcome->refused);
	buf_free(&joined);
}

/* "accepted refused" or "not iCalendar". */
static void run_file(const char *dir, const char *file, char *result, size_t size)
{
	struct outcome outcome = {.file = file, .arena = arena_new(256 << 20)};
	char path[1024];
	struct error err = ERROR_NONE;
	struct slice bytes;
	struct timespec from, to;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	bytes = read_whole_file(path);
	assert_non_null(bytes.at);
	outcome.join = ical_join_new(outcome.arena, NULL);
	clock_gettime(CLOCK_MONOTONIC, &from);
	ret = ical_split(outcome.arena, bytes, take_part, &outcome, &err);
	clock_gettime(CLOCK_MONOTONIC, &to);
	if ((double)(to.tv_sec - from.tv_sec) > FILE_SECONDS_MAX)
		fail_msg("%s: took %ld s", file, (long)(to.tv_sec - from.tv_sec));
	if (ret == 0) {
		check_join(&outcome);
		snprintf(result, size, "%zu %zu", outcome.accepted, outcome.refused);
	} else {
		assert_int_equal(ret, -EINVAL);
		if (strncmp(err.detail, "line ", 5) != 0)
			fail_msg("%s: a refusal that names no line: %s", file, err.detail);
		if (verbose)
			print_message("%s: %s\n", file, err.detail);
		snprintf(result, size, "not iCalendar");
	}
	arena_free(outcome.arena);
	free((char *)bytes.at);
}

/* ---- the table ---- */

static const char *corpus_dir(char *path, size_t size)
{
	const char *top = getenv("abs_top_srcdir");

	snprintf(path, size, "%s/tests/data/corpus", top ? top : "..");
	return path;
}

static void test_corpus_is_read_as_expected(void **state)
{
	char dir[512], path[600], line[512], file[400], expected[64], result[64];
	size_t rows = 0, wrong = 0;
	FILE *table;

	(void)state;
	snprintf(path, sizeof(path), "%s/expected.txt", corpus_dir(dir, sizeof(dir)));
	table = fopen(path, "r");
	assert_non_null(table);
	while (fgets(line, sizeof(line), table) != NULL) {
		if (line[0] == '#' || sscanf(line, "%399s %63[^\n]", file, expected) != 2)
			continue;
		run_file(dir, file, result, sizeof(result));
		if (strcmp(result, expected) != 0) {
			print_error("%s: %s, expected %s\n", file, result, expected);
			wrong++;
		}
		rows++;
	}
	fclose(table);
	assert_int_equal(wrong, 0);
	assert_true(rows > 200);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int only_ics(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len > 4 && strcmp(d->d_name + len - 4, ".ics") == 0;
}

static void write_table(void)
{
	static const char *const folders[] = {"ical4j", "icalendar", "icaljs", "libical"};
	char dir[512], path[600], file[400], result[64];

	corpus_dir(dir, sizeof(dir));
	printf("# file, objects accepted, objects refused; made by test_ical_corpus -w\n");
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		struct dirent **entries;
		int count;

		snprintf(path, sizeof(path), "%s/%s", dir, folders[i]);
		count = scandir(path, &entries, only_ics, by_name);
		for (int j = 0; j < count; j++) {
			snprintf(file, sizeof(file), "%s/%s", folders[i], entries[j]->d_name);
			run_file(dir, file, result, sizeof(result));
			printf("%s %s\n", file, result);
			free(entries[j]);
		}
		if (count >= 0)
			free(entries);
	}
}

/* ---- */

static int setup(void **state)
{
	(void)state;
	calendar_object_init();
	zones = system_zones();
	return zones != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	zone_set_free(zones);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_corpus_is_read_as_expected)};

	if (argc > 1 && strcmp(argv[1], "-w") == 0) {
		setup(NULL);
		write_table();
		return teardown(NULL);
	}
	verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	return cmocka_run_group_tests(tests, setup, teardown);
}
