"""Gunicorn's settings on servers: `gunicorn --config config/gunicorn.py config.wsgi`."""

import os
import shutil
import tempfile
from pathlib import Path

from prometheus_client import multiprocess

from config.logs import logging_config

bind = os.environ.get("BIND", "0.0.0.0:8000")
workers = int(os.environ.get("WEB_WORKERS", "3"))
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60
graceful_timeout = 25
max_requests, max_requests_jitter = 5000, 500
preload_app = True  # one copy of the code in memory; connections are opened after the fork
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
logconfig_dict = logging_config(os.environ.get("LOG_FORMAT", "plain"), level=os.environ.get("LOG_LEVEL", "INFO")) | {
    "loggers": {
        "gunicorn.error": {"handlers": [], "propagate": True},
        "gunicorn.access": {"handlers": [], "propagate": False},  # it would write addresses; ours writes the route
    }
}

# All workers' figures lie in one folder, which must be named before the application is loaded.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="desk-metrics-"))


def on_exit(server):
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def child_exit(server, worker):
    multiprocess.mark_process_dead(worker.pid)
