#include <config.h>

#include "server/dav/plain.h"

#include <errno.h>

#include "protocol/http/date.h"
#include "server/base/config.h"
#include "server/dav/locks.h"
#include "server/dav/properties.h"
#include "server/dav/routes.h"

/* ---- reading ---- */

static int get_folder(struct dav_request *d)
{
	const char *allow;

	dav_find(d->app, HTTP_OPTIONS, d->http->path, d->arena, &allow);
	http_reply_text(d->http, 405, "text/plain; charset=utf-8", SLICE("This is a folder.\n"));
	http_reply_header(d->http, "Allow", "%s", allow);
	return 0;
}

int plain_get(struct dav_request *d, struct kv_txn *txn, const struct dav_resource *resource,
    const struct http_precondition *precondition)
{
	AUTO_BUF struct buf date = BUF_INIT(64);
	struct http_request *http = d->http;
	char etag[RECORD_ETAG_SIZE];
	struct slice body;
	int ret, status;

	if (resource->kind == DAV_FOLDER)
		return get_folder(d);
	file_etag(resource->file, etag);
	http_date_write(&date, resource->file->modified);
	http_reply_header(http, "Content-Type", "%.*s", SLICE_ARG(resource->file->type.len > 0
	                                                              ? resource->file->type
	                                                              : SLICE("application/octet-stream")));
	http_reply_header(http, "Last-Modified", "%.*s", SLICE_ARG(buf_slice(&date)));
	http_reply_header(http, "ETag", "%s", etag);
	http_reply_header(http, "X-Content-Type-Options", "nosniff"); /* what others put here runs nowhere */
	http_reply_header(http, "Content-Security-Policy", "sandbox; default-src 'none'");
	status = http_precondition_get(precondition, slice_str(etag), resource->file->modified);
	http->response.status = status != 0 ? status : 200;
	if (status != 0)
		return 0;
	ret = store_file_body_get(txn, resource->file->id, &body);
	if (ret == 0)
		buf_add_slice(&http->response.body, body);
	return ret == -ENOENT ? -EBADMSG : ret;
}

/* ---- where something is to be written ---- */

struct target {
	const struct dav_path *path; /* DAV_OBJECT */
	struct dav_resource top;     /* the plain collection */
	struct file *old;            /* NULL: nothing is there */
	struct slice where;          /* the path within the collection */
};

/* The folder that a path lies in; empty: the collection itself. */
static struct slice folder_of(struct slice path)
{
	size_t len = path.len;

	while (len > 0 && path.at[len - 1] != '/')
		len--;
	return slice_sub(path, 0, len > 0 ? len - 1 : 0);
}

static int check_folder(struct dav_request *d, struct kv_txn *txn, const struct target *target)
{
	struct slice folder = folder_of(target->where);
	struct file file;
	int ret = folder.len > 0 ? store_file_get(txn, d->arena, target->top.collection->id, folder, &file) : 0;

	if (ret == -ENOENT || (ret == 0 && folder.len > 0 && !file.folder))
		return error_set(&d->error, 409, CONDITION_NONE, "The folder around it is not there.");
	return ret;
}

/*
 * Finds it and checks that its folder is there and that the user may: bind for what is new, and for what is there
 * NEED_OLD. -ENOENT where there is no plain collection, or he may not know.
 */
static int find_target(struct dav_request *d, struct kv_txn *txn, const struct dav_path *path, unsigned need_old,
    struct target *target)
{
	struct dav_path top = *path;
	struct file *old = arena_zalloc(d->arena, sizeof(*old));
	int ret;

	*target = (struct target){.path = path, .where = slice_str(path->object)};
	top.kind = DAV_COLLECTION;
	ret = old != NULL ? dav_resolve(d, txn, &top, 0, &target->top) : -ENOMEM;
	if (ret < 0)
		return ret;
	if (target->top.kind != DAV_FOLDER)
		return -ENOENT;
	ret = store_file_get(txn, d->arena, target->top.collection->id, target->where, old);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	target->old = ret == 0 ? old : NULL;
	ret = dav_need(d, &top, &target->top, target->old != NULL ? need_old : ACL_BIND);
	return ret < 0 ? ret : check_folder(d, txn, target);
}

/* ---- updates: one shape for all ---- */

struct plain_write {
	struct dav_request *d;
	struct dav_write *transfer;
	struct http_precondition precondition;
	enum dav_depth depth;
	struct slice type;
	int status;
	char etag[RECORD_ETAG_SIZE];
};

