booking_world = tests/unit/booking_world.c tests/unit/booking_world.h

unit_tests += tests/unit/test_booking_change
tests_unit_test_booking_change_SOURCES = tests/unit/test_booking_change.c $(booking_world)
