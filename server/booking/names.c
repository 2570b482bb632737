#include <config.h>

#include "server/booking/names.h"

#include <string.h>

#include "protocol/base/ascii.h"
#include "protocol/base/utf8.h"

bool names_name_is_good(struct slice name)
{
	if (slice_is(name, NAMES_ALL) || slice_is(name, NAMES_AUTHENTICATED))
		return false; /* whom a grant can be made to beside principals */
	if (name.len == 0 || name.len > NAMES_NAME_MAX || !ascii_is_alnum(name.at[0]))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alnum(name.at[i]) && strchr("._-@+", name.at[i]) == NULL)
			return false;
	return true;
}

bool names_email_is_good(struct slice email)
{
	ptrdiff_t at = slice_find_byte(email, '@');

	if (at <= 0 || (size_t)at + 1 == email.len || email.len > NAMES_TEXT_MAX || !utf8_is_valid(email))
		return false;
	for (size_t i = 0; i < email.len; i++)
		if (ascii_is_control(email.at[i]) || strchr(" <>,;:\"()[]\\", email.at[i]) != NULL)
			return false;
	return slice_find_byte(slice_from(email, (size_t)at + 1), '@') < 0;
}

bool names_text_is_good(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (ascii_is_control(text.at[i]))
			return false;
	return text.len <= NAMES_TEXT_MAX && utf8_is_valid(text);
}
