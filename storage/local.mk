noinst_LIBRARIES += storage/libstorage.a
storage_libstorage_a_SOURCES =
