#include <config.h>

#include "storage/record.h"

#include <errno.h>
#include <stdio.h>

#include "storage/pack.h"

#define PRINCIPAL_VERSION  1
#define COLLECTION_VERSION 2 /* 1: without schedule_mode */
#define OBJECT_VERSION     2 /* 1: without schedule_tag */
#define JOB_VERSION        2 /* 1: without version and last_error */
#define FILE_VERSION       1

static void write_etag(uint64_t digest, uint64_t number, char etag_r[static RECORD_ETAG_SIZE])
{
	snprintf(etag_r, RECORD_ETAG_SIZE, "\"%016llx-%llx\"", (unsigned long long)digest, (unsigned long long)number);
}

void object_etag(const struct object *object, char etag_r[static RECORD_ETAG_SIZE])
{
	write_etag(object->digest, object->change, etag_r);
}

void object_schedule_tag(const struct object *object, char tag_r[static RECORD_ETAG_SIZE])
{
	tag_r[0] = '\0';
	if (object->schedule_tag != 0)
		snprintf(tag_r, RECORD_ETAG_SIZE, "\"%016llx\"", (unsigned long long)object->schedule_tag);
}

/* Values begin with the version; some of an older one are read too. */
static bool is_first_version(struct slice value)
{
	return value.len > 0 && value.at[0] == 1;
}

void file_etag(const struct file *file, char etag_r[static RECORD_ETAG_SIZE])
{
	write_etag(file->digest, file->version, etag_r);
}

void file_encode(struct buf *b, const struct file *file)
{
	pack_u8(b, FILE_VERSION);
	pack_u64(b, file->id);
	pack_u64(b, file->collection);
	pack_text(b, file->path);
	pack_u8(b, file->folder);
	pack_u64(b, file->version);
	pack_u64(b, file->digest);
	pack_u32(b, file->size);
	pack_text(b, file->type);
	pack_i64(b, file->created);
	pack_i64(b, file->modified);
}

int file_decode(struct slice value, struct file *file_r)
{
	struct unpack u = unpack_begin(value, FILE_VERSION);
	struct file f = {.id = unpack_u64(&u)};

	f.collection = unpack_u64(&u);
	f.path = unpack_text(&u);
	f.folder = unpack_u8(&u) != 0;
	f.version = unpack_u64(&u);
	f.digest = unpack_u64(&u);
	f.size = unpack_u32(&u);
	f.type = unpack_text(&u);
	f.created = unpack_i64(&u);
	f.modified = unpack_i64(&u);
	if (unpack_end(&u) < 0 || f.path.len == 0)
		return -EBADMSG;
	*file_r = f;
	return 0;
}

void principal_encode(struct buf *b, const struct principal *principal)
{
	pack_u8(b, PRINCIPAL_VERSION);
	pack_u64(b, principal->id);
	pack_u8(b, (uint8_t)principal->kind);
	pack_u8(b, (uint8_t)principal->resource);
	pack_text(b, principal->name);
	pack_text(b, principal->display_name);
	pack_text(b, principal->email);
	pack_text(b, principal->timezone);
	pack_text(b, principal->pool);
	pack_u32(b, principal->seats);
	pack_u8(b, principal->admin);
	pack_text(b, principal->password_hash);
	pack_u64(b, principal->credential_version);
	pack_text(b, principal->hours);
	pack_i64(b, principal->created);
}

int principal_decode(struct slice value, struct principal *principal_r)
{
	struct unpack u = unpack_begin(value, PRINCIPAL_VERSION);
	struct principal p = {.id = unpack_u64(&u)};

	p.kind = (enum principal_kind)unpack_u8(&u);
	p.resource = (enum resource_kind)unpack_u8(&u);
	p.name = unpack_text(&u);
	p.display_name = unpack_text(&u);
	p.email = unpack_text(&u);
	p.timezone = unpack_text(&u);
	p.pool = unpack_text(&u);
	p.seats = unpack_u32(&u);
	p.admin = unpack_u8(&u) != 0;
	p.password_hash = unpack_text(&u);
	p.credential_version = unpack_u64(&u);
	p.hours = unpack_text(&u);
	p.created = unpack_i64(&u);
	if (unpack_end(&u) < 0 || p.kind < PRINCIPAL_USER || p.kind > PRINCIPAL_GROUP || p.resource > RESOURCE_EQUIPMENT)
		return -EBADMSG;
	*principal_r = p;
	return 0;
}

