unit_tests += tests/unit/test_itip_freebusy_request
tests_unit_test_itip_freebusy_request_SOURCES = tests/unit/test_itip_freebusy_request.c tests/unit/itip_env.h $(support_zones)
unit_tests += tests/unit/test_itip_message
tests_unit_test_itip_message_SOURCES = tests/unit/test_itip_message.c tests/unit/itip_env.h $(support_zones)
unit_tests += tests/unit/test_itip_schedule_status
fuzz_targets += tests/fuzz/fuzz_itip_message
tests_fuzz_fuzz_itip_message_SOURCES = tests/fuzz/fuzz_itip_message.c $(support_zones) $(fuzz_main)
tests_fuzz_fuzz_itip_message_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
