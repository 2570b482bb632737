protocol_libprotocol_a_SOURCES += \
	protocol/base/arena.c protocol/base/arena.h \
	protocol/base/ascii.h \
	protocol/base/buf.c protocol/base/buf.h \
	protocol/base/cleanup.h \
	protocol/base/clock.h \
	protocol/base/codec.c protocol/base/codec.h \
	protocol/base/error.c protocol/base/error.h \
	protocol/base/instant.c protocol/base/instant.h \
	protocol/base/interval_set.c protocol/base/interval_set.h \
	protocol/base/log.c protocol/base/log.h \
	protocol/base/slice.c protocol/base/slice.h \
	protocol/base/utf8.c protocol/base/utf8.h
