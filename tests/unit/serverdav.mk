unit_tests += tests/unit/test_serverdav_routes
