server_libserver_a_SOURCES += \
	server/http/addresses.c \
	server/http/compress.c \
	server/http/http_private.h \
	server/http/http_server.h \
	server/http/peer.c server/http/peer_private.h \
	server/http/peer_head.c server/http/peer_reply.c \
	server/http/problem.c server/http/problem.h \
	server/http/request.c server/http/request.h \
	server/http/router.h \
	server/http/server.c \
	server/http/tls.c server/http/tls.h
