#!/bin/bash
# Starts this tree's server (SLOTKEEPER_BUILD: where it was built) and prints its pid on the last line.
. "$(dirname "$0")/../lib.sh"
PORT=${PORT:-18110}
BUILD=${SLOTKEEPER_BUILD:-$PERF/../../build}
D=$BENCH_DIR/slotkeeper
mkdir -p "$D"
if [ ! -e "$D/data" ]; then
    "$BUILD/server/slotkeeper" --data "$D/data" init
    printf '%s\n' "$BENCH_PASS" |
        "$BUILD/server/slotkeeper" --data "$D/data" user add "$BENCH_USER" --email "$BENCH_USER@example.org" \
            --timezone Europe/Berlin --password-stdin
fi
"$BUILD/server/slotkeeperd" --data "$D/data" --listen "127.0.0.1:$PORT" > "$D/out" 2> "$D/log" < /dev/null &
pid=$!
wait_port "$PORT" 15
echo "url http://127.0.0.1:$PORT/dav/calendars/$BENCH_USER/bench/"
echo $pid
