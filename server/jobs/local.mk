server_libserver_a_SOURCES += \
	server/jobs/backoff.c server/jobs/backoff.h \
	server/jobs/job_text.c server/jobs/job_text.h \
	server/jobs/queue.c server/jobs/queue.h \
	server/jobs/runner.c server/jobs/runner.h
