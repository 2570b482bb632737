/* TLS: handshakes, certificates replaced while connections live, what a half-good replacement does not do. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "http_door.h"
#include "protocol/base/cleanup.h"
#include "server/http/tls.h"

#define HOST      " HTTP/1.1\r\nHost: x\r\n"
#define REPLY_MAX (32u << 20)

static char directory[] = "/tmp/tls-XXXXXX";

/* NAME in the directory of the test; four at a time. */
static const char *file(const char *name)
{
	static char paths[4][64];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

/* A self-signed certificate for NAME in NAME.crt and its key in NAME.key. */
static void make_certificate(const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	char path[64];
	FILE *out;

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, subject);
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	snprintf(path, sizeof(path), "%s/%s.crt", directory, name);
	out = fopen(path, "w");
	assert_true(out != NULL && PEM_write_X509(out, certificate) == 1 && fclose(out) == 0);
	snprintf(path, sizeof(path), "%s/%s.key", directory, name);
	out = fopen(path, "w");
	assert_true(out != NULL && PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(out) == 0);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static int setup(void **state)
{
	FILE *broken;

	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	make_certificate("first");
	make_certificate("second");
	broken = fopen(file("broken"), "w");
	return broken == NULL || fputs("-----BEGIN CERTIFICATE-----\nnonsense\n", broken) < 0 ? -1 : fclose(broken);
}

static int teardown(void **state)
{
	static const char *const names[] = {"first.crt", "first.key", "second.crt", "second.key", "broken"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(file(names[i]));
	return rmdir(directory);
}

static struct tls *open_tls(void)
{
	struct tls *tls = NULL;
	struct error err = ERROR_NONE;

	if (tls_new(file("first.crt"), file("first.key"), &tls, &err) != 0)
		fail_msg("%s", err.detail);
	return tls;
}

/* ---- a client ---- */

struct client {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
};

/* MAX_VERSION 0: the newest. */
static struct client connect_tls(const struct door *door, int max_version)
{
	struct client client = {.context = SSL_CTX_new(TLS_client_method()), .fd = door_connect(door)};

	SSL_CTX_set_security_level(client.context, 0);
	SSL_CTX_set_min_proto_version(client.context, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(client.context, max_version);
	client.ssl = SSL_new(client.context);
	SSL_set_fd(client.ssl, client.fd);
	return client;
}

static void client_close(struct client *client)
{
	SSL_free(client->ssl);
	SSL_CTX_free(client->context);
	close(client->fd);
	ERR_clear_error();
}

static void client_send(struct client *client, const char *text)
{
	assert_int_equal(SSL_write(client->ssl, text, (int)strlen(text)), (int)strlen(text));
}

/* Until close_notify; false when the connection ended without. */
static bool client_read_all(struct client *client, struct buf *b)
{
	for (;;) {
		char *room = buf_reserve(b, 65536);
		int got = SSL_read(client->ssl, room, 65536);

		if (got <= 0)
			return SSL_get_error(client->ssl, got) == SSL_ERROR_ZERO_RETURN;
		buf_reserved(b, (size_t)got);
	}
}

static void check_subject(struct client *client, const char *name)
{
	X509 *certificate = SSL_get1_peer_certificate(client->ssl);
	char text[100] = "";

	assert_non_null(certificate);
	X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof(text));
	assert_string_equal(text, name);
	X509_free(certificate);
}

/* ---- tests ---- */

static void test_answers_over_tls(void **state)
{
	struct tls *tls = open_tls();
	struct door *door = door_new("", NULL, tls);
	static const int versions[] = {TLS1_2_VERSION, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
		struct client client = connect_tls(door, versions[i]);

		assert_int_equal(SSL_connect(client.ssl), 1);
		client_send(&client, "GET /hello" HOST "\r\nPUT /big" HOST "Content-Length: 7\r\n\r\n5000000GET /private" HOST
		                     DOOR_CREDENTIALS "\r\nGET /client" HOST "Connection: close\r\n\r\n");
		assert_true(client_read_all(&client, &b)); /* with a goodbye */
		assert_int_equal(door_count(&b, "HTTP/1.1 200"), 4);
		assert_true(b.len > 5000000);
		assert_int_equal(door_count(&b, "secure=1"), 1);
		client_close(&client);
	}
	door_free(door);
	tls_free(tls);
}

static void test_a_long_body_over_tls(void **state)
{
	struct tls *tls = open_tls();
	struct door *door = door_new("max-resource-size = 8M\n", NULL, tls);
	AUTO_BUF struct buf text = BUF_INIT(REPLY_MAX), b = BUF_INIT(REPLY_MAX);
	struct client client = connect_tls(door, 0);

	(void)state;
	assert_int_equal(SSL_connect(client.ssl), 1);
	door_close_gate(); /* while the first waits the rest is not read */
	buf_add_str(&text, "GET /wait" HOST "\r\nPUT /echo" HOST "Connection: close\r\nContent-Length: 500000\r\n\r\n");
	memset(buf_reserve(&text, 500000), 'x', 500000);
	buf_reserved(&text, 500000);
	client_send(&client, buf_cstr(&text));
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	door_open_gate();
	assert_true(client_read_all(&client, &b));
	assert_int_equal(door_count(&b, "HTTP/1.1 200"), 2);
	assert_true(b.len > 500000);
	client_close(&client);
	door_free(door);
	tls_free(tls);
}

static void test_old_versions_and_plain_text_are_refused(void **state)
{
	struct tls *tls = open_tls();
	struct door *door = door_new("", NULL, tls);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	struct client client = connect_tls(door, TLS1_1_VERSION);

	(void)state;
	assert_int_not_equal(SSL_connect(client.ssl), 1);
	client_close(&client);
	door_talk(door, "GET /hello" HOST "\r\n", 0, &b);
	assert_int_equal(door_count(&b, "hello"), 0);
	assert_int_equal(door_count(&b, "(still open)"), 0);
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 0));
	door_free(door);
	tls_free(tls);
}

