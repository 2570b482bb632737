protocol_libprotocol_a_SOURCES += \
	protocol/ical/alarms.c protocol/ical/alarms.h \
	protocol/ical/calendar_object.c protocol/ical/calendar_object.h \
	protocol/ical/component.c protocol/ical/component.h \
	protocol/ical/component_build.c protocol/ical/component_private.h \
	protocol/ical/content_line.c protocol/ical/content_line.h \
	protocol/ical/draft.c protocol/ical/draft.h \
	protocol/ical/edit.c protocol/ical/edit.h \
	protocol/ical/libical_check.c protocol/ical/libical_check.h \
	protocol/ical/posix_tz.c protocol/ical/posix_tz.h \
	protocol/ical/split.c protocol/ical/split.h \
	protocol/ical/timezone.c protocol/ical/timezone.h \
	protocol/ical/value.c protocol/ical/value.h \
	protocol/ical/vtimezone.c \
	protocol/ical/windows_zones.c protocol/ical/windows_zones.h \
	protocol/ical/zone_private.h \
	protocol/ical/zone_reference.c protocol/ical/zone_reference.h \
	protocol/ical/zone_rename.c protocol/ical/zone_rename.h \
	protocol/ical/zone_write.c \
	protocol/ical/zoned_time.c protocol/ical/zoned_time.h
