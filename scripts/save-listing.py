#!/usr/bin/env python3
"""save-listing.py ceph|moto BUCKET DIRECTORY [--prefix PREFIX]

Lists the bucket's versions with boto3's paginator and saves each page as the server sent it, byte
for byte, as DIRECTORY/page-0001.xml and so on: what `s3prune --listing DIRECTORY` reads.
"""

import argparse
import pathlib

import test_servers


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("server", choices=["ceph", "moto"])
    options.add_argument("bucket")
    options.add_argument("directory", type=pathlib.Path)
    options.add_argument("--prefix", default="")
    given = options.parse_args()
    given.directory.mkdir(parents=True, exist_ok=True)

    pages = 0

    def save(response_dict, **_):
        nonlocal pages
        pages += 1
        (given.directory / f"page-{pages:04}.xml").write_bytes(response_dict["body"])

    s3 = test_servers.client(given.server)
    s3.meta.events.register("before-parse.s3.ListObjectVersions", save)
    paginator = s3.get_paginator("list_object_versions")
    for _ in paginator.paginate(Bucket=given.bucket, Prefix=given.prefix):
        pass
    print(pages)


if __name__ == "__main__":
    main()
