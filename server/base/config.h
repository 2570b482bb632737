/*
 * server/base/config - the configuration in force, and reading it again while the server runs.
 *
 * The values are immutable. A reload makes new ones and publishes them only when the whole file is valid; what was
 * published before stays readable until config_free, so config_get needs no lock and nothing to give back. A reload
 * that changes no value publishes nothing; one that does costs about 4 KB until the end.
 */
#ifndef SERVER_BASE_CONFIG_H
#define SERVER_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/error.h"
#include "protocol/base/log.h"
#include "server/base/address.h"

#define CONFIG_DEFAULT_FILE SYSCONFDIR "/slotkeeper/slotkeeper.conf"
#define CONFIG_FILE_MAX     1048576 /* bytes */
#define CONFIG_LIST_MAX     256     /* entries of one list */

enum config_handling {
	CONFIG_HANDLING_LENIENT,
	CONFIG_HANDLING_STRICT,
};

enum config_on_overlap {
	CONFIG_ON_OVERLAP_ALERT,
	CONFIG_ON_OVERLAP_REFUSE,
};

struct config_addresses {
	const struct address *at;
	size_t count;
};

struct config_networks {
	const struct network *at;
	size_t count;
};

/* One field an option of the table in config_schema.c, which tells the meaning and the range. Texts are never NULL. */
struct config_values {
	struct config_addresses listen;
	const char *public_url; /* without a slash at its end; "" when not set */
	const char *tls_certificate, *tls_key; /* both or neither are "" */
	struct config_networks trusted_proxies;
	const char *data;
	const char *storage;
	const char *timezone; /* "" was replaced by the system's */
	const char *business_name;
	const char *business_contact; /* "" when not set */
	enum config_handling handling;
	enum config_on_overlap on_overlap;
	int plain_collections; /* 1: yes */
	long rate_limit_slots, rate_limit_bookings; /* a minute and address; 0: no limit */
	long login_failures; /* a minute, address and user; 0: no limit */
	long max_resource_size; /* bytes */
	long hold_minutes;
	long max_home_size;     /* bytes; 0: no limit */
	long max_instances;
	long max_xml_body; /* bytes */
	long max_connections, max_connections_per_address;
	long workers; /* never 0: that was replaced by the number of processors */
	enum log_level log_level;
	const char *user;
};

struct config;

/* What the command line says instead of the file, also after a reload: the option NAME has these values. */
struct config_override {
	const char *name;
	const char *const *values;
	size_t count;
};

/*
 * Reads FILE; NULL stands for CONFIG_DEFAULT_FILE, which may be missing. The overrides are copied. 0; -EINVAL, with
 * *ERR one line, "FILE:LINE: KEY: what is wrong" where it lies in the file; -ENOENT and other -errno when it cannot be
 * read, -ENOMEM.
 */
int config_open(const char *file, const struct config_override *overrides, size_t override_count,
    struct config **config_r, struct error *err);
void config_free(struct config *config);
/* Any thread. The values now in force, readable until config_free; ask again for each request. */
const struct config_values *config_get(const struct config *config);
/*
 * Reads the file again: as config_open, and on failure everything stays. An option that may not change while running
 * keeps its value, with a warning in the log. Any thread, one at a time.
 */
int config_reload(struct config *config, struct error *err);

#endif
