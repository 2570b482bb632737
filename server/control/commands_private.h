/*
 * server/control/commands_private - what the command files share.
 */
#ifndef SERVER_CONTROL_COMMANDS_PRIVATE_H
#define SERVER_CONTROL_COMMANDS_PRIVATE_H

#include "server/app.h"
#include "server/booking/names.h"
#include "server/control/command.h"
#include "storage/store.h"

command_fn command_init, command_backup, command_restore, command_check, command_status;
command_fn command_user_add, command_user_list, command_user_passwd, command_user_remove;
command_fn command_resource_add, command_resource_list, command_resource_remove;
command_fn command_hours_set, command_hours_show, command_explain;
command_fn command_service_add, command_service_list, command_service_show, command_service_remove;
command_fn command_booking_list, command_booking_show, command_booking_cancel;
command_fn command_holidays_set, command_holidays_show;
command_fn command_feed_create, command_feed_list, command_feed_revoke;
command_fn command_alert_list, command_alert_resolve;
command_fn command_jobs_list, command_jobs_retry, command_jobs_drop;
command_fn command_import, command_export, command_calendar_set;
command_fn command_group_add, command_group_list, command_group_remove, command_grant;
command_fn command_apikey_create, command_apikey_list, command_apikey_revoke, command_audit;
command_fn command_app_password_create, command_app_password_list, command_app_password_revoke;

/* Turns a failed read or write of the store into a line; returns COMMAND_FAILED. */
int command_store_failed(struct command_call *call, int ret);

/* "NAME/CALENDAR" into its two parts. COMMAND_OK or COMMAND_USAGE. */
int command_calendar_name(struct command_call *call, const char *argument, struct slice *home_r,
    struct slice *calendar_r);

#endif
