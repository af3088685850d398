#!/usr/bin/env python3
"""measure-listing.py [VERSIONS [KEYS [xml|json|csv]]]: what planning a large listing costs.

Pipes scripts/stream-listing.py (8,000,000 versions of 8,000 keys as XML, unless told otherwise) into
the release build of s3prune and prints its peak memory and processor time, and the time on the
clock, which the generator shares.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
POLICY = """version: 1
bucket: stream
timezone: Europe/Berlin
limits: { max-delete: 100% }
keep: { last: 3, daily: 14, weekly: 8, monthly: 24, yearly: all }
"""
COLUMNS = """{"fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size,
 LastModifiedDate, ETag, StorageClass"}""".replace("\n", "")


def main():
    versions = int(sys.argv[1]) if len(sys.argv) > 1 else 8_000_000
    keys = int(sys.argv[2]) if len(sys.argv) > 2 else 8_000
    format = sys.argv[3] if len(sys.argv) > 3 else "xml"
    with tempfile.TemporaryDirectory() as scratch:
        policy = pathlib.Path(scratch) / "policy.yaml"
        policy.write_text(POLICY)
        listing = [TOP / "scripts/stream-listing.py", str(versions), str(keys), format]
        plan = [TOP / ".build/release/s3prune", "--policy", policy]
        plan += ["--now", "2026-11-23T03:00:00Z", "--listing", "-"]
        if format == "csv":
            manifest = pathlib.Path(scratch) / "manifest.json"
            manifest.write_text(COLUMNS)
            plan += ["--listing", manifest]
        begin = time.monotonic()
        source = subprocess.Popen(listing, stdout=subprocess.PIPE)
        report = pathlib.Path(scratch) / "report"
        with report.open("wb") as output:
            program = subprocess.Popen(plan, stdin=source.stdout, stdout=output)
            source.stdout.close()
            _, status, usage = os.wait4(program.pid, 0)
        wall = time.monotonic() - begin
        if os.waitstatus_to_exitcode(status) != 0 or source.wait() != 0:
            raise SystemExit("measure-listing: error: s3prune or the generator failed")
        cpu = usage.ru_utime + usage.ru_stime
        print(report.read_text().splitlines()[0])
        print(f"versions {versions:,}, keys {keys:,}, {format}")
        print(f"peak memory {usage.ru_maxrss / 1024:.1f} MiB")
        print(f"processor {cpu:.1f} s, {cpu / versions * 1e6:.2f} s a million versions")
        print(f"clock {wall:.1f} s")


if __name__ == "__main__":
    main()
