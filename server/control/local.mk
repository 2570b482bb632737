server_libserver_a_SOURCES += \
	server/control/command.c server/control/command.h \
	server/control/commands.c server/control/commands_private.h \
	server/control/commands_access.c \
	server/control/commands_alert.c \
	server/control/commands_api.c \
	server/control/commands_booking.c \
	server/control/commands_calendar.c \
	server/control/commands_explain.c \
	server/control/commands_feed.c \
	server/control/commands_hours.c \
	server/control/commands_jobs.c \
	server/control/commands_list.c \
	server/control/commands_principal.c \
	server/control/commands_service.c \
	server/control/commands_setting.c \
	server/control/commands_store.c \
	server/control/control_client.c server/control/control_client.h \
	server/control/control_server.c server/control/control_server.h \
	server/control/wire.c server/control/wire.h
