#!/usr/bin/env python3
"""measure-upload.py text [MIB] | stream [GIB]: what `backup upload` costs (release build).

text    1024 MiB of text like a database dump, whose gzip is about a fifth of it, through
        `backup upload` at gzip:6 and gzip:1 and through `gzip | gpg | aws s3 cp -` with the tools of
        the system: time on the clock and processor time of all processes.
stream  20 GiB that no compression shrinks, with --compression none: peak memory of the program
        beside its bound, part size times one more than the parts in flight, and 64 MiB.

The server is a sink on loopback that throws the bytes away, in the same run for everybody.
"""

import http.server
import os
import pathlib
import random
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
BACKUP = TOP / ".build/release/backup"
MIB = 1 << 20


class Sink(http.server.BaseHTTPRequestHandler):
    """Takes uploads and keeps nothing; says that a key service encrypts, so that its entity tags
    need not be the MD5 of anything."""

    protocol_version = "HTTP/1.1"
    received = 0
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def drop(self):
        left = int(self.headers.get("Content-Length") or 0)
        buffer = memoryview(bytearray(MIB))
        total = 0
        while left:
            count = self.rfile.readinto(buffer[: min(left, MIB)])
            if not count:
                break
            left -= count
            total += count
        with Sink.lock:
            Sink.received += total

    def answer(self, body=b"", **headers):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amz-server-side-encryption", "aws:kms")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        self.drop()
        self.answer(ETag='"sink"', x_amz_version_id="v1")

    def do_POST(self):
        self.drop()
        bucket, key = self.path.split("?")[0].lstrip("/").split("/", 1)
        name = f"<Bucket>{bucket}</Bucket><Key>{key}</Key>"
        if "uploads" in self.path.split("?")[1].split("&")[0]:
            body = f"<InitiateMultipartUploadResult>{name}<UploadId>u</UploadId>"
            body += "</InitiateMultipartUploadResult>"
        else:
            body = f'<CompleteMultipartUploadResult>{name}<ETag>"sink"</ETag>'
            body += "</CompleteMultipartUploadResult>"
        self.answer(body.encode(), x_amz_version_id="v1")


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True


def make_text(path, size):
    """Rows of an INSERT, as mysqldump writes them: names repeat, numbers and hashes do not."""
    randomness = random.Random(1)
    names = ["".join(randomness.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(4000)]
    with open(path, "w") as file:
        row = 0
        while file.tell() < size:
            lines = []
            for _ in range(2000):
                row += 1
                lines.append(
                    f"({row},'{randomness.choice(names)}','{randomness.choice(names)}@example.org',"
                    f"'2026-{row % 12 + 1:02}-{row % 28 + 1:02} 03:{row % 60:02}:00',"
                    f"{randomness.randrange(100000)},'pending','Somewhere Street {row % 300}',NULL,0),\n"
                )
            file.write("INSERT INTO `orders` VALUES " + "".join(lines))


def timed(words, environment, shell=False):
    """(seconds on the clock, processor seconds with all children, peak MiB of the largest)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    process = subprocess.Popen(
        words, env=environment, shell=shell, executable="/bin/bash" if shell else None,
        stdout=subprocess.PIPE)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - begin
    if process.returncode != 0:
        raise SystemExit(f"measure-upload: error: {words} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, usage.ru_maxrss / 1024, output


def measure_text(scratch, environment, mebibytes):
    dump = scratch / "dump.sql"
    make_text(dump, mebibytes * MIB)
    size = dump.stat().st_size / MIB
    aws = TOP / ".venv/bin/aws"
    endpoint = environment["AWS_ENDPOINT_URL_S3"]
    encrypt = f"gpg --batch --quiet --compress-algo none --recipient-file {scratch}/key.asc --encrypt"
    upload = f"{BACKUP} upload s3://sink/dump.gpg --recipient {scratch}/key.asc"
    ways = [
        ("backup upload, gzip:6", f"{upload} -- cat {dump}"),
        ("backup upload, gzip:1", f"{upload} --compression gzip:1 -- cat {dump}"),
        ("backup upload, zstd", f"{upload} --compression zstd -- cat {dump}"),
        (
            "gzip -6 | gpg -z0 | aws s3 cp -",
            f"set -o pipefail; gzip < {dump} | {encrypt} | "
            f"{aws} --endpoint-url {endpoint} s3 cp - s3://sink/dump.gpg > {scratch}/aws.out",
        ),
    ]
    for name, command in ways:
        Sink.received = 0
        wall, cpu, peak, _ = timed(command, environment, shell=True)
        stored = Sink.received / MIB
        print(f"{name:34} {wall:6.1f} s  processor {cpu:6.1f} s  {size / wall:6.1f} MiB/s"
              f"  stored {stored:7.1f} MiB")


def measure_stream(scratch, environment, gibibytes):
    noise = "openssl enc -aes-128-ctr -nosalt -in /dev/zero -K 00112233445566778899aabbccddeeff"
    noise += " -iv 00000000000000000000000000000000 2>/dev/null"
    words = [BACKUP, "upload", "s3://sink/stream.gpg", "--recipient", scratch / "key.asc"]
    words += ["--compression", "none", "--", "bash", "-c", f"{noise} | head -c {gibibytes}G"]
    wall, cpu, peak, output = timed([str(word) for word in words], environment)
    bound = 16 * (4 + 1) + 64
    print(re.sub(r"^.*?: ", "", output.strip()))
    print(f"{gibibytes} GiB in {wall:.1f} s, processor {cpu:.1f} s with gpg and the generator")
    print(f"peak memory {peak:.1f} MiB; the bound is {bound} MiB")
    if peak > bound:
        raise SystemExit("measure-upload: error: more memory than the bound")


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else "text"
    amount = int(sys.argv[2]) if len(sys.argv) > 2 else {"text": 1024, "stream": 20}[what]
    server = Server(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": name, "GNUPGHOME": name, "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "sink", "AWS_SECRET_ACCESS_KEY": "sink",
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.server_port}",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        }
        make_key = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key"]
        subprocess.run([*make_key, "Sink", "default", "default", "never"], env=environment,
                       check=True, stderr=subprocess.DEVNULL)
        with open(scratch / "key.asc", "w") as key:
            subprocess.run(["gpg", "--armor", "--export"], env=environment, check=True, stdout=key)
        {"text": measure_text, "stream": measure_stream}[what](scratch, environment, amount)
        subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=False)


if __name__ == "__main__":
    main()
