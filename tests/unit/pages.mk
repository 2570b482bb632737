unit_tests += tests/unit/test_pages_html
