server_libserver_a_SOURCES += \
	server/dav/acl.c \
	server/dav/busy_time.c server/dav/busy_time.h \
	server/dav/calendar_properties.c \
	server/dav/calendar_stream.c server/dav/calendar_stream.h \
	server/dav/dav_private.h \
	server/dav/dav_request.c \
	server/dav/delete.c \
	server/dav/feed.c server/dav/feed.h \
	server/dav/get.c \
	server/dav/groups.c \
	server/dav/live_properties.c \
	server/dav/lock.c \
	server/dav/locks.c server/dav/locks.h \
	server/dav/mkcalendar.c \
	server/dav/options.c \
	server/dav/outbox.c \
	server/dav/plain.c server/dav/plain.h \
	server/dav/personal.c \
	server/dav/principal_properties.c \
	server/dav/privileges.c server/dav/privileges.h \
	server/dav/properties.c server/dav/properties.h \
	server/dav/propfind.c \
	server/dav/proppatch.c \
	server/dav/put.c \
	server/dav/report.c server/dav/reports.h \
	server/dav/report_calendar_query.c \
	server/dav/report_expand_property.c \
	server/dav/report_free_busy.c \
	server/dav/report_multiget.c \
	server/dav/report_principal_match.c \
	server/dav/report_principal_search.c \
	server/dav/report_sync.c \
	server/dav/resource.c \
	server/dav/routes.c server/dav/routes.h \
	server/dav/transfer.c \
	server/dav/text.c \
	server/dav/timezone_service.c server/dav/timezone_service.h \
	server/dav/well_known.c \
	server/dav/write.c server/dav/write.h
