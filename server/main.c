/*
 * slotkeeperd - arguments, composition, start, signals, stop. The only list of what the server is made of.
 */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/log.h"
#include "server/api/routes.h"
#include "server/auth/auth.h"
#include "server/base/config.h"
#include "server/base/log_sink.h"
#include "server/base/metrics.h"
#include "server/base/privileges.h"
#include "server/base/rate.h"
#include "server/booking/change.h"
#include "server/control/control_server.h"
#include "server/dav/feed.h"
#include "server/dav/routes.h"
#include "server/dav/timezone_service.h"
#include "server/health.h"
#include "server/http/http_server.h"
#include "server/http/tls.h"
#include "server/job_kinds.h"
#include "server/jobs/runner.h"
#include "server/pages/pages.h"
#include "server/site.h"
#include "storage/store.h"

#define STOP_SECONDS     9    /* of the 10 that a stop may take: requests first, then jobs */
#define LISTEN_MAX       64
#define FILES_BESIDE     512  /* descriptors that are no connections */

enum exit_status {
	EXIT_GOOD = 0,
	EXIT_START = 1, /* could not start or go on */
	EXIT_USAGE = 2,
};

struct daemon {
	struct site_options options;
	const char *listen[LISTEN_MAX];
	struct site *site;
	struct tls *tls;
	struct http_listeners *listeners;
	struct control_server *control;
};

static int complain(const char *what, const char *why, int status)
{
	fprintf(stderr, "slotkeeperd: %s%s%s\n", what, why != NULL ? ": " : "", why != NULL ? why : "");
	return status;
}

static int usage(void)
{
	puts("usage: slotkeeperd [--config FILE] [--data DIR] [--listen ADDR:PORT]...\n"
	     "       slotkeeperd {--help | --version}\n\n"
	     "Serves calendars in the foreground; see slotkeeperd(8).");
	return EXIT_GOOD;
}

/* -1: go on; else the exit status. */
static int parse(struct daemon *daemon, int argc, char **argv)
{
	daemon->options.create = true;
	daemon->options.listen = daemon->listen;
	for (int i = 1; i < argc; i++) {
		const char *option = argv[i];
		const char **target;

		if (strcmp(option, "--help") == 0)
			return usage();
		if (strcmp(option, "--version") == 0) {
			puts("slotkeeperd " PACKAGE_VERSION);
			return EXIT_GOOD;
		}
		if (strcmp(option, "--config") == 0)
			target = &daemon->options.config;
		else if (strcmp(option, "--data") == 0)
			target = &daemon->options.data;
		else if (strcmp(option, "--listen") == 0 && daemon->options.listen_count < LISTEN_MAX)
			target = &daemon->listen[daemon->options.listen_count++];
		else
			return complain(option, "unknown option", EXIT_USAGE);
		if (++i == argc)
			return complain(option, "needs a value", EXIT_USAGE);
		*target = argv[i];
	}
	return -1;
}

/* ---- the top of the router ---- */

static const struct http_route *find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	const struct http_route *route = health_find(app, method, path, arena, allow_r);

	if (route == NULL)
		route = api_find(app, method, path, arena, allow_r);
	if (route == NULL)
		route = feed_find(app, method, path, arena, allow_r);
	if (route == NULL)
		route = timezone_service_find(app, method, path, arena, allow_r);
	if (route == NULL)
		route = pages_find(app, method, path, arena, allow_r);
	return route != NULL ? route : dav_find(app, method, path, arena, allow_r);
}

/* ---- start ---- */

static int why(const struct error *err, int ret, const char *what, int status)
{
	return complain(err->detail[0] ? err->detail : what, err->detail[0] ? NULL : strerror(-ret), status);
}

