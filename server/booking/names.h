/*
 * booking/names - what people and things may be called, whichever door they come through.
 */
#ifndef SERVER_BOOKING_NAMES_H
#define SERVER_BOOKING_NAMES_H

#include <stdbool.h>

#include "protocol/base/slice.h"

#define NAMES_NAME_MAX 64 /* bytes of a principal's name */
#define NAMES_TEXT_MAX 200 /* of a display name, of an address */
#define NAMES_SEATS_MAX 100000

/* Whom a grant can be made to beside principals; no principal has these names. */
#define NAMES_ALL           "all"
#define NAMES_AUTHENTICATED "authenticated"

/* A name as principals have it: it stands in URLs, in file names and on command lines. */
bool names_name_is_good(struct slice name);
bool names_email_is_good(struct slice email);
/* Plain text of a bounded length. */
bool names_text_is_good(struct slice text);

#endif
