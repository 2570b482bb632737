/*
 * json - JSON from outside, read within bounds and picked apart by name; and JSON written (RFC 8259).
 *
 * A document owns what was read. A json_value is a place in it: a small struct that knows how it was reached, so that
 * an error names the field, as "weekly.mon[0]: ...". It points to the value it was reached from, which must stay where
 * it is. Reading is for one thread at a time.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/base/buf.h"
#include "protocol/base/cleanup.h"
#include "protocol/base/error.h"
#include "protocol/base/instant.h"
#include "protocol/base/slice.h"

#define JSON_DEPTH_MAX 32 /* objects and arrays open at once: the parser recurses */

struct json_document;

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_BOOLEAN,
	JSON_KIND_INTEGER,
	JSON_KIND_REAL,
	JSON_KIND_TEXT,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT,
};

enum json_need {
	JSON_OPTIONAL, /* absent is 0 */
	JSON_REQUIRED, /* absent is an error */
};

struct json_value {
	const void *at;                  /* the parser's own */
	const struct json_value *parent; /* NULL for the outermost */
	struct slice name;               /* the member, inside an object */
	size_t index;                    /* the place, inside an array */
};

/*
 * Reads one document of at most MAX_BYTES: UTF-8, one value, no member twice in an object, no NUL character, numbers
 * within 64 bits, JSON_DEPTH_MAX. -EMSGSIZE (413), -EINVAL (400) or -ENOMEM, with *ERR for the client.
 */
int json_read(struct slice text, size_t max_bytes, struct json_document **document_r, struct error *err);
void json_free(struct json_document *document);
#define AUTO_JSON AUTO(json_cleanup)
static inline void json_cleanup(struct json_document **document)
{
	json_free(*document);
}

/* The outermost value. */
struct json_value json_root(const struct json_document *document);
enum json_kind json_kind(const struct json_value *value);

/*
 * The getters return 1 and fill in the result; 0 when the member is absent (which null is not); -EINVAL, with *ERR
 * status 422 and "FIELD: what is wrong", when it is of another type or out of range, or required and absent.
 */
int json_member(const struct json_value *object, const char *name, enum json_need need, enum json_kind kind,
    struct json_value *value_r, struct error *err);
/* From MIN to MAX bytes of UTF-8, without control characters but, where LINES says so, line feeds and tabs. */
enum json_lines { JSON_ONE_LINE, JSON_LINES };
int json_get_text(const struct json_value *object, const char *name, enum json_need need, enum json_lines lines, size_t min,
    size_t max, struct slice *text_r, struct error *err);
int json_get_integer(const struct json_value *object, const char *name, enum json_need need, int64_t min, int64_t max,
    int64_t *value_r, struct error *err);
int json_get_boolean(const struct json_value *object, const char *name, enum json_need need, bool *value_r,
    struct error *err);
/* The index in WORDS, which ends with NULL. */
int json_get_word(const struct json_value *object, const char *name, enum json_need need, const char *const *words,
    int *word_r, struct error *err);

/* Refuses members of OBJECT that are not in NAMES, which ends with NULL. 0 or -EINVAL. */
int json_only(const struct json_value *object, const char *const *names, struct error *err);
/* 0 when VALUE is of KIND, else -EINVAL. */
int json_expect(const struct json_value *value, enum json_kind kind, struct error *err);
/* Members of an object or entries of an array; 0 for any other value. */
size_t json_count(const struct json_value *value);
/* Entry I of ARRAY, which has so many. */
struct json_value json_entry(const struct json_value *array, size_t i);
/* The text of VALUE itself, of which json_get_text's rules hold. 0 or -EINVAL. */
int json_value_text(const struct json_value *value, enum json_lines lines, size_t min, size_t max,
    struct slice *text_r, struct error *err);
/* The same of a number. */
int json_value_integer(const struct json_value *value, int64_t min, int64_t max, int64_t *number_r, struct error *err);
/*
 * Steps through the members of OBJECT in the order of the text: start with *STEP NULL. False at the end.
 */
bool json_next(const struct json_value *object, void **step, struct json_value *member_r);
/* For checks of the caller's own: *ERR gets status 422 and "FIELD: " before the message. Returns -EINVAL. */
int json_refuse(const struct json_value *value, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Writing: one call a value, into a buf that was empty, without white space. NAME is the member's name inside an object and NULL inside
 * an array or outermost. Commas come by themselves. What is not UTF-8 becomes U+FFFD.
 */
void json_open_object(struct buf *b, const char *name);
void json_close_object(struct buf *b);
void json_open_array(struct buf *b, const char *name);
void json_close_array(struct buf *b);
void json_add_text(struct buf *b, const char *name, struct slice text);
void json_add_integer(struct buf *b, const char *name, int64_t value);
void json_add_boolean(struct buf *b, const char *name, bool value);
void json_add_instant(struct buf *b, const char *name, instant_t at); /* RFC 3339, in UTC */
void json_add_null(struct buf *b, const char *name);

#endif
