unit_tests += tests/unit/test_server_address tests/unit/test_server_config tests/unit/test_server_log_sink \
	tests/unit/test_server_metrics \
	tests/unit/test_server_pool tests/unit/test_server_privileges tests/unit/test_server_rate tests/unit/test_server_system_zone \
	tests/unit/test_server_tzdata
fuzz_targets += tests/fuzz/fuzz_server_config
tests_fuzz_fuzz_server_config_SOURCES = tests/fuzz/fuzz_server_config.c $(fuzz_main)
tests_fuzz_fuzz_server_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
