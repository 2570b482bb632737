/*
 * server/site - what the daemon and the command line have in common: configuration, store, zones, workers and change
 * service, opened in this order and closed in the other.
 */
#ifndef SERVER_SITE_H
#define SERVER_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/arena.h"
#include "protocol/base/error.h"
#include "server/app.h"

struct site;

struct site_options {
	const char *config; /* NULL: the default file, which may be missing */
	const char *data;   /* NULL: the configuration's */
	const char *const *listen; /* likewise without LISTEN_COUNT */
	size_t listen_count;
	bool create; /* make a missing or empty store */
};

/*
 * CONFIG is taken when it is not NULL, else opened. -EINVAL: the configuration; -ENOENT: no store there; -EBUSY: another
 * process has it; other -errno; *ERR says it for a person.
 */
int site_open(struct config *config, const struct site_options *options, struct site **site_r, struct error *err);
/* Ends what the workers still run; no handler runs afterwards. */
void site_stop_workers(struct site *site);
void site_close(struct site *site);
/* The parts, for handlers and commands; main fills in what only a server has. */
struct app *site_app(struct site *site);
/*
 * Reads the configuration and the zones of this machine again (SIGHUP); what may not change while running keeps its
 * value. Waits until what new zones move is indexed.
 */
int site_reload(struct site *site, struct error *err);
/* The data directory that site_open would use, of ARENA. */
int site_data_directory(const struct site_options *options, struct arena *arena, char **data_r, struct error *err);

#endif
