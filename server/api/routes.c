#include <config.h>

#include "server/api/routes.h"

#include "server/api/api_private.h"

#define PAGE "limit cursor"

/* The table of the API: what may be asked, by whom. */
const struct api_row api_rows[] = {
    {.path = "api-keys", .method = HTTP_GET, .access = API_ADMIN, .query = PAGE, .act = api_key_list},
    {.path = "api-keys", .method = HTTP_POST, .access = API_ADMIN, .has_body = true, .writes = true,
        .read = api_key_read, .act = api_key_create},
    {.path = "api-keys/{}", .method = HTTP_GET, .access = API_ADMIN, .act = api_key_get},
    {.path = "api-keys/{}", .method = HTTP_DELETE, .access = API_ADMIN, .writes = true, .act = api_key_delete},
    {.path = "holidays", .method = HTTP_GET, .access = API_BOOKING, .act = api_holidays_get},
    {.path = "holidays", .method = HTTP_PUT, .access = API_ADMIN, .has_body = true, .writes = true,
        .read = api_holidays_read, .act = api_holidays_put},
    {.path = "alerts", .method = HTTP_GET, .access = API_ADMIN, .query = PAGE " state member", .act = api_alert_list},
    {.path = "alerts/{}/resolve", .method = HTTP_POST, .access = API_ADMIN, .writes = true,
        .act = api_alert_resolve},
    {.path = "jobs/{}/retry", .method = HTTP_POST, .access = API_ADMIN, .writes = true, .act = api_job_retry},
    {.path = "jobs/{}", .method = HTTP_DELETE, .access = API_ADMIN, .writes = true, .act = api_job_drop},
    {.path = "jobs", .method = HTTP_GET, .access = API_ADMIN, .query = PAGE " state kind", .act = api_job_list},
    {.path = "bookings", .method = HTTP_GET, .access = API_ADMIN, .query = PAGE " from to staff service status",
        .act = api_booking_list},
    {.path = "bookings", .method = HTTP_POST, .access = API_PUBLIC, .rate = API_RATE_BOOKINGS, .has_body = true,
        .read = api_booking_read, .start = api_booking_place},
    {.path = "bookings/{}", .method = HTTP_GET, .access = API_CUSTOMER, .rate = API_RATE_SLOTS, .query = "manage",
        .act = api_booking_get},
    {.path = "bookings/{}", .method = HTTP_PATCH, .access = API_CUSTOMER, .rate = API_RATE_BOOKINGS, .query = "manage",
        .has_body = true, .read = api_booking_read_patch, .start = api_booking_patch},
    {.path = "bookings/{}", .method = HTTP_DELETE, .access = API_CUSTOMER, .rate = API_RATE_BOOKINGS, .query = "manage",
        .start = api_booking_cancel},
    {.path = "bookings/{}/confirm", .method = HTTP_POST, .access = API_CUSTOMER, .rate = API_RATE_BOOKINGS,
        .query = "manage", .start = api_booking_confirm},
    {.path = "bookings/{}/hold", .method = HTTP_POST, .access = API_CUSTOMER, .rate = API_RATE_BOOKINGS,
        .query = "manage", .start = api_booking_extend},
    {.path = "schedule", .method = HTTP_GET, .access = API_ADMIN, .query = "from to staff", .act = api_schedule_get},
    {.path = "services/{}/slots", .method = HTTP_GET, .access = API_PUBLIC, .rate = API_RATE_SLOTS, .own = true,
        .query = "from to tz staff seats manage", .read = api_slots_read, .act = api_slots_get},
    {.path = "services", .method = HTTP_GET, .access = API_PUBLIC, .rate = API_RATE_SLOTS, .query = PAGE,
        .act = api_service_list},
    {.path = "services", .method = HTTP_POST, .access = API_ADMIN, .has_body = true, .writes = true,
        .read = api_service_read, .act = api_service_create},
    {.path = "services/{}", .method = HTTP_GET, .access = API_PUBLIC, .rate = API_RATE_SLOTS, .act = api_service_get},
    {.path = "services/{}", .method = HTTP_PUT, .access = API_ADMIN, .has_body = true, .writes = true,
        .read = api_service_read, .act = api_service_put},
    {.path = "services/{}", .method = HTTP_DELETE, .access = API_ADMIN, .writes = true, .act = api_service_delete},
    {.path = "staff", .method = HTTP_GET, .access = API_ADMIN, .query = PAGE, .act = api_principal_list},
    {.path = "staff", .method = HTTP_POST, .access = API_ADMIN, .has_body = true, .writes = true,
        .read = api_principal_read, .act = api_principal_create},
    {.path = "staff/{}", .method = HTTP_GET, .access = API_ADMIN, .act = api_principal_get},
    {.path = "staff/{}", .method = HTTP_PUT, .access = API_ADMIN, .has_body = true, .writes = true,
        .read = api_principal_read, .act = api_principal_put},
    {.path = "staff/{}", .method = HTTP_DELETE, .access = API_ADMIN, .writes = true, .act = api_principal_delete},
    {.path = "staff/{}/hours", .method = HTTP_GET, .access = API_BOOKING, .act = api_hours_get},
    {.path = "staff/{}/hours", .method = HTTP_PUT, .access = API_ADMIN, .has_body = true, .writes = true,
        .read = api_hours_read, .act = api_hours_put},
    {.path = "resources", .method = HTTP_GET, .access = API_ADMIN, .query = PAGE, .act = api_principal_list},
    {.path = "resources", .method = HTTP_POST, .access = API_ADMIN, .has_body = true, .writes = true,
        .read = api_principal_read, .act = api_principal_create},
    {.path = "resources/{}", .method = HTTP_GET, .access = API_ADMIN, .act = api_principal_get},
    {.path = "resources/{}", .method = HTTP_PUT, .access = API_ADMIN, .has_body = true, .writes = true,
        .read = api_principal_read, .act = api_principal_put},
    {.path = "resources/{}", .method = HTTP_DELETE, .access = API_ADMIN, .writes = true, .act = api_principal_delete},
    {.path = "resources/{}/hours", .method = HTTP_GET, .access = API_BOOKING, .act = api_hours_get},
    {.path = "resources/{}/hours", .method = HTTP_PUT, .access = API_ADMIN, .has_body = true, .writes = true,
        .read = api_hours_read, .act = api_hours_put},
    {.path = "openapi.json", .method = HTTP_GET, .access = API_PUBLIC, .act = api_openapi},
    {.path = "audit", .method = HTTP_GET, .access = API_ADMIN, .query = PAGE, .act = api_audit_list},
};

const size_t api_row_count = ARRAY_LEN(api_rows);

const struct http_route *api_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	static const struct http_route route = {api_handle, RUN_ON_WORKER, BODY_JSON, ACCESS_ANYONE};

	(void)app;
	(void)method;
	(void)arena;
	*allow_r = "";
	return slice_starts(path, SLICE(API_ROOT "/")) ? &route : NULL;
}
