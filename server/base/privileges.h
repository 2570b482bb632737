/*
 * server/base/privileges - less power once the sockets are bound: another user, and room for file descriptors.
 */
#ifndef SERVER_BASE_PRIVILEGES_H
#define SERVER_BASE_PRIVILEGES_H

#include <stddef.h>

#include "protocol/base/error.h"

/*
 * Becomes USER with its groups, for good; nothing when USER is NULL or empty, or when it is who we are already.
 * Before any thread starts. -EPERM, -ENOENT (no such user) or another -errno; *ERR says it for a person.
 */
int privileges_drop(const char *user, struct error *err);
/* Gives up gaining privileges by executing a set-user-ID program. */
void privileges_seal(void);
/* Raises the limit of open files to FILES, or as far as may be. The limit now in force, 0 when it is not told. */
size_t privileges_raise_files(size_t files);

#endif
