protocol_libprotocol_a_SOURCES += \
	protocol/json/json.c protocol/json/json.h \
	protocol/json/write.c
