/* /staff and /resources: people, rooms and equipment. The address says which kind a row is about. */
#include <config.h>

#include <errno.h>

#include "server/api/api_private.h"
#include "server/auth/password.h"
#include "server/booking/names.h"

#define PASSWORD_BYTES_MAX 1024
#define RECORD_MAX         8192

static const char *const resource_kinds[] = {"room", "equipment", NULL}; /* from RESOURCE_ROOM */

/* What the body says. */
struct given {
	struct principal principal;
	char made[PASSWORD_MADE_LENGTH + 1]; /* a password that was made, told once; "" when none was */
};

static enum principal_kind kind_of(const struct api_request *r)
{
	return r->row->path[0] == 's' ? PRINCIPAL_USER : PRINCIPAL_RESOURCE;
}

static const char *word_of(const struct api_request *r)
{
	return kind_of(r) == PRINCIPAL_USER ? "staff" : "resource";
}

static void write_members(struct buf *b, const struct principal *principal)
{
	json_open_object(b, NULL);
	json_add_text(b, "name", principal->name);
	json_add_text(b, "display_name", principal->display_name);
	json_add_text(b, "email", principal->email);
	json_add_text(b, "timezone", principal->timezone);
	api_add_time(b, "created", principal->created);
	if (principal->kind == PRINCIPAL_USER) {
		json_add_boolean(b, "admin", principal->admin);
		return;
	}
	json_add_text(b, "kind", slice_str(resource_kinds[principal->resource == RESOURCE_EQUIPMENT]));
	json_add_text(b, "pool", principal->pool);
	json_add_integer(b, "seats", principal->seats);
}

static void write_principal(struct buf *b, const struct principal *principal)
{
	write_members(b, principal);
	json_close_object(b);
}

/* ---- reading ---- */

struct page {
	struct api_request *r;
	struct api_list list;
};

static int see(const struct principal *principal, void *arg)
{
	struct page *page = arg;
	int takes;

	if (principal->kind != kind_of(page->r))
		return 0;
	takes = api_list_takes(page->r, &page->list, principal->name);
	if (takes > 0)
		write_principal(page->list.b, principal);
	return takes < 0 ? takes : 0;
}

int api_principal_list(struct api_request *r, struct kv_txn *txn)
{
	struct page page = {.r = r};
	int ret = api_list_begin(r, &page.list);

	if (ret == 0)
		ret = store_principal_each(txn, see, &page);
	if (ret == 0)
		api_list_end(&page.list);
	return ret;
}

int api_principal_find(struct api_request *r, struct kv_txn *txn, struct principal *principal_r)
{
	int ret = store_principal_get(txn, r->arena, r->segments[0], principal_r);

	return ret == 0 && principal_r->kind != kind_of(r) ? -ENOENT : ret;
}

int api_principal_get(struct api_request *r, struct kv_txn *txn)
{
	struct principal principal;
	int ret = api_principal_find(r, txn, &principal);

	if (ret == 0)
		write_principal(api_answer(r, 200), &principal);
	return ret;
}

/* ---- what a body says ---- */

static int read_text(struct api_request *r, const char *name, enum json_need need, size_t max, struct slice *text)
{
	int ret = json_get_text(&r->body, name, need, JSON_ONE_LINE, 0, max, text, &r->error);

	return ret < 0 ? ret : 0;
}

static int read_name(struct api_request *r, struct principal *principal)
{
	bool named = r->row->method == HTTP_PUT;
	struct slice name = named ? r->segments[0] : SLICE_EMPTY;
	int ret = read_text(r, "name", named ? JSON_OPTIONAL : JSON_REQUIRED, NAMES_NAME_MAX, &name);

	if (ret < 0)
		return ret;
	if (named && !slice_equal(name, r->segments[0]))
		return api_refuse(r, "name", "it is another than that of the address");
	if (!names_name_is_good(name))
		return api_refuse(r, "name", "1 to %d letters, digits and ._-@+ are wanted, a letter or digit first", NAMES_NAME_MAX);
	principal->name = principal->display_name = name;
	return read_text(r, "display_name", JSON_OPTIONAL, NAMES_TEXT_MAX, &principal->display_name);
}

