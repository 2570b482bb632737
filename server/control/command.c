#include <config.h>

#include "server/control/command.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

int command_fail(struct command_call *call, int status, const char *format, ...)
{
	va_list args;

	buf_add_str(&call->err, "slotkeeper: ");
	va_start(args, format);
	buf_vprintf(&call->err, format, args);
	va_end(args);
	buf_add_char(&call->err, '\n');
	return status;
}

/* How many of WORDS the name of COMMAND takes, 0 when it is another. */
static size_t name_matches(const struct command *command, const char *const *words, size_t count)
{
	struct slice rest = slice_str(command->name), part;
	size_t n = 0;

	while (slice_next(&rest, ' ', &part)) {
		if (n == count || !slice_is(part, words[n]))
			return 0;
		n++;
	}
	return n;
}

static const struct command *find(const char *const *words, size_t count, size_t *taken_r)
{
	for (const struct command *c = commands; c->name != NULL; c++) {
		*taken_r = name_matches(c, words, count);
		if (*taken_r > 0)
			return c;
	}
	return NULL;
}

enum option_kind {
	OPTION_UNKNOWN,
	OPTION_FLAG,
	OPTION_VALUE,
};

static enum option_kind option_kind(const struct command *command, struct slice name)
{
	struct slice rest = slice_str(command->options), word;

	while (slice_next(&rest, ' ', &word)) {
		if (slice_equal(word, name))
			return OPTION_FLAG;
		if (word.len == name.len + 1 && word.at[name.len] == '=' && slice_starts(word, name))
			return OPTION_VALUE;
	}
	return OPTION_UNKNOWN;
}

/* Takes the option WORDS[*I], and its value when it has one. */
static int take_option(struct command_call *call, const char *const *words, size_t count, size_t *i)
{
	struct slice name = slice_from(slice_str(words[*i]), 2);
	ptrdiff_t equals = slice_find_byte(name, '=');
	const char *value = "";
	char *copy;

	if (equals >= 0) {
		value = name.at + equals + 1;
		name = slice_sub(name, 0, (size_t)equals);
	}
	switch (option_kind(call->command, name)) {
	case OPTION_UNKNOWN:
		return command_fail(call, COMMAND_USAGE, "%s: unknown option --%.*s", call->command->name,
		    SLICE_ARG(name));
	case OPTION_FLAG:
		if (equals >= 0)
			return command_fail(call, COMMAND_USAGE, "%s: --%.*s takes no value", call->command->name,
			    SLICE_ARG(name));
		break;
	case OPTION_VALUE:
		if (equals < 0) {
			if (++*i == count)
				return command_fail(call, COMMAND_USAGE, "%s: --%.*s needs a value",
				    call->command->name, SLICE_ARG(name));
			value = words[*i];
		}
		break;
	}
	copy = arena_copy(call->arena, name);
	if (copy == NULL)
		return command_fail(call, COMMAND_FAILED, "out of memory");
	call->options[call->option_count++] = (struct command_option){copy, value};
	return COMMAND_OK;
}

static int unknown_command(struct command_call *call, const char *const *words, size_t count)
{
	if (count == 0)
		return command_fail(call, COMMAND_USAGE, "no command given; slotkeeper --help lists them");
	return command_fail(call, COMMAND_USAGE, "unknown command %s%s%s; slotkeeper --help lists them", words[0],
	    count > 1 ? " " : "", count > 1 ? words[1] : "");
}

int command_parse(struct command_call *call, const char *const *words, size_t count)
{
	bool options_end = false;
	size_t i = 0;

	call->command = find(words, count, &i);
	if (call->command == NULL)
		return unknown_command(call, words, count);
	call->arguments = arena_array(call->arena, count + 1, sizeof(*call->arguments));
	call->options = arena_array(call->arena, count + 1, sizeof(*call->options));
	if (call->arguments == NULL || call->options == NULL)
		return command_fail(call, COMMAND_FAILED, "out of memory");
	for (; i < count; i++) {
		int ret = COMMAND_OK;

		if (!options_end && strcmp(words[i], "--") == 0)
			options_end = true;
		else if (!options_end && strncmp(words[i], "--", 2) == 0)
			ret = take_option(call, words, count, &i);
		else
			call->arguments[call->argument_count++] = words[i];
		if (ret != COMMAND_OK)
			return ret;
	}
	if (call->argument_count < call->command->min || call->argument_count > call->command->max)
		return command_fail(call, COMMAND_USAGE, "usage: slotkeeper %s %s", call->command->name,
		    call->command->arguments);
	return COMMAND_OK;
}

const char *command_option(const struct command_call *call, const char *name)
{
	for (size_t i = call->option_count; i > 0; i--)
		if (strcmp(call->options[i - 1].name, name) == 0)
			return call->options[i - 1].value;
	return NULL;
}

bool command_is_case(const struct command_call *call)
{
	return call->command->input == INPUT_CASE && command_option(call, "service") == NULL;
}

void command_help(struct buf *b)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		buf_printf(b, "  %s %s\n      %s\n", c->name, c->arguments, c->help);
}
