unit_tests += tests/unit/test_http_fields tests/unit/test_http_request_parser
fuzz_targets += tests/fuzz/fuzz_http_request_parser
tests_fuzz_fuzz_http_request_parser_SOURCES = tests/fuzz/fuzz_http_request_parser.c $(fuzz_main)
tests_fuzz_fuzz_http_request_parser_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
