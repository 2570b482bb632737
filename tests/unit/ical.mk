unit_tests += tests/unit/test_ical_calendar_object
unit_tests += tests/unit/test_ical_corpus
unit_tests += tests/unit/test_ical_draft
unit_tests += tests/unit/test_ical_edit
unit_tests += tests/unit/test_ical_split
unit_tests += tests/unit/test_ical_timezone
unit_tests += tests/unit/test_ical_zone_reference
tests_unit_test_ical_zone_reference_SOURCES = tests/unit/test_ical_zone_reference.c $(support_zones)
unit_tests += tests/unit/test_ical_zoned_time
EXTRA_DIST += tests/unit/ical_zones.h tests/tools/windows-zones tests/tools/zone-oracle tests/data/corpus

fuzz_targets += tests/fuzz/fuzz_ical_calendar_object tests/fuzz/fuzz_ical_edit tests/fuzz/fuzz_ical_split \
	tests/fuzz/fuzz_ical_timezone
tests_fuzz_fuzz_ical_calendar_object_SOURCES = tests/fuzz/fuzz_ical_calendar_object.c $(fuzz_main)
tests_fuzz_fuzz_ical_calendar_object_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_ical_edit_SOURCES = tests/fuzz/fuzz_ical_edit.c $(fuzz_main)
tests_fuzz_fuzz_ical_edit_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_ical_split_SOURCES = tests/fuzz/fuzz_ical_split.c $(fuzz_main)
tests_fuzz_fuzz_ical_split_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_ical_timezone_SOURCES = tests/fuzz/fuzz_ical_timezone.c $(fuzz_main)
tests_fuzz_fuzz_ical_timezone_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
unit_tests += tests/unit/test_ical_alarms
fuzz_targets += tests/fuzz/fuzz_ical_alarms
tests_fuzz_fuzz_ical_alarms_SOURCES = tests/fuzz/fuzz_ical_alarms.c $(fuzz_main)
tests_fuzz_fuzz_ical_alarms_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_targets += tests/fuzz/fuzz_ical_zone_reference
tests_fuzz_fuzz_ical_zone_reference_SOURCES = tests/fuzz/fuzz_ical_zone_reference.c $(support_zones) $(fuzz_main)
tests_fuzz_fuzz_ical_zone_reference_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
