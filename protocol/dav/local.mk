protocol_libprotocol_a_SOURCES += \
	protocol/dav/condition.c protocol/dav/condition.h
