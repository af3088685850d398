#!/usr/bin/env python3
"""make-restic-goldens.py FILE: what the real `restic forget` keeps of one history, by policy.

Makes a throw-away restic repository with 70 snapshots at drawn moments (seeded), asks
`restic forget --dry-run --json` for each policy, and writes the answers as JSON. The tests hold the
rule against them: `pick: last`, `min-versions: 1`, `min-age: 0` chooses the same versions for the
same counts. Needs the Debian package `restic`; not part of the tests' run.
"""

import datetime
import json
import os
import random
import subprocess
import sys
import tempfile

POLICIES = [
    {"last": 5}, {"daily": 3}, {"daily": 14}, {"hourly": 6}, {"weekly": 4}, {"monthly": 6},
    {"yearly": 2}, {"yearly": 10}, {"daily": 7, "weekly": 4}, {"last": 2, "monthly": 3},
    {"hourly": 24, "daily": 7, "weekly": 5, "monthly": 12, "yearly": 3},
    {"last": 1, "hourly": 3, "daily": 2, "weekly": 2, "monthly": 2, "yearly": 2},
    {"daily": 200}, {"weekly": 200, "daily": 2}, {"monthly": 1, "yearly": 1},
]


def moments():
    draw = random.Random(7)
    end = datetime.datetime(2026, 1, 5, 12, 0, 0)
    ages = [draw.randrange(1, 3 * 86400) for _ in range(15)]
    ages += [draw.randrange(1, 40 * 86400) for _ in range(25)]
    ages += [draw.randrange(1, 900 * 86400) for _ in range(30)]
    return sorted({end - datetime.timedelta(seconds=age) for age in ages})


def main():
    with tempfile.TemporaryDirectory() as scratch:
        environment = dict(os.environ, TZ="UTC", RESTIC_REPOSITORY=scratch + "/repository",
                           RESTIC_PASSWORD="x", RESTIC_CACHE_DIR=scratch + "/cache")

        def restic(*arguments):
            return subprocess.run(["restic", "--quiet", *arguments], env=environment, check=True,
                                  input=b"data", stdout=subprocess.PIPE).stdout

        restic("init")
        times = moments()
        for time in times:
            restic("backup", "--stdin", "--host", "h", "--time", time.strftime("%Y-%m-%d %H:%M:%S"))
        cases = []
        for policy in POLICIES:
            counts = [f"--keep-{name}={count}" for name, count in policy.items()]
            answer = json.loads(restic("forget", "--dry-run", "--json", *counts))
            kept = sorted(snapshot["time"][:19] + "Z" for snapshot in answer[0]["keep"])
            cases.append({"policy": policy, "keep": kept})
        version = subprocess.run(["restic", "version"], stdout=subprocess.PIPE, check=True).stdout
        golden = {"restic": version.decode().split()[1],
                  "times": [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in times], "cases": cases}
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            json.dump(golden, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
