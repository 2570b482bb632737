/* What storage/store.h and store_write.h promise, the same cases on every engine. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/key.h"
#include "storage/store_write.h"
#include "tests/contract/store_cases.h"

#define NOW INT64_C(1800000000)

/* ---- what most cases need ---- */

static struct principal user(const char *name, const char *email)
{
	return (struct principal){
	    .kind = PRINCIPAL_USER,
	    .name = slice_str(name),
	    .email = slice_str(email),
	    .created = NOW,
	};
}

static int make_calendar(struct kv_txn *txn, const char *home, const char *name, struct collection *calendar_r)
{
	struct principal owner;
	struct arena *arena = arena_new(1 << 16);
	int ret = store_principal_get(txn, arena, slice_str(home), &owner);

	if (ret == -ENOENT) {
		owner = user(home, "");
		ret = store_principal_put(txn, &owner);
	}
	*calendar_r = (struct collection){
	    .owner = owner.id,
	    .kind = COLLECTION_CALENDAR,
	    .home = slice_str(home),
	    .name = slice_str(name),
	    .components = COMPONENT_VEVENT,
	    .created = NOW,
	};
	arena_free(arena);
	return ret < 0 ? ret : store_collection_put(txn, calendar_r);
}

static struct object event(const struct collection *calendar, const char *name, const char *uid)
{
	return (struct object){
	    .collection = calendar->id,
	    .name = slice_str(name),
	    .uid = slice_str(uid),
	    .component = COMPONENT_VEVENT,
	    .span = {NOW, NOW + 3600},
	};
}

static int put(struct kv_txn *txn, const struct collection *calendar, const char *name, const char *uid,
    const char *body, struct object *object_r)
{
	*object_r = event(calendar, name, uid);
	return store_object_put(txn, calendar->owner, object_r, slice_str(body), NOW);
}

/* Names one after the other, with a mark for what was deleted. */
struct list {
	char text[512];
	size_t stop_after, count;
};

static int add_name(struct list *list, struct slice name, const char *mark)
{
	size_t used = strlen(list->text);

	snprintf(list->text + used, sizeof(list->text) - used, "%s%.*s ", mark, SLICE_ARG(name));
	return ++list->count == list->stop_after ? 77 : 0;
}

static int list_principal(const struct principal *principal, void *arg)
{
	return add_name(arg, principal->name, "");
}

static int list_collection(const struct collection *collection, void *arg)
{
	return add_name(arg, collection->name, "");
}

static int list_object(const struct object *object, void *arg)
{
	return add_name(arg, object->name, "");
}

static int list_change(const struct change *change, void *arg)
{
	return add_name(arg, change->name, change->op == CHANGE_DELETE ? "-" : "");
}

static int list_property(struct slice ns, struct slice name, struct slice xml, void *arg)
{
	(void)ns;
	(void)xml;
	return add_name(arg, name, "");
}

static int list_series(const struct series *series, void *arg)
{
	return add_name(arg, series->name, "");
}

static int list_job(const struct job *job, void *arg)
{
	return add_name(arg, job->payload, "");
}

/* ---- principals ---- */

CASE(principals_are_found_by_name_id_and_address)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct principal a = user("anna", "Anna@Example.org"), b = user("bert", ""), found;
	struct list list = {.count = 0};

	a.display_name = SLICE("Anna");
	a.hours = SLICE("{}");
	a.seats = 7;
	a.admin = true;
	WANT_RET(0, store_principal_put(txn, &b));
	WANT_RET(0, store_principal_put(txn, &a));
	WANT(a.id != 0 && b.id != 0 && a.id != b.id);
	WANT_RET(0, store_principal_get(txn, arena, SLICE("anna"), &found));
	WANT(found.id == a.id && slice_is(found.display_name, "Anna") && slice_is(found.hours, "{}") && found.seats == 7 &&
	     found.admin && found.created == NOW);
	WANT_RET(0, store_principal_get_by_id(txn, arena, b.id, &found));
	WANT(slice_is(found.name, "bert"));
	WANT_RET(0, store_principal_get_by_email(txn, arena, SLICE("aNNA@example.ORG"), &found));
	WANT(found.id == a.id && slice_is(found.email, "Anna@Example.org"));
	WANT_RET(-ENOENT, store_principal_get(txn, arena, SLICE("Anna"), &found));
	WANT_RET(-ENOENT, store_principal_get_by_email(txn, arena, SLICE(""), &found));
	WANT_RET(-ENOENT, store_principal_get_by_id(txn, arena, 99, &found));
	WANT_RET(0, store_principal_each(txn, list_principal, &list));
	WANT(strcmp(list.text, "anna bert ") == 0);
	return 0;
}

CASE(a_name_and_an_address_belong_to_one_principal)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct principal a = user("anna", "anna@example.org"), b = user("bert", "ANNA@example.org"), c = user("anna", ""), found;

	WANT_RET(0, store_principal_put(txn, &a));
	WANT_RET(-EEXIST, store_principal_put(txn, &c));
	WANT_RET(-EEXIST, store_principal_put(txn, &b));
	b.id = 0;
	b.email = SLICE("bert@example.org");
	WANT_RET(0, store_principal_put(txn, &b));
	a.email = SLICE("new@example.org"); /* which frees the old one */
	WANT_RET(0, store_principal_put(txn, &a));
	b.email = SLICE("anna@example.org");
	WANT_RET(0, store_principal_put(txn, &b));
	WANT_RET(0, store_principal_get_by_email(txn, arena, SLICE("anna@example.org"), &found));
	WANT(slice_is(found.name, "bert"));
	WANT_RET(-ENOENT, store_principal_get_by_email(txn, arena, SLICE("bert@example.org"), &found));
	return 0;
}

CASE(a_deleted_principal_leaves_nothing_and_its_id_is_not_used_again)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct principal a = user("anna", "anna@example.org"), again = user("anna", "anna@example.org"), found;

	WANT_RET(-ENOENT, store_principal_delete(txn, SLICE("anna")));
	WANT_RET(0, store_principal_put(txn, &a));
	WANT_RET(0, store_principal_delete(txn, SLICE("anna")));
	WANT_RET(-ENOENT, store_principal_get(txn, arena, SLICE("anna"), &found));
	WANT_RET(-ENOENT, store_principal_get_by_id(txn, arena, a.id, &found));
	WANT_RET(-ENOENT, store_principal_get_by_email(txn, arena, SLICE("anna@example.org"), &found));
	WANT_RET(0, store_principal_put(txn, &again));
	WANT(again.id != a.id);
	return 0;
}

/* ---- collections and properties ---- */

CASE(collections_are_found_by_home_and_name_and_listed_by_home)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct collection work, play, other, found;
	struct list list = {.count = 0};

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, make_calendar(txn, "anna", "play", &play));
	WANT_RET(0, make_calendar(txn, "annabel", "work", &other)); /* a home that begins like the first */
	WANT_RET(-EEXIST, make_calendar(txn, "anna", "work", &found));
	WANT_RET(0, store_collection_each(txn, SLICE("anna"), list_collection, &list));
	WANT(strcmp(list.text, "play work ") == 0);
	work.display_name = SLICE("Work");
	work.transparent = true;
	work.revision = 3;
	WANT_RET(0, store_collection_put(txn, &work));
	WANT_RET(0, store_collection_get(txn, arena, SLICE("anna"), SLICE("work"), &found));
	WANT(found.id == work.id && slice_is(found.display_name, "Work") && found.transparent && found.revision == 3);
	WANT_RET(0, store_collection_get_by_id(txn, arena, other.id, &found));
	WANT(slice_is(found.home, "annabel") && found.owner == other.owner);
	WANT_RET(-ENOENT, store_collection_get(txn, arena, SLICE("anna"), SLICE("wor"), &found));
	WANT_RET(-ENOENT, store_collection_get_by_id(txn, arena, 99, &found));
	return 0;
}

