#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "server/base/config.h"
#include "server/base/config_schema.h"

static char path[] = "/tmp/slotkeeper-config-XXXXXX"; /* short: an error shows it before what is wrong */

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	return close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_bytes(const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_config(const char *text)
{
	write_bytes(text, strlen(text));
}

static struct config *open_good(const char *text)
{
	struct config *config = NULL;
	struct error err = ERROR_NONE;

	write_config(text);
	if (config_open(path, NULL, 0, &config, &err) != 0)
		fail_msg("%s: %s", text, err.detail);
	return config;
}

static void test_an_empty_file_serves(void **state)
{
	struct config *config = open_good("");
	const struct config_values *values = config_get(config);
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_int_equal(values->listen.count, 1);
	address_format((const struct sockaddr *)&values->listen.at[0].socket, text);
	assert_string_equal(text, "127.0.0.1:8080");
	assert_string_equal(values->public_url, "");
	assert_string_equal(values->data, LOCALSTATEDIR "/lib/slotkeeper");
	assert_int_equal(values->trusted_proxies.count, 0);
	assert_true(values->timezone[0] != '\0' && values->workers >= 1);
	assert_int_equal(values->handling, CONFIG_HANDLING_LENIENT);
	assert_int_equal(values->on_overlap, CONFIG_ON_OVERLAP_ALERT);
	assert_int_equal(values->login_failures, 10);
	assert_int_equal(values->max_resource_size, 1048576);
	assert_int_equal(values->log_level, LOG_INFO_LEVEL);
	config_free(config);
}

static void test_every_option_can_be_set(void **state)
{
	struct config *config = open_good(
	    "# a comment\n"
	    "listen = {\"0.0.0.0:80\", \"[::]:443\"} # another\n"
	    "public-url = \"https://calendar.example.org/\"\n"
	    "tls-certificate = /etc/tls/chain.pem\n"
	    "tls-key = \"/etc/tls/key with space.pem\"\n"
	    "trusted-proxies = {192.0.2.7, 10.0.0.0/8, \"2001:db8::/32\"}\n"
	    "data = /srv/slots\n"
	    "storage = lmdb\n"
	    "timezone = Europe/Amsterdam\n"
	    "business-name = \"Caf\xc3\xa9 \\\"Kim\\\"\"\n"
	    "handling = strict\n"
	    "on-overlap = refuse\n"
	    "login-failures = 0\n"
	    "max-resource-size = 64K\n"
	    "max-instances = 100\n"
	    "max-xml-body = 8192\n"
	    "max-connections = 16\n"
	    "max-connections-per-address = 1\n"
	    "workers = 3\n"
	    "log-level = debug\n"
	    "user = slots\n");
	const struct config_values *values = config_get(config);

	(void)state;
	assert_int_equal(values->listen.count, 2);
	assert_string_equal(values->public_url, "https://calendar.example.org");
	assert_string_equal(values->tls_certificate, "/etc/tls/chain.pem");
	assert_string_equal(values->tls_key, "/etc/tls/key with space.pem");
	assert_int_equal(values->trusted_proxies.count, 3);
	assert_int_equal(values->trusted_proxies.at[1].prefix, 8);
	assert_string_equal(values->data, "/srv/slots");
	assert_string_equal(values->storage, "lmdb");
	assert_string_equal(values->timezone, "Europe/Amsterdam");
	assert_string_equal(values->business_name, "Caf\xc3\xa9 \"Kim\"");
	assert_int_equal(values->handling, CONFIG_HANDLING_STRICT);
	assert_int_equal(values->on_overlap, CONFIG_ON_OVERLAP_REFUSE);
	assert_int_equal(values->login_failures, 0);
	assert_int_equal(values->max_resource_size, 65536);
	assert_int_equal(values->max_instances, 100);
	assert_int_equal(values->max_xml_body, 8192);
	assert_int_equal(values->max_connections, 16);
	assert_int_equal(values->max_connections_per_address, 1);
	assert_int_equal(values->workers, 3);
	assert_int_equal(values->log_level, LOG_DEBUG_LEVEL);
	assert_string_equal(values->user, "slots");
	config_free(config);
}

static void test_what_is_wrong_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text, *detail; /* after the file's name */
	} rows[] = {
	    {"\n\nlisten = {\"localhost:80\"}\n",
	        ":3: listen: is not an address and a port as 127.0.0.1:8080 or [::1]:8080"},
	    {"listen = {\"127.0.0.1:80\",\n\"127.0.0.1\"}\n",
	        ":2: listen: is not an address and a port as 127.0.0.1:8080 or [::1]:8080"},
	    {"public-url = example.org\n", ":1: public-url: is not a URL as https://calendar.example.org"},
	    {"public-url = \"https:///\"\n", ":1: public-url: is not a URL as https://calendar.example.org"},
	    {"public-url = \"https://a/?b\"\n", ":1: public-url: is not a URL as https://calendar.example.org"},
	    {"trusted-proxies = {10.0.0.1/8}\n",
	        ":1: trusted-proxies: is not an address or a network as 192.0.2.7 or 10.0.0.0/8"},
	    {"data = a # one\n\n#\n\n## \"two\nworkers = x\n", ":6: workers: is not a number"},
	    {"data = \"#\\\"#\" # '\nuser = '#\n#'\nworkers = x\n", ":3: user: is not one line of UTF-8 text"},
	    {"data = \"a\" # b\n\n/* c */ workers = x\n", ":3: a comment begins with #"},
	    {"data = /a//b\nworkers = x\n", ":2: workers: is not a number"},
	    {"# one\n# two\ntimezone = Mars/Olympus\n",
	        ":3: timezone: is not a time zone of this machine (as Europe/Amsterdam)"},
	    {"storage = pgsql\n", ":1: storage: is none of: lmdb"},
	    {"handling = Strict\n", ":1: handling: is none of: lenient, strict"},
	    {"log-level = loud\n", ":1: log-level: is none of: error, warn, info, debug"},
	    {"login-failures = many\n", ":1: login-failures: is not a number"},
	    {"login-failures = -1\n", ":1: login-failures: is not a number"},
	    {"login-failures = 100001\n", ":1: login-failures: is not from 0 to 100000"},
	    {"login-failures = 99999999999999999999\n", ":1: login-failures: is not from 0 to 100000"},
	    {"max-resource-size = 1G\n", ":1: max-resource-size: is not a size (digits, then K or M or nothing)"},
	    {"max-resource-size = 3K\n", ":1: max-resource-size: is not from 4096 to 67108864"},
	    {"max-resource-size = 18014398509481984K\n", ":1: max-resource-size: is not from 4096 to 67108864"},
	    {"data = \"\"\n", ":1: data: may not be empty"},
	    {"business-name = \"a\tb\"\n", ":1: business-name: is not one line of UTF-8 text"},
	    {"business-name = \"\xff\"\n", ":1: business-name: is not one line of UTF-8 text"},
	    {"user = \"abcdefghijklmnopqrstuvwxyz0123456789\"\n", ":1: user: is longer than 32 bytes"},
	    {"\ntls-key = /a\n", ":2: tls-key: needs tls-certificate beside it"},
	    {"# tls-certificate = x\n\n tls-certificate=/a\n", ":3: tls-certificate: needs tls-key beside it"},
	    {"listen = {}\n", ":1: listen: may not be empty"},
	    {"workers = 1\nlissten = {}\n", ":2: no such option 'lissten'"},
	    {"provider google { }\n", ":1: no such option 'provider'"},
	    {"include(\"/etc/passwd\")\n", ":1: no such option 'include'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config *config = NULL;
		struct error err = ERROR_NONE;
		int ret;

		write_config(rows[i].text);
		ret = config_open(path, NULL, 0, &config, &err);
		if (ret != -EINVAL || config != NULL || strncmp(err.detail, path, strlen(path)) != 0 ||
		    strcmp(err.detail + strlen(path), rows[i].detail) != 0)
			fail_msg("%s: %d, %s", rows[i].text, ret, err.detail);
	}
}

