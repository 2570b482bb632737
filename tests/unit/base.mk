unit_tests += tests/unit/test_base_interval_set tests/unit/test_base_memory tests/unit/test_base_text
tests_unit_test_base_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
fuzz_targets += tests/fuzz/fuzz_base_codec
tests_fuzz_fuzz_base_codec_SOURCES = tests/fuzz/fuzz_base_codec.c $(fuzz_main)
tests_fuzz_fuzz_base_codec_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
