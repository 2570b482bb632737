#include <config.h>

#include "server/site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/log.h"
#include "protocol/ical/calendar_object.h"
#include "server/base/config.h"
#include "server/base/metrics.h"
#include "server/base/pool.h"
#include "server/base/system_clock.h"
#include "server/base/tzdata.h"
#include "server/booking/change.h"
#include "storage/store.h"

#define ZONE_SETS_MAX  32   /* read since start: old ones stay, for requests may be using them; 2 MB each */
#define WORKERS_QUEUED 4096 /* requests that wait for a worker before more are told to come back */

struct site {
	struct app app;
	struct zone_set *zones[ZONE_SETS_MAX]; /* the last one is in force */
	size_t zone_sets;
};

struct app *site_app(struct site *site)
{
	return &site->app;
}

/* What the command line says instead of the file. */
static size_t overrides_of(const struct site_options *options, struct config_override overrides[2])
{
	size_t count = 0;

	if (options->data != NULL)
		overrides[count++] = (struct config_override){"data", &options->data, 1};
	if (options->listen_count > 0)
		overrides[count++] = (struct config_override){"listen", options->listen, options->listen_count};
	return count;
}

static int open_config(const struct site_options *options, struct config **config_r, struct error *err)
{
	struct config_override overrides[2];
	size_t count = overrides_of(options, overrides);

	return config_open(options->config, overrides, count, config_r, err);
}

int site_data_directory(const struct site_options *options, struct arena *arena, char **data_r, struct error *err)
{
	struct config *config;
	int ret = open_config(options, &config, err);

	if (ret < 0)
		return ret;
	*data_r = arena_strdup(arena, config_get(config)->data);
	config_free(config);
	return *data_r != NULL ? 0 : -ENOMEM;
}

static struct change_settings settings_of(const struct config_values *values)
{
	return (struct change_settings){
	    .handling = values->handling == CONFIG_HANDLING_STRICT ? HANDLING_STRICT : HANDLING_LENIENT,
	    .on_overlap = values->on_overlap == CONFIG_ON_OVERLAP_REFUSE ? ON_OVERLAP_REFUSE : ON_OVERLAP_ALERT,
	    .timezone = slice_str(values->timezone),
	    .max_resource_size = (size_t)values->max_resource_size,
	    .max_home_size = (size_t)values->max_home_size,
	    .hold_seconds = values->hold_minutes * MINUTE_SECONDS,
	    .max_instances = (size_t)values->max_instances};
}

static int open_store(struct site *site, const struct site_options *options, struct error *err)
{
	const struct config_values *values = config_get(site->app.config);
	struct store_options store_options = {.create = options->create};
	char url[4200];

	if (snprintf(url, sizeof(url), "%s:%s", values->storage, values->data) >= (int)sizeof(url))
		return error_set(err, 0, CONDITION_NONE, "data: the path is too long");
	return store_open(url, &store_options, &site->app.store, err);
}

int site_open(struct config *config, const struct site_options *options, struct site **site_r, struct error *err)
{
	struct site *site = calloc(1, sizeof(*site));
	struct change_settings settings;
	int ret = 0;

	if (site == NULL) {
		config_free(config);
		return -ENOMEM;
	}
	site->app.config = config;
	calendar_object_init();
	site->app.clock = system_clock();
	if (site->app.config == NULL)
		ret = open_config(options, &site->app.config, err);
	if (ret == 0)
		ret = open_store(site, options, err);
	if (ret == 0)
		ret = tzdata_load(NULL, &site->zones[0], err);
	if (ret < 0) {
		site_close(site);
		return ret;
	}
	site->zone_sets = 1;
	site->app.zones = site->zones[0];
	site->app.metrics = metrics_new();
	site->app.pool = pool_new("worker", (size_t)config_get(site->app.config)->workers, WORKERS_QUEUED);
	settings = settings_of(config_get(site->app.config));
	if (site->app.pool != NULL)
		site->app.changes =
		    change_service_new(site->app.store, site->zones[0], site->app.clock, site->app.pool, &settings);
	ret = site->app.changes == NULL || site->app.metrics == NULL ? -ENOMEM : change_complete_homes(site->app.changes);
	if (ret == 0)
		ret = change_reindex_if_needed(site->app.changes);
	if (ret >= 0)
		ret = change_adopt_alerts(site->app.changes);
	if (ret == 0)
		ret = change_adopt_events(site->app.changes);
	if (ret < 0) {
		error_set(err, 0, CONDITION_NONE, "the index could not be brought up to date: %s", strerror(-ret));
		site_close(site);
		return ret;
	}
	*site_r = site;
	return 0;
}

/* The zones of this machine, if they are others than those in force. */
static int reload_zones(struct site *site, struct error *err)
{
	struct zone_set *zones;
	int ret = tzdata_load(NULL, &zones, err);

	if (ret < 0)
		return ret;
	if (zone_set_digest(zones) == zone_set_digest(site->app.zones)) {
		zone_set_free(zones);
		return 0;
	}
	if (site->zone_sets == ZONE_SETS_MAX) {
		zone_set_free(zones);
		return error_set(err, 0, CONDITION_NONE, "the time zones have changed too often: they are read at the next start");
	}
	zone_set_follow(zones, site->app.zones);
	site->zones[site->zone_sets++] = zones;
	site->app.zones = zones;
	ret = change_service_set_zones(site->app.changes, zones);
	if (ret < 0)
		error_set(err, 0, CONDITION_NONE, "the index could not be brought up to date: %s", strerror(-ret));
	return ret < 0 ? ret : 0;
}

int site_reload(struct site *site, struct error *err)
{
	struct change_settings settings;
	int ret = config_reload(site->app.config, err);

	if (ret < 0)
		return ret;
	log_set_level(config_get(site->app.config)->log_level);
	settings = settings_of(config_get(site->app.config));
	change_service_reload(site->app.changes, &settings);
	return reload_zones(site, err);
}

void site_stop_workers(struct site *site)
{
	if (site->app.pool != NULL)
		pool_free(site->app.pool);
	site->app.pool = NULL;
}

void site_close(struct site *site)
{
	if (site == NULL)
		return;
	site_stop_workers(site);
	store_close(site->app.store); /* the writer's last answers still use the service */
	if (site->app.changes != NULL)
		change_service_free(site->app.changes);
	for (size_t i = 0; i < ZONE_SETS_MAX; i++)
		zone_set_free(site->zones[i]);
	metrics_free(site->app.metrics);
	config_free(site->app.config);
	free(site);
}