CASE(a_put_with_an_id_that_no_row_has_is_refused)
{
	struct call *call = arg;
	struct collection work, lost;
	struct principal ghost = user("ghost", "");

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	lost = work;
	lost.name = SLICE("lost");
	WANT_RET(-ENOENT, store_collection_put(txn, &lost)); /* as after a run that was thrown away */
	lost = work;
	lost.id += 7;
	WANT_RET(-ENOENT, store_collection_put(txn, &lost));
	ghost.id = 99;
	WANT_RET(-ENOENT, store_principal_put(txn, &ghost));
	return 0;
}

CASE(dead_properties_belong_to_their_owner_and_full_name)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct collection work;
	struct slice xml, a = SLICE("urn:a"), b = SLICE("urn:ab"), color = SLICE("color"), colour = SLICE("bcolor");
	struct list list = {.count = 0};

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, store_property_put(txn, PROPERTY_OF_COLLECTION, work.id, a, color, SLICE("<x>1</x>")));
	WANT_RET(0, store_property_put(txn, PROPERTY_OF_COLLECTION, work.id, a, colour, SLICE("<x>2</x>")));
	WANT_RET(0, store_property_put(txn, PROPERTY_OF_COLLECTION, work.id, b, color, SLICE("<x>3</x>")));
	WANT_RET(0, store_property_put(txn, PROPERTY_OF_HOME, work.owner, a, color, SLICE("<x>4</x>")));
	WANT_RET(0, store_property_put(txn, PROPERTY_OF_COLLECTION, work.id, a, color, SLICE("<x>5</x>")));
	WANT_RET(0, store_property_get(txn, arena, PROPERTY_OF_COLLECTION, work.id, a, color, &xml));
	WANT(slice_is(xml, "<x>5</x>"));
	WANT_RET(0, store_property_get(txn, arena, PROPERTY_OF_COLLECTION, work.id, b, color, &xml));
	WANT(slice_is(xml, "<x>3</x>"));
	WANT_RET(0, store_property_get(txn, arena, PROPERTY_OF_HOME, work.owner, a, color, &xml));
	WANT(slice_is(xml, "<x>4</x>"));
	WANT_RET(-ENOENT, store_property_get(txn, arena, PROPERTY_OF_PRINCIPAL, work.owner, a, color, &xml));
	WANT_RET(0, store_property_each(txn, PROPERTY_OF_COLLECTION, work.id, list_property, &list));
	WANT(list.count == 3);
	WANT_RET(0, store_property_delete(txn, PROPERTY_OF_COLLECTION, work.id, a, color));
	WANT_RET(-ENOENT, store_property_delete(txn, PROPERTY_OF_COLLECTION, work.id, a, color));
	WANT_RET(-ENOENT, store_property_get(txn, arena, PROPERTY_OF_COLLECTION, work.id, a, color, &xml));
	return 0;
}

CASE(dead_properties_of_an_object_follow_its_writes_and_go_with_it)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct collection work;
	struct object a, again, b;
	struct slice xml, ns = SLICE("urn:a"), color = SLICE("color");
	struct list list = {.count = 0};

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, put(txn, &work, "a.ics", "uid-a", "1", &a));
	WANT_RET(0, put(txn, &work, "b.ics", "uid-b", "1", &b));
	WANT_RET(0, store_property_put(txn, PROPERTY_OF_OBJECT, a.id, ns, color, SLICE("<x>1</x>")));
	WANT_RET(0, store_property_put(txn, PROPERTY_OF_OBJECT, a.id, ns, SLICE("size"), SLICE("<x>2</x>")));
	WANT_RET(0, put(txn, &work, "a.ics", "uid-a", "2", &again));
	WANT(again.id != a.id);
	WANT_RET(0, store_property_get(txn, arena, PROPERTY_OF_OBJECT, again.id, ns, color, &xml));
	WANT(slice_is(xml, "<x>1</x>"));
	WANT_RET(0, store_property_each(txn, PROPERTY_OF_OBJECT, again.id, list_property, &list));
	WANT(list.count == 2);
	list.count = 0;
	WANT_RET(0, store_property_each(txn, PROPERTY_OF_OBJECT, a.id, list_property, &list));
	WANT_RET(0, store_property_each(txn, PROPERTY_OF_OBJECT, b.id, list_property, &list));
	WANT(list.count == 0);
	WANT_RET(0, store_object_delete(txn, work.owner, &again, NOW));
	WANT_RET(0, put(txn, &work, "a.ics", "uid-a", "3", &a));
	WANT_RET(0, store_property_each(txn, PROPERTY_OF_OBJECT, again.id, list_property, &list));
	WANT_RET(0, store_property_each(txn, PROPERTY_OF_OBJECT, a.id, list_property, &list));
	WANT(list.count == 0);
	return 0;
}

/* ---- objects ---- */

CASE(an_object_is_found_by_name_uid_id_and_owner)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct collection work, play;
	struct object a, copy, found;
	struct slice body;
	struct list list = {.count = 0};

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, make_calendar(txn, "anna", "play", &play));
	WANT_RET(0, put(txn, &work, "a.ics", "uid-a", "BODY", &a));
	WANT_RET(0, put(txn, &play, "copy.ics", "uid-a", "COPY", &copy)); /* the same UID in another calendar */
	WANT(a.id != 0 && a.id != copy.id && a.change == 1 && a.size == 4 && a.created == NOW && a.modified == NOW);
	WANT_RET(0, store_object_get(txn, arena, work.id, SLICE("a.ics"), &found));
	WANT(found.id == a.id && found.digest == a.digest && slice_is(found.uid, "uid-a") && found.span.end == NOW + 3600);
	WANT_RET(0, store_object_get_by_uid(txn, arena, play.id, SLICE("uid-a"), &found));
	WANT(found.id == copy.id);
	WANT_RET(0, store_object_get_by_id(txn, arena, work.id, a.id, &found));
	WANT(slice_is(found.name, "a.ics"));
	WANT_RET(-ENOENT, store_object_get_by_id(txn, arena, play.id, a.id, &found));
	WANT_RET(-ENOENT, store_object_get(txn, arena, work.id, SLICE("A.ics"), &found));
	WANT_RET(0, store_body_get(txn, a.id, &body));
	WANT(slice_is(body, "BODY"));
	WANT_RET(0, store_object_each_by_owner_uid(txn, work.owner, SLICE("uid-a"), list_object, &list));
	WANT(strcmp(list.text, "a.ics copy.ics ") == 0);
	return 0;
}

