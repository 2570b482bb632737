server_libbooking_a_SOURCES += \
	server/booking/adopt_events.c \
	server/booking/alerts.c server/booking/alerts.h \
	server/booking/alerts_adopt.c server/booking/alerts_list.c \
	server/booking/audit.c server/booking/audit.h \
	server/booking/booking.c server/booking/booking.h server/booking/booking_private.h \
	server/booking/booking_ahead.c \
	server/booking/booking_objects.c \
	server/booking/booking_read.c \
	server/booking/booking_write.c \
	server/booking/calendar_user.c server/booking/calendar_user.h \
	server/booking/change.c server/booking/change.h server/booking/change_private.h \
	server/booking/change_booking.c \
	server/booking/change_commit.c \
	server/booking/change_delete.c \
	server/booking/change_prepare.c \
	server/booking/change_transfer.c \
	server/booking/collection.c \
	server/booking/explain.c server/booking/explain.h server/booking/explain_private.h \
	server/booking/explain_booking.c server/booking/explain_event.c server/booking/explain_read.c \
	server/booking/explain_stored.c server/booking/explain_value.c \
	server/booking/far.c \
	server/booking/free_times.c \
	server/booking/guards.c \
	server/booking/horizon.c \
	server/booking/names.c server/booking/names.h \
	server/booking/person_hours.c server/booking/person_hours.h \
	server/booking/place.c \
	server/booking/principal.c \
	server/booking/prune.c \
	server/booking/refusal.c \
	server/booking/refusal_item.c \
	server/booking/refused_copy.c \
	server/booking/reindex.c \
	server/booking/rows.c \
	server/booking/rules/alternatives.c server/booking/rules/alternatives.h \
	server/booking/rules/conflict.c server/booking/rules/conflict.h \
	server/booking/rules/hours.c server/booking/rules/hours.h \
	server/booking/rules/hours_availability.c \
	server/booking/rules/policy.c server/booking/rules/policy.h \
	server/booking/rules/slots.c server/booking/rules/slots.h \
	server/booking/rules/world.c server/booking/rules/world.h \
	server/booking/services.c server/booking/services.h \
	server/booking/scheduling.c server/booking/scheduling.h server/booking/scheduling_answer.c \
	server/booking/scheduling_copy.c \
	server/booking/sweep.c \
	server/booking/touch.c \
	server/booking/verify.c server/booking/verify.h \
	server/booking/world_load.c server/booking/world_load.h
EXTRA_DIST += server/booking/rules/README.md
