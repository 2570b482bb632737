/*
 * pages/admin - /admin/: who has booked, what needs a person, what is still to be done.
 *
 * Administrators only, signed in with a form; over TLS, from loopback or behind a trusted proxy, as everywhere.
 */
#ifndef SERVER_PAGES_ADMIN_H
#define SERVER_PAGES_ADMIN_H

#include "server/http/router.h"

/* NULL when PATH is none below /admin/. */
http_find_fn admin_find;

#endif
