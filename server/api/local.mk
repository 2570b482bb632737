server_libserver_a_SOURCES += \
	server/api/api_private.h \
	server/api/alerts.c \
	server/api/answer.c \
	server/api/booking_changes.c \
	server/api/bookings.c server/api/bookings_private.h \
	server/api/caller.c \
	server/api/holidays.c \
	server/api/hours.c \
	server/api/jobs.c \
	server/api/keys.c \
	server/api/list.c \
	server/api/log.c \
	server/api/openapi.c \
	server/api/principals.c \
	server/api/query.c \
	server/api/request.c \
	server/api/routes.c server/api/routes.h \
	server/api/schedule.c \
	server/api/services.c \
	server/api/slots.c

# The description of the API, as a literal.
EXTRA_DIST += server/api/openapi.json
BUILT_SOURCES += server/api/openapi_built.h
CLEANFILES += server/api/openapi_built.h

server/api/openapi_built.h: server/api/openapi.json
	$(AM_V_GEN)$(MKDIR_P) server/api && { printf '#define OPENAPI_BYTES %s\n' '\'; \
		sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n" \\/' $(srcdir)/server/api/openapi.json; echo '""'; } >$@.new && mv $@.new $@
server/api/openapi.$(OBJEXT): server/api/openapi_built.h
