booking_world = tests/unit/booking_world.c tests/unit/booking_world.h

unit_tests += tests/unit/test_booking_rules
unit_tests += tests/unit/test_booking_change
tests_unit_test_booking_change_SOURCES = tests/unit/test_booking_change.c $(booking_world)
unit_tests += tests/unit/test_booking_alerts
tests_unit_test_booking_alerts_SOURCES = tests/unit/test_booking_alerts.c $(booking_world)
unit_tests += tests/unit/test_booking_repair
tests_unit_test_booking_repair_SOURCES = tests/unit/test_booking_repair.c $(booking_world)
unit_tests += tests/unit/test_booking_service
tests_unit_test_booking_service_SOURCES = tests/unit/test_booking_service.c $(booking_world)
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
tests_fuzz_fuzz_booking_hours_SOURCES = tests/fuzz/fuzz_booking_hours.c $(fuzz_main) tests/support/zones.c tests/support/zones.h
tests_fuzz_fuzz_booking_hours_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

unit_tests += tests/unit/test_booking_policy
fuzz_targets += tests/fuzz/fuzz_booking_case
tests_fuzz_fuzz_booking_case_SOURCES = tests/fuzz/fuzz_booking_case.c $(fuzz_main) tests/support/zones.c tests/support/zones.h
tests_fuzz_fuzz_booking_case_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

# The rules against a reference that goes minute by minute.
check_PROGRAMS += tests/tools/explain_cases
tests_tools_explain_cases_SOURCES = tests/tools/explain_cases.c
TESTS += tests/property/booking_oracle.py
EXTRA_DIST += tests/property/booking_oracle.py tests/data/booking

# Built on request: make tests/bench/slots_bench
EXTRA_PROGRAMS += tests/bench/slots_bench
CLEANFILES += tests/bench/slots_bench
tests_bench_slots_bench_SOURCES = tests/bench/slots_bench.c
EXTRA_PROGRAMS += tests/bench/booking_bench
CLEANFILES += tests/bench/booking_bench
tests_bench_booking_bench_SOURCES = tests/bench/booking_bench.c

fuzz_targets += tests/fuzz/fuzz_api_body
tests_fuzz_fuzz_api_body_SOURCES = tests/fuzz/fuzz_api_body.c $(fuzz_main) tests/support/zones.c tests/support/zones.h
tests_fuzz_fuzz_api_body_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

unit_tests += tests/unit/test_booking_hours_availability
tests_unit_test_booking_hours_availability_SOURCES = tests/unit/test_booking_hours_availability.c tests/support/zones.c \
	tests/support/zones.h
