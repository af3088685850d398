#!/usr/bin/env python3
"""measure-deletion.py [VERSIONS [KEYS]]: what listing and deleting many versions costs.

Serves VERSIONS expired versions (100,000 of 100 keys, unless told otherwise) and a current one of
each key on loopback, and has them deleted by the release build of s3prune and by boto3, by turns,
four requests at once: processor time and time on the clock, the least of three runs each. The
server's own work is on the clock of both.
"""

import email.utils
import http.server
import multiprocessing
import os
import pathlib
import socketserver
import subprocess
import sys
import tempfile
import time
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parent.parent
RUNS = 3
POLICY = """version: 1
bucket: measure
min-age: 0
min-versions: 1
keep-oldest: false
limits: { max-delete: 100% }
keep: { daily: 1 }
"""
BOTO3 = """
import concurrent.futures, os
import boto3
from botocore.config import Config
s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
def delete(batch):
    answer = s3.delete_objects(Bucket="measure", Delete={"Objects": batch})
    assert "Errors" not in answer
    return len(answer["Deleted"])
expired = []
for page in s3.get_paginator("list_object_versions").paginate(Bucket="measure"):
    expired += [{"Key": each["Key"], "VersionId": each["VersionId"]}
                for each in page.get("Versions", []) if not each["IsLatest"]]
with concurrent.futures.ThreadPoolExecutor(4) as threads:
    batches = [expired[begin:begin + 1000] for begin in range(0, len(expired), 1000)]
    print(sum(threads.map(delete, batches)))
"""


def pages(versions, keys):
    """The listing, by the marker that asks for each page."""
    entries, answers, marker = [], {}, ("", "")
    each = versions // keys
    total = (each + 1) * keys
    for number in range(total):
        key, night = f"db/server-{number // (each + 1):05}.sql.gz.gpg", number % (each + 1)
        identity = f"v{number:031}"
        date = time.strftime("%Y-%m-%dT01:00:00.000Z", time.gmtime(time.time() - 86400 * (night + 1)))
        entries.append(
            f"<Version><Key>{key}</Key><VersionId>{identity}</VersionId>"
            f"<IsLatest>{'true' if night == 0 else 'false'}</IsLatest>"
            f"<LastModified>{date}</LastModified><ETag>&quot;{number:032x}&quot;</ETag>"
            f"<Size>{1000 + number}</Size><StorageClass>STANDARD</StorageClass></Version>"
        )
        if len(entries) == 1000 or number == total - 1:
            more = number < total - 1
            next = f"<NextKeyMarker>{key}</NextKeyMarker>" if more else ""
            next += f"<NextVersionIdMarker>{identity}</NextVersionIdMarker>" if more else ""
            answers[marker] = (
                '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<Name>measure</Name><EncodingType>url</EncodingType>{next}"
                f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
                + "".join(entries)
                + "</ListVersionsResult>"
            ).encode()
            entries, marker = [], (key, identity)
    return answers


class Bucket(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    listing = {}

    def do_GET(self):
        query = urllib.parse.parse_qs(self.path.partition("?")[2], keep_blank_values=True)
        if "versioning" in query:
            return self.answer(
                b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
            )
        marker = query.get("key-marker", [""])[0], query.get("version-id-marker", [""])[0]
        self.answer(self.listing[marker])

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        begin, end = body.index(b"<Object>"), body.rindex(b"</Object>") + len(b"</Object>")
        deleted = body[begin:end].replace(b"Object>", b"Deleted>")
        self.answer(b"<DeleteResult>" + deleted + b"</DeleteResult>")

    def answer(self, body):
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Length: %d\r\n\r\n"
            % (email.utils.formatdate(usegmt=True).encode(), len(body))
            + body
        )

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    disable_nagle_algorithm = True


def serve(versions, keys, ready):
    Bucket.listing = pages(versions, keys)
    Bucket.disable_nagle_algorithm = True
    server = Server(("127.0.0.1", 0), Bucket)
    ready.put(server.server_port)
    server.serve_forever()


def measure(command, environment, expected):
    """Processor time and time on the clock of one run."""
    with tempfile.TemporaryFile() as output:
        begin = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begin
        output.seek(0)
        text = output.read().decode()
    if os.waitstatus_to_exitcode(status) != 0 or expected not in text:
        raise SystemExit(f"measure-deletion: error: {command[0]} failed\n{text}")
    return usage.ru_utime + usage.ru_stime, wall


def main():
    versions = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    keys = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    ready = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(versions, keys, ready), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as scratch:
        policy = pathlib.Path(scratch) / "policy.yaml"
        policy.write_text(POLICY)
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": scratch,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{ready.get()}",
        }
        prune = [TOP / ".build/release/s3prune", "--apply", "--yes", "--policy", policy]
        commands = {
            "s3prune": (prune, f"deleted {versions:,} of {versions:,} versions"),
            "boto3": ([TOP / ".venv/bin/python", "-c", BOTO3], f"{versions}\n"),
        }
        found = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, (command, expected) in commands.items():
                found[name].append(measure(command, environment, expected))
    print(f"versions {versions:,}, keys {keys:,}, listed and deleted, least of {RUNS}")
    for name, runs in found.items():
        print(
            f"{name:8} processor {min(run[0] for run in runs):5.2f} s"
            f"   clock {min(run[1] for run in runs):5.2f} s"
        )


if __name__ == "__main__":
    main()