CASE(a_uid_belongs_to_one_name_of_a_collection)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct collection work;
	struct object a, b, found;

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, put(txn, &work, "a.ics", "uid-a", "1", &a));
	WANT_RET(-EEXIST, put(txn, &work, "b.ics", "uid-a", "2", &b));
	WANT_RET(-ENOENT, store_object_get(txn, arena, work.id, SLICE("b.ics"), &found));
	WANT_RET(0, put(txn, &work, "a.ics", "uid-b", "3", &a)); /* another UID frees the old one */
	WANT_RET(-ENOENT, store_object_get_by_uid(txn, arena, work.id, SLICE("uid-a"), &found));
	WANT_RET(0, put(txn, &work, "b.ics", "uid-a", "4", &b));
	return 0;
}

CASE(every_write_gives_a_new_etag_and_keeps_the_birthday)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct collection work;
	struct object a, b, found;
	struct slice body;
	char first[RECORD_ETAG_SIZE], second[RECORD_ETAG_SIZE], third[RECORD_ETAG_SIZE];

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, put(txn, &work, "a.ics", "uid-a", "same", &a));
	object_etag(&a, first);
	b = event(&work, "a.ics", "uid-a");
	WANT_RET(0, store_object_put(txn, work.owner, &b, SLICE("same"), NOW + 60));
	object_etag(&b, second);
	WANT(strcmp(first, second) != 0 && first[0] == '"' && first[strlen(first) - 1] == '"');
	WANT(b.id != a.id && b.created == NOW && b.modified == NOW + 60);
	WANT_RET(-ENOENT, store_body_get(txn, a.id, &body));
	WANT_RET(0, store_object_touch(txn, work.owner, &b, NOW + 120));
	object_etag(&b, third);
	WANT(strcmp(second, third) != 0);
	WANT_RET(0, store_object_get(txn, arena, work.id, SLICE("a.ics"), &found));
	WANT(found.id == b.id && found.change == b.change && found.change == 3);
	WANT_RET(0, store_body_get(txn, b.id, &body));
	WANT(slice_is(body, "same"));
	a.change = 77; /* as in a run that was thrown away: the stored row rules */
	WANT_RET(-ENOENT, store_object_touch(txn, work.owner, &a, NOW));
	b.change = 77;
	WANT_RET(0, store_object_touch(txn, work.owner, &b, NOW));
	WANT(b.change == 4);
	return 0;
}

CASE(a_deleted_object_leaves_a_tombstone_and_may_come_back)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct collection work;
	struct object a, again, found;
	struct slice body;
	struct list list = {.count = 0};

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, put(txn, &work, "a.ics", "uid-a", "1", &a));
	WANT_RET(0, store_object_delete(txn, work.owner, &a, NOW));
	WANT_RET(-ENOENT, store_object_get(txn, arena, work.id, SLICE("a.ics"), &found));
	WANT_RET(-ENOENT, store_object_get_by_uid(txn, arena, work.id, SLICE("uid-a"), &found));
	WANT_RET(-ENOENT, store_body_get(txn, a.id, &body));
	WANT_RET(0, store_change_each(txn, work.id, 0, 0, list_change, &list));
	WANT(strcmp(list.text, "-a.ics ") == 0);
	WANT_RET(0, put(txn, &work, "a.ics", "uid-a", "1", &again));
	WANT(again.id != a.id && again.change == 3);
	list = (struct list){.count = 0};
	WANT_RET(0, store_change_each(txn, work.id, 0, 0, list_change, &list));
	WANT(strcmp(list.text, "a.ics ") == 0);
	return 0;
}

CASE(objects_come_in_the_order_of_their_names_and_a_walk_can_stop)
{
	struct call *call = arg;
	struct collection work, next;
	struct object o;
	struct list list = {.count = 0}, half = {.stop_after = 2};

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, make_calendar(txn, "anna", "next", &next));
	WANT_RET(0, put(txn, &next, "zz", "u", "1", &o));
	WANT_RET(0, put(txn, &work, "c", "uid-c", "1", &o));
	WANT_RET(0, put(txn, &work, "a", "uid-a", "1", &o));
	WANT_RET(0, put(txn, &work, "ab", "uid-ab", "1", &o));
	WANT_RET(0, store_object_each(txn, work.id, list_object, &list));
	WANT(strcmp(list.text, "a ab c ") == 0);
	WANT_RET(77, store_object_each(txn, work.id, list_object, &half));
	WANT(strcmp(half.text, "a ab ") == 0);
	return 0;
}

CASE(names_and_uids_may_be_long_and_strange)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct collection work;
	struct object o = {.component = COMPONENT_VEVENT}, found;
	static char name[RECORD_NAME_MAX], uid[20000];

	memset(name, 0xff, sizeof(name));
	memset(uid, 'u', sizeof(uid));
	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	o.collection = work.id;
	o.name = slice_of(name, sizeof(name));
	o.uid = slice_of(uid, sizeof(uid));
	WANT_RET(0, store_object_put(txn, work.owner, &o, SLICE("1"), NOW));
	WANT_RET(0, store_object_get_by_uid(txn, arena, work.id, o.uid, &found));
	WANT(slice_equal(found.uid, o.uid) && slice_equal(found.name, o.name));
	uid[sizeof(uid) - 1] = 'v';
	WANT_RET(-ENOENT, store_object_get_by_uid(txn, arena, work.id, o.uid, &found));
	WANT_RET(-ENOENT, store_object_get(txn, arena, work.id, slice_of(name, sizeof(name) - 1), &found));
	return 0;
}

/* ---- changes ---- */

CASE(a_sync_gets_the_newest_change_of_each_name_once)
{
	struct call *call = arg;
	struct collection work;
	struct object a, b, c;
	struct list all = {.count = 0}, since = {.count = 0}, page = {.count = 0};
	uint64_t number;

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, store_collection_change(txn, work.id, &number));
	WANT(number == 0);
	WANT_RET(0, put(txn, &work, "a", "uid-a", "1", &a));
	WANT_RET(0, put(txn, &work, "b", "uid-b", "1", &b));
	WANT_RET(0, put(txn, &work, "c", "uid-c", "1", &c));
	WANT_RET(0, put(txn, &work, "a", "uid-a", "2", &a));
	WANT_RET(0, store_object_delete(txn, work.owner, &b, NOW));
	WANT_RET(0, store_object_touch(txn, work.owner, &c, NOW));
	WANT_RET(0, store_collection_change(txn, work.id, &number));
	WANT(number == 6);
	WANT_RET(0, store_change_each(txn, work.id, 0, 0, list_change, &all));
	WANT(strcmp(all.text, "a -b c ") == 0);
	WANT_RET(0, store_change_each(txn, work.id, 4, 0, list_change, &since));
	WANT(strcmp(since.text, "-b c ") == 0);
	WANT_RET(0, store_change_each(txn, work.id, 2, 2, list_change, &page));
	WANT(strcmp(page.text, "a -b ") == 0);
	WANT_RET(0, store_change_each(txn, work.id, 6, 0, list_change, &page));
	WANT(page.count == 2);
	WANT_RET(-ESTALE, store_change_each(txn, work.id, 7, 0, list_change, &page));
	WANT_RET(-ESTALE, store_change_each(txn, work.id, UINT64_MAX, 0, list_change, &page));
	return 0;
}

