#include <config.h>

#include "server/http/problem.h"

#include <string.h>

#include "protocol/json/json.h"

#define TYPE_MAX 128 /* bytes of a problem's type */

/* The first of a status is the one that is meant when only that is known. */
static const struct problem {
	int status;
	const char *name, *title;
} problems[] = {
    {400, "malformed", "The request cannot be read"},
    {401, "unauthenticated", "A key is needed"},
    {403, "forbidden", "This key may not do that"},
    {404, "not-found", "There is no such thing"},
    {405, "method-not-allowed", "That cannot be done here"},
    {409, "wrong-state", "It is not in a state for that"},
    {409, "slot-taken", "The time is not free"},
    {409, "exists", "It exists already"},
    {409, "too-late", "It is too late for that"},
    {412, "version", "It has changed since"},
    {413, "too-large", "The request is too large"},
    {415, "unsupported-media-type", "The body is not JSON"},
    {417, "expectation-failed", "The expectation cannot be met"},
    {422, "invalid", "Something in it is wrong"},
    {422, "idempotency", "The key was used for another request"},
    {429, "rate-limited", "Too many requests"},
    {500, "internal", "The server failed"},
    {503, "unavailable", "The server is busy"},
    {507, "full", "There is no room left"},
};

static const struct problem *find(int status, const char *name)
{
	static const struct problem unknown = {0, "internal", "The server failed"};

	for (size_t i = 0; i < ARRAY_LEN(problems); i++)
		if (problems[i].status == status && (name == NULL || strcmp(problems[i].name, name) == 0))
			return &problems[i];
	return &unknown;
}

void http_problem_open(struct http_request *req, int status, const char *name, const char *detail)
{
	const struct problem *problem = find(status, name);
	struct buf *b = &req->response.body;
	char type[TYPE_MAX] = "urn:slotkeeper:problem:";

	strncat(type, problem->name, sizeof(type) - strlen(type) - 1);
	buf_reset(&req->response.headers);
	buf_reset(b);
	http_reply_text(req, status, "application/problem+json", SLICE_EMPTY);
	http_reply_header(req, "Cache-Control", "no-store");
	json_open_object(b, NULL);
	json_add_text(b, "type", slice_str(type));
	json_add_text(b, "title", slice_str(problem->title));
	json_add_integer(b, "status", status);
	if (detail != NULL && detail[0] != '\0')
		json_add_text(b, "detail", slice_str(detail));
}

void http_reply_problem(struct http_request *req, int status, const char *name, const char *detail)
{
	http_problem_open(req, status, name, detail);
	json_close_object(&req->response.body);
}
