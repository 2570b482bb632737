noinst_LIBRARIES += storage/libstorage.a
storage_libstorage_a_SOURCES = \
	storage/key.c storage/key.h \
	storage/kv.c storage/kv.h storage/kv_private.h \
	storage/lmdb/backup.c \
	storage/lmdb/engine.c storage/lmdb/lmdb_private.h \
	storage/memory/engine.c \
	storage/pack.c storage/pack.h \
	storage/record.c storage/record.h \
	storage/record_booking.c \
	storage/repair.c storage/repair.h \
	storage/store.c storage/store.h storage/store_private.h storage/store_write.h \
	storage/store_alert.c \
	storage/store_api_key.c \
	storage/store_audit.c \
	storage/store_booking.c \
	storage/store_busy.c \
	storage/store_collection.c \
	storage/store_counter.c \
	storage/store_feed.c \
	storage/store_file.c \
	storage/store_idempotency.c \
	storage/store_job.c \
	storage/store_lock.c \
	storage/store_object.c \
	storage/store_occupancy.c \
	storage/store_principal.c \
	storage/store_session.c \
	storage/store_service.c \
	storage/store_access.c \
	storage/verify_access.c \
	storage/verify_api.c \
	storage/store_usage.c \
	storage/verify_file.c \
	storage/verify.c storage/verify.h storage/verify_private.h \
	storage/verify_objects.c \
	storage/verify_times.c \
	storage/writer.c
