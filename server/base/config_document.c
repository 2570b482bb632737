#include <config.h>

#include <string.h>

#include "server/base/config_schema.h"

#define LINE_WIDTH 78 /* columns of the sample's comments */

/* TEXT in lines of LINE_WIDTH, each after PREFIX. */
static void write_wrapped(struct buf *b, const char *prefix, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > LINE_WIDTH) {
			buf_add_char(b, '\n');
			column = 0;
		}
		if (column == 0) {
			buf_add_str(b, prefix);
			column = strlen(prefix);
		} else {
			buf_add_char(b, ' ');
			column++;
		}
		buf_add(b, text, len);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	buf_add_char(b, '\n');
}

/* What may stand behind the equal sign. */
static void write_range(struct buf *b, const struct config_option *option)
{
	switch (option->type) {
	case CONFIG_NUMBER:
		buf_printf(b, "From %ld to %ld.", option->min, option->max);
		break;
	case CONFIG_SIZE:
		buf_printf(b, "From %ld to %ld, or with K or M behind the number.", option->min, option->max);
		break;
	case CONFIG_TEXT:
	case CONFIG_WORD:
		for (int i = 0; i < CONFIG_WORDS_MAX && option->words[i] != NULL; i++)
			buf_printf(b, "%s%s", i == 0 ? "One of: " : ", ", option->words[i]);
		if (option->words[0] != NULL)
			buf_add_char(b, '.');
		break;
	case CONFIG_PATH:
	case CONFIG_URL:
	case CONFIG_ZONE:
	case CONFIG_ADDRESSES:
	case CONFIG_NETWORKS:
		break;
	}
}

static void write_value(struct buf *b, const struct config_option *option)
{
	const char *value = option->shown != NULL ? option->shown : option->value;
	bool bare = option->type == CONFIG_NUMBER || option->type == CONFIG_SIZE || option->type == CONFIG_WORD;

	if (bare)
		buf_add_str(b, value);
	else if (!config_option_is_list(option))
		buf_printf(b, "\"%s\"", value);
	else if (value[0] == '\0')
		buf_add_str(b, "{}");
	else
		buf_printf(b, "{\"%s\"}", value);
}

void config_write_sample(struct buf *b)
{
	buf_add_str(b, "# slotkeeper.conf - the configuration of slotkeeperd and slotkeeper; see slotkeeper.conf(5).\n"
		       "#\n"
		       "# Each line shows an option's default: an empty file serves. Options marked (start) keep their\n"
		       "# value until the next start; the others follow on SIGHUP.\n");
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *option = &config_options[i];
		AUTO_BUF struct buf text = BUF_INIT(4096);

		buf_printf(&text, "%s ", option->help);
		write_range(&text, option);
		if (option->reloadable == CONFIG_AT_START)
			buf_add_str(&text, " (start)");
		buf_add_char(b, '\n');
		write_wrapped(b, "# ", buf_cstr(&text));
		buf_printf(b, "#%s = ", option->name);
		write_value(b, option);
		buf_add_char(b, '\n');
	}
}

/* Text for troff: a dash is a minus sign as it must be typed, and a backslash is one. */
static void add_troff(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '-')
			buf_add_str(b, "\\-");
		else if (*text == '\\')
			buf_add_str(b, "\\e");
		else
			buf_add_char(b, *text);
	}
}

static void write_manual_option(struct buf *b, const struct config_option *option)
{
	AUTO_BUF struct buf text = BUF_INIT(4096);

	write_range(&text, option);
	if (text.len > 0)
		buf_add_char(&text, '\n');
	buf_add_str(&text, "Default: ");
	write_value(&text, option);
	buf_printf(&text, "%s.\n", option->reloadable == CONFIG_AT_START ? "; fixed at start" : "");
	buf_add_str(b, ".TP\n.B ");
	add_troff(b, option->name);
	buf_add_char(b, '\n');
	add_troff(b, option->help);
	buf_add_char(b, '\n');
	add_troff(b, buf_cstr(&text));
}

void config_write_manual(struct buf *b)
{
	buf_add_str(b,
	    ".\\\" Made from the table in server/base/config_schema.c by `make update-conf`.\n"
	    ".TH SLOTKEEPER.CONF 5 \"\" \"Slotkeeper\" \"File formats\"\n"
	    ".SH NAME\n"
	    "slotkeeper.conf \\- configuration of the Slotkeeper server\n"
	    ".SH DESCRIPTION\n"
	    "Read by\n.BR slotkeeperd (8)\nand\n.BR slotkeeper (1).\n"
	    "Lines are\n.IB key \" = \" value\nand comments begin with #. Lists stand in braces, as\n"
	    ".IP\n.nf\nlisten = {\"127.0.0.1:8080\", \"[::1]:8080\"}\n.fi\n.PP\n"
	    "A value with other characters than letters, digits and . : / \\- _ stands in double quotes, where a backslash\n"
	    "escapes the next character; ${NAME} stands for a variable of the environment.\n"
	    ".PP\n"
	    "Everything has a default: an empty file serves, and the default file may be missing. An unknown key or a wrong\n"
	    "value is an error that names the file and the line, and nothing starts. On SIGHUP the server reads the file\n"
	    "again; when it is not valid, or for options that are fixed at start, the old values stay, which the log tells.\n"
	    ".SH OPTIONS\n");
	for (size_t i = 0; i < config_option_count; i++)
		write_manual_option(b, &config_options[i]);
	buf_add_str(b, ".SH FILES\n.I slotkeeper.conf\nin the directory\n.I slotkeeper\nof the system's configuration, commonly\n"
		       ".IR /etc .\n"
		       ".SH SEE ALSO\n.BR slotkeeperd (8),\n.BR slotkeeper (1)\n");
}
