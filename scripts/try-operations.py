#!/usr/bin/env python3
"""try-operations.py USER BUCKET KEY VERSION UPLOAD URL STYLE

Tries, as a user of Ceph and with boto3, what somebody who may only put must not be able to do: read,
list, delete, change what is stored or how the bucket is set. One line an operation: its name, the
status and code of the answer. URL and STYLE are the way to the server: `path` or `virtual`.

Left out is what a bucket policy of Ceph 16 does not decide: to create and list buckets of one's
own, to read a bucket's notifications, to put an object with an ACL of its own, and what this Ceph
does not have (websites, encryption by default).
"""

import datetime
import json
import sys

import botocore.exceptions

import test_servers


def operations(bucket, key, version, upload):
    """(operation, parameters), each as boto3 names it; the bucket goes without saying."""
    one = {"Key": key}
    pinned = {"Key": key, "VersionId": version}
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": until}
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}}
    rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": 1}
    everyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
    everyone["Resource"] = f"arn:aws:s3:::{bucket}/*"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everyone]})
    lock = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    cors = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
    return [
        ("head_bucket", {}),
        ("head_object", one),
        ("head_object", pinned),
        ("get_object", one),
        ("get_object", pinned),
        ("get_object_acl", one),
        ("get_object_tagging", one),
        ("get_object_retention", pinned),
        ("get_object_legal_hold", pinned),
        ("copy_object", {"Key": "copy", "CopySource": {"Bucket": bucket, **one}}),
        ("list_objects", {}),
        ("list_objects_v2", {}),
        ("list_object_versions", {}),
        ("list_multipart_uploads", {}),
        ("list_parts", {**one, "UploadId": upload}),
        ("delete_object", one),
        ("delete_object", pinned),
        ("delete_objects", {"Delete": {"Objects": [one]}}),
        ("delete_objects", {"Delete": {"Objects": [pinned]}}),
        ("put_object_acl", {**one, "ACL": "public-read"}),
        ("put_object_acl", {**pinned, "ACL": "public-read"}),
        ("put_object_tagging", {**one, "Tagging": tags}),
        ("delete_object_tagging", one),
        ("put_object_retention", {**pinned, "Retention": retention}),
        ("put_object_legal_hold", {**pinned, "LegalHold": {"Status": "ON"}}),
        ("get_bucket_versioning", {}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
        ("get_bucket_lifecycle_configuration", {}),
        ("put_bucket_lifecycle_configuration", {"LifecycleConfiguration": {"Rules": [rule]}}),
        ("delete_bucket_lifecycle", {}),
        ("get_bucket_policy", {}),
        ("put_bucket_policy", {"Policy": policy}),
        ("delete_bucket_policy", {}),
        ("get_bucket_acl", {}),
        ("put_bucket_acl", {"ACL": "public-read"}),
        ("get_bucket_location", {}),
        ("get_bucket_cors", {}),
        ("put_bucket_cors", {"CORSConfiguration": cors}),
        ("delete_bucket_cors", {}),
        ("get_bucket_tagging", {}),
        ("put_bucket_tagging", {"Tagging": tags}),
        ("delete_bucket_tagging", {}),
        ("get_object_lock_configuration", {}),
        (
            "put_object_lock_configuration",
            {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": lock}},
        ),
        ("get_public_access_block", {}),
        (
            "put_public_access_block",
            {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
        ),
        ("delete_public_access_block", {}),
        ("get_bucket_request_payment", {}),
        ("put_bucket_request_payment", {"RequestPaymentConfiguration": {"Payer": "Requester"}}),
        ("get_bucket_replication", {}),
        ("delete_bucket", {}),
    ]


def outcome(s3, bucket, name, parameters):
    try:
        answer = getattr(s3, name)(Bucket=bucket, **parameters)
    except botocore.exceptions.ClientError as error:
        answer = error.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return f"{status} {answer.get('Error', {}).get('Code', 'done')}"


def main():
    user, bucket, key, version, upload, url, style = sys.argv[1:]
    test_servers.resolve_localhost()
    s3 = test_servers.client("ceph", user, url, style)
    for name, parameters in operations(bucket, key, version, upload):
        print(name, outcome(s3, bucket, name, parameters))


if __name__ == "__main__":
    main()
