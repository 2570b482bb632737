unit_tests += tests/unit/test_base_interval_set tests/unit/test_base_text
