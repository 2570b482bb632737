#include <config.h>

#include "server/booking/calendar_user.h"

#include <errno.h>
#include <inttypes.h>

#include "protocol/base/ascii.h"
#include "protocol/dav/path.h"
#include "protocol/ical/component.h"

#define URN_LENGTH 45 /* "urn:uuid:" and 36 of the UUID */
#define URN_ID     12 /* hexadecimal digits at its end that say whose it is */

void resource_urn_write(struct buf *b, uint64_t epoch, unsigned kind, uint64_t id)
{
	buf_printf(b, "urn:uuid:%08" PRIx64 "-%04" PRIx64 "-8%03x-%04" PRIx64 "-%012" PRIx64, epoch >> 32,
	    epoch >> 16 & 0xffff, kind, (epoch & 0x3fff) | 0x8000, id & 0xffffffffffff);
}

/* ---- the kinds of address ---- */

static enum dav_principal_set set_of(enum principal_kind kind)
{
	return kind == PRINCIPAL_USER ? DAV_USERS : kind == PRINCIPAL_RESOURCE ? DAV_RESOURCES : DAV_GROUPS;
}

static bool is_urn_of(struct slice address, uint64_t epoch, uint64_t id)
{
	AUTO_BUF struct buf b = BUF_INIT(64);

	resource_urn_write(&b, epoch, DAV_PRINCIPAL, id);
	return b.err == 0 && slice_equal_nocase(buf_slice(&b), address);
}

static bool read_urn(struct slice address, uint64_t epoch, uint64_t *id_r)
{
	uint64_t id = 0;

	if (address.len != URN_LENGTH)
		return false;
	for (size_t i = URN_LENGTH - URN_ID; i < URN_LENGTH; i++) {
		int digit = ascii_hex_value(address.at[i]);

		if (digit < 0)
			return false;
		id = id << 4 | (unsigned)digit;
	}
	*id_r = id;
	return is_urn_of(address, epoch, id);
}

static bool read_path(struct slice address, struct dav_path *path_r)
{
	return slice_find_byte(address, '/') >= 0 && dav_path_parse_href(address, path_r) == 0 &&
	       path_r->kind == DAV_PRINCIPAL;
}

static struct slice without_mailto(struct slice address)
{
	return slice_starts_nocase(address, SLICE("mailto:")) ? slice_trim(slice_from(address, 7)) : address;
}

/* ---- finding ---- */

static int find_by_address(struct kv_txn *txn, struct arena *arena, uint64_t epoch, struct slice address,
    struct principal *principal_r)
{
	struct dav_path path;
	uint64_t id;
	int ret;

	if (slice_starts_nocase(address, SLICE("urn:")))
		return read_urn(address, epoch, &id) ? store_principal_get_by_id(txn, arena, id, principal_r) : -ENOENT;
	if (!read_path(address, &path))
		return store_principal_get_by_email(txn, arena, without_mailto(address), principal_r);
	ret = store_principal_get(txn, arena, slice_str(path.name), principal_r);
	return ret == 0 && set_of(principal_r->kind) != path.set ? -ENOENT : ret;
}

int calendar_user_find(struct kv_txn *txn, struct arena *arena, uint64_t epoch, struct slice address, struct slice email,
    struct principal *principal_r)
{
	int ret;

	address = slice_trim(address);
	ret = address.len > 0 ? find_by_address(txn, arena, epoch, address, principal_r) : -ENOENT;
	if (ret == -ENOENT && email.len > 0)
		ret = store_principal_get_by_email(txn, arena, without_mailto(slice_trim(email)), principal_r);
	return ret == 0 && principal_r->kind == PRINCIPAL_GROUP ? -ENOENT : ret;
}

bool calendar_user_is(const struct principal *principal, uint64_t epoch, struct slice address, struct slice email)
{
	struct dav_path path;

	address = slice_trim(address);
	if (principal->email.len > 0 &&
	    (ical_address_is(address, principal->email) || ical_address_is(email, principal->email)))
		return true;
	if (slice_starts_nocase(address, SLICE("urn:")))
		return is_urn_of(address, epoch, principal->id);
	return read_path(address, &path) && path.set == set_of(principal->kind) && slice_is(principal->name, path.name);
}

struct slice calendar_user_addresses(struct arena *arena, uint64_t epoch, const struct principal *principal)
{
	AUTO_BUF struct buf b = BUF_INIT(8192);
	char *copy;

	dav_href_principal(&b, set_of(principal->kind), principal->name);
	buf_add_char(&b, ' ');
	resource_urn_write(&b, epoch, DAV_PRINCIPAL, principal->id);
	if (principal->email.len > 0) {
		buf_add_char(&b, ' ');
		buf_add_slice(&b, principal->email);
	}
	copy = b.err == 0 ? arena_copy(arena, buf_slice(&b)) : NULL;
	return slice_of(copy, copy != NULL ? b.len : 0);
}