static int precondition_holds(struct plain_write *write, const struct file *file)
{
	struct dav_request *d = write->d;
	char etag[RECORD_ETAG_SIZE] = "";

	if (file != NULL && !file->folder)
		file_etag(file, etag);
	if (http_precondition_write(&write->precondition, file != NULL, slice_str(etag)))
		return 0;
	return error_set(&d->error, 412, CONDITION_NONE, "It is not what you have seen: read it again.");
}

static void written(int ret, void *arg)
{
	struct plain_write *write = arg;
	struct dav_request *d = write->d;

	if (ret == -ENAMETOOLONG)
		ret = error_set(&d->error, 403, CONDITION_NONE, "The path is longer than %d bytes.", STORE_FILE_PATH_MAX);
	if (ret == -E2BIG)
		ret = error_set(&d->error, 507, CONDITION_NONE, "More than %d files at once.", PLAIN_TREE_MAX);
	if (ret == 0)
		d->http->response.status = write->status;
	if (ret == 0 && write->etag[0] != '\0')
		http_reply_header(d->http, "ETag", "%s", write->etag);
	dav_finish(d, ret);
}

static void begin(struct dav_request *d, struct dav_write *transfer, kv_fn *update)
{
	struct plain_write *write = arena_zalloc(d->arena, sizeof(*write));
	int ret = write != NULL ? http_precondition_parse(d->http->headers, d->arena, &write->precondition) : -ENOMEM;

	if (ret == -EINVAL)
		error_set(&d->error, 400, CONDITION_NONE, "The list of entity tags cannot be read.");
	if (ret == 0)
		ret = dav_depth_read(d->http->headers, DEPTH_INFINITY, &write->depth, &d->error);
	if (ret < 0) {
		dav_finish(d, ret);
		return;
	}
	write->d = d;
	write->transfer = transfer;
	kv_update(store_kv(d->app->store), update, written, write);
}

/* Looks at what has been written: to refuse takes it back. */
static int check_quota(struct dav_request *d, struct kv_txn *txn, uint64_t owner)
{
	uint64_t limit = (uint64_t)config_get(d->app->config)->max_home_size;
	struct usage usage;
	int ret = limit > 0 ? store_usage_get(txn, owner, &usage) : 0;

	if (ret < 0 || limit == 0 || usage.bytes <= limit)
		return ret;
	return error_set(&d->error, 507, DAV_QUOTA_NOT_EXCEEDED, "There is no room left in this calendar home.");
}

/* ---- PUT ---- */

static int put(struct kv_txn *txn, void *arg)
{
	struct plain_write *write = arg;
	struct dav_request *d = write->d;
	instant_t now = clock_now(d->app->clock);
	struct slice type = http_header_get(d->http->headers, "Content-Type");
	struct target target;
	struct file file;
	const struct dav_lock_target locked = {&d->path, LOCKED_SELF | LOCKED_IF_NEW};
	int ret = find_target(d, txn, &d->path, ACL_WRITE_CONTENT, &target);

	if (ret == 0)
		ret = precondition_holds(write, target.old);
	if (ret == 0)
		ret = dav_locks_check(d, txn, &locked, 1);
	if (ret < 0)
		return ret;
	if (d->path.slash || (target.old != NULL && target.old->folder))
		return error_set(&d->error, 405, CONDITION_NONE, "A folder is made with MKCOL.");
	if (target.old != NULL)
		file = *target.old;
	else
		file = (struct file){.collection = target.top.collection->id, .path = target.where, .created = now};
	file.type = type.len <= PLAIN_TYPE_MAX ? type : SLICE_EMPTY;
	file.modified = now;
	ret = store_file_put(txn, &file, d->http->body);
	if (ret == 0 && (target.old == NULL || file.size > target.old->size))
		ret = check_quota(d, txn, target.top.owner);
	file_etag(&file, write->etag);
	write->status = target.old != NULL ? 204 : 201;
	return ret;
}

void plain_put(struct dav_request *d)
{
	begin(d, NULL, put);
}

/* ---- MKCOL, and LOCK of what is not there ---- */

