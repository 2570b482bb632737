server_libserver_a_SOURCES += \
	server/pages/admin.c server/pages/admin.h server/pages/admin_private.h \
	server/pages/admin_alerts.c \
	server/pages/admin_bookings.c \
	server/pages/admin_jobs.c \
	server/pages/assets.c server/pages/assets.h \
	server/pages/book.c server/pages/book.h server/pages/book_private.h \
	server/pages/book_calendar.c \
	server/pages/book_manage.c \
	server/pages/book_others.c \
	server/pages/book_service.c \
	server/pages/book_times.c \
	server/pages/form.c server/pages/form.h \
	server/pages/html.c server/pages/html.h \
	server/pages/page.c server/pages/page.h \
	server/pages/pages.c server/pages/pages.h \
	server/pages/when.c server/pages/when.h

# The files that pages are made of, as literals, each with the checksum that is its version.
page_assets = server/pages/style.css server/pages/icon.svg
EXTRA_DIST += $(page_assets)
BUILT_SOURCES += server/pages/assets_built.h
CLEANFILES += server/pages/assets_built.h

server/pages/assets_built.h: $(page_assets)
	$(AM_V_GEN)$(MKDIR_P) server/pages && for file in style.css icon.svg; do \
		name=`echo $${file%.*} | tr a-z A-Z`; \
		printf '#define %s_VERSION "%s"\n' $$name `cksum <$(srcdir)/server/pages/$$file | cut -d' ' -f1`; \
		printf '#define %s_BYTES %s\n' $$name '\'; \
		sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n" \\/' $(srcdir)/server/pages/$$file; \
		echo '""'; \
	done >$@.new && mv $@.new $@
server/pages/assets.$(OBJEXT): server/pages/assets_built.h