CASE(pruned_tombstones_make_older_tokens_stale_and_no_newer_one)
{
	struct call *call = arg;
	struct collection work;
	struct object a, b, c;
	struct list list = {.count = 0};
	instant_t later = NOW + STORE_TOMBSTONE_KEPT_SECONDS + 1;

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, put(txn, &work, "a", "uid-a", "1", &a));        /* 1 */
	WANT_RET(0, put(txn, &work, "b", "uid-b", "1", &b));        /* 2 */
	WANT_RET(0, put(txn, &work, "c", "uid-c", "1", &c));        /* 3 */
	WANT_RET(0, store_object_delete(txn, work.owner, &a, NOW)); /* 4 */
	WANT_RET(0, store_object_delete(txn, work.owner, &b, NOW)); /* 5 */
	WANT_RET(0, store_change_prune(txn, work.id, NOW + 10, 100));
	WANT_RET(0, store_change_each(txn, work.id, 3, 0, list_change, &list));
	WANT(strcmp(list.text, "-a -b ") == 0);
	WANT_RET(1, store_change_prune(txn, work.id, later, 1)); /* a page at a time */
	list = (struct list){.count = 0};
	WANT_RET(-ESTALE, store_change_each(txn, work.id, 3, 0, list_change, &list));
	WANT_RET(0, store_change_each(txn, work.id, 4, 0, list_change, &list));
	WANT(strcmp(list.text, "-b ") == 0);
	WANT_RET(1, store_change_prune(txn, work.id, later, 100));
	WANT_RET(0, store_change_prune(txn, work.id, later, 100));
	WANT_RET(0, store_change_prune(txn, work.id, later, 0));
	list = (struct list){.count = 0};
	WANT_RET(-ESTALE, store_change_each(txn, work.id, 4, 0, list_change, &list));
	WANT_RET(0, store_change_each(txn, work.id, 5, 0, list_change, &list));
	WANT_RET(0, store_change_each(txn, work.id, 0, 0, list_change, &list)); /* a first sync is never stale */
	WANT(strcmp(list.text, "c ") == 0);
	return 0;
}

CASE(a_collection_goes_only_when_it_is_empty_and_takes_its_rows_along)
{
	struct call *call = arg;
	struct collection work, again;
	struct object a;
	struct list list = {.count = 0};

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, put(txn, &work, "a", "uid-a", "1", &a));
	WANT_RET(0, store_property_put(txn, PROPERTY_OF_COLLECTION, work.id, SLICE("x"), SLICE("y"), SLICE("z")));
	WANT_RET(-ENOTEMPTY, store_collection_delete(txn, &work));
	WANT_RET(0, store_object_delete(txn, work.owner, &a, NOW));
	WANT_RET(0, store_collection_delete(txn, &work));
	WANT_RET(-ENOENT, store_collection_delete(txn, &work));
	WANT_RET(0, store_property_each(txn, PROPERTY_OF_COLLECTION, work.id, list_property, &list));
	WANT(list.count == 0);
	WANT_RET(0, make_calendar(txn, "anna", "work", &again));
	WANT(again.id != work.id);
	return 0;
}

/* ---- the busy index ---- */

static struct busy row(const struct object *object, uint32_t instance, instant_t start, instant_t end,
    enum busy_kind kind)
{
	return (struct busy){
	    .at = {start, end},
	    .collection = object->collection,
	    .object = object->id,
	    .instance = instance,
	    .component = COMPONENT_VEVENT,
	    .kind = kind,
	    .flags = BUSY_BOOKING,
	};
}

/* Instance numbers as bits, so that order does not matter. */
static int mark(const struct busy *busy, void *arg)
{
	*(uint64_t *)arg |= UINT64_C(1) << busy->instance;
	return busy->flags == BUSY_BOOKING && busy->component == COMPONENT_VEVENT ? 0 : -EPROTO;
}

struct window_row {
	instant_t start, end;
	uint64_t calendar, member; /* bits of the instances that are found */
};

CASE(busy_rows_are_found_by_overlap_in_both_indexes)
{
	static const struct window_row windows[] = {
	    {100, 200, 1 << 0 | 1 << 3 | 1 << 4, 1 << 0 | 1 << 4},
	    {99, 100, 1 << 4, 1 << 4},
	    {200, 300, 1 << 1 | 1 << 4, 1 << 4},
	    {300, 400, 1 << 2 | 1 << 4, 1 << 2 | 1 << 4},
	    {150, 151, 1 << 0 | 1 << 3 | 1 << 4, 1 << 0 | 1 << 4},
	    {151, 160, 1 << 0 | 1 << 4, 1 << 0 | 1 << 4},
	    {INSTANT_MIN, INSTANT_MAX, 0x1f, 1 << 0 | 1 << 2 | 1 << 4},
	    {100000, 200000, 0, 0},
	};
	struct call *call = arg;
	struct collection work;
	struct object o;
	struct busy rows[5], *stored;
	uint64_t member;
	size_t count;

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, put(txn, &work, "a", "uid-a", "1", &o));
	rows[0] = row(&o, 0, 100, 200, BUSY_KIND_BUSY);
	rows[1] = row(&o, 1, 200, 300, BUSY_KIND_FREE);
	rows[2] = row(&o, 2, 300, 400, BUSY_KIND_TENTATIVE);
	rows[3] = row(&o, 3, 150, 150, BUSY_KIND_BUSY); /* empty: only queries find it */
	rows[4] = row(&o, 4, -5000, 5000, BUSY_KIND_UNAVAILABLE);
	WANT_RET(0, store_index_put(txn, work.owner, work.id, o.id, rows, 5));
	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		const struct interval window = {windows[i].start, windows[i].end};
		uint64_t calendar = 0, of_member = 0;

		WANT_RET(0, store_busy_each(txn, work.id, window, mark, &calendar));
		WANT_RET(0, store_member_busy_each(txn, work.owner, window, mark, &of_member));
		if (calendar != windows[i].calendar || of_member != windows[i].member) {
			call->line = -(int)i; /* the row of the table */
			call->ret = (int)(calendar << 8 | of_member);
			return -EPROTO;
		}
	}
	WANT_RET(0, store_index_get(txn, call->f->arena, work.id, o.id, &member, &stored, &count));
	WANT(member == work.owner && count == 5 && stored[3].at.start == 150 && stored[4].kind == BUSY_KIND_UNAVAILABLE);
	return 0;
}

CASE(index_rows_are_replaced_and_cleared_as_a_whole)
{
	const struct interval all = {INSTANT_MIN, INSTANT_MAX};
	struct call *call = arg;
	struct collection work;
	struct object o, other;
	struct busy rows[2], *stored;
	uint64_t member = 0, bits = 0;
	size_t count = 0;

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, put(txn, &work, "a", "uid-a", "1", &o));
	WANT_RET(0, put(txn, &work, "b", "uid-b", "1", &other));
	rows[0] = row(&other, 9, 0, 10, BUSY_KIND_BUSY);
	WANT_RET(0, store_index_put(txn, work.owner, work.id, other.id, rows, 1));
	rows[0] = row(&o, 0, 0, 10, BUSY_KIND_BUSY);
	rows[1] = row(&o, 1, 20, 30, BUSY_KIND_BUSY);
	WANT_RET(0, store_index_put(txn, work.owner, work.id, o.id, rows, 2));
	rows[0] = row(&o, 2, 40, 50, BUSY_KIND_BUSY);
	WANT_RET(0, store_index_put(txn, 0, work.id, o.id, rows, 1)); /* no longer counts for a member */
	WANT_RET(0, store_busy_each(txn, work.id, all, mark, &bits));
	WANT(bits == (1 << 9 | 1 << 2));
	bits = 0;
	WANT_RET(0, store_member_busy_each(txn, work.owner, all, mark, &bits));
	WANT(bits == 1 << 9);
	WANT_RET(0, store_index_clear(txn, work.id, o.id));
	WANT_RET(0, store_index_clear(txn, work.id, o.id));
	WANT_RET(0, store_index_get(txn, call->f->arena, work.id, o.id, &member, &stored, &count));
	WANT(count == 0 && member == 0);
	return 0;
}