void collection_encode(struct buf *b, const struct collection *collection)
{
	pack_u8(b, COLLECTION_VERSION);
	pack_u64(b, collection->id);
	pack_u64(b, collection->owner);
	pack_u8(b, (uint8_t)collection->kind);
	pack_text(b, collection->home);
	pack_text(b, collection->name);
	pack_text(b, collection->display_name);
	pack_text(b, collection->description);
	pack_text(b, collection->timezone);
	pack_text(b, collection->timezone_id);
	pack_u32(b, collection->components);
	pack_u8(b, collection->transparent);
	pack_u8(b, (uint8_t)collection->handling);
	pack_u8(b, (uint8_t)collection->on_overlap);
	pack_u64(b, collection->revision);
	pack_i64(b, collection->created);
	pack_u8(b, (uint8_t)collection->schedule_mode);
}

int collection_decode(struct slice value, struct collection *collection_r)
{
	bool first = is_first_version(value);
	struct unpack u = unpack_begin(value, first ? 1 : COLLECTION_VERSION);
	struct collection c = {.id = unpack_u64(&u)};

	c.owner = unpack_u64(&u);
	c.kind = (enum collection_kind)unpack_u8(&u);
	c.home = unpack_text(&u);
	c.name = unpack_text(&u);
	c.display_name = unpack_text(&u);
	c.description = unpack_text(&u);
	c.timezone = unpack_text(&u);
	c.timezone_id = unpack_text(&u);
	c.components = unpack_u32(&u);
	c.transparent = unpack_u8(&u) != 0;
	c.handling = (enum handling)unpack_u8(&u);
	c.on_overlap = (enum on_overlap)unpack_u8(&u);
	c.revision = unpack_u64(&u);
	c.created = unpack_i64(&u);
	if (!first)
		c.schedule_mode = (enum schedule_mode)unpack_u8(&u);
	if (unpack_end(&u) < 0 || c.schedule_mode > SCHEDULE_MODE_DECLINE_IF_BUSY || c.kind < COLLECTION_CALENDAR || c.kind > COLLECTION_PLAIN ||
	    c.handling > HANDLING_STRICT || c.on_overlap > ON_OVERLAP_REFUSE)
		return -EBADMSG;
	*collection_r = c;
	return 0;
}

void object_encode(struct buf *b, const struct object *object)
{
	pack_u8(b, OBJECT_VERSION);
	pack_u64(b, object->id);
	pack_u64(b, object->collection);
	pack_text(b, object->name);
	pack_text(b, object->uid);
	pack_u64(b, object->change);
	pack_u64(b, object->digest);
	pack_u32(b, object->size);
	pack_u32(b, object->component);
	pack_u32(b, object->flags);
	pack_interval(b, object->span);
	pack_i64(b, object->created);
	pack_i64(b, object->modified);
	pack_u64(b, object->schedule_tag);
}

int object_decode(struct slice value, struct object *object_r)
{
	bool first = is_first_version(value);
	struct unpack u = unpack_begin(value, first ? 1 : OBJECT_VERSION);
	struct object o = {.id = unpack_u64(&u)};

	o.collection = unpack_u64(&u);
	o.name = unpack_text(&u);
	o.uid = unpack_text(&u);
	o.change = unpack_u64(&u);
	o.digest = unpack_u64(&u);
	o.size = unpack_u32(&u);
	o.component = unpack_u32(&u);
	o.flags = unpack_u32(&u);
	o.span = unpack_interval(&u);
	o.created = unpack_i64(&u);
	o.modified = unpack_i64(&u);
	if (!first)
		o.schedule_tag = unpack_u64(&u);
	if (unpack_end(&u) < 0)
		return -EBADMSG;
	*object_r = o;
	return 0;
}

void job_encode(struct buf *b, const struct job *job)
{
	pack_u8(b, JOB_VERSION);
	pack_u64(b, job->id);
	pack_u8(b, (uint8_t)job->state);
	pack_i64(b, job->due);
	pack_i64(b, job->lease_end);
	pack_i64(b, job->created);
	pack_u32(b, job->attempts);
	pack_text(b, job->kind);
	pack_text(b, job->key);
	pack_text(b, job->payload);
	pack_text(b, job->request);
	pack_u64(b, job->version);
	pack_text(b, job->last_error);
}

int job_decode(struct slice value, struct job *job_r)
{
	bool first = is_first_version(value);
	struct unpack u = unpack_begin(value, first ? 1 : JOB_VERSION);
	struct job j = {.id = unpack_u64(&u)};

	j.state = (enum job_state)unpack_u8(&u);
	j.due = unpack_i64(&u);
	j.lease_end = unpack_i64(&u);
	j.created = unpack_i64(&u);
	j.attempts = unpack_u32(&u);
	j.kind = unpack_text(&u);
	j.key = unpack_text(&u);
	j.payload = unpack_text(&u);
	j.request = unpack_text(&u);
	if (!first) {
		j.version = unpack_u64(&u);
		j.last_error = unpack_text(&u);
	}
	if (unpack_end(&u) < 0 || j.state < JOB_READY || j.state > JOB_DEAD)
		return -EBADMSG;
	*job_r = j;
	return 0;
}
