#!/usr/bin/env python3
"""set-rights.py BUCKET: gives Ceph's users their rights to a bucket that something else created."""

import json
import sys

import test_servers


def main():
    bucket = sys.argv[1]
    policy = json.dumps(test_servers.bucket_policy(bucket))
    test_servers.client("ceph").put_bucket_policy(Bucket=bucket, Policy=policy)


if __name__ == "__main__":
    main()
