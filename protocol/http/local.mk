protocol_libprotocol_a_SOURCES += \
	protocol/http/coding.c protocol/http/coding.h \
	protocol/http/credentials.c protocol/http/credentials.h \
	protocol/http/date.c protocol/http/date.h \
	protocol/http/form.c protocol/http/form.h \
	protocol/http/header.c protocol/http/header.h \
	protocol/http/method.c protocol/http/method.h \
	protocol/http/precondition.c protocol/http/precondition.h \
	protocol/http/request_parser.c protocol/http/request_parser.h
