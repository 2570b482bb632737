noinst_LIBRARIES += protocol/libprotocol.a
protocol_libprotocol_a_SOURCES =

include protocol/base/local.mk
include protocol/http/local.mk
include protocol/json/local.mk
include protocol/ical/local.mk
include protocol/recur/local.mk
include protocol/freebusy/local.mk
include protocol/itip/local.mk
include protocol/dav/local.mk
