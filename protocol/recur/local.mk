protocol_libprotocol_a_SOURCES += \
	protocol/recur/instances.c protocol/recur/instances.h \
	protocol/recur/iterator.c protocol/recur/iterator.h \
	protocol/recur/override.c protocol/recur/override.h \
	protocol/recur/rule.c protocol/recur/rule.h \
	protocol/recur/screen.c protocol/recur/screen.h \
	protocol/recur/span.c
