"""What the loading and listing scripts share: the test servers as `with-ceph` and `with-moto` name
them, a boto3 client of each, and the bucket policy that makes two of Ceph's users what they are."""

import json
import os

import boto3
from botocore.config import Config

REGION = "us-east-1"


def credentials(server, user="admin"):
    """(access key id, secret) of a user; moto asks for none and takes any."""
    if server == "moto":
        return "any", "any"
    prefix = f"TEST_CEPH_{user.upper()}"
    return os.environ[f"{prefix}_KEY"], os.environ[f"{prefix}_SECRET"]


def endpoint(server):
    return os.environ[f"TEST_{server.upper()}_ENDPOINT"]


def client(server, user="admin"):
    """A boto3 client. Ceph 16 knows nothing of the checksums that boto3 sends by default."""
    key, secret = credentials(server, user)
    return boto3.client(
        "s3",
        endpoint_url=endpoint(server),
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"max_attempts": 1},
        ),
    )


def bucket_policy(bucket):
    """The uploader may put and nothing else; the pruner may see versions and delete them.

    The uploader is a subuser that may write to all of its user's buckets, so what it may not is
    denied; Ceph 16 takes a Deny with NotAction and ignores it. It also refuses a
    whole DeleteObjects unless s3:DeleteObject is allowed on the bucket as well.
    """
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    uploader = {"AWS": ["arn:aws:iam:::user/admin:uploader"]}
    pruner = {"AWS": ["arn:aws:iam:::user/pruner"]}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": uploader,
                "Action": [
                    "s3:Get*",
                    "s3:List*",
                    "s3:Delete*",
                    "s3:PutBucket*",
                    "s3:PutLifecycleConfiguration",
                    "s3:PutObjectAcl",
                    "s3:PutObjectRetention",
                    "s3:PutObjectLegalHold",
                ],
                "Resource": everything,
            },
            {
                "Effect": "Allow",
                "Principal": pruner,
                "Action": [
                    "s3:ListBucketVersions",
                    "s3:GetBucketVersioning",
                    "s3:GetBucketLocation",
                    "s3:GetBucketObjectLockConfiguration",
                    "s3:GetLifecycleConfiguration",
                    "s3:ListBucketMultipartUploads",
                    "s3:DeleteObject",
                ],
                "Resource": everything[0],
            },
            {
                "Effect": "Allow",
                "Principal": pruner,
                "Action": ["s3:DeleteObjectVersion", "s3:AbortMultipartUpload"],
                "Resource": everything[1],
            },
        ],
    }


def create_bucket(server, bucket, versioning="Enabled"):
    """A bucket, versioned unless `versioning` is None, with the users' rights."""
    s3 = client(server)
    s3.create_bucket(Bucket=bucket)
    if versioning:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": versioning})
    if server == "ceph":
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(bucket_policy(bucket)))
