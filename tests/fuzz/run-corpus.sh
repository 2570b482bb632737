#!/bin/sh
# Replays every stored input through every fuzz target.
set -eu
for t in $FUZZ_TARGETS; do
	name=${t##*/fuzz_}
	for dir in "$abs_top_srcdir/tests/fuzz/corpus/$name"; do
		find "$dir" -type f -print0 | xargs -0 -n 200 "./$t" || { echo "$t: corpus replay failed" >&2; exit 1; }
	done
done