/* What must be done before there are threads: sockets, and another user. */
static int prepare(struct daemon *daemon, struct config *config)
{
	const struct config_values *values = config_get(config);
	struct error err = ERROR_NONE;
	int ret;

	privileges_raise_files((size_t)values->max_connections + FILES_BESIDE);
	ret = http_listeners_open(values->listen.at, values->listen.count, (size_t)sysconf(_SC_NPROCESSORS_ONLN),
	    &daemon->listeners, &err);
	if (ret < 0)
		return why(&err, ret, "listening", EXIT_START);
	if (values->tls_certificate[0] != '\0') {
		ret = tls_new(values->tls_certificate, values->tls_key, &daemon->tls, &err);
		if (ret < 0)
			return why(&err, ret, "TLS", EXIT_START);
	}
	ret = privileges_drop(values->user, &err);
	if (ret < 0)
		return why(&err, ret, "privileges", EXIT_START);
	privileges_seal();
	return EXIT_GOOD;
}

static int open_site(struct daemon *daemon)
{
	struct config_override overrides[2];
	struct config *config;
	struct error err = ERROR_NONE;
	size_t count = 0;
	int ret, status;

	if (daemon->options.data != NULL)
		overrides[count++] = (struct config_override){"data", &daemon->options.data, 1};
	if (daemon->options.listen_count > 0)
		overrides[count++] =
		    (struct config_override){"listen", daemon->listen, daemon->options.listen_count};
	ret = config_open(daemon->options.config, overrides, count, &config, &err);
	if (ret < 0)
		return why(&err, ret, "configuration", EXIT_USAGE);
	log_sink_install(STDERR_FILENO, config_get(config)->log_level);
	status = prepare(daemon, config);
	if (status != EXIT_GOOD) {
		config_free(config);
		return status;
	}
	ret = site_open(config, &daemon->options, &daemon->site, &err);
	return ret < 0 ? why(&err, ret, "store", EXIT_START) : EXIT_GOOD;
}

static int start_jobs(struct app *app)
{
	struct runner_options options = {
	    .store = app->store, .clock = app->clock, .kinds = job_kinds, .arg = app, .metrics = app->metrics};
	int ret = runner_new(&options, &app->runner);

	return ret < 0 ? complain("jobs", strerror(-ret), EXIT_START) : EXIT_GOOD;
}

static int start_http(struct daemon *daemon)
{
	struct app *app = site_app(daemon->site);
	const struct config_values *values = config_get(app->config);
	struct auth_options auth_options = {.failures_per_minute = (unsigned)values->login_failures};
	struct http_server_options options = {.config = app->config,
	    .pool = app->pool,
	    .metrics = app->metrics,
	    .tls = daemon->tls,
	    .find = find,
	    .app = app,
	    .loops = (size_t)sysconf(_SC_NPROCESSORS_ONLN)};
	char address[ADDRESS_TEXT_SIZE];
	int ret;

	app->auth = auth_new(app->store, app->clock, &auth_options);
	app->slot_rate = rate_new();
	app->booking_rate = rate_new();
	if (app->auth == NULL || app->slot_rate == NULL || app->booking_rate == NULL)
		return complain("start", "out of memory", EXIT_START);
	options.auth = app->auth;
	ret = control_server_new(app, values->data, &daemon->control);
	if (ret < 0)
		return complain("control socket", strerror(-ret), EXIT_START);
	http_listeners_first(daemon->listeners, address);
	ret = http_server_new(&options, steal_ptr(&daemon->listeners), &app->http);
	if (ret < 0)
		return complain("start", strerror(-ret), EXIT_START);
	log_event(LOG_INFO_LEVEL, "main", NULL, "serving", "version=%s data=%s", PACKAGE_VERSION, values->data);
	printf("slotkeeperd: ready on %s://%s\n", daemon->tls != NULL ? "https" : "http", address);
	fflush(stdout);
	return EXIT_GOOD;
}

/* ---- running ---- */

