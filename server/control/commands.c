#include <config.h>

#include <errno.h>
#include <string.h>

#include "server/control/commands_private.h"

#define ANY COMMAND_ARGUMENTS_MAX

const struct command commands[] = {
	{"init", "", "Makes the data directory and its keys.", "", 0, 0, INPUT_NONE, command_init},
	{"user add", "NAME --email E [--name N] [--timezone TZ] [--admin] [--password-stdin]",
	    "Adds a staff member with the calendars work and bookings; prints a generated password when none is given.",
	    "email= name= timezone= admin password-stdin", 1, 1, INPUT_PASSWORD, command_user_add},
	{"user list", "[--json]", "Lists the staff.", "json", 0, 0, INPUT_NONE, command_user_list},
	{"user passwd", "NAME [--password-stdin]", "Sets a new password; prints a generated one when none is given.",
	    "password-stdin", 1, 1, INPUT_PASSWORD, command_user_passwd},
	{"user remove", "NAME [--force]",
	    "Removes a staff member with all calendars; refused while live bookings lie ahead, unless forced.", "force",
	    1, 1, INPUT_NONE, command_user_remove},
	{"resource add", "NAME [--name N] [--kind room|equipment] [--pool P] [--seats N] [--email E] [--timezone TZ]",
	    "Adds a room or a piece of equipment.", "name= kind= pool= seats= email= timezone=", 1, 1, INPUT_NONE,
	    command_resource_add},
	{"resource list", "[--json]", "Lists rooms and equipment.", "json", 0, 0, INPUT_NONE, command_resource_list},
	{"resource remove", "NAME [--force]",
	    "Removes it with its calendar; refused while live bookings lie ahead, unless forced.", "force", 1, 1,
	    INPUT_NONE, command_resource_remove},
	{"group add", "NAME [--name N] [MEMBER...]", "Makes a group, or adds members to it.", "name=", 1, ANY, INPUT_NONE,
	    command_group_add},
	{"group list", "[--json]", "Lists the groups with their members.", "json", 0, 0, INPUT_NONE, command_group_list},
	{"group remove", "NAME [MEMBER...]", "Takes members out of a group; without any, removes the group.", "", 1, ANY,
	    INPUT_NONE, command_group_remove},
	{"grant", "NAME[/CAL] [WHO read|read-write|read-free-busy|schedule|none]",
	    "Lets a user, a group, authenticated or all use somebody's calendars; without WHO lists who may.", "json", 1,
	    3, INPUT_NONE, command_grant},
	{"app-password create", "NAME [--name N]", "Makes a password for one app and prints it once.", "name=", 1, 1,
	    INPUT_NONE, command_app_password_create},
	{"app-password list", "NAME [--json]", "Lists a user's app passwords, without the passwords.", "json", 1, 1,
	    INPUT_NONE, command_app_password_list},
	{"app-password revoke", "NAME ID", "Takes one app's password back.", "", 2, 2, INPUT_NONE,
	    command_app_password_revoke},
	{"apikey create", "[--name N] [--role admin|booking]",
	    "Makes a key to the JSON API and prints it once; without --role it may book and no more.", "name= role=", 0, 0,
	    INPUT_NONE, command_apikey_create},
	{"apikey list", "[--json]", "Lists the keys to the JSON API, without the keys.", "json", 0, 0, INPUT_NONE,
	    command_apikey_list},
	{"apikey revoke", "ID", "Takes a key to the JSON API back.", "", 1, 1, INPUT_NONE, command_apikey_revoke},
	{"audit", "[--limit N] [--before NUMBER] [--json]", "Tells who changed what, the newest first.", "limit= before= json", 0,
	    0, INPUT_NONE, command_audit},
	{"feed create", "NAME[/CAL] [--free-busy]",
	    "Makes a secret address for reading a calendar (without CAL the bookings) and prints the secret once.", "free-busy",
	    1, 1, INPUT_NONE, command_feed_create},
	{"feed list", "NAME[/CAL] [--json]", "Lists the feeds, without their secrets.", "json", 1, 1, INPUT_NONE,
	    command_feed_list},
	{"feed revoke", "NAME[/CAL] [--id N]", "Takes feeds back: all of them, or one.", "id=", 1, 1, INPUT_NONE,
	    command_feed_revoke},
	{"calendar set", "NAME/CAL KEY=VALUE...", "Changes a calendar's own settings.", "", 2, ANY, INPUT_NONE,
	    command_calendar_set},
	{"hours set", "NAME [--file F]", "Sets the working hours of a person or a resource from JSON.", "file=", 1, 1,
	    INPUT_FILE_OPTION, command_hours_set},
	{"hours show", "NAME", "Prints the working hours as JSON.", "json", 1, 1, INPUT_NONE, command_hours_show},
	{"holidays set", "[--file F]", "Sets the dates on which the business is closed, from JSON.", "file=", 0, 0,
	    INPUT_FILE_OPTION, command_holidays_set},
	{"holidays show", "", "Prints the holidays as JSON.", "json", 0, 0, INPUT_NONE, command_holidays_show},
	{"service add", "[--file F] [--replace]",
	    "Adds a service from JSON, as the API has it, and prints its id; --replace changes one that is there.",
	    "file= replace", 0, 0, INPUT_FILE_OPTION, command_service_add},
	{"service list", "[--json]", "Lists what can be booked.", "json", 0, 0, INPUT_NONE, command_service_list},
	{"service show", "ID", "Prints a service as JSON, with what it leaves to the defaults.", "json", 1, 1, INPUT_NONE,
	    command_service_show},
	{"service remove", "ID [--force]",
	    "Removes a service; refused while live bookings of it lie ahead, unless forced: that cancels them.", "force", 1, 1,
	    INPUT_NONE, command_service_remove},
	{"booking list", "[--from D] [--to D] [--staff NAME] [--service ID] [--status S] [--json]",
	    "Lists bookings by time; D is a date, the one of --to not included.", "from= to= staff= service= status= json", 0, 0,
	    INPUT_NONE, command_booking_list},
	{"booking show", "ID", "Prints a booking as JSON, as the API has it.", "json", 1, 1, INPUT_NONE, command_booking_show},
	{"booking cancel", "ID [--reason TEXT]", "Cancels a booking; its customer is told.", "reason=", 1, 1, INPUT_NONE,
	    command_booking_cancel},
	{"explain", "{--file CASE | --service ID [--staff NAME] --at TIME} [--json]",
	    "Tells why the rules offer a time or do not, and what is instead: of the store, or of a case described in JSON.",
	    "file= service= staff= at= json", 0, 0, INPUT_CASE, command_explain},
	{"alert list", "[--json] [--all | --state S]",
	    "Lists private events over bookings that nobody has seen to yet, with other times for the booking.",
	    "json all state=", 0, 0, INPUT_NONE, command_alert_list},
	{"alert resolve", "ID", "Says that somebody has seen to an alert.", "", 1, 1, INPUT_NONE, command_alert_resolve},
	{"jobs list", "[--json] [--state S] [--kind K]",
	    "Lists what waits to be done, runs, was done lately or was given up.", "json state= kind=", 0, 0, INPUT_NONE,
	    command_jobs_list},
	{"jobs retry", "ID", "Has a job tried at once, with all its attempts again.", "", 1, 1, INPUT_NONE, command_jobs_retry},
	{"jobs drop", "ID", "Takes a job out of the queue: it is never done.", "", 1, 1, INPUT_NONE, command_jobs_drop},
	{"import", "NAME/CALENDAR FILE...",
	    "Stores the events of iCalendar files; one line for each refused component, a count last.", "", 2, ANY,
	    INPUT_FILES, command_import},
	{"export", "NAME/CALENDAR", "Writes a calendar as one iCalendar stream.", "", 1, 1, INPUT_NONE, command_export},
	{"backup", "DIR", "Copies the store into a new or empty directory, while the server runs too.", "", 1, 1,
	    INPUT_DIRECTORY, command_backup},
	{"restore", "DIR", "Puts a backup in the place of the store, which keeps another name; the server must not run.", "", 1,
	    1, INPUT_RESTORE, command_restore},
	{"check", "[--repair]",
	    "Verifies every index against the objects; exit 1 if any disagrees. --repair makes the indexes anew first.",
	    "repair", 0, 0, INPUT_NONE, command_check},
	{"status", "[--json]", "Connections, queue, alerts and sizes.", "json", 0, 0, INPUT_NONE, command_status},
	{.name = NULL},
};

