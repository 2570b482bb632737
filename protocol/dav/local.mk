protocol_libprotocol_a_SOURCES += \
	protocol/dav/calendar_filter.h \
	protocol/dav/condition.c protocol/dav/condition.h \
	protocol/dav/headers.h \
	protocol/dav/multistatus.h \
	protocol/dav/path.h \
	protocol/dav/property_request.h \
	protocol/dav/report_request.h \
	protocol/dav/sync_token.h \
	protocol/dav/xml_names.h \
	protocol/dav/xml_reader.h