CASE(series_are_found_where_the_index_may_not_hold_them)
{
	struct call *call = arg;
	struct collection work;
	struct object o, p;
	struct series series, endless;
	struct list list = {.count = 0};

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, put(txn, &work, "weekly", "uid-a", "1", &o));
	WANT_RET(0, put(txn, &work, "endless", "uid-b", "1", &p));
	series = (struct series){work.id, o.id, o.name, {1000, 9000}, {0, 5000}};
	endless = (struct series){work.id, p.id, p.name, {1000, INSTANT_MAX}, {0, 4000}};
	WANT_RET(0, store_series_put(txn, &series));
	WANT_RET(0, store_series_put(txn, &endless));
	WANT_RET(0, store_series_each(txn, work.id, (struct interval){2000, 3000}, list_series, &list));
	WANT(list.count == 0);
	WANT_RET(0, store_series_each(txn, work.id, (struct interval){4000, 5000}, list_series, &list));
	WANT(strcmp(list.text, "endless ") == 0);
	list = (struct list){.count = 0};
	WANT_RET(0, store_series_each(txn, work.id, (struct interval){4000, 5001}, list_series, &list));
	WANT(list.count == 2);
	list = (struct list){.count = 0};
	WANT_RET(0, store_series_each(txn, work.id, (struct interval){9000, 9900}, list_series, &list));
	WANT(strcmp(list.text, "endless ") == 0);
	list = (struct list){.count = 0};
	WANT_RET(0, store_series_each_due(txn, 6000, 0, list_series, &list)); /* soonest first */
	WANT(strcmp(list.text, "endless weekly ") == 0);
	list = (struct list){.count = 0};
	WANT_RET(0, store_series_each_due(txn, 6000, 1, list_series, &list));
	WANT(strcmp(list.text, "endless ") == 0);
	endless.indexed.end = 8000;
	WANT_RET(0, store_series_put(txn, &endless));
	list = (struct list){.count = 0};
	WANT_RET(0, store_series_each_due(txn, 6000, 0, list_series, &list));
	WANT(strcmp(list.text, "weekly ") == 0);
	WANT_RET(0, store_index_clear(txn, work.id, o.id));
	list = (struct list){.count = 0};
	WANT_RET(0, store_series_each_due(txn, INSTANT_MAX, 0, list_series, &list));
	WANT(strcmp(list.text, "endless ") == 0);
	return 0;
}

/* ---- occupancy ---- */

struct guard_row {
	const char *uid;
	struct interval guards[2];
	size_t count;
	int ret;
	instant_t clash; /* start of the guard that is in the way */
};

CASE(no_two_bookings_of_a_member_overlap)
{
	static const struct guard_row rows[] = {
	    {"a", {{100, 200}}, 1, 0, 0},
	    {"b", {{200, 300}}, 1, 0, 0}, /* touching is fine */
	    {"c", {{199, 201}}, 1, -EBUSY, 0},
	    {"c", {{0, 1000}}, 1, -EBUSY, 0},
	    {"c", {{150, 151}}, 1, -EBUSY, 100},
	    {"c", {{100, 200}}, 1, -EBUSY, 100},
	    {"c", {{400, 500}, {299, 301}}, 2, -EBUSY, 200},
	    {"c", {{0, 100}, {300, 301}}, 2, 0, 0},
	    {"a", {{120, 180}}, 1, 0, 0},         /* its own guard is no clash */
	    {"d", {{100, 120}}, 1, 0, 0},         /* what A gave up */
	    {"a", {{100, 200}}, 1, -EBUSY, 100},  /* and does not get back, but keeps what it has */
	    {"e", {{130, 140}}, 1, -EBUSY, 120},
	    {"b", {{0, 0}}, 0, 0, 0},             /* no guard: gives up what it had */
	    {"e", {{200, 300}}, 1, 0, 0},
	};
	struct call *call = arg;
	struct interval clash;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int ret = store_occupancy_put(txn, 1, slice_str(rows[i].uid), rows[i].guards, rows[i].count, &clash);

		if (ret != rows[i].ret || (rows[i].clash != 0 && clash.start != rows[i].clash)) {
			call->line = -(int)i;
			call->ret = ret;
			return -EPROTO;
		}
	}
	WANT_RET(0, store_occupancy_put(txn, 2, SLICE("z"), &(struct interval){0, 1000}, 1, NULL)); /* another member */
	WANT_RET(-EBUSY, store_occupancy_put(txn, 2, SLICE("y"), &(struct interval){5, 6}, 1, NULL));
	WANT_RET(0, store_occupancy_clear(txn, 2, SLICE("z")));
	WANT_RET(0, store_occupancy_clear(txn, 2, SLICE("z")));
	WANT_RET(0, store_occupancy_put(txn, 2, SLICE("y"), &(struct interval){5, 6}, 1, NULL));
	return 0;
}

static int list_occupancy(const struct occupancy *occupancy, void *arg)
{
	return add_name(arg, occupancy->uid, "");
}

CASE(occupancy_is_listed_by_overlap)
{
	struct call *call = arg;
	struct list list = {.count = 0};

	WANT_RET(0, store_occupancy_put(txn, 1, SLICE("a"), &(struct interval){0, 10}, 1, NULL));
	WANT_RET(0, store_occupancy_put(txn, 1, SLICE("b"), &(struct interval){10, 100000}, 1, NULL));
	WANT_RET(0, store_occupancy_each(txn, 1, (struct interval){0, 10}, list_occupancy, &list));
	WANT(strcmp(list.text, "a ") == 0);
	WANT_RET(0, store_occupancy_each(txn, 1, (struct interval){99999, INSTANT_MAX}, list_occupancy, &list));
	WANT(strcmp(list.text, "a b ") == 0);
	WANT_RET(0, store_occupancy_each(txn, 2, (struct interval){0, INSTANT_MAX}, list_occupancy, &list));
	WANT(list.count == 2);
	return 0;
}

/* ---- jobs and small values ---- */

static struct job job(const char *kind, const char *key, const char *payload, instant_t due)
{
	return (struct job){
	    .kind = slice_str(kind),
	    .key = slice_str(key),
	    .payload = slice_str(payload),
	    .due = due,
	    .created = NOW,
	};
}

