unit_tests += tests/unit/test_recur_rule tests/unit/test_recur_iterator tests/unit/test_recur_instances \
	tests/unit/test_freebusy_busy tests/unit/test_freebusy_reply

support_zones = tests/support/zones.c tests/support/zones.h
tests_unit_test_recur_instances_SOURCES = tests/unit/test_recur_instances.c $(support_zones)
tests_unit_test_freebusy_busy_SOURCES = tests/unit/test_freebusy_busy.c $(support_zones)

unit_tests += tests/unit/test_freebusy_availability
tests_unit_test_freebusy_availability_SOURCES = tests/unit/test_freebusy_availability.c $(support_zones)
fuzz_targets += tests/fuzz/fuzz_freebusy_availability
tests_fuzz_fuzz_freebusy_availability_SOURCES = tests/fuzz/fuzz_freebusy_availability.c $(fuzz_main)
tests_fuzz_fuzz_freebusy_availability_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

# Generated rules against an independent oracle.
check_PROGRAMS += tests/tools/recur_dump
tests_tools_recur_dump_SOURCES = tests/tools/recur_dump.c $(support_zones)
TESTS += tests/property/recur_oracle.py
EXTRA_DIST += tests/property/recur_oracle.py

fuzz_targets += tests/fuzz/fuzz_recur
tests_fuzz_fuzz_recur_SOURCES = tests/fuzz/fuzz_recur.c $(fuzz_main) $(support_zones)
tests_fuzz_fuzz_recur_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
