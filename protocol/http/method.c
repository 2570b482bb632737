#include <config.h>

#include "protocol/http/method.h"

const struct http_method_info http_methods[HTTP_METHOD_COUNT] = {
    [HTTP_OPTIONS] = {"OPTIONS", true, true},
    [HTTP_GET] = {"GET", true, true},
    [HTTP_HEAD] = {"HEAD", true, true},
    [HTTP_POST] = {"POST", false, false},
    [HTTP_PUT] = {"PUT", false, true},
    [HTTP_PATCH] = {"PATCH", false, false},
    [HTTP_DELETE] = {"DELETE", false, true},
    [HTTP_PROPFIND] = {"PROPFIND", true, true},
    [HTTP_PROPPATCH] = {"PROPPATCH", false, true},
    [HTTP_MKCOL] = {"MKCOL", false, true},
    [HTTP_MKCALENDAR] = {"MKCALENDAR", false, true},
    [HTTP_REPORT] = {"REPORT", true, true},
    [HTTP_COPY] = {"COPY", false, true},
    [HTTP_MOVE] = {"MOVE", false, true},
    [HTTP_LOCK] = {"LOCK", false, false},
    [HTTP_UNLOCK] = {"UNLOCK", false, true},
    [HTTP_ACL] = {"ACL", false, true},
};

enum http_method http_method_find(struct slice name)
{
	enum http_method method = 0;

	while (method < HTTP_METHOD_COUNT && !slice_is(name, http_methods[method].name))
		method++;
	return method;
}
