unit_tests += tests/unit/test_auth
unit_tests += tests/unit/test_auth_session
