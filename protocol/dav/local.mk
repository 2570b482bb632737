protocol_libprotocol_a_SOURCES += \
	protocol/dav/acl_request.c protocol/dav/acl_request.h \
	protocol/dav/calendar_data.c protocol/dav/calendar_data.h \
	protocol/dav/calendar_filter.c protocol/dav/calendar_filter.h \
	protocol/dav/calendar_range.c protocol/dav/calendar_range.h \
	protocol/dav/condition.c protocol/dav/condition.h \
	protocol/dav/freebusy_query.c protocol/dav/freebusy_query.h \
	protocol/dav/headers.c protocol/dav/headers.h \
	protocol/dav/freebusy_limit.c protocol/dav/freebusy_limit.h \
	protocol/dav/if_header.c protocol/dav/if_header.h \
	protocol/dav/lock_request.c protocol/dav/lock_request.h \
	protocol/dav/multistatus.c protocol/dav/multistatus.h \
	protocol/dav/path.c protocol/dav/path.h \
	protocol/dav/property_request.c protocol/dav/property_request.h \
	protocol/dav/report_request.c protocol/dav/report_request.h \
	protocol/dav/sync_token.c protocol/dav/sync_token.h \
	protocol/dav/xml_names.c protocol/dav/xml_names.h \
	protocol/dav/xml_reader.c protocol/dav/xml_reader.h
