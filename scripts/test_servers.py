"""What the loading and listing scripts share: the test servers as `with-ceph` and `with-moto` name
them, a boto3 client of each, and the bucket policy that makes two of Ceph's users what they are."""

import json
import os
import socket

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


def client(server, user="admin", url=None, style="path", checksums="when_required"):
    """A boto3 client. Ceph 16 knows nothing of the checksums that boto3 sends by default."""
    key, secret = credentials(server, user)
    return boto3.client(
        "s3",
        endpoint_url=url or endpoint(server),
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        verify=os.environ.get("TEST_CEPH_CA_BUNDLE"),
        config=Config(
            s3={"addressing_style": style},
            request_checksum_calculation=checksums,
            response_checksum_validation="when_required",
            retries={"max_attempts": 1},
        ),
    )


def resolve_localhost():
    """From now on every name below localhost is this machine (RFC 6761), as curl has it: Debian's
    glibc asks a name server for them, which knows none."""
    ask = socket.getaddrinfo

    def answer(host, *rest, **options):
        name = host.decode() if isinstance(host, bytes) else host
        return ask("127.0.0.1" if name.endswith(".localhost") else host, *rest, **options)

    socket.getaddrinfo = answer


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
                    "s3:PutObjectTagging",
                    "s3:PutObjectVersionTagging",
                    "s3:PutObjectVersionAcl",
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
            {
                "Effect": "Deny",
                "Principal": pruner,
                "Action": [
                    "s3:GetObject",
                    "s3:GetObjectVersion",
                    "s3:PutObject",
                    "s3:BypassGovernanceRetention",
                    "s3:PutBucketVersioning",
                    "s3:PutLifecycleConfiguration",
                    "s3:DeleteBucket",
                ],
                "Resource": everything,
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
