itip_tests = tests/unit/test_itip_apply tests/unit/test_itip_attendee_change tests/unit/test_itip_freebusy_request \
	tests/unit/test_itip_message tests/unit/test_itip_organizer_change
unit_tests += $(itip_tests) tests/unit/test_itip_schedule_status
itip_support = tests/unit/itip_env.h $(support_zones)
tests_unit_test_itip_apply_SOURCES = tests/unit/test_itip_apply.c $(itip_support)
tests_unit_test_itip_attendee_change_SOURCES = tests/unit/test_itip_attendee_change.c $(itip_support)
tests_unit_test_itip_freebusy_request_SOURCES = tests/unit/test_itip_freebusy_request.c $(itip_support)
tests_unit_test_itip_message_SOURCES = tests/unit/test_itip_message.c $(itip_support)
tests_unit_test_itip_organizer_change_SOURCES = tests/unit/test_itip_organizer_change.c $(itip_support)
fuzz_targets += tests/fuzz/fuzz_itip_apply tests/fuzz/fuzz_itip_message
tests_fuzz_fuzz_itip_apply_SOURCES = tests/fuzz/fuzz_itip_apply.c $(support_zones) $(fuzz_main)
tests_fuzz_fuzz_itip_apply_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_itip_message_SOURCES = tests/fuzz/fuzz_itip_message.c $(support_zones) $(fuzz_main)
tests_fuzz_fuzz_itip_message_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
