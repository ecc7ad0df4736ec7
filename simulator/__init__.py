"""The provisioning service: directory, job, engine, logs. It meets the target only over HTTP (or in-process WSGI)."""
