#!/usr/bin/env python3
"""objects.py ceph|moto put BUCKET KEY FILE      stores a file, prints its version id
objects.py ceph|moto versions BUCKET          every version with size and content, JSON Lines
objects.py ceph|moto mark BUCKET KEY          deletes without a version id: a delete marker
objects.py ceph|moto uploads BUCKET           the ids of unfinished uploads
objects.py ceph|moto lifecycle BUCKET FILE    the rules of a lifecycle, a list in JSON
objects.py ceph|moto settings BUCKET          what the bucket is set to, as JSON
objects.py ceph policy BUCKET FILE            an IAM policy as the bucket's, for the user pruner

What tests look at and prepare with another client than the one they test. A key is written
percent-encoded, so that it may hold anything. Contents are shown as Latin-1: a character a byte.
"""

import json
import sys
import urllib.parse

import botocore.exceptions

import test_servers


def put(s3, bucket, key, path):
    with open(path, "rb") as file:
        answer = s3.put_object(Bucket=bucket, Key=urllib.parse.unquote(key), Body=file.read())
    print(answer["VersionId"])


def mark(s3, bucket, key):
    print(s3.delete_object(Bucket=bucket, Key=urllib.parse.unquote(key))["VersionId"])


def versions(s3, bucket):
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []) + page.get("DeleteMarkers", []):
            name = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
            line = {
                "key": version["Key"],
                "version_id": version["VersionId"],
                "is_latest": version["IsLatest"],
                "size": version.get("Size"),
                "content": None,
            }
            if "Size" in version:
                line["content"] = content(s3, name)
            print(json.dumps(line))


def content(s3, name):
    """Null where another user owns the object and has not shown it."""
    try:
        return s3.get_object(**name)["Body"].read().decode("latin-1")
    except botocore.exceptions.ClientError:
        return None


def uploads(s3, bucket):
    for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        print(upload["UploadId"])


def lifecycle(s3, bucket, path):
    with open(path) as file:
        rules = {"Rules": json.load(file)}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=rules)


SETTINGS = {
    "versioning": "get_bucket_versioning",
    "lifecycle": "get_bucket_lifecycle_configuration",
    "policy": "get_bucket_policy",
    "acl": "get_bucket_acl",
    "encryption": "get_bucket_encryption",
    "public_access_block": "get_public_access_block",
    "location": "get_bucket_location",
}


def settings(s3, bucket):
    """Each setting without what differs from answer to answer; null where there is none."""
    found = {}
    for name, operation in SETTINGS.items():
        try:
            answer = getattr(s3, operation)(Bucket=bucket)
            answer.pop("ResponseMetadata")
            found[name] = answer
        except botocore.exceptions.ClientError:
            found[name] = None
    print(json.dumps(found, sort_keys=True))


# Ceph 16 refuses a policy that names an action unknown to it.
UNKNOWN_TO_CEPH = {
    "s3:GetEncryptionConfiguration",
    "s3:PutEncryptionConfiguration",
    "s3:ObjectOwnerOverrideToBucketOwner",
}


def policy(s3, bucket, path):
    with open(path) as file:
        document = json.load(file)
    for statement in document["Statement"]:
        statement["Principal"] = {"AWS": ["arn:aws:iam:::user/pruner"]}
        if isinstance(statement["Action"], list):
            statement["Action"] = [a for a in statement["Action"] if a not in UNKNOWN_TO_CEPH]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


def main():
    server, command, *rest = sys.argv[1:]
    commands = {
        "put": put,
        "versions": versions,
        "mark": mark,
        "uploads": uploads,
        "policy": policy,
        "lifecycle": lifecycle,
        "settings": settings,
    }
    commands[command](test_servers.client(server), *rest)


if __name__ == "__main__":
    main()