static void test_broken_syntax_is_an_error_with_its_line(void **state)
{
	static const char *const rows[] = {
	    "=",
	    "data",
	    "data =",
	    "data = {a, b}",
	    "data = \"unfinished",
	    "listen = {\"127.0.0.1:1\"",
	    "workers 3",
	    "workers = 3 4",
	    "{ }",
	    "}",
	    "/* comment */",
	    "workers = 3 // comment",
	    "data = 'unfinished\\'",
	    "workers = 1 = 2",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config *config = NULL;
		struct error err = ERROR_NONE;
		int ret;

		write_config(rows[i]);
		ret = config_open(path, NULL, 0, &config, &err);
		if (ret != -EINVAL || strncmp(err.detail, path, strlen(path)) != 0 || err.detail[strlen(path)] != ':')
			fail_msg("%s: %d, %s", rows[i], ret, err.detail);
	}
}

static void test_the_default_file_may_be_missing(void **state)
{
	struct config *config = NULL;
	struct error err = ERROR_NONE;

	(void)state;
	if (access(CONFIG_DEFAULT_FILE, F_OK) == 0)
		return; /* this machine is configured: nothing to be seen here */
	assert_int_equal(config_open(NULL, NULL, 0, &config, &err), 0);
	assert_string_equal(config_get(config)->business_name, "Slotkeeper");
	assert_int_equal(config_reload(config, &err), 0);
	config_free(config);
}