static void test_a_handshake_that_does_not_end_is_cut(void **state)
{
	const struct http_deadlines deadlines = {200, 60000, 60000, 60000, 60000, 200, 500, 20};
	struct tls *tls = open_tls();
	struct door *door = door_new("", &deadlines, tls);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);

	(void)state;
	door_talk(door, "\x16\x03\x01\x02", 0, &b); /* the beginning of a hello */
	assert_int_equal(door_count(&b, "(still open)"), 0);
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 0));
	door_free(door);
	tls_free(tls);
}

static void test_a_new_certificate_is_for_new_connections(void **state)
{
	struct tls *tls = open_tls();
	struct door *door = door_new("", NULL, tls);
	struct error err = ERROR_NONE;
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	struct client old = connect_tls(door, 0), new = connect_tls(door, 0);

	(void)state;
	assert_int_equal(SSL_connect(old.ssl), 1);
	check_subject(&old, "first");
	assert_int_equal(tls_reload(tls, file("second.crt"), file("second.key"), &err), 0);
	client_send(&old, "GET /hello" HOST "Connection: close\r\n\r\n");
	assert_true(client_read_all(&old, &b));
	assert_int_equal(door_status(&b), 200);
	client_close(&old);
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 1));
	client_close(&new); /* accepted before the change, perhaps: of no interest */
	new = connect_tls(door, 0);
	assert_int_equal(SSL_connect(new.ssl), 1);
	check_subject(&new, "second");
	client_close(&new);
	door_free(door);
	tls_free(tls);
}

static void test_a_bad_replacement_changes_nothing(void **state)
{
	static const char *const rows[][2] = {
	    {"second.crt", "first.key"}, /* not its key */
	    {"broken", "second.key"},
	    {"second.crt", "broken"},
	    {"missing", "second.key"},
	    {"second.crt", "missing"},
	};
	struct tls *tls = open_tls(), *none = NULL;
	struct door *door = door_new("", NULL, tls);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err = ERROR_NONE;
		struct client client;

		if (tls_reload(tls, file(rows[i][0]), file(rows[i][1]), &err) != -EINVAL || err.detail[0] == '\0' ||
		    strchr(err.detail, '\n') != NULL)
			fail_msg("%s with %s: \"%s\"", rows[i][0], rows[i][1], err.detail);
		assert_int_equal(tls_new(file(rows[i][0]), file(rows[i][1]), &none, &err), -EINVAL);
		assert_null(none);
		client = connect_tls(door, 0);
		assert_int_equal(SSL_connect(client.ssl), 1);
		check_subject(&client, "first");
		client_close(&client);
	}
	door_free(door);
	tls_free(tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_answers_over_tls),
	    cmocka_unit_test(test_a_long_body_over_tls),
	    cmocka_unit_test(test_old_versions_and_plain_text_are_refused),
	    cmocka_unit_test(test_a_handshake_that_does_not_end_is_cut),
	    cmocka_unit_test(test_a_new_certificate_is_for_new_connections),
	    cmocka_unit_test(test_a_bad_replacement_changes_nothing),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, setup, teardown);
}
