unit_tests += tests/unit/test_control_command