CASE(jobs_come_by_due_time_and_equal_keys_are_one_job)
{
	struct call *call = arg;
	struct job a = job("mail", "k", "late", 500), b = job("mail", "", "soon", 100), c = job("push", "k", "push", 300),
		   newer = job("mail", "k", "newer", 50), nothing = job("", "", "", 0), found;
	struct list list = {.count = 0};

	WANT_RET(0, store_job_put(txn, &a));
	WANT_RET(0, store_job_put(txn, &b));
	WANT_RET(0, store_job_put(txn, &c));
	WANT_RET(-EINVAL, store_job_put(txn, &nothing));
	WANT_RET(0, store_job_each_of(txn, SLICE("mail"), list_job, &list));
	WANT(strcmp(list.text, "soon late ") == 0);
	WANT_RET(0, store_job_put(txn, &newer));
	WANT(newer.id == a.id);
	list = (struct list){.count = 0};
	WANT_RET(0, store_job_each_of(txn, SLICE("mail"), list_job, &list));
	WANT(strcmp(list.text, "newer soon ") == 0);
	WANT_RET(0, store_job_get_by_key(txn, call->f->arena, SLICE("mail"), SLICE("k"), &found));
	WANT(found.id == a.id && slice_is(found.payload, "newer") && found.state == JOB_READY && found.due == 50);
	WANT_RET(-ENOENT, store_job_get_by_key(txn, call->f->arena, SLICE("mailk"), SLICE(""), &found));
	WANT_RET(0, store_job_delete(txn, b.id));
	WANT_RET(-ENOENT, store_job_delete(txn, b.id));
	WANT_RET(-ENOENT, store_job_get(txn, call->f->arena, b.id, &found));
	b = job("mail", "", "again", 1);
	b.id = 99;
	WANT_RET(-ENOENT, store_job_put(txn, &b));
	return 0;
}

CASE(a_running_job_is_not_replaced_and_leaves_its_key_to_the_newer_one)
{
	struct call *call = arg;
	struct job first = job("pull", "c1", "first", 100), second = job("pull", "c1", "second", 200),
		   third = job("pull", "c1", "third", 300), found;

	WANT_RET(0, store_job_put(txn, &first));
	first.state = JOB_RUNNING;
	WANT_RET(0, store_job_put(txn, &first));
	WANT_RET(0, store_job_put(txn, &second));
	WANT(second.id != first.id);
	first.state = JOB_DONE;
	WANT_RET(0, store_job_put(txn, &first));
	WANT_RET(0, store_job_get_by_key(txn, call->f->arena, SLICE("pull"), SLICE("c1"), &found));
	WANT(found.id == second.id);
	WANT_RET(0, store_job_put(txn, &third));
	WANT(third.id == second.id);
	WANT_RET(0, store_job_delete(txn, first.id));
	WANT_RET(0, store_job_get_by_key(txn, call->f->arena, SLICE("pull"), SLICE("c1"), &found));
	WANT(found.id == third.id && slice_is(found.payload, "third"));
	return 0;
}

CASE(every_write_of_a_job_raises_its_version)
{
	struct call *call = arg;
	struct job a = job("pull", "c1", "a", 100), again = job("pull", "c1", "b", 200), found;

	WANT_RET(0, store_job_put(txn, &a));
	WANT(a.version == 1);
	WANT_RET(0, store_job_put(txn, &again)); /* replaced while it waits */
	WANT(again.id == a.id && again.version == 2);
	again.last_error = SLICE("no route");
	WANT_RET(0, store_job_put(txn, &again));
	WANT_RET(0, store_job_get(txn, call->f->arena, a.id, &found));
	WANT(found.version == 3 && slice_is(found.last_error, "no route") && slice_is(found.payload, "b"));
	return 0;
}

CASE(jobs_come_by_id_behind_any_of_them)
{
	struct call *call = arg;
	struct job a = job("x", "", "a", 300), b = job("y", "", "b", 200), c = job("x", "", "c", 100);
	struct list all = {.count = 0}, rest = {.count = 0}, none = {.count = 0}, half = {.stop_after = 1};

	WANT_RET(0, store_job_put(txn, &a));
	WANT_RET(0, store_job_put(txn, &b));
	WANT_RET(0, store_job_put(txn, &c));
	WANT_RET(0, store_job_each_by_id(txn, 0, list_job, &all));
	WANT(strcmp(all.text, "a b c ") == 0);
	WANT_RET(0, store_job_each_by_id(txn, a.id, list_job, &rest));
	WANT(strcmp(rest.text, "b c ") == 0);
	WANT_RET(0, store_job_each_by_id(txn, c.id, list_job, &none));
	WANT_RET(0, store_job_each_by_id(txn, UINT64_MAX, list_job, &none));
	WANT(none.count == 0);
	WANT_RET(77, store_job_each_by_id(txn, 0, list_job, &half));
	return 0;
}

CASE(a_job_is_its_keys_newest_until_another_takes_the_key)
{
	struct call *call = arg;
	struct job first = job("pull", "c1", "first", 100), second = job("pull", "c1", "second", 200),
		   free_one = job("pull", "", "free", 1);

	WANT_RET(0, store_job_put(txn, &free_one));
	WANT_RET(0, store_job_put(txn, &first));
	first.state = JOB_RUNNING;
	WANT_RET(0, store_job_put(txn, &first));
	WANT_RET(1, store_job_is_newest(txn, &first));
	WANT_RET(1, store_job_is_newest(txn, &free_one));
	WANT_RET(0, store_job_put(txn, &second));
	WANT_RET(0, store_job_is_newest(txn, &first));
	WANT_RET(1, store_job_is_newest(txn, &second));
	WANT_RET(0, store_job_delete(txn, second.id));
	WANT_RET(1, store_job_is_newest(txn, &first));
	first.state = JOB_READY; /* the key is free: it has it again */
	WANT_RET(0, store_job_put(txn, &first));
	second.id = 0;
	WANT_RET(0, store_job_put(txn, &second));
	WANT(second.id == first.id);
	return 0;
}

CASE(what_was_given_up_comes_last_of_its_kind)
{
	struct call *call = arg;
	struct job dead = job("x", "", "dead", 1), a = job("x", "", "a", 10), b = job("x", "", "b", 20), other = job("xy", "", "other", 5),
		   longest = job("", "", "", 0);
	struct list list = {.count = 0}, half = {.stop_after = 1};
	char kind[JOB_KIND_MAX + 1];

	dead.state = JOB_DEAD;
	WANT_RET(0, store_job_put(txn, &dead));
	WANT_RET(0, store_job_put(txn, &b));
	WANT_RET(0, store_job_put(txn, &a));
	WANT_RET(0, store_job_put(txn, &other));
	WANT_RET(0, store_job_each_of(txn, SLICE("x"), list_job, &list));
	WANT(strcmp(list.text, "a b dead ") == 0);
	WANT_RET(77, store_job_each_of(txn, SLICE("x"), list_job, &half));
	dead.state = JOB_READY; /* it leaves its place for the one of its time */
	WANT_RET(0, store_job_put(txn, &dead));
	list = (struct list){.count = 0};
	WANT_RET(0, store_job_each_of(txn, SLICE("x"), list_job, &list));
	WANT(strcmp(list.text, "dead a b ") == 0);
	WANT_RET(0, store_job_delete(txn, dead.id));
	memset(kind, 'k', sizeof(kind));
	longest.kind = slice_of(kind, sizeof(kind));
	WANT_RET(-EINVAL, store_job_put(txn, &longest));
	longest.kind.len--;
	WANT_RET(0, store_job_put(txn, &longest));
	return 0;
}

/* Forgets what is used, as if the store were from before there was a table for it. */
static int forget_usage(struct kv_txn *txn, uint64_t owner)
{
	struct key key;

	key_begin(&key, 'B');
	key_add_u64(&key, owner);
	return kv_delete(txn, key_slice(&key));
}

