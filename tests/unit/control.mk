unit_tests += tests/unit/test_control_command
fuzz_targets += tests/fuzz/fuzz_control_wire
tests_fuzz_fuzz_control_wire_SOURCES = tests/fuzz/fuzz_control_wire.c $(fuzz_main)
tests_fuzz_fuzz_control_wire_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
