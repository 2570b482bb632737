protocol_libprotocol_a_SOURCES += \
	protocol/freebusy/availability.c protocol/freebusy/availability.h \
	protocol/freebusy/busy.c protocol/freebusy/busy.h \
	protocol/freebusy/reply.c protocol/freebusy/reply.h
