server_libbase_a_SOURCES += \
	server/base/address.c server/base/address.h \
	server/base/config.c server/base/config.h \
	server/base/config_document.c \
	server/base/config_schema.c server/base/config_schema.h \
	server/base/config_value.c \
	server/base/digest.c server/base/digest.h \
	server/base/log_sink.c server/base/log_sink.h \
	server/base/loop.c server/base/loop.h \
	server/base/metrics.c server/base/metrics.h \
	server/base/pool.c server/base/pool.h \
	server/base/rate.c server/base/rate.h \
	server/base/privileges.c server/base/privileges.h \
	server/base/system_clock.c server/base/system_clock.h \
	server/base/system_zone.c server/base/system_zone.h \
	server/base/tzdata.c server/base/tzdata.h
