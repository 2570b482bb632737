server_libserver_a_SOURCES += \
	server/auth/acl.c server/auth/acl.h \
	server/auth/auth.c server/auth/auth.h \
	server/auth/password.c server/auth/password.h \
	server/auth/session.c server/auth/session.h
