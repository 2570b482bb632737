unit_tests += tests/unit/test_jobs_queue
tests_unit_test_jobs_queue_SOURCES = tests/unit/test_jobs_queue.c $(store_fixture)
unit_tests += tests/unit/test_jobs_runner
tests_unit_test_jobs_runner_SOURCES = tests/unit/test_jobs_runner.c $(store_fixture)
