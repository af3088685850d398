#!/usr/bin/env python3
"""load-versions.py ceph|moto BUCKET [--versioning Enabled|Suspended|none] < PLAN

Creates the bucket and puts versions of any age into it. A line of the plan, tab separated, a key's
in time order:

    2023-11-24T01:17:08Z  put     db/shop.sql.gz.gpg  2048
    2023-11-25T01:17:08Z  delete  db/shop.sql.gz.gpg
    2023-11-26T01:17:08Z  begin   db/shop.sql.gz.gpg  2048
    2023-11-27T01:17:08Z  file    db/shop.sql.gz.gpg  /tmp/what-to-put

`begin` starts a multipart upload, stores one part and leaves it at that. A key is written
percent-encoded, so that it may hold anything. On Ceph the loader gateway's clock is set by its file
where the time changes and stands still until the next change, so that a version has exactly its
time however slow the machine is; requests are signed at that time. On moto a header says the time.
What happens to different keys at one time goes over several connections at once.
"""

import argparse
import concurrent.futures
import datetime
import http.client
import itertools
import os
import re
import sys
import threading
import time
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import test_servers


class Ceph:
    """The loader gateway, its clock, and requests signed at that clock's time."""

    def __init__(self):
        self.endpoint = os.environ["TEST_CEPH_LOADER_ENDPOINT"]
        self.clock = os.environ["TEST_CEPH_CLOCK"]
        self.time = None
        signer = Credentials(*test_servers.credentials("ceph"))
        self.signer = botocore.auth.S3SigV4Auth(signer, "s3", test_servers.REGION)
        botocore.auth.get_current_datetime = lambda *_: self.time.replace(tzinfo=None)

    def headers(self, method, url, body, moment):
        request = AWSRequest(method=method, url=url, data=body)
        self.signer.add_auth(request)
        return dict(request.headers)

    def set_time(self, moment):
        self.time = moment
        self.set_clock(moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f"))

    def set_clock(self, what):
        """A time stands still, an offset moves on. libfaketime reads the file at every call, so it
        is replaced and never seen half written."""
        with open(self.clock + ".new", "w") as file:
            file.write(what + "\n")
        os.replace(self.clock + ".new", self.clock)

    def close(self):
        self.set_clock("+0")


class Moto:
    def __init__(self):
        self.endpoint = os.environ["TEST_MOTO_ENDPOINT"]

    def set_time(self, moment):
        pass

    def headers(self, method, url, body, moment):
        return {"x-test-time": moment.isoformat(), "Authorization": "AWS any:any"}

    def close(self):
        pass


class Connections:
    """Sends requests, each thread over a connection of its own."""

    def __init__(self, server, bucket):
        self.server, self.bucket = server, bucket
        self.host = urllib.parse.urlsplit(server.endpoint).netloc
        self.local = threading.local()

    def send_all(self, operations):
        for operation in operations:
            self.send(*operation)

    def send(self, moment, operation, key, size=0):
        if operation == "begin":
            answer = self.request(moment, "POST", key + "?uploads=")
            upload = re.search(rb"<UploadId>(.*?)</UploadId>", answer)[1].decode()
            key += f"?partNumber=1&uploadId={urllib.parse.quote(upload, safe='')}"
        method, body = ("DELETE", b"") if operation == "delete" else ("PUT", content(operation, size))
        self.request(moment, method, key, body)

    def request(self, moment, method, target, body=b""):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection(self.host, timeout=30)
        connection = self.local.connection
        path = f"/{self.bucket}/{target}"
        headers = self.server.headers(method, self.server.endpoint + path, body, moment)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 204):
            raise RuntimeError(f"{method} {target}: {answer.status} {text[:300]}")
        return text


def content(operation, what):
    """What a version holds: the bytes of a file, or so many of nothing."""
    if operation == "file":
        with open(what, "rb") as file:
            return file.read()
    return b"x" * int(what)


def operations(lines):
    for line in lines:
        moment, *rest = line.rstrip("\n").split("\t")
        yield datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")), *rest


def load(server, bucket, lines):
    connections = Connections(server, bucket)
    count = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as threads:
        for moment, group in itertools.groupby(operations(lines), key=lambda each: each[0]):
            keys = {}
            for operation in group:
                keys.setdefault(operation[2], []).append(operation)
                count += 1
            server.set_time(moment)
            list(threads.map(connections.send_all, keys.values()))
    return count


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("server", choices=["ceph", "moto"])
    options.add_argument("bucket")
    options.add_argument("--versioning", default="Enabled", choices=["Enabled", "Suspended", "none"])
    given = options.parse_args()
    versioning = None if given.versioning == "none" else given.versioning
    test_servers.create_bucket(given.server, given.bucket, versioning)
    server = Ceph() if given.server == "ceph" else Moto()
    begin = time.monotonic()
    try:
        count = load(server, given.bucket, sys.stdin)
    except RuntimeError as error:
        raise SystemExit(f"load-versions: error: {error}")
    finally:
        server.close()
    print(f"{count} versions in {time.monotonic() - begin:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