static int make(struct dav_request *d, struct kv_txn *txn, bool folder)
{
	instant_t now = clock_now(d->app->clock);
	struct target target;
	struct file file;
	int ret = find_target(d, txn, &d->path, ACL_READ, &target);

	if (ret == 0 && target.old != NULL)
		return error_set(&d->error, 405, DAV_RESOURCE_MUST_BE_NULL, "There is something of this name already.");
	if (ret < 0)
		return ret;
	file = (struct file){.collection = target.top.collection->id, .path = target.where, .folder = folder, .created = now,
	    .modified = now};
	ret = store_file_put(txn, &file, SLICE_EMPTY);
	return ret != -ENAMETOOLONG ? ret
	                            : error_set(&d->error, 403, CONDITION_NONE, "The path is longer than %d bytes.",
	                                  STORE_FILE_PATH_MAX);
}

int plain_make_file(struct dav_request *d, struct kv_txn *txn)
{
	return make(d, txn, false);
}

int plain_make_folder(struct dav_request *d, struct kv_txn *txn)
{
	const struct dav_lock_target target = {&d->path, LOCKED_SELF | LOCKED_MEMBERSHIP};
	int ret = make(d, txn, true);

	return ret < 0 ? ret : dav_locks_check(d, txn, &target, 1); /* its error takes back what was written */
}

/* ---- DELETE, COPY, MOVE: trees ---- */

struct tree {
	struct file *at; /* the file or folder, and then what is below */
	size_t count;
};

/* What is below FILE is listed too when WHOLE and it is a folder. */
static int list_tree(struct dav_request *d, struct kv_txn *txn, const struct file *file, bool whole, struct tree *tree)
{
	struct file *below = NULL, *all;
	size_t count = 0;
	int ret = 0;

	if (whole && file->folder)
		ret = store_file_list(txn, d->arena, file->collection, file->path, PLAIN_TREE_MAX, &below, &count);
	all = ret == 0 ? arena_array(d->arena, count + 1, sizeof(*all)) : NULL;
	if (all == NULL)
		return ret < 0 ? ret : -ENOMEM;
	all[0] = *file;
	if (count > 0)
		memcpy(all + 1, below, count * sizeof(*all));
	*tree = (struct tree){all, count + 1};
	return 0;
}

/* The locks on a file or folder that goes, and on what is below it. */
static int forget_locks(struct dav_request *d, struct kv_txn *txn, const struct dav_resource *top, const struct file *file)
{
	char *path = arena_printf(d->arena, "%.*s/%.*s", SLICE_ARG(top->collection->name), SLICE_ARG(file->path));

	return path != NULL ? store_lock_forget(txn, d->arena, top->owner, slice_str(path), true) : -ENOMEM;
}

static int delete_tree(struct dav_request *d, struct kv_txn *txn, const struct dav_resource *top, const struct file *file)
{
	struct tree tree;
	int ret = forget_locks(d, txn, top, file);

	if (ret == 0)
		ret = list_tree(d, txn, file, true, &tree);
	if (ret < 0)
		return ret;

	for (size_t i = tree.count; ret == 0 && i-- > 0;)
		ret = store_file_delete(txn, &tree.at[i]);
	return ret;
}

static int delete(struct kv_txn *txn, void *arg)
{
	struct plain_write *write = arg;
	struct dav_request *d = write->d;
	const struct dav_lock_target locked = {&d->path, LOCKED_SELF | LOCKED_MEMBERSHIP | LOCKED_TREE};
	struct target target;
	int ret = find_target(d, txn, &d->path, ACL_UNBIND, &target);

	if (ret == -EINVAL && d->error.http_status == 409)
		return -ENOENT; /* nor is there anything in a folder that is not there */
	if (ret == 0 && (target.old == NULL || (d->path.slash && !target.old->folder)))
		return -ENOENT;
	if (ret == 0)
		ret = precondition_holds(write, target.old);
	if (ret == 0)
		ret = dav_locks_check(d, txn, &locked, 1);
	write->status = 204;
	return ret < 0 ? ret : delete_tree(d, txn, &target.top, target.old);
}

void plain_delete(struct dav_request *d)
{
	begin(d, NULL, delete);
}

/* FILE's place below FROM becomes the same place below TO. */
static int new_path(struct dav_request *d, const struct file *file, struct slice from, struct slice to,
    struct slice *path_r)
{
	struct slice rest = slice_from(file->path, from.len);
	char *path = arena_printf(d->arena, "%.*s%.*s", SLICE_ARG(to), SLICE_ARG(rest));

	*path_r = slice_str(path);
	return path != NULL ? 0 : -ENOMEM;
}

static int copy_file(struct dav_request *d, struct kv_txn *txn, const struct file *file, uint64_t collection,
    struct slice path)
{
	instant_t now = clock_now(d->app->clock);
	struct file copy = *file;
	struct slice body = SLICE_EMPTY, own = SLICE_EMPTY;
	struct arena *scratch = arena_new(2 * (size_t)KV_VALUE_MAX); /* of one file: a tree's bytes are never all in memory */
	int ret = scratch != NULL ? 0 : -ENOMEM;

