#include <config.h>

#include "protocol/dav/report_request.h"

#include <errno.h>

static int read_calendar_query(struct arena *arena, const struct xml_element *root, struct report_request *request,
    struct error *err)
{
	const struct xml_element *filter = xml_child(root, XML_CALDAV_FILTER);
	const struct xml_element *timezone = xml_child(root, XML_CALDAV_TIMEZONE);
	const struct xml_element *timezone_id = xml_child(root, XML_CALDAV_TIMEZONE_ID);

	if (timezone != NULL)
		request->timezone = timezone->text;
	if (timezone_id != NULL)
		request->timezone_id = xml_trimmed(timezone_id);
	if (filter == NULL)
		return error_set(err, 403, CALDAV_VALID_FILTER, "calendar-query: no filter");
	return calendar_filter_read(arena, filter, &request->filter, err);
}

static int read_multiget(struct arena *arena, const struct xml_element *root, struct report_request *request,
    struct error *err)
{
	size_t count = 0;

	for (const struct xml_element *href = xml_child(root, XML_DAV_HREF); href != NULL;
	     href = xml_next(href, XML_DAV_HREF))
		count++;
	if (count > DAV_HREFS_MAX)
		return error_set(err, 403, DAV_NUMBER_OF_MATCHES_WITHIN_LIMITS, "more than %d hrefs", DAV_HREFS_MAX);
	request->hrefs = arena_array(arena, count + 1, sizeof(*request->hrefs));
	if (request->hrefs == NULL)
		return -ENOMEM;
	for (const struct xml_element *href = xml_child(root, XML_DAV_HREF); href != NULL;
	     href = xml_next(href, XML_DAV_HREF))
		request->hrefs[request->href_count++] = xml_trimmed(href);
	return 0;
}

static int read_free_busy(const struct xml_element *root, struct report_request *request, struct error *err)
{
	const struct xml_element *range = xml_child(root, XML_CALDAV_TIME_RANGE);

	if (range == NULL)
		return error_set(err, 400, CONDITION_NONE, "free-busy-query: no time-range");
	if (time_range_read(range, &request->range, err) == 0)
		return 0;
	if (err != NULL) {
		err->http_status = 400; /* the conditions of filters are not this report's (RFC 4791, 7.10) */
		err->condition = CONDITION_NONE;
	}
	return -EINVAL;
}

static int read_sync(const struct xml_element *root, struct report_request *request, struct error *err)
{
	const struct xml_element *token = xml_child(root, XML_DAV_SYNC_TOKEN);
	const struct xml_element *level = xml_child(root, XML_DAV_SYNC_LEVEL);
	const struct xml_element *limit = xml_child(root, XML_DAV_LIMIT);

	if (token != NULL)
		request->sync_token = xml_trimmed(token);
	if (level != NULL) {
		request->has_sync_level = true;
		request->sync_infinite = slice_is_nocase(xml_trimmed(level), "infinite");
		if (!request->sync_infinite && !slice_is(xml_trimmed(level), "1"))
			return error_set(err, 400, CONDITION_NONE, "sync-level: neither 1 nor infinite");
	}
	if (limit == NULL)
		return 0;
	limit = xml_child(limit, XML_DAV_NRESULTS);
	if (limit == NULL || slice_to_u64(xml_trimmed(limit), UINT32_MAX, &request->limit) < 0 || request->limit == 0)
		return error_set(err, 400, CONDITION_NONE, "limit: nresults is no number above 0");
	return 0;
}

static enum report_kind kind_of(enum xml_id id)
{
	switch (id) {
	case XML_CALDAV_CALENDAR_QUERY:
		return REPORT_CALENDAR_QUERY;
	case XML_CALDAV_CALENDAR_MULTIGET:
		return REPORT_CALENDAR_MULTIGET;
	case XML_CALDAV_FREE_BUSY_QUERY:
		return REPORT_FREE_BUSY_QUERY;
	case XML_DAV_SYNC_COLLECTION:
		return REPORT_SYNC_COLLECTION;
	case XML_DAV_EXPAND_PROPERTY:
		return REPORT_EXPAND_PROPERTY;
	case XML_DAV_PRINCIPAL_PROPERTY_SEARCH:
		return REPORT_PRINCIPAL_PROPERTY_SEARCH;
	case XML_DAV_PRINCIPAL_SEARCH_PROPERTY_SET:
		return REPORT_PRINCIPAL_SEARCH_PROPERTY_SET;
	case XML_DAV_PRINCIPAL_MATCH:
		return REPORT_PRINCIPAL_MATCH;
	case XML_DAV_ACL_PRINCIPAL_PROP_SET:
		return REPORT_ACL_PRINCIPAL_PROP_SET;
	case XML_CS_CALENDARSERVER_PRINCIPAL_SEARCH:
		return REPORT_CALENDARSERVER_PRINCIPAL_SEARCH;
	default:
		return REPORT_UNKNOWN;
	}
}

int report_read(struct arena *arena, struct slice body, struct report_request *request_r, struct error *err)
{
	struct report_request request = {
	    .timezone = SLICE_EMPTY, .timezone_id = SLICE_EMPTY, .sync_token = SLICE_EMPTY};
	const struct xml_element *root;
	int ret;

	if (body.len == 0)
		return error_set(err, 400, CONDITION_NONE, "REPORT: no body");
	ret = xml_read(arena, body, &root, err);
	if (ret < 0)
		return ret;
	request.kind = kind_of(root->id);
	request.root = root;
	switch (request.kind) {
	case REPORT_UNKNOWN:
	case REPORT_EXPAND_PROPERTY:
	case REPORT_PRINCIPAL_PROPERTY_SEARCH:
	case REPORT_PRINCIPAL_SEARCH_PROPERTY_SET:
	case REPORT_PRINCIPAL_MATCH:
	case REPORT_ACL_PRINCIPAL_PROP_SET:
	case REPORT_CALENDARSERVER_PRINCIPAL_SEARCH:
		break;
	case REPORT_CALENDAR_QUERY:
		ret = read_calendar_query(arena, root, &request, err);
		break;
	case REPORT_CALENDAR_MULTIGET:
		ret = read_multiget(arena, root, &request, err);
		break;
	case REPORT_FREE_BUSY_QUERY:
		ret = read_free_busy(root, &request, err);
		break;
	case REPORT_SYNC_COLLECTION:
		ret = read_sync(root, &request, err);
		break;
	}
	if (ret == 0 && request.kind != REPORT_UNKNOWN)
		ret = property_list_read(arena, root, &request.props, err);
	if (ret == 0)
		*request_r = request;
	return ret;
}
