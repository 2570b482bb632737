/* A form that is taken is text, within its limits, and no name stands in it twice. */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "protocol/base/utf8.h"
#include "protocol/http/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(1 << 20);
	struct http_form form = {0};
	int ret = http_form_parse(slice_of((const char *)data, size), arena, &form);

	must(ret == 0 || ret == -EINVAL || ret == -E2BIG || ret == -ENOMEM);
	must(form.count <= HTTP_FORM_FIELDS_MAX);
	for (size_t i = 0; i < form.count; i++) {
		const struct http_form_field *field = &form.at[i];

		must(field->name.len <= HTTP_FORM_NAME_MAX && utf8_is_valid(field->name) && utf8_is_valid(field->value));
		must(slice_find_byte(field->value, '\0') < 0 && slice_find_byte(field->value, '\r') < 0);
		for (size_t j = 0; j < i; j++)
			must(!slice_equal(form.at[j].name, field->name));
	}
	arena_free(arena);
	return 0;
}
