unit_tests += tests/unit/test_ical_corpus
unit_tests += tests/unit/test_ical_zoned_time
EXTRA_DIST += tests/unit/ical_zones.h tests/tools/windows-zones tests/tools/zone-oracle tests/data/corpus
