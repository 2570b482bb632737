#include <config.h>

#include "protocol/dav/if_header.h"

#include <errno.h>

#include "protocol/base/ascii.h"

struct parse {
	struct slice rest;
	struct if_header *header;
	struct slice resource;
	unsigned list;
};

static void skip_space(struct slice *rest)
{
	while (rest->len > 0 && (rest->at[0] == ' ' || rest->at[0] == '\t'))
		*rest = slice_from(*rest, 1);
}

static bool take(struct slice *rest, char c)
{
	skip_space(rest);
	if (rest->len == 0 || rest->at[0] != c)
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

/* What stands before END, which goes with it; empty or with a blank or control inside: -EINVAL. */
static int take_until(struct slice *rest, char end, struct slice *value_r)
{
	ptrdiff_t at = slice_find_byte(*rest, end);

	if (at <= 0)
		return -EINVAL;
	*value_r = slice_sub(*rest, 0, (size_t)at);
	*rest = slice_from(*rest, (size_t)at + 1);
	for (size_t i = 0; i < value_r->len; i++)
		if ((unsigned char)value_r->at[i] <= ' ' || value_r->at[i] == 0x7f)
			return -EINVAL;
	return 0;
}

static bool is_etag(struct slice value)
{
	if (slice_starts(value, SLICE("W/")))
		value = slice_from(value, 2);
	return value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"' &&
	       slice_find_byte(slice_sub(value, 1, value.len - 2), '"') < 0;
}

static bool take_not(struct slice *rest)
{
	skip_space(rest);
	if (!slice_starts_nocase(*rest, SLICE("Not")))
		return false;
	*rest = slice_from(*rest, 3);
	return true;
}

static int parse_condition(struct parse *p)
{
	struct if_condition condition = {.list = p->list, .resource = p->resource};
	int ret;

	if (p->header->count == IF_CONDITIONS_MAX)
		return -EINVAL;
	condition.negated = take_not(&p->rest);
	if (take(&p->rest, '<')) {
		ret = take_until(&p->rest, '>', &condition.value);
	} else if (take(&p->rest, '[')) {
		condition.is_etag = true;
		ret = take_until(&p->rest, ']', &condition.value);
		if (ret == 0 && !is_etag(condition.value))
			return -EINVAL;
	} else {
		return -EINVAL;
	}
	if (ret == 0)
		p->header->at[p->header->count++] = condition;
	return ret;
}

static int parse_list(struct parse *p)
{
	int ret;

	if (!take(&p->rest, '('))
		return -EINVAL;
	do
		ret = parse_condition(p);
	while (ret == 0 && !take(&p->rest, ')'));
	p->list++;
	return ret;
}

static int parse(struct parse *p)
{
	bool tagged = false;
	int ret = 0;

	while (ret == 0 && p->rest.len > 0) {
		if (take(&p->rest, '<')) {
			if (p->list > 0 && !tagged)
				return -EINVAL; /* lists without a tag, and then one */
			tagged = true;
			ret = take_until(&p->rest, '>', &p->resource);
		}
		if (ret == 0)
			ret = parse_list(p);
		skip_space(&p->rest);
	}
	return ret;
}

int if_header_parse(struct arena *arena, struct slice text, struct if_header *header_r, struct error *err)
{
	struct if_header header = {NULL, 0};
	struct parse p = {.rest = slice_trim(text), .header = &header, .resource = SLICE_EMPTY};

	*header_r = header;
	if (p.rest.len == 0)
		return text.at == NULL ? 0 : error_set(err, 400, CONDITION_NONE, "If: empty.");
	header.at = arena_array(arena, IF_CONDITIONS_MAX, sizeof(*header.at));
	if (header.at == NULL)
		return -ENOMEM;
	if (parse(&p) < 0)
		return error_set(err, 400, CONDITION_NONE, "If: not lists of state tokens and entity tags (RFC 4918, 10.4).");
	*header_r = header;
	return 0;
}

bool if_header_evaluate(const struct if_header *header, if_holds_fn *holds, void *arg)
{
	size_t i = 0;

	while (i < header->count) {
		unsigned list = header->at[i].list;
		bool all = true;

		for (; i < header->count && header->at[i].list == list; i++)
			all = all && holds(&header->at[i], arg) != header->at[i].negated;
		if (all)
			return true;
	}
	return header->count == 0;
}

bool if_header_submits(const struct if_header *header, struct slice token)
{
	for (size_t i = 0; i < header->count; i++)
		if (!header->at[i].is_etag && !header->at[i].negated && slice_equal(header->at[i].value, token))
			return true;
	return false;
}
