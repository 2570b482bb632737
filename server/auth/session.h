/*
 * server/auth/session - an administrator in a browser.
 *
 * Signing in makes a secret of 256 random bits, which the browser keeps in a cookie and the store as its SHA-256; a new
 * one each time, so that nobody can hand somebody a session beforehand. It ends when it is not used for a while, after a
 * working day in any case, with another password, when its user is removed or is no administrator any more, and when he
 * signs out.
 *
 * What a form of ours must bring back so that no other site can send it is computed from the secret, and looks different
 * on every page: compressed beside what somebody else wrote, it would otherwise be guessed letter by letter.
 */
#ifndef SERVER_AUTH_SESSION_H
#define SERVER_AUTH_SESSION_H

#include "protocol/base/clock.h"
#include "server/auth/auth.h"

#define SESSION_IDLE_SECONDS  (2 * HOUR_SECONDS)
#define SESSION_LIFE_SECONDS  (12 * HOUR_SECONDS)
#define SESSION_TOUCH_SECONDS (5 * MINUTE_SECONDS) /* how exactly it is known when one was last used: a write each */
#define SESSION_EACH_MAX      20                   /* of one user; the one that was used longest ago goes */

#define SESSION_COOKIE_SIZE 72 /* bytes with NUL: a number, a dot, 32 bytes in base64url */
#define SESSION_FORM_SIZE   88 /* bytes with NUL: twice 32 bytes in base64url */

/* A random text as long as a session's, which is none: for the form that somebody signs in with. 0 or -EIO. */
int session_make(uint64_t principal, char cookie_r[static SESSION_COOKIE_SIZE]);
/*
 * Signs USER in, whom auth_sign_in has verified just now; writes, and waits. -EACCES: he is no administrator, or his
 * password has changed since.
 */
int session_begin(struct store *store, const struct clock *clock, const struct auth_user *user,
    char cookie_r[static SESSION_COOKIE_SIZE]);
/* Whose session COOKIE is, or -ENOENT. Now and then it writes, and waits. */
int session_find(struct store *store, const struct clock *clock, struct slice cookie, struct auth_user *user_r);
/* Signs out; fine when there is no such session. */
int session_end(struct store *store, struct slice cookie);

/* What forms bring back, of a session's cookie or of session_make's. 0 or -EIO. */
int session_form_make(struct slice cookie, char form_r[static SESSION_FORM_SIZE]);
bool session_form_check(struct slice cookie, struct slice form);

#endif
