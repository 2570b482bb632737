server_libbooking_a_SOURCES +=
