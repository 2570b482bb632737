noinst_LIBRARIES += server/libserver.a server/libbooking.a server/libbase.a
server_libserver_a_SOURCES =
server_libbooking_a_SOURCES =
server_libbase_a_SOURCES =

include server/base/local.mk
include server/http/local.mk
include server/api/local.mk
include server/auth/local.mk
include server/dav/local.mk
include server/booking/local.mk
include server/control/local.mk
include server/jobs/local.mk
include server/pages/local.mk

server_libserver_a_SOURCES += \
	server/app.h \
	server/health.c server/health.h \
	server/job_kinds.c server/job_kinds.h \
	server/site.c server/site.h

sbin_PROGRAMS += server/slotkeeperd
server_slotkeeperd_SOURCES = server/main.c
bin_PROGRAMS += server/slotkeeper
server_slotkeeper_SOURCES = server/slotkeeper.c
