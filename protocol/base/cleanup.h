/*
 * base/cleanup - one owner at a time, written down by the compiler.
 *
 * AUTO_FREE and its kin run when a local goes out of scope; steal_ptr hands the value on and disarms them.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *at)
{
	free(*(void **)at);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define AUTO(fn)   __attribute__((cleanup(fn)))
#define AUTO_FREE  AUTO(cleanup_free)
#define AUTO_CLOSE AUTO(cleanup_close)

/* The value of *AT, which becomes NULL: ownership leaves the scope. */
#define steal_ptr(at)                                                                              \
	({                                                                                         \
		__typeof__(*(at)) stolen_ = *(at);                                                 \
		*(at) = NULL;                                                                      \
		stolen_;                                                                           \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
