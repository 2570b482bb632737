server_libserver_a_SOURCES +=