/* What people and things have in common. */
static int read_common(struct api_request *r, struct principal *principal)
{
	const struct zone *zone;
	int ret = read_name(r, principal);

	if (ret == 0)
		ret = read_text(r, "email", principal->kind == PRINCIPAL_USER ? JSON_REQUIRED : JSON_OPTIONAL, NAMES_TEXT_MAX,
		    &principal->email);
	if (ret == 0)
		ret = read_text(r, "timezone", JSON_OPTIONAL, ZONE_NAME_MAX, &principal->timezone);
	if (ret < 0)
		return ret;
	if ((principal->email.len > 0 || principal->kind == PRINCIPAL_USER) && !names_email_is_good(principal->email))
		return api_refuse(r, "email", "it is no e-mail address");
	if (principal->timezone.len == 0)
		return 0;
	zone = zone_set_find(r->app->zones, principal->timezone);
	if (zone == NULL)
		return api_refuse(r, "timezone", "there is no such time zone");
	principal->timezone = zone_name(zone);
	return 0;
}

static int read_resource(struct api_request *r, struct principal *principal)
{
	static const char *const names[] = {"name", "display_name", "email", "timezone", "kind", "pool", "seats", NULL};
	int64_t seats = 0;
	int kind = 0, ret = json_only(&r->body, names, &r->error);

	if (ret == 0)
		ret = read_common(r, principal);
	if (ret == 0)
		ret = json_get_word(&r->body, "kind", JSON_OPTIONAL, resource_kinds, &kind, &r->error);
	if (ret >= 0)
		ret = json_get_integer(&r->body, "seats", JSON_OPTIONAL, 0, NAMES_SEATS_MAX, &seats, &r->error);
	if (ret >= 0)
		ret = read_text(r, "pool", JSON_OPTIONAL, NAMES_NAME_MAX, &principal->pool);
	if (ret < 0)
		return ret;
	if (principal->pool.len > 0 && !names_name_is_good(principal->pool))
		return api_refuse(r, "pool", "a pool is named like a resource");
	principal->resource = kind == 1 ? RESOURCE_EQUIPMENT : RESOURCE_ROOM;
	principal->seats = (uint32_t)seats;
	return 0;
}

static int is_there(struct kv_txn *txn, void *arg)
{
	struct api_request *r = arg;
	struct principal principal;

	return store_principal_get(txn, r->arena, r->segments[0], &principal);
}

/* The one that was given; for somebody new without one, one that is made. */
static int take_password(struct api_request *r, struct given *given)
{
	struct slice password = SLICE_EMPTY;
	char encoded[PASSWORD_HASH_SIZE];
	char *copy;
	int ret = json_get_text(&r->body, "password", JSON_OPTIONAL, JSON_ONE_LINE, 1, PASSWORD_BYTES_MAX, &password,
	    &r->error);

	if (ret < 0)
		return ret;
	if (ret == 0) {
		if (r->row->method == HTTP_PUT)
			ret = kv_view(store_kv(r->app->store), is_there, r);
		else
			ret = -ENOENT;
		if (ret != -ENOENT)
			return ret; /* he keeps the one he has */
		ret = password_make(given->made);
		password = slice_str(given->made);
	}
	if (ret >= 0)
		ret = password_hash(password, encoded);
	copy = ret < 0 ? NULL : arena_strdup(r->arena, encoded);
	given->principal.password_hash = slice_str(copy);
	return ret < 0 ? ret : copy == NULL ? -ENOMEM : 0;
}

static int read_staff(struct api_request *r, struct given *given)
{
	static const char *const names[] = {"name", "display_name", "email", "timezone", "admin", "password", NULL};
	int ret = json_only(&r->body, names, &r->error);

	if (ret == 0)
		ret = read_common(r, &given->principal);
	if (ret == 0)
		ret = json_get_boolean(&r->body, "admin", JSON_OPTIONAL, &given->principal.admin, &r->error);
	return ret < 0 ? ret : take_password(r, given);
}

