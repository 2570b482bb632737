/*
 * pages/assets - the files that pages are made of beside HTML: one stylesheet, one icon, built in.
 *
 * A page names them with their version, so that they may be kept for good.
 */
#ifndef SERVER_PAGES_ASSETS_H
#define SERVER_PAGES_ASSETS_H

#include "server/http/router.h"

#define ASSET_STYLE "/assets/style.css"
#define ASSET_ICON  "/assets/icon.svg"

/* A few digits that change with what the file holds; PATH is one of the above. */
const char *asset_version(const char *path);

/* NULL when PATH is none below /assets/. */
http_find_fn asset_find;

#endif