/* New connections get the new certificate, if it and its key are good. */
static int reload_certificate(struct daemon *daemon, const struct config_values *values)
{
	struct error err = ERROR_NONE;
	int ret;

	if ((daemon->tls != NULL) != (values->tls_certificate[0] != '\0')) {
		log_event(LOG_WARN_LEVEL, "main", NULL, "TLS begins or ends with the next start only", NULL);
		return 0;
	}
	if (daemon->tls == NULL)
		return 0;
	ret = tls_reload(daemon->tls, values->tls_certificate, values->tls_key, &err);
	if (ret < 0)
		log_event(LOG_ERROR_LEVEL, "main", NULL, "certificate refused, the old one stays", "why=\"%s\"", err.detail);
	return ret;
}

static void reload(struct daemon *daemon)
{
	struct app *app = site_app(daemon->site);
	struct error err = ERROR_NONE;
	int ret = site_reload(daemon->site, &err);

	if (ret < 0)
		log_event(LOG_ERROR_LEVEL, "main", NULL, "reload refused, the old values stay", "why=\"%s\"", err.detail);
	else
		ret = reload_certificate(daemon, config_get(app->config));
	if (ret == 0)
		log_event(LOG_INFO_LEVEL, "main", NULL, "reloaded", NULL);
	metrics_add(app->metrics, ret < 0 ? METRIC_CONFIG_RELOADS_FAILED : METRIC_CONFIG_RELOADS, 1);
}

/* Until SIGTERM or SIGINT. */
static void run(struct daemon *daemon, const sigset_t *signals)
{
	for (;;) {
		int signal = sigwaitinfo(signals, NULL);

		if (signal == SIGTERM || signal == SIGINT)
			return;
		if (signal == SIGHUP)
			reload(daemon);
	}
}

static int nothing(struct kv_txn *txn, void *arg)
{
	(void)txn;
	(void)arg;
	return 0;
}

/* Updates end in the order of queueing: behind this one every answer was given. */
static void flush(const struct app *app)
{
	(void)!kv_update_wait(store_kv(app->store), nothing, NULL);
}

/* A job that does not end is left alone with what it uses: what was acknowledged is on disk, its lease is given back. */
static void stop_jobs(struct app *app, const struct timespec *began, int status)
{
	struct timespec now;

	if (app->runner == NULL)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (runner_stop(app->runner, now.tv_sec < began->tv_sec + STOP_SECONDS ? began->tv_sec + STOP_SECONDS - now.tv_sec : 0)) {
		runner_free(app->runner);
		app->runner = NULL;
		return;
	}
	log_event(LOG_WARN_LEVEL, "main", NULL, "a job still runs: it is run again after the next start", NULL);
	fflush(NULL);
	_exit(status);
}

static void stop(struct daemon *daemon, int status)
{
	struct app *app = daemon->site != NULL ? site_app(daemon->site) : NULL;

	struct timespec began;

	clock_gettime(CLOCK_MONOTONIC, &began);
	if (app != NULL && app->runner != NULL)
		runner_quiet(app->runner);
	control_server_free(daemon->control);
	if (app != NULL && app->http != NULL) {
		http_server_stop(app->http);
		flush(app);
		site_stop_workers(daemon->site);
		flush(app);
		http_server_free(app->http);
	}
	if (app != NULL) {
		stop_jobs(app, &began, status);
		auth_free(app->auth);
		rate_free(app->slot_rate);
		rate_free(app->booking_rate);
	}
	site_close(daemon->site);
	tls_free(daemon->tls);
	http_listeners_free(daemon->listeners);
}

int main(int argc, char **argv)
{
	struct daemon daemon = {0};
	sigset_t signals;
	int status = parse(&daemon, argc, argv);

	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on a file's size is a full disk, not the end */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL); /* every thread inherits it: main alone takes them */
	status = open_site(&daemon);
	if (status == EXIT_GOOD)
		status = start_jobs(site_app(daemon.site));
	if (status == EXIT_GOOD)
		status = start_http(&daemon);
	if (status == EXIT_GOOD) {
		run(&daemon, &signals);
		log_event(LOG_INFO_LEVEL, "main", NULL, "stopping", "%s", "");
	}
	stop(&daemon, status);
	return status;
}
