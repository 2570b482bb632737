#!/bin/sh
# demo.sh BUILD DATA PORT - makes the demo site in DATA when there is none, prints what exists, serves it.
set -eu
build=$1 data=$2 port=$3
passwords=$data/demo-passwords # name TAB password, for the eyes of whoever owns the clone

slotkeeper() {
	"$build/server/slotkeeper" --data "$data" "$@"
}

make_site() {
	umask 077
	mkdir -p "$data"
	slotkeeper init >&2
	: >"$passwords.new"
	add_user alice --email alice@example.org --name 'Alice Adams'
	add_user bob --email bob@example.org --name 'Bob Brown'
	add_user admin --email admin@example.org --name 'The administrator' --admin
	slotkeeper resource add room-1 --name 'Room 1' --kind room --seats 6 --email room-1@example.org
	slotkeeper resource add chair-1 --name 'Chair 1' --kind equipment --pool chair
	hours='{"weekly": {"mon": [["09:00", "12:30"], ["13:00", "17:00"]], "tue": [["09:00", "12:30"], ["13:00", "17:00"]],
	"wed": [["09:00", "12:30"], ["13:00", "17:00"]], "thu": [["09:00", "12:30"], ["13:00", "17:00"]],
	"fri": [["09:00", "12:30"], ["13:00", "16:00"]]}}'
	for name in alice bob; do
		printf '%s\n' "$hours" | slotkeeper hours set "$name"
	done
	add_service '{"id": "haircut", "name": "Haircut", "duration_minutes": 30, "buffer_after_minutes": 10,
	"staff": ["alice", "bob"], "resources": [{"id": "chair-1"}], "price": "EUR 35"}'
	add_service '{"id": "consultation", "name": "Consultation", "duration_minutes": 60, "min_notice_minutes": 120,
	"staff": ["bob"], "resources": [{"id": "room-1"}], "location": "Room 1"}'
	mv "$passwords.new" "$passwords"
}

add_service() {
	printf '%s\n' "$1" | slotkeeper service add >&2
}

add_user() {
	password=$(slotkeeper user add "$@")
	printf '%s\t%s\n' "$1" "$password" >>"$passwords.new"
}

if [ ! -f "$passwords" ]; then
	[ ! -e "$data/data.mdb" ] || [ -f "$passwords.new" ] || {
		echo "demo.sh: $data holds a store that is no demo site" >&2
		exit 1
	}
	rm -rf "$data"
	make_site
fi

cat <<END
Slotkeeper, demo site in $data

  CalDAV server   http://127.0.0.1:$port/          (calendar apps find the rest)
  calendar homes  http://127.0.0.1:$port/dav/calendars/NAME/
  resources       room-1, chair-1
  booking pages   http://127.0.0.1:$port/book/ (services: haircut, consultation)
  admin panel     http://127.0.0.1:$port/admin/
  JSON API        http://127.0.0.1:$port/api/v1/ (openapi.json describes it)

  user        password
END
awk -F '\t' '{printf "  %-10s  %s\n", $1, $2}' "$passwords"
echo
exec "$build/server/slotkeeperd" --data "$data" --listen "127.0.0.1:$port"
