unit_tests += tests/unit/test_http_fields tests/unit/test_http_request_parser
fuzz_targets += tests/fuzz/fuzz_http_request_parser
tests_fuzz_fuzz_http_request_parser_SOURCES = tests/fuzz/fuzz_http_request_parser.c $(fuzz_main)
tests_fuzz_fuzz_http_request_parser_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

http_door = tests/unit/http_door.c tests/unit/http_door.h

unit_tests += tests/unit/test_server_http
tests_unit_test_server_http_SOURCES = tests/unit/test_server_http.c $(http_door)
unit_tests += tests/unit/test_server_http_deadlines
tests_unit_test_server_http_deadlines_SOURCES = tests/unit/test_server_http_deadlines.c $(http_door)
unit_tests += tests/unit/test_server_http_addresses
unit_tests += tests/unit/test_server_http_tls
tests_unit_test_server_http_tls_SOURCES = tests/unit/test_server_http_tls.c $(http_door)
unit_tests += tests/unit/test_http_coding
fuzz_targets += tests/fuzz/fuzz_http_coding
tests_fuzz_fuzz_http_coding_SOURCES = tests/fuzz/fuzz_http_coding.c $(fuzz_main)
tests_fuzz_fuzz_http_coding_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
unit_tests += tests/unit/test_http_form
fuzz_targets += tests/fuzz/fuzz_http_form
tests_fuzz_fuzz_http_form_SOURCES = tests/fuzz/fuzz_http_form.c $(fuzz_main)
tests_fuzz_fuzz_http_form_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