CASE(what_is_used_follows_the_objects_of_all_calendars)
{
	struct call *call = arg;
	struct collection work, other;
	struct object a, b;
	struct usage usage;

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, make_calendar(txn, "anna", "other", &other));
	WANT_RET(0, store_usage_get(txn, work.owner, &usage));
	WANT(usage.bytes == 0 && usage.objects == 0);
	WANT_RET(0, put(txn, &work, "a.ics", "uid-a", "12345", &a));
	WANT_RET(0, put(txn, &other, "b.ics", "uid-b", "123", &b));
	WANT_RET(0, store_usage_get(txn, work.owner, &usage));
	WANT(usage.bytes == 8 && usage.objects == 2);
	WANT_RET(0, put(txn, &work, "a.ics", "uid-a", "1234567", &a));
	WANT_RET(0, store_object_touch(txn, work.owner, &a, NOW));
	WANT_RET(-EEXIST, put(txn, &work, "c.ics", "uid-a", "1234567", &b));
	WANT_RET(0, store_usage_get(txn, work.owner, &usage));
	WANT(usage.bytes == 10 && usage.objects == 2);
	WANT_RET(0, forget_usage(txn, work.owner));
	WANT_RET(0, store_usage_get(txn, work.owner, &usage));
	WANT(usage.bytes == 10 && usage.objects == 2);
	WANT_RET(0, store_object_delete(txn, work.owner, &a, NOW));
	WANT_RET(0, store_usage_get(txn, work.owner, &usage));
	WANT(usage.bytes == 3 && usage.objects == 1);
	WANT_RET(0, forget_usage(txn, work.owner));
	WANT_RET(0, put(txn, &work, "d.ics", "uid-d", "12", &a));
	WANT_RET(0, store_usage_get(txn, work.owner, &usage));
	WANT(usage.bytes == 5 && usage.objects == 2);
	return 0;
}

static int count_feed(const struct feed *feed, void *arg)
{
	*(uint64_t *)arg += feed->id;
	return 0;
}

CASE(a_feed_is_found_by_its_digest_and_goes_with_its_calendar)
{
	static const unsigned char none[FEED_DIGEST];
	struct call *call = arg;
	struct feed one = {.digest = "one"}, two = {.digest = "two"}, found;
	struct collection work, other;
	uint64_t sum = 0;

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, make_calendar(txn, "anna", "other", &other));
	one.owner = two.owner = work.owner;
	one.collection = work.id;
	WANT_RET(0, store_feed_put(txn, &one));
	WANT_RET(0, store_feed_put(txn, &two));
	WANT(one.id != two.id);
	WANT_RET(-ENOENT, store_feed_get(txn, none, &found));
	WANT_RET(0, store_feed_get(txn, one.digest, &found));
	WANT(found.id == one.id && found.collection == work.id && memcmp(found.digest, one.digest, FEED_DIGEST) == 0);
	WANT_RET(0, store_feed_each(txn, work.owner, count_feed, &sum));
	WANT(sum == one.id + two.id);
	WANT_RET(0, store_feed_forget(txn, call->f->arena, work.owner, other.id));
	WANT_RET(0, store_feed_get(txn, one.digest, &found));
	WANT_RET(0, store_feed_forget(txn, call->f->arena, work.owner, work.id));
	WANT_RET(-ENOENT, store_feed_get(txn, one.digest, &found));
	WANT_RET(0, store_feed_get(txn, two.digest, &found));
	WANT_RET(0, store_feed_forget(txn, call->f->arena, work.owner, 0));
	WANT_RET(-ENOENT, store_feed_get(txn, two.digest, &found));
	return 0;
}

static int count_session(const struct session *session, void *arg)
{
	*(instant_t *)arg += session->used;
	return 0;
}

CASE(sessions_are_found_by_whose_they_are_and_go_with_him)
{
	static const unsigned char none[SESSION_DIGEST];
	struct call *call = arg;
	struct session one = {.digest = "one", .credential_version = 3, .created = NOW, .used = 1}, found;
	struct session two = {.digest = "two", .used = 2}, others = {.digest = "one", .used = 4};
	struct collection work, other;
	instant_t sum = 0;

	WANT_RET(0, make_calendar(txn, "anna", "work", &work));
	WANT_RET(0, make_calendar(txn, "bert", "work", &other));
	one.principal = two.principal = work.owner;
	others.principal = other.owner;
	WANT_RET(0, store_session_put(txn, &one));
	WANT_RET(0, store_session_put(txn, &two));
	WANT_RET(0, store_session_put(txn, &others));
	WANT_RET(-ENOENT, store_session_get(txn, work.owner, none, &found));
	WANT_RET(0, store_session_get(txn, work.owner, one.digest, &found));
	WANT(found.credential_version == 3 && found.created == NOW && found.used == 1 && found.principal == work.owner);
	WANT(memcmp(found.digest, one.digest, SESSION_DIGEST) == 0);
	one.used = 8;
	WANT_RET(0, store_session_put(txn, &one));
	WANT_RET(0, store_session_each(txn, work.owner, count_session, &sum));
	WANT(sum == 8 + 2);
	WANT_RET(0, store_session_delete(txn, &one));
	WANT_RET(0, store_session_delete(txn, &one));
	WANT_RET(-ENOENT, store_session_get(txn, work.owner, one.digest, &found));
	WANT_RET(0, store_principal_forget(txn, call->f->arena, work.owner));
	WANT_RET(-ENOENT, store_session_get(txn, work.owner, two.digest, &found));
	WANT_RET(0, store_session_get(txn, other.owner, others.digest, &found));
	return 0;
}

static int count_service(const struct service *service, void *arg)
{
	size_t *lengths = arg;

	*lengths += 100 + service->id.len;
	return 0;
}

CASE(services_are_kept_by_id)
{
	struct call *call = arg;
	struct service cut = {.id = SLICE("cut"), .json = SLICE("{\"a\":1}"), .created = NOW, .updated = NOW + 1};
	struct service wash = {.id = SLICE("wash"), .json = SLICE("{}"), .created = NOW};
	struct service found;
	size_t sum = 0;

	WANT_RET(-ENOENT, store_service_get(txn, call->f->arena, cut.id, &found));
	WANT_RET(0, store_service_put(txn, &wash));
	WANT_RET(0, store_service_put(txn, &cut));
	WANT_RET(-EINVAL, store_service_put(txn, &(struct service){.id = SLICE_EMPTY}));
	WANT_RET(0, store_service_get(txn, call->f->arena, cut.id, &found));
	WANT(slice_equal(found.id, cut.id) && slice_equal(found.json, cut.json) && found.updated == NOW + 1);
	cut.json = SLICE("{}");
	WANT_RET(0, store_service_put(txn, &cut));
	WANT_RET(0, store_service_get(txn, call->f->arena, cut.id, &found));
	WANT(slice_equal(found.json, SLICE("{}")));
	WANT_RET(0, store_service_each(txn, count_service, &sum));
	WANT(sum == 207);
	WANT_RET(0, store_service_delete(txn, cut.id));
	WANT_RET(-ENOENT, store_service_delete(txn, cut.id));
	return 0;
}

static const struct slice booking_staff[] = {{"alice", 5}, {"bob", 3}}, booking_rooms[] = {{"room-1", 6}};

