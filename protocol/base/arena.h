/*
 * base/arena - memory that lives as long as one request.
 *
 * What is taken is never freed singly. Nothing from an arena may be stored in what outlives it: copy first.
 * Not for use by two threads at a time. Every call returns NULL when out of memory or above the maximum.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "protocol/base/slice.h"

struct arena;

struct arena *arena_new(size_t max_bytes);
void arena_free(struct arena *arena);
void arena_reset(struct arena *arena); /* forgets all that was taken, keeps the first block */
/* Aligned for any type. arena_zalloc gives zeroed bytes; arena_array checks the multiplication. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zalloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size); /* zeroed */
/* A copy with a NUL behind it. */
char *arena_copy(struct arena *arena, struct slice s);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