static void test_a_file_that_cannot_be_read_is_an_error(void **state)
{
	struct config *config = NULL;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(config_open("/nowhere/slotkeeper.conf", NULL, 0, &config, &err), -ENOENT);
	assert_string_equal(err.detail, "/nowhere/slotkeeper.conf: No such file or directory");
	assert_int_equal(config_open("/tmp", NULL, 0, &config, &err), -EISDIR);
	write_bytes("workers = 1\0data = x\n", 21);
	assert_int_equal(config_open(path, NULL, 0, &config, &err), -EILSEQ);
	assert_non_null(strstr(err.detail, "holds a NUL byte"));
}

static void test_a_file_of_any_size_is_bounded(void **state)
{
	size_t len = CONFIG_FILE_MAX + 8192;
	AUTO_FREE char *text = malloc(len);
	struct config *config = NULL;
	struct error err = ERROR_NONE;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', len);
	write_bytes(text, len);
	assert_int_equal(config_open(path, NULL, 0, &config, &err), -EFBIG);
}

static void test_the_command_line_beats_the_file_also_after_a_reload(void **state)
{
	static const char *const data[] = {"/command/line"}, *const listen[] = {"127.0.0.1:0", "[::1]:0"};
	static const struct config_override overrides[] = {{"data", data, 1}, {"listen", listen, 2}};
	struct config *config = NULL;
	struct error err = ERROR_NONE;

	(void)state;
	write_config("data = /file\n");
	assert_int_equal(config_open(path, overrides, 2, &config, &err), 0);
	write_config("data = /file/two\nhandling = strict\n");
	assert_int_equal(config_reload(config, &err), 0);
	assert_string_equal(config_get(config)->data, "/command/line");
	assert_int_equal(config_get(config)->listen.count, 2);
	assert_int_equal(config_get(config)->handling, CONFIG_HANDLING_STRICT);
	config_free(config);
}

static void test_a_wrong_override_is_refused(void **state)
{
	static const char *const listen[] = {"here"};
	static const struct config_override wrong = {"listen", listen, 1}, unknown = {"lissten", listen, 1};
	struct config *config = NULL;
	struct error err = ERROR_NONE;

	(void)state;
	write_config("");
	assert_int_equal(config_open(path, &wrong, 1, &config, &err), -EINVAL);
	assert_string_equal(err.detail, "listen: is not an address and a port as 127.0.0.1:8080 or [::1]:8080");
	assert_int_equal(config_open(path, &unknown, 1, &config, &err), -EINVAL);
}

static void test_a_reload_takes_what_may_change_and_keeps_the_rest(void **state)
{
	struct config *config = open_good("workers = 2\nbusiness-name = One\n");
	const struct config_values *before = config_get(config);
	struct error err = ERROR_NONE;

	(void)state;
	write_config("workers = 5\nbusiness-name = Two\ndata = /elsewhere\n");
	assert_int_equal(config_reload(config, &err), 0);
	assert_string_equal(config_get(config)->business_name, "Two");
	assert_int_equal(config_get(config)->workers, 2);
	assert_string_equal(config_get(config)->data, LOCALSTATEDIR "/lib/slotkeeper");
	assert_string_equal(before->business_name, "One"); /* who read before goes on reading */
	config_free(config);
}

static void test_a_reload_that_is_not_valid_changes_nothing(void **state)
{
	struct config *config = open_good("business-name = One\n");
	const struct config_values *before = config_get(config);
	struct error err = ERROR_NONE;

	(void)state;
	write_config("business-name = Two\nhandling = wrong\n");
	assert_int_equal(config_reload(config, &err), -EINVAL);
	assert_ptr_equal(config_get(config), before);
	config_free(config);
}

static void test_a_reload_without_a_change_publishes_nothing(void **state)
{
	struct config *config = open_good("business-name = One\n");
	const struct config_values *before = config_get(config);
	struct error err = ERROR_NONE;

	(void)state;
	write_config("# the same\nbusiness-name = \"One\"\nhandling = lenient\n");
	assert_int_equal(config_reload(config, &err), 0);
	assert_ptr_equal(config_get(config), before);
	config_free(config);
}

static void test_an_option_left_out_gets_its_default_back(void **state)
{
	struct config *config = open_good("business-name = One\ntrusted-proxies = {10.0.0.0/8}\n");
	struct error err = ERROR_NONE;

	(void)state;
	write_config("");
	assert_int_equal(config_reload(config, &err), 0);
	assert_string_equal(config_get(config)->business_name, "Slotkeeper");
	assert_int_equal(config_get(config)->trusted_proxies.count, 0);
	config_free(config);
}

struct reading {
	const struct config *config;
	atomic_bool stop;
	atomic_int wrong;
};

