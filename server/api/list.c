/*
 * Pages of a list: {"items": [...], "next_cursor": ...}. A cursor is the name of the last entry of a page, so that
 * what comes and goes between two pages moves nothing; clients are not to read it, so it is coded.
 */
#include <config.h>

#include <errno.h>

#include "protocol/base/codec.h"
#include "server/api/api_private.h"

static int take_cursor(struct api_request *r, struct slice *cursor_r)
{
	struct slice text = api_parameter(r, "cursor");
	char *decoded = arena_alloc(r->arena, text.len + 1);
	ssize_t len = 0;

	if (decoded == NULL)
		return -ENOMEM;
	if (text.at != NULL)
		len = codec_base64url_decode(text, decoded, text.len + 1);
	if (len < 0 || (text.at != NULL && len == 0))
		return api_refuse(r, "cursor", "it is not one that was given");
	*cursor_r = slice_of(decoded, (size_t)len);
	return 0;
}

int api_list_begin(struct api_request *r, struct api_list *list_r)
{
	int64_t limit = API_LIMIT;
	int ret = api_parameter_number(r, "limit", 1, API_LIMIT_MAX, &limit);

	*list_r = (struct api_list){.left = (size_t)limit};
	if (ret >= 0)
		ret = take_cursor(r, &list_r->cursor);
	if (ret < 0)
		return ret;
	list_r->b = api_answer(r, 200);
	json_open_object(list_r->b, NULL);
	json_open_array(list_r->b, "items");
	return 0;
}

int api_list_takes(struct api_request *r, struct api_list *list, struct slice name)
{
	if (list->more || (list->cursor.len > 0 && slice_compare(name, list->cursor) <= 0))
		return 0;
	if (list->left == 0) {
		list->more = true;
		return 0;
	}
	list->left--;
	list->last = slice_of(arena_copy(r->arena, name), name.len);
	return list->last.at != NULL ? 1 : -ENOMEM;
}

int api_list_number(struct api_request *r, const struct api_list *list, uint64_t *number_r)
{
	*number_r = 0;
	if (list->cursor.len > 0 && slice_to_u64(list->cursor, UINT64_MAX, number_r) < 0)
		return api_refuse(r, "cursor", "it is not one that was given");
	return 0;
}

void api_list_end(struct api_list *list)
{
	AUTO_BUF struct buf cursor = BUF_INIT(4 * API_NAME_MAX);

	json_close_array(list->b);
	codec_base64url_encode(&cursor, list->last.at, list->more ? list->last.len : 0);
	if (list->more)
		json_add_text(list->b, "next_cursor", buf_slice(&cursor));
	else
		json_add_null(list->b, "next_cursor");
	json_close_object(list->b);
}

int api_list_end_number(struct api_request *r, struct api_list *list, uint64_t next)
{
	const char *number = arena_printf(r->arena, "%llu", (unsigned long long)next);

	if (number == NULL)
		return -ENOMEM;
	list->last = slice_str(number);
	list->more = next != 0;
	api_list_end(list);
	return 0;
}
