protocol_libprotocol_a_SOURCES += \
	protocol/itip/freebusy_request.c protocol/itip/freebusy_request.h \
	protocol/itip/message.c protocol/itip/message.h \
	protocol/itip/schedule_status.c protocol/itip/schedule_status.h
