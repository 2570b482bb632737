/*
 * server/http/problem - errors as application/problem+json (RFC 9457), for routes whose bodies are JSON.
 *
 * The type is urn:slotkeeper:problem:NAME; problem.c has the table of names, their statuses and titles.
 */
#ifndef SERVER_HTTP_PROBLEM_H
#define SERVER_HTTP_PROBLEM_H

#include "server/http/request.h"

/*
 * Begins the reply anew with the problem's object, to which the caller may add members and which he closes with
 * json_close_object on the body. STATUS picks the name where NAME is NULL; DETAIL may be empty.
 */
void http_problem_open(struct http_request *req, int status, const char *name, const char *detail);
/* All of it. */
void http_reply_problem(struct http_request *req, int status, const char *name, const char *detail);

#endif
