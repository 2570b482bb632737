booking_world = tests/unit/booking_world.c tests/unit/booking_world.h

unit_tests += tests/unit/test_booking_rules
unit_tests += tests/unit/test_booking_change
tests_unit_test_booking_change_SOURCES = tests/unit/test_booking_change.c $(booking_world)
unit_tests += tests/unit/test_booking_verify
tests_unit_test_booking_verify_SOURCES = tests/unit/test_booking_verify.c $(booking_world)
property_tests += tests/property/test_booking_concurrent
tests_property_test_booking_concurrent_SOURCES = tests/property/test_booking_concurrent.c $(booking_world)
property_tests += tests/property/test_booking_model
tests_property_test_booking_model_SOURCES = tests/property/test_booking_model.c $(booking_world)
fuzz_targets += tests/fuzz/fuzz_booking_change
tests_fuzz_fuzz_booking_change_SOURCES = tests/fuzz/fuzz_booking_change.c $(fuzz_main) $(booking_world)
tests_fuzz_fuzz_booking_change_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_targets += tests/fuzz/fuzz_booking_hours
tests_fuzz_fuzz_booking_hours_SOURCES = tests/fuzz/fuzz_booking_hours.c $(fuzz_main)
tests_fuzz_fuzz_booking_hours_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
