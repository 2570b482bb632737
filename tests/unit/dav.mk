unit_tests += tests/unit/test_dav_headers tests/unit/test_dav_if_header tests/unit/test_dav_multistatus tests/unit/test_dav_path \
	tests/unit/test_dav_property_request tests/unit/test_dav_report_request tests/unit/test_dav_sync_token \
	tests/unit/test_dav_xml_reader tests/unit/test_dav_client_bodies

fuzz_targets += tests/fuzz/fuzz_dav_lock tests/fuzz/fuzz_dav_path tests/fuzz/fuzz_dav_report tests/fuzz/fuzz_dav_xml
tests_fuzz_fuzz_dav_lock_SOURCES = tests/fuzz/fuzz_dav_lock.c $(fuzz_main)
tests_fuzz_fuzz_dav_lock_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_dav_path_SOURCES = tests/fuzz/fuzz_dav_path.c $(fuzz_main)
tests_fuzz_fuzz_dav_path_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_dav_report_SOURCES = tests/fuzz/fuzz_dav_report.c $(fuzz_main)
tests_fuzz_fuzz_dav_report_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_dav_xml_SOURCES = tests/fuzz/fuzz_dav_xml.c $(fuzz_main)
tests_fuzz_fuzz_dav_xml_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
unit_tests += tests/unit/test_dav_calendar_data tests/unit/test_dav_calendar_filter
tests_unit_test_dav_calendar_data_SOURCES = tests/unit/test_dav_calendar_data.c $(support_zones)
tests_unit_test_dav_calendar_filter_SOURCES = tests/unit/test_dav_calendar_filter.c $(support_zones)

fuzz_targets += tests/fuzz/fuzz_dav_calendar_data
tests_fuzz_fuzz_dav_calendar_data_SOURCES = tests/fuzz/fuzz_dav_calendar_data.c $(fuzz_main)
tests_fuzz_fuzz_dav_calendar_data_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
unit_tests += tests/unit/test_dav_freebusy_query
tests_unit_test_dav_freebusy_query_SOURCES = tests/unit/test_dav_freebusy_query.c $(support_zones)
fuzz_targets += tests/fuzz/fuzz_dav_freebusy_query
tests_fuzz_fuzz_dav_freebusy_query_SOURCES = tests/fuzz/fuzz_dav_freebusy_query.c $(fuzz_main)
tests_fuzz_fuzz_dav_freebusy_query_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
