# what is installed besides the programs
noinst_PROGRAMS += server/document
server_document_SOURCES = server/document.c

# The sample and the manual page of the configuration are made from the table of options and committed, so that they
# are there without a build; tests/unit/test_server_config compares them.
.PHONY: update-conf
update-conf: server/document$(EXEEXT)
	server/document$(EXEEXT) sample >$(srcdir)/conf/slotkeeper.conf.sample
	server/document$(EXEEXT) manual >$(srcdir)/conf/man/slotkeeper.conf.5

pkgsysconfdir = $(sysconfdir)/slotkeeper
dist_pkgsysconf_DATA = conf/slotkeeper.conf.sample
dist_man_MANS += conf/man/slotkeeper.1 conf/man/slotkeeper.conf.5 conf/man/slotkeeperd.8

# Where systemd looks for units that packages bring; below the prefix, so that an unprivileged install works.
systemdunitdir = $(prefix)/lib/systemd/system
nodist_systemdunit_DATA = conf/slotkeeperd.service
EXTRA_DIST += conf/slotkeeperd.service.in
CLEANFILES += conf/slotkeeperd.service

conf/slotkeeperd.service: $(srcdir)/conf/slotkeeperd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) conf && sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
		$(srcdir)/conf/slotkeeperd.service.in >$@.new && mv $@.new $@