	copy.id = 0;
	copy.collection = collection;
	copy.path = path;
	copy.created = copy.modified = now;
	if (ret == 0 && !file->folder)
		ret = store_file_body_get(txn, file->id, &body);
	if (ret == 0)
		own = slice_of(arena_copy(scratch, body), body.len);
	if (ret == 0)
		ret = own.at != NULL ? store_file_put(txn, &copy, own) : -ENOMEM;
	if (ret == 0)
		ret = store_property_copy(txn, scratch, PROPERTY_OF_FILE, file->id, copy.id);
	arena_free(scratch);
	return ret;
}

static bool is_inside(const struct target *target, const struct file *source)
{
	return source->folder && target->top.collection->id == source->collection &&
	       slice_starts(target->where, source->path) && target->where.len > source->path.len &&
	       target->where.at[source->path.len] == '/';
}

/* The destination: checked, and cleared when something lies there. */
static int clear_target(struct plain_write *write, struct kv_txn *txn, const struct file *source, struct target *target)
{
	struct dav_request *d = write->d;
	const struct dav_write *transfer = write->transfer;
	int ret = find_target(d, txn, &transfer->destination, ACL_WRITE_CONTENT | ACL_UNBIND, target);

	if (ret == -ENOENT)
		return error_set(&d->error, 409, CONDITION_NONE, "There is no plain collection at the destination.");
	if (ret < 0)
		return ret;
	if (is_inside(target, source))
		return error_set(&d->error, 403, CONDITION_NONE, "The destination lies in the source.");
	if (target->old == NULL)
		return 0;
	if (!transfer->transfer.overwrite)
		return error_set(&d->error, 412, CONDITION_NONE, "There is something at the destination.");
	if (target->old->folder && slice_starts(source->path, target->old->path) &&
	    source->collection == target->old->collection && source->path.at[target->old->path.len] == '/')
		return error_set(&d->error, 403, CONDITION_NONE, "The source lies in the destination.");
	return delete_tree(d, txn, &target->top, target->old);
}

static int transfer(struct kv_txn *txn, void *arg)
{
	struct plain_write *write = arg;
	struct dav_request *d = write->d;
	bool move = write->transfer->transfer.move;
	const struct dav_lock_target locked[] = {
	    {&write->transfer->destination, LOCKED_SELF | LOCKED_IF_NEW | LOCKED_TREE},
	    {&d->path, LOCKED_SELF | LOCKED_MEMBERSHIP | LOCKED_TREE},
	};
	struct dav_resource source;
	struct target target;
	struct tree tree = {NULL, 0};
	int ret = dav_resolve(d, txn, &d->path, move ? ACL_READ | ACL_UNBIND : ACL_READ, &source);

	if (ret == 0 && !move && write->depth == DEPTH_1)
		ret = error_set(&d->error, 400, CONDITION_NONE, "Depth: a copy is 0 or infinity deep.");
	if (ret == 0 && source.file == NULL)
		ret = error_set(&d->error, 403, CONDITION_NONE, "A plain collection itself is not copied.");
	if (ret == 0)
		ret = precondition_holds(write, source.file);
	if (ret == 0)
		ret = dav_locks_check(d, txn, locked, move ? 2 : 1);
	if (ret == 0)
		ret = list_tree(d, txn, source.file, move || write->depth == DEPTH_INFINITY, &tree);
	if (ret == 0)
		ret = clear_target(write, txn, source.file, &target);
	if (ret == 0 && move)
		ret = forget_locks(d, txn, &source, source.file); /* locks do not move (RFC 4918, 7.6) */
	for (size_t i = 0; ret == 0 && i < tree.count; i++) {
		struct slice path;

		ret = new_path(d, &tree.at[i], source.file->path, target.where, &path);
		if (ret == 0)
			ret = move ? store_file_move(txn, &tree.at[i], target.top.collection->id, path)
			           : copy_file(d, txn, &tree.at[i], target.top.collection->id, path);
	}
	if (ret == 0 && (!move || target.top.owner != source.owner))
		ret = check_quota(d, txn, target.top.owner);
	write->status = ret == 0 && target.old != NULL ? 204 : 201;
	return ret;
}

void plain_transfer(struct dav_write *write)
{
	begin(write->d, write, transfer);
}
