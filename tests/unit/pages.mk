unit_tests += tests/unit/test_pages_html tests/unit/test_pages_when
tests_unit_test_pages_when_SOURCES = tests/unit/test_pages_when.c tests/support/zones.c tests/support/zones.h