int api_principal_read(struct api_request *r)
{
	struct given *given = r->state = arena_zalloc(r->arena, sizeof(*given));

	if (given == NULL)
		return -ENOMEM;
	given->principal = (struct principal){.kind = kind_of(r), .created = r->now, .credential_version = 1};
	return given->principal.kind == PRINCIPAL_USER ? read_staff(r, given) : read_resource(r, &given->principal);
}

/* ---- writing ---- */

static int tell(struct api_request *r, struct kv_txn *txn, const char *action, const struct principal *before,
    const struct principal *after)
{
	AUTO_BUF struct buf was = BUF_INIT(RECORD_MAX), is = BUF_INIT(RECORD_MAX);

	if (before != NULL)
		write_principal(&was, before);
	if (after != NULL)
		write_principal(&is, after);
	if (was.err < 0 || is.err < 0)
		return was.err < 0 ? was.err : is.err;
	return api_audit(r, txn, word_of(r), after != NULL ? after->name : before->name, action, buf_slice(&was),
	    buf_slice(&is));
}

int api_principal_create(struct api_request *r, struct kv_txn *txn)
{
	const struct given *given = r->state;
	struct principal principal = given->principal; /* may run again: ids are given to a copy */
	struct buf *b;
	int ret;

	if (principal.kind == PRINCIPAL_USER && principal.password_hash.len == 0)
		return -EAGAIN; /* he was there when the body was read */
	ret = change_principal_create(r->app->changes, txn, &principal);
	if (ret == -EEXIST)
		return api_problem(r, 409, "exists", "The name or the e-mail address belongs to another already.");
	if (ret < 0)
		return ret;
	b = api_answer(r, 201);
	write_members(b, &principal);
	if (given->made[0] != '\0')
		json_add_text(b, "password", slice_str(given->made));
	json_close_object(b);
	api_location(r, principal.kind == PRINCIPAL_USER ? "staff" : "resources", principal.name);
	return tell(r, txn, "create", NULL, &principal);
}

/* What the body does not say stays: the hours have an address of their own. */
static struct principal merge(const struct principal *before, const struct principal *given)
{
	struct principal after = *given;

	after.id = before->id;
	after.created = before->created;
	after.hours = before->hours;
	after.credential_version = before->credential_version + (given->password_hash.len > 0);
	if (given->password_hash.len == 0)
		after.password_hash = before->password_hash;
	return after;
}

int api_principal_put(struct api_request *r, struct kv_txn *txn)
{
	const struct given *given = r->state;
	struct principal before, after;
	int ret = store_principal_get(txn, r->arena, r->segments[0], &before);

	if (ret == -ENOENT)
		return api_principal_create(r, txn);
	if (ret < 0)
		return ret;
	if (before.kind != kind_of(r))
		return api_problem(r, 409, "exists", "The name belongs to another already.");
	after = merge(&before, &given->principal);
	ret = change_principal_update(r->app->changes, txn, r->arena, &after);
	if (ret == -EEXIST)
		return api_problem(r, 409, "exists", "The e-mail address belongs to another already.");
	if (ret == -EBUSY)
		return api_problem(r, 409, "wrong-state", "Bookings would overlap in the new time zone.");
	if (ret < 0)
		return ret;
	write_principal(api_answer(r, 200), &after);
	return tell(r, txn, "update", &before, &after);
}

int api_principal_delete(struct api_request *r, struct kv_txn *txn)
{
	struct principal principal;
	int ret = api_principal_find(r, txn, &principal);

	if (ret == 0)
		ret = change_principal_delete(r->app->changes, txn, r->arena, principal.name, false);
	if (ret == -EBUSY)
		return api_problem(r, 409, "wrong-state", "Live bookings lie ahead.");
	if (ret < 0)
		return ret;
	api_answer(r, 204);
	return tell(r, txn, "delete", &principal, NULL);
}
