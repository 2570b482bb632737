#include <config.h>

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "protocol/base/ascii.h"
#include "protocol/base/utf8.h"
#include "server/base/config_schema.h"
#include "server/base/system_zone.h"

/* Reads one text into *FIELD. 0, -EINVAL with *ERR, -ENOMEM. */
typedef int parse_fn(const struct config_option *option, const char *text, struct arena *arena, void *field,
    struct error *err);

static int wrong(struct error *err, const char *what)
{
	return error_set(err, 0, CONDITION_NONE, "%s", what);
}

static int keep_text(struct slice text, struct arena *arena, void *field)
{
	const char *copy = arena_copy(arena, text);

	if (copy == NULL)
		return -ENOMEM;
	*(const char **)field = copy;
	return 0;
}

static int find_word(const struct config_option *option, const char *text)
{
	for (int i = 0; i < CONFIG_WORDS_MAX && option->words[i] != NULL; i++)
		if (strcmp(option->words[i], text) == 0)
			return i;
	return -1;
}

static int not_a_word(const struct config_option *option, struct error *err)
{
	AUTO_BUF struct buf words = BUF_INIT(256);

	for (int i = 0; i < CONFIG_WORDS_MAX && option->words[i] != NULL; i++)
		buf_printf(&words, "%s%s", i > 0 ? ", " : "", option->words[i]);
	return error_set(err, 0, CONDITION_NONE, "is none of: %s", buf_cstr(&words));
}

static bool is_one_line(const char *text)
{
	for (; *text != '\0'; text++)
		if (ascii_is_control(*text))
			return false;
	return true;
}

static int parse_text(const struct config_option *option, const char *text, struct arena *arena, void *field,
    struct error *err)
{
	size_t len = strlen(text);

	if (len < (size_t)option->min)
		return wrong(err, "may not be empty");
	if (len > (size_t)option->max)
		return error_set(err, 0, CONDITION_NONE, "is longer than %ld bytes", option->max);
	if (!is_one_line(text) || !utf8_is_valid(slice_str(text)))
		return wrong(err, "is not one line of UTF-8 text");
	if (option->words[0] != NULL && find_word(option, text) < 0)
		return not_a_word(option, err);
	return keep_text(slice_str(text), arena, field);
}

/* What stands between the scheme and the path. */
static bool is_authority(struct slice text)
{
	if (text.len == 0 || text.at[0] == ':')
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_alnum(text.at[i]) && strchr("-.:[]", text.at[i]) == NULL)
			return false;
	return true;
}

static int parse_url(const struct config_option *option, const char *text, struct arena *arena, void *field,
    struct error *err)
{
	struct slice url = slice_str(text), rest;
	ptrdiff_t slash;

	if (url.len == 0)
		return keep_text(url, arena, field);
	rest = slice_starts(url, SLICE("https://")) ? slice_from(url, 8)
	    : slice_starts(url, SLICE("http://"))   ? slice_from(url, 7)
						    : SLICE_EMPTY;
	slash = slice_find_byte(rest, '/');
	if (url.len > (size_t)option->max || !is_authority(slash < 0 ? rest : slice_sub(rest, 0, (size_t)slash)) ||
	    strpbrk(text, "?#\"<>\\ \t\r\n") != NULL)
		return wrong(err, "is not a URL as https://calendar.example.org");
	while (url.at[url.len - 1] == '/')
		url.len--;
	return keep_text(url, arena, field);
}

static int parse_zone(const struct config_option *option, const char *text, struct arena *arena, void *field,
    struct error *err)
{
	char name[SYSTEM_ZONE_SIZE];

	(void)option;
	if (text[0] == '\0') {
		system_zone_name(name);
		text = name;
	} else if (!system_zone_exists(text)) {
		return wrong(err, "is not a time zone of this machine (as Europe/Amsterdam)");
	}
	return keep_text(slice_str(text), arena, field);
}

static int parse_long(const struct config_option *option, struct slice digits, uint64_t unit, void *field,
    struct error *err)
{
	uint64_t value;
	int ret = slice_to_u64(digits, LONG_MAX, &value);

	if (ret == -EINVAL)
		return wrong(err, option->type == CONFIG_SIZE ? "is not a size (digits, then K or M or nothing)" : "is not a number");
	if (ret < 0 || __builtin_mul_overflow(value, unit, &value) || value > (uint64_t)option->max ||
	    value < (uint64_t)option->min)
		return error_set(err, 0, CONDITION_NONE, "is not from %ld to %ld", option->min, option->max);
	*(long *)field = (long)value;
	return 0;
}

static int parse_number(const struct config_option *option, const char *text, struct arena *arena, void *field,
    struct error *err)
{
	(void)arena;
	return parse_long(option, slice_str(text), 1, field, err);
}

static int parse_size(const struct config_option *option, const char *text, struct arena *arena, void *field,
    struct error *err)
{
	struct slice digits = slice_str(text);
	uint64_t unit = 1;

	(void)arena;
	if (slice_ends(digits, SLICE("K")))
		unit = 1024;
	else if (slice_ends(digits, SLICE("M")))
		unit = 1048576;
	if (unit > 1)
		digits.len--;
	return parse_long(option, digits, unit, field, err);
}

static int parse_word(const struct config_option *option, const char *text, struct arena *arena, void *field,
    struct error *err)
{
	int word = find_word(option, text);

	(void)arena;
	if (word < 0)
		return not_a_word(option, err);
	*(int *)field = word;
	return 0;
}

static int parse_addresses(const struct config_option *option, const char *const *texts, size_t count,
    struct arena *arena, struct config_addresses *list, struct error *err)
{
	struct address *at = arena_array(arena, count, sizeof(*at));

	(void)option;
	if (at == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (address_parse(texts[i], &at[i]) < 0)
			return wrong(err, "is not an address and a port as 127.0.0.1:8080 or [::1]:8080");
	*list = (struct config_addresses){at, count};
	return 0;
}

static int parse_networks(const struct config_option *option, const char *const *texts, size_t count,
    struct arena *arena, struct config_networks *list, struct error *err)
{
	struct network *at = arena_array(arena, count, sizeof(*at));

	(void)option;
	if (at == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (network_parse(texts[i], &at[i]) < 0)
			return wrong(err, "is not an address or a network as 192.0.2.7 or 10.0.0.0/8");
	*list = (struct config_networks){at, count};
	return 0;
}

static parse_fn *const parsers[] = {
    [CONFIG_TEXT] = parse_text,
    [CONFIG_PATH] = parse_text,
    [CONFIG_URL] = parse_url,
    [CONFIG_ZONE] = parse_zone,
    [CONFIG_NUMBER] = parse_number,
    [CONFIG_SIZE] = parse_size,
    [CONFIG_WORD] = parse_word,
    [CONFIG_ADDRESSES] = NULL,
    [CONFIG_NETWORKS] = NULL,
};

int config_option_parse(const struct config_option *option, const char *const *texts, size_t count, struct arena *arena,
    struct config_values *values, struct error *err)
{
	void *field = (char *)values + option->offset;

	if (!config_option_is_list(option))
		return parsers[option->type](option, texts[0], arena, field, err);
	if (count < (size_t)option->min)
		return wrong(err, "may not be empty");
	if (count > (size_t)option->max)
		return error_set(err, 0, CONDITION_NONE, "has more than %ld entries", option->max);
	if (option->type == CONFIG_ADDRESSES)
		return parse_addresses(option, texts, count, arena, field, err);
	return parse_networks(option, texts, count, arena, field, err);
}