int command_store_failed(struct command_call *call, int ret)
{
	if (ret == -ENOSPC || ret == -EDQUOT || ret == -EFBIG)
		return command_fail(call, COMMAND_FAILED, "the store is full");
	if (ret == -EBADMSG)
		return command_fail(call, COMMAND_FAILED, "the store holds a record that cannot be read");
	return command_fail(call, COMMAND_FAILED, "the store failed: %s", strerror(-ret));
}

int command_calendar_name(struct command_call *call, const char *argument, struct slice *home_r,
    struct slice *calendar_r)
{
	struct slice text = slice_str(argument);
	ptrdiff_t slash = slice_find_byte(text, '/');
	struct slice home, calendar;

	if (slash <= 0)
		return command_fail(call, COMMAND_USAGE, "%s: not NAME/CALENDAR", argument);
	home = slice_sub(text, 0, (size_t)slash);
	calendar = slice_from(text, (size_t)slash + 1);
	if (slice_ends(calendar, SLICE("/")))
		calendar.len--;
	if (calendar.len == 0 || slice_find_byte(calendar, '/') >= 0)
		return command_fail(call, COMMAND_USAGE, "%s: not NAME/CALENDAR", argument);
	*home_r = home;
	*calendar_r = calendar;
	return COMMAND_OK;
}
