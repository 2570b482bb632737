#include <config.h>

#include "protocol/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/base/cleanup.h"

#define ARENA_BLOCK (size_t)4096 /* bytes of the first block; later ones double up to ARENA_BLOCK_MAX */
#define ARENA_BLOCK_MAX (size_t)262144
#define ARENA_ALIGN     16

struct block {
	struct block *next;
	size_t size;
	_Alignas(ARENA_ALIGN) char bytes[];
};

struct arena {
	struct block *first; /* newest block; the oldest stays over a reset */
	size_t used;         /* of the newest block */
	size_t total, max;   /* bytes of all blocks */
};

struct arena *arena_new(size_t max_bytes)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena != NULL)
		arena->max = max_bytes;
	return arena;
}

void arena_reset(struct arena *arena)
{
	while (arena->first != NULL && arena->first->next != NULL) {
		struct block *next = arena->first->next;

		arena->total -= arena->first->size;
		free(arena->first);
		arena->first = next;
	}
	arena->used = 0;
}

void arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	arena_reset(arena);
	free(arena->first);
	free(arena);
}

static bool add_block(struct arena *arena, size_t size)
{
	size_t want = arena->first == NULL ? ARENA_BLOCK : arena->first->size * 2;
	struct block *block;

	if (want > ARENA_BLOCK_MAX)
		want = ARENA_BLOCK_MAX;
	if (want < size)
		want = size;
	if (want > arena->max - arena->total)
		want = size;
	if (want > arena->max - arena->total)
		return false;
	block = malloc(sizeof(*block) + want);
	if (block == NULL)
		return false;
	block->size = want;
	block->next = arena->first;
	arena->first = block;
	arena->used = 0;
	arena->total += want;
	return true;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t need = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	void *at;

	if (need < size)
		return NULL;
	if ((arena->first == NULL || arena->first->size - arena->used < need) && !add_block(arena, need))
		return NULL;
	at = arena->first->bytes + arena->used;
	arena->used += need;
	return at;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
	void *at = arena_alloc(arena, size);

	if (at != NULL)
		memset(at, 0, size);
	return at;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? NULL : arena_zalloc(arena, bytes);
}

char *arena_copy(struct arena *arena, struct slice s)
{
	char *at = s.len == SIZE_MAX ? NULL : arena_alloc(arena, s.len + 1);

	if (at == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(at, s.at, s.len);
	at[s.len] = '\0';
	return at;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_copy(arena, slice_str(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *at;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	at = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
	if (at == NULL)
		return NULL;
	va_start(args, format);
	vsnprintf(at, (size_t)len + 1, format, args);
	va_end(args);
	return at;
}
