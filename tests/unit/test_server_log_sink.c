#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <string.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "server/base/log_sink.h"

#define STAMP "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"

static int pipe_fds[2];

static int setup(void **state)
{
	(void)state;
	if (pipe(pipe_fds) < 0)
		return -1;
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	log_sink_install(pipe_fds[1], LOG_INFO_LEVEL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_set_sink(NULL, NULL, LOG_ERROR_LEVEL);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return 0;
}

/* What was written since; NUL-terminated. */
static const char *written(void)
{
	static char text[1 << 20];
	ssize_t n = read(pipe_fds[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void assert_matches(const char *text, const char *pattern)
{
	regex_t regex;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&regex, text, 0, NULL, 0) != 0)
		fail_msg("\"%s\" is not %s", text, pattern);
	regfree(&regex);
}

static void test_a_line_has_level_time_component_request_message_and_values(void **state)
{
	(void)state;
	log_event(LOG_WARN_LEVEL, "http", "abc-1", "answered late", "status=%d path=%s", 200, "/dav/");
	assert_matches(written(), "^warn " STAMP " http request=abc-1 answered late status=200 path=/dav/\n$");
	log_event(LOG_INFO_LEVEL, "main", NULL, "stopped", NULL);
	assert_matches(written(), "^info " STAMP " main stopped\n$");
}

static void test_levels_above_the_limit_are_silent(void **state)
{
	(void)state;
	assert_false(log_enabled(LOG_DEBUG_LEVEL));
	log_event(LOG_DEBUG_LEVEL, "main", NULL, "detail", "a=%d", 1);
	assert_string_equal(written(), "");
	log_set_level(LOG_DEBUG_LEVEL);
	log_event(LOG_DEBUG_LEVEL, "main", NULL, "detail", "a=%d", 1);
	assert_matches(written(), "^debug " STAMP " main detail a=1\n$");
	log_set_level(LOG_ERROR_LEVEL);
	assert_false(log_enabled(LOG_WARN_LEVEL));
}

static void test_a_value_cannot_make_a_line(void **state)
{
	const char *text;

	(void)state;
	log_event(LOG_ERROR_LEVEL, "http", NULL, "refused", "path=%s", "/a\nerror forged\x1b[31m\x7f");
	text = written();
	assert_matches(text, "path=/a\\\\x0aerror forged\\\\x1b\\[31m\\\\x7f\n$");
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void test_a_long_value_is_cut_and_the_line_still_ends(void **state)
{
	char long_value[3 * LOG_LINE_MAX];
	const char *text;

	(void)state;
	memset(long_value, '\n', sizeof(long_value) - 1); /* each grows to four */
	long_value[sizeof(long_value) - 1] = '\0';
	log_event(LOG_ERROR_LEVEL, "http", NULL, "refused", "path=%s", long_value);
	text = written();
	assert_true(strlen(text) > LOG_LINE_MAX && strlen(text) < 3 * LOG_LINE_MAX);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void *log_many(void *arg)
{
	for (int i = 0; i < 200; i++)
		log_event(LOG_INFO_LEVEL, "test", NULL, "line", "thread=%s end=yes", (const char *)arg);
	return NULL;
}

static void test_lines_of_several_threads_do_not_mix(void **state)
{
	static char names[][2] = {"a", "b", "c"};
	pthread_t threads[ARRAY_LEN(names)];
	char *line, *rest;
	size_t lines = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		pthread_join(threads[i], NULL);
	rest = (char *)(uintptr_t)written();
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		assert_matches(line, "^info " STAMP " test line thread=[abc] end=yes$");
		lines++;
	}
	assert_int_equal(lines, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_a_line_has_level_time_component_request_message_and_values, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_levels_above_the_limit_are_silent, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_value_cannot_make_a_line, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_long_value_is_cut_and_the_line_still_ends, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_lines_of_several_threads_do_not_mix, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
