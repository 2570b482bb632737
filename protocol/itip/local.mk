protocol_libprotocol_a_SOURCES += \
	protocol/itip/apply.c protocol/itip/apply.h protocol/itip/apply_answer.c protocol/itip/apply_private.h \
	protocol/itip/attendee_change.c protocol/itip/attendee_change.h \
	protocol/itip/compare.c \
	protocol/itip/freebusy_request.c protocol/itip/freebusy_request.h \
	protocol/itip/message.c protocol/itip/message.h \
	protocol/itip/organizer_change.c protocol/itip/organizer_change.h protocol/itip/organizer_message.c \
	protocol/itip/schedule_status.c protocol/itip/schedule_status.h \
	protocol/itip/view.c protocol/itip/view.h
