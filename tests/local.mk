# A test links the libraries; it never recompiles product sources. A program named in unit_tests or
# contract_tests is built from the .c file of its name and linked with LDADD of the top Makefile.am.
unit_tests =
contract_tests =
property_tests =
fuzz_targets =

include tests/unit/base.mk
include tests/unit/http.mk
include tests/unit/json.mk
include tests/unit/ical.mk
include tests/unit/recur.mk
include tests/unit/itip.mk
include tests/unit/dav.mk
include tests/unit/storage.mk
include tests/unit/server.mk
include tests/unit/auth.mk
include tests/unit/booking.mk
include tests/unit/control.mk
include tests/unit/jobs.mk
include tests/unit/serverdav.mk
include tests/unit/pages.mk

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests) $(contract_tests) $(property_tests)
TESTS += $(unit_tests) $(contract_tests) $(property_tests)
endif

# Without --enable-fuzzing the targets link replay.c and run their corpus as a plain test, so a crash once
# found stays found by every `make check`. Each target FOO needs in its .mk file:
#   fuzz_targets += tests/fuzz/fuzz_FOO
#   tests_fuzz_fuzz_FOO_SOURCES = tests/fuzz/fuzz_FOO.c $(fuzz_main)
#   tests_fuzz_fuzz_FOO_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
# and its seeds in tests/fuzz/corpus/FOO/.
check_PROGRAMS += $(fuzz_targets)
if FUZZING
fuzz_main =
else
fuzz_main = tests/fuzz/replay.c
TESTS += tests/fuzz/run-corpus.sh
endif
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/run-corpus.sh tests/check-layers.sh tests/layers.txt tests/run-all \
	tests/thread-suppressions.txt
TESTS += tests/check-layers.sh
AM_TESTS_ENVIRONMENT = abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	FUZZ_TARGETS='$(fuzz_targets)'; export FUZZ_TARGETS;
EXTRA_DIST += tests/integration tests/bench tests/data/clients

# The long form of the race; its short one is in tests/run-all.
race: all
	SLOTKEEPER_BUILD=$(abs_builddir) CLIENTS=$${CLIENTS-300} ROUNDS=$${ROUNDS-5} KILLS=$${KILLS-60} \
		$(srcdir)/tests/integration/test_booking_race.py
.PHONY: race
