#include <config.h>

#include "server/http/tls.h"

#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>

struct tls {
	pthread_mutex_t lock; /* of context: a loop takes a reference before it uses it */
	SSL_CTX *context;
};

static int refuse(struct error *err, const char *file, const char *what)
{
	char reason[120] = "";

	ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
	ERR_clear_error();
	return error_set(err, 0, CONDITION_NONE, "%.60s: %s: %.60s", file, what, reason);
}

static int load(SSL_CTX *context, const char *certificate, const char *key, struct error *err)
{
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF); /* many clients just close */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); /* an idle connection holds little */
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		return refuse(err, certificate, "no certificate chain");
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return refuse(err, key, "no key");
	if (SSL_CTX_check_private_key(context) != 1)
		return refuse(err, key, "not the certificate's key");
	return 0;
}

static int make(const char *certificate, const char *key, SSL_CTX **context_r, struct error *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int ret;

	if (context == NULL)
		return -ENOMEM;
	ret = load(context, certificate, key, err);
	if (ret < 0)
		SSL_CTX_free(context);
	else
		*context_r = context;
	return ret;
}

int tls_new(const char *certificate, const char *key, struct tls **tls_r, struct error *err)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int ret;

	if (tls == NULL)
		return -ENOMEM;
	ret = make(certificate, key, &tls->context, err);
	if (ret < 0) {
		free(tls);
		return ret;
	}
	pthread_mutex_init(&tls->lock, NULL);
	*tls_r = tls;
	return 0;
}

void tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}

int tls_reload(struct tls *tls, const char *certificate, const char *key, struct error *err)
{
	SSL_CTX *context, *old;
	int ret = make(certificate, key, &context, err);

	if (ret < 0)
		return ret;
	pthread_mutex_lock(&tls->lock);
	old = tls->context;
	tls->context = context;
	pthread_mutex_unlock(&tls->lock);
	SSL_CTX_free(old); /* each live connection holds a reference of its own */
	return 0;
}

struct bufferevent *tls_accept(struct tls *tls, struct event_base *base, int fd)
{
	struct bufferevent *bev;
	SSL *ssl;

	pthread_mutex_lock(&tls->lock);
	ssl = SSL_new(tls->context);
	pthread_mutex_unlock(&tls->lock);
	if (ssl == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		SSL_free(ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

void tls_say_goodbye(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	if (SSL_is_init_finished(ssl))
		(void)!SSL_shutdown(ssl); /* one try: a socket that takes nothing gets nothing */
	ERR_clear_error();
}
