protocol_libprotocol_a_SOURCES +=
