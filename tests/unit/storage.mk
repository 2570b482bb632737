store_fixture = tests/contract/store_fixture.c tests/contract/store_fixture.h

contract_tests += tests/contract/test_kv_contract
tests_contract_test_kv_contract_SOURCES = tests/contract/test_kv_contract.c $(store_fixture)
contract_tests += tests/contract/test_store_contract
tests_contract_test_store_contract_SOURCES = tests/contract/test_store_contract.c tests/contract/store_cases.h $(store_fixture)
contract_tests += tests/contract/test_store_api_contract
tests_contract_test_store_api_contract_SOURCES = tests/contract/test_store_api_contract.c tests/contract/store_cases.h $(store_fixture)
unit_tests += tests/unit/test_storage_key tests/unit/test_storage_record tests/unit/test_storage_verify
tests_unit_test_storage_verify_SOURCES = tests/unit/test_storage_verify.c $(store_fixture)
property_tests += tests/property/test_storage_key_order tests/property/test_storage_engines \
	tests/property/test_storage_sync tests/property/test_storage_busy
tests_property_test_storage_key_order_SOURCES = tests/property/test_storage_key_order.c $(store_fixture)
tests_property_test_storage_engines_SOURCES = tests/property/test_storage_engines.c $(store_fixture)
tests_property_test_storage_sync_SOURCES = tests/property/test_storage_sync.c $(store_fixture)
tests_property_test_storage_busy_SOURCES = tests/property/test_storage_busy.c $(store_fixture)
contract_tests += tests/contract/test_store_kill tests/contract/test_store_threads tests/contract/test_store_faults
tests_contract_test_store_kill_SOURCES = tests/contract/test_store_kill.c $(store_fixture)
tests_contract_test_store_threads_SOURCES = tests/contract/test_store_threads.c $(store_fixture)
tests_contract_test_store_faults_SOURCES = tests/contract/test_store_faults.c $(store_fixture)

fuzz_targets += tests/fuzz/fuzz_storage_record tests/fuzz/fuzz_storage_key
tests_fuzz_fuzz_storage_record_SOURCES = tests/fuzz/fuzz_storage_record.c $(fuzz_main)
tests_fuzz_fuzz_storage_record_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_storage_key_SOURCES = tests/fuzz/fuzz_storage_key.c $(fuzz_main)
tests_fuzz_fuzz_storage_key_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

# Built on request: make tests/bench/store_bench
EXTRA_PROGRAMS = tests/bench/store_bench
CLEANFILES += tests/bench/store_bench
check_PROGRAMS += tests/tools/store_dump tests/tools/store_load
tests_tools_store_dump_SOURCES = tests/tools/store_dump.c
tests_tools_store_load_SOURCES = tests/tools/store_load.c
EXTRA_DIST += tests/data/stores