static struct booking booking_at(const char *id, instant_t start, enum booking_status status)
{
	return (struct booking){
	    .id = slice_str(id),
	    .uid = SLICE("session"),
	    .status = status,
	    .service = SLICE("cut"),
	    .core = {start, start + 1800},
	    .staff = booking_staff,
	    .staff_count = 2,
	    .resources = booking_rooms,
	    .resource_count = 1,
	    .seats = 1,
	    .expires = status == BOOKING_HELD ? start - 3600 : INSTANT_MAX,
	    .version = 1,
	    .created = NOW,
	    .updated = NOW,
	};
}

static int sum_bookings(const struct booking *booking, void *arg)
{
	uint64_t *sum = arg;

	*sum = *sum * 10 + booking->number;
	return 0;
}

CASE(a_booking_is_found_by_all_that_leads_to_it)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct booking one = booking_at("one", NOW + 7200, BOOKING_CONFIRMED), two = booking_at("two", NOW + 3600, BOOKING_CONFIRMED);
	struct booking found;
	uint64_t listed = 0;

	one.has_token = true;
	memset(one.token, 7, sizeof(one.token));
	WANT_RET(0, store_booking_put(txn, arena, &one));
	WANT_RET(0, store_booking_put(txn, arena, &two));
	WANT(one.number == 1 && two.number == 2);
	WANT_RET(0, store_booking_get_by_id(txn, arena, SLICE("one"), &found));
	WANT(found.number == 1 && found.staff_count == 2 && slice_equal(found.staff[1], SLICE("bob")));
	WANT_RET(0, store_booking_get_by_token(txn, arena, one.token, &found));
	WANT(found.number == 1);
	WANT_RET(-ENOENT, store_booking_get_by_token(txn, arena, two.token, &found));
	WANT_RET(0, store_booking_each_by_uid(txn, arena, SLICE("session"), sum_bookings, &listed));
	WANT(listed == 12);
	listed = 0;
	WANT_RET(0, store_booking_each_by_start(txn, arena, (struct interval){NOW, NOW + 7201}, 0, 0, sum_bookings, &listed));
	WANT(listed == 21);
	listed = 0;
	WANT_RET(0, store_booking_each_by_start(txn, arena, (struct interval){NOW, NOW + 7201}, NOW + 3600, 2, sum_bookings,
	    &listed));
	WANT(listed == 1);
	found = booking_at("one", NOW, BOOKING_CONFIRMED);
	WANT_RET(-EEXIST, store_booking_put(txn, arena, &found));
	return 0;
}

CASE(what_led_to_the_former_state_of_a_booking_goes)
{
	struct call *call = arg;
	struct arena *arena = call->f->arena;
	struct booking booking = booking_at("one", NOW + 7200, BOOKING_HELD);
	uint64_t listed = 0;
	int64_t count;
	instant_t last;

	WANT_RET(0, store_booking_put(txn, arena, &booking));
	WANT_RET(0, store_booking_each_expired(txn, arena, NOW + 3599, 0, sum_bookings, &listed));
	WANT(listed == 0);
	WANT_RET(0, store_booking_each_expired(txn, arena, NOW + 3600, 0, sum_bookings, &listed));
	WANT(listed == 1);
	WANT_RET(0, store_booking_count_made(txn, SLICE("cut"), SLICE("bob"), NOW, &count, &last));
	WANT(count == 1 && last == NOW);
	WANT_RET(0, store_booking_count_made(txn, SLICE("cut"), SLICE("bob"), NOW + 1, &count, &last));
	WANT(count == 0 && last == NOW);
	booking.status = BOOKING_CANCELLED;
	booking.core = (struct interval){NOW + 90000, NOW + 91800};
	WANT_RET(0, store_booking_put(txn, arena, &booking));
	listed = 0;
	WANT_RET(0, store_booking_each_expired(txn, arena, INSTANT_MAX - 1, 0, sum_bookings, &listed));
	WANT_RET(0, store_booking_each_by_start(txn, arena, (struct interval){NOW, NOW + 90000}, 0, 0, sum_bookings, &listed));
	WANT(listed == 0);
	WANT_RET(0, store_booking_count_made(txn, SLICE("cut"), SLICE("bob"), NOW, &count, &last));
	WANT(count == 0 && last == INSTANT_MIN);
	return 0;
}

CASE(small_values_are_kept_by_name)
{
	struct call *call = arg;
	struct slice value;

	WANT_RET(-ENOENT, store_meta_get(txn, call->f->arena, SLICE("secret"), &value));
	WANT_RET(0, store_meta_put(txn, SLICE("secret"), slice_of("\0\1\2", 3)));
	WANT_RET(0, store_meta_put(txn, SLICE("secrets"), SLICE("other")));
	WANT_RET(0, store_meta_get(txn, call->f->arena, SLICE("secret"), &value));
	WANT(slice_equal(value, slice_of("\0\1\2", 3)));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ENGINES(principals_are_found_by_name_id_and_address),
	    ENGINES(a_name_and_an_address_belong_to_one_principal),
	    ENGINES(a_deleted_principal_leaves_nothing_and_its_id_is_not_used_again),
	    ENGINES(collections_are_found_by_home_and_name_and_listed_by_home),
	    ENGINES(a_put_with_an_id_that_no_row_has_is_refused),
	    ENGINES(dead_properties_belong_to_their_owner_and_full_name),
	    ENGINES(dead_properties_of_an_object_follow_its_writes_and_go_with_it),
	    ENGINES(an_object_is_found_by_name_uid_id_and_owner),
	    ENGINES(a_uid_belongs_to_one_name_of_a_collection),
	    ENGINES(every_write_gives_a_new_etag_and_keeps_the_birthday),
	    ENGINES(a_deleted_object_leaves_a_tombstone_and_may_come_back),
	    ENGINES(objects_come_in_the_order_of_their_names_and_a_walk_can_stop),
	    ENGINES(names_and_uids_may_be_long_and_strange),
	    ENGINES(a_sync_gets_the_newest_change_of_each_name_once),
	    ENGINES(pruned_tombstones_make_older_tokens_stale_and_no_newer_one),
	    ENGINES(a_collection_goes_only_when_it_is_empty_and_takes_its_rows_along),
	    ENGINES(busy_rows_are_found_by_overlap_in_both_indexes),
	    ENGINES(index_rows_are_replaced_and_cleared_as_a_whole),
	    ENGINES(series_are_found_where_the_index_may_not_hold_them),
	    ENGINES(no_two_bookings_of_a_member_overlap),
	    ENGINES(occupancy_is_listed_by_overlap),
	    ENGINES(jobs_come_by_due_time_and_equal_keys_are_one_job),
	    ENGINES(a_running_job_is_not_replaced_and_leaves_its_key_to_the_newer_one),
	    ENGINES(every_write_of_a_job_raises_its_version),
	    ENGINES(jobs_come_by_id_behind_any_of_them),
	    ENGINES(a_job_is_its_keys_newest_until_another_takes_the_key),
	    ENGINES(what_was_given_up_comes_last_of_its_kind),
	    ENGINES(what_is_used_follows_the_objects_of_all_calendars),
	    ENGINES(a_feed_is_found_by_its_digest_and_goes_with_its_calendar),
	    ENGINES(sessions_are_found_by_whose_they_are_and_go_with_him),
	    ENGINES(services_are_kept_by_id),
	    ENGINES(a_booking_is_found_by_all_that_leads_to_it),
	    ENGINES(what_led_to_the_former_state_of_a_booking_goes),
	    ENGINES(small_values_are_kept_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