/* Both options are changed together: a reader must never see one without the other. */
static void *read_all_the_time(void *arg)
{
	struct reading *reading = arg;

	while (!atomic_load(&reading->stop)) {
		const struct config_values *values = config_get(reading->config);
		bool strict = values->handling == CONFIG_HANDLING_STRICT;

		if (strcmp(values->business_name, strict ? "Strict" : "Lenient") != 0)
			atomic_fetch_add(&reading->wrong, 1);
	}
	return NULL;
}

static void test_readers_beside_reloads_see_whole_configurations(void **state)
{
	struct config *config = open_good("handling = lenient\nbusiness-name = Lenient\n");
	struct reading reading = {.config = config};
	struct error err = ERROR_NONE;
	pthread_t threads[3];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, &reading), 0);
	for (int i = 0; i < 100; i++) {
		write_config(i % 2 == 0 ? "handling = strict\nbusiness-name = Strict\n"
					: "handling = lenient\nbusiness-name = Lenient\n");
		assert_int_equal(config_reload(config, &err), 0);
	}
	atomic_store(&reading.stop, true);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(reading.wrong, 0);
	config_free(config);
}

/* Reads a file of the source tree. */
static void read_source(const char *name, struct buf *b)
{
	const char *top = getenv("abs_top_srcdir");
	char full[4096];
	FILE *file;
	size_t n;

	snprintf(full, sizeof(full), "%s/%s", top != NULL ? top : "..", name);
	file = fopen(full, "r");
	if (file == NULL)
		fail_msg("%s: %s", full, strerror(errno));
	while ((n = fread(buf_reserve(b, 4096), 1, 4096, file)) > 0)
		buf_reserved(b, n);
	fclose(file);
}

static void test_the_sample_and_the_manual_are_those_of_the_table(void **state)
{
	static const struct {
		const char *file;
		void (*write)(struct buf *b);
	} rows[] = {
	    {"conf/slotkeeper.conf.sample", config_write_sample},
	    {"conf/man/slotkeeper.conf.5", config_write_manual},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf committed = BUF_INIT(1 << 20), made = BUF_INIT(1 << 20);

		read_source(rows[i].file, &committed);
		rows[i].write(&made);
		if (!slice_equal(buf_slice(&committed), buf_slice(&made)))
			fail_msg("%s is not what the table says: run `make update-conf`", rows[i].file);
	}
}

static void test_the_sample_is_valid_when_its_comments_are_taken_off(void **state)
{
	AUTO_BUF struct buf sample = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
	struct slice rest, line;
	struct config *config;

	(void)state;
	config_write_sample(&sample);
	rest = buf_slice(&sample);
	while (slice_next_line(&rest, &line)) {
		if (slice_starts(line, SLICE("#")) && !slice_starts(line, SLICE("# ")))
			line = slice_from(line, 1);
		buf_add_slice(&text, line);
		buf_add_char(&text, '\n');
	}
	config = open_good(buf_cstr(&text));
	assert_string_equal(config_get(config)->data, "/var/lib/slotkeeper");
	config_free(config);
}

static void test_every_option_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *option = &config_options[i];

		if (option->help == NULL || option->value == NULL || option->help[strlen(option->help) - 1] != '.' ||
		    config_option_find(option->name) != (int)i)
			fail_msg("%s", option->name);
	}
	assert_int_equal(config_option_find("no-such-option"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_empty_file_serves),
	    cmocka_unit_test(test_every_option_can_be_set),
	    cmocka_unit_test(test_what_is_wrong_is_told_with_its_line),
	    cmocka_unit_test(test_broken_syntax_is_an_error_with_its_line),
	    cmocka_unit_test(test_the_default_file_may_be_missing),
	    cmocka_unit_test(test_a_file_that_cannot_be_read_is_an_error),
	    cmocka_unit_test(test_a_file_of_any_size_is_bounded),
	    cmocka_unit_test(test_the_command_line_beats_the_file_also_after_a_reload),
	    cmocka_unit_test(test_a_wrong_override_is_refused),
	    cmocka_unit_test(test_a_reload_takes_what_may_change_and_keeps_the_rest),
	    cmocka_unit_test(test_a_reload_that_is_not_valid_changes_nothing),
	    cmocka_unit_test(test_a_reload_without_a_change_publishes_nothing),
	    cmocka_unit_test(test_an_option_left_out_gets_its_default_back),
	    cmocka_unit_test(test_readers_beside_reloads_see_whole_configurations),
	    cmocka_unit_test(test_the_sample_and_the_manual_are_those_of_the_table),
	    cmocka_unit_test(test_the_sample_is_valid_when_its_comments_are_taken_off),
	    cmocka_unit_test(test_every_option_is_whole),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
