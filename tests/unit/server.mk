unit_tests += tests/unit/test_server_address tests/unit/test_server_config tests/unit/test_server_log_sink \
	tests/unit/test_server_metrics \
	tests/unit/test_server_pool tests/unit/test_server_privileges tests/unit/test_server_system_zone \
	tests/unit/test_server_tzdata
