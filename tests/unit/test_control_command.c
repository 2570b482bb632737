/* The table of commands: how words are taken, and that the manual tells of each. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "server/control/command.h"

#define WORDS_MAX 12

struct row {
	const char *words[WORDS_MAX];
	int status;
	const char *command; /* NULL: none */
	size_t arguments;
	const char *email; /* of --email; NULL: not given */
};

static const struct row rows[] = {
    {{"user", "add", "carol", "--email", "c@example.org"}, COMMAND_OK, "user add", 1, "c@example.org"},
    {{"user", "add", "--email=c@example.org", "carol", "--admin"}, COMMAND_OK, "user add", 1, "c@example.org"},
    {{"user", "add", "carol", "--email", "a", "--email", "b"}, COMMAND_OK, "user add", 1, "b"},
    {{"user", "add", "--", "--carol"}, COMMAND_OK, "user add", 1, NULL},
    {{"user", "list", "--json"}, COMMAND_OK, "user list", 0, NULL},
    {{"import", "carol/work", "a.ics", "b.ics"}, COMMAND_OK, "import", 3, NULL},
    {{NULL}, COMMAND_USAGE, NULL, 0, NULL},
    {{"user"}, COMMAND_USAGE, NULL, 0, NULL},
    {{"user", "fly"}, COMMAND_USAGE, NULL, 0, NULL},
    {{"user", "add"}, COMMAND_USAGE, "user add", 0, NULL},
    {{"user", "add", "carol", "dave"}, COMMAND_USAGE, "user add", 2, NULL},
    {{"user", "add", "carol", "--colour", "red"}, COMMAND_USAGE, "user add", 1, NULL},
    {{"user", "add", "carol", "--email"}, COMMAND_USAGE, "user add", 1, NULL},
    {{"user", "add", "carol", "--admin=yes"}, COMMAND_USAGE, "user add", 1, NULL},
    {{"import", "carol/work"}, COMMAND_USAGE, "import", 1, NULL},
};

static void test_words_become_a_command(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct command_call call = {.arena = arena_new(1 << 20), .out = BUF_INIT(1000), .err = BUF_INIT(1000)};
		const char *email;
		size_t count = 0;
		int status;

		while (count < WORDS_MAX && rows[i].words[count] != NULL)
			count++;
		status = command_parse(&call, rows[i].words, count);
		if (status != rows[i].status || (call.command == NULL) != (rows[i].command == NULL) ||
		    (call.command != NULL && strcmp(call.command->name, rows[i].command) != 0))
			fail_msg("row %zu: status %d, command %s", i, status, call.command ? call.command->name : "-");
		if ((status == COMMAND_USAGE) != (call.err.len > 0))
			fail_msg("row %zu: says %.*s", i, SLICE_ARG(buf_slice(&call.err)));
		email = status == COMMAND_OK ? command_option(&call, "email") : NULL;
		if (status == COMMAND_OK && (call.argument_count != rows[i].arguments || (email == NULL) != (rows[i].email == NULL) ||
		                                (email != NULL && strcmp(email, rows[i].email) != 0)))
			fail_msg("row %zu: %zu arguments, --email %s", i, call.argument_count, email ? email : "-");
		buf_free(&call.out);
		buf_free(&call.err);
		arena_free(call.arena);
	}
}

static char *read_manual(void)
{
	const char *top = getenv("abs_top_srcdir");
	char path[4096];
	static char text[1 << 16];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/conf/man/slotkeeper.1", top != NULL ? top : "..");
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s cannot be read", path);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	return text;
}

static void test_the_manual_tells_of_every_command(void **state)
{
	const char *manual = read_manual();

	(void)state;
	for (const struct command *c = commands; c->name != NULL; c++) {
		char heading[64];

		snprintf(heading, sizeof(heading), "\n.B %s", c->name);
		if (strstr(manual, heading) == NULL)
			fail_msg("conf/man/slotkeeper.1 has no paragraph for \"%s\"", c->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words_become_a_command),
	    cmocka_unit_test(test_the_manual_tells_of_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
