#!/usr/bin/env python3
"""moto-server.py: moto's S3 server on a free port of 127.0.0.1.

Prints its endpoint as the first line once it answers; ends with its parent. A request with the
header `x-test-time: 2024-05-06T07:08:09Z` happens at that time, which is how versions of any age are
put (scripts/load-versions.py). moto proves little about signatures: it accepts any.
"""

import ctypes
import datetime
import logging
import signal
import sys
import threading

import moto.s3.models
from moto.core.utils import utcnow
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

PR_SET_PDEATHSIG = 1

request_time = threading.local()


def test_time():
    """The time a version is stamped with: the request's own, else now (moto wants it without zone)."""
    return getattr(request_time, "now", None) or utcnow()


class Backdating:
    """WSGI middleware: takes the request's time from its header."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        header = environ.get("HTTP_X_TEST_TIME")
        request_time.now = (
            datetime.datetime.fromisoformat(header.replace("Z", "+00:00")).replace(tzinfo=None)
            if header
            else None
        )
        return self.application(environ, start_response)


def main():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto.s3.models.utcnow = test_time
    application = Backdating(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdout.close()
    server.serve_forever()


if __name__ == "__main__":
    main()
