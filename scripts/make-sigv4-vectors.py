#!/usr/bin/env python3
"""make-sigv4-vectors.py [DIRECTORY]

Asks botocore to sign requests with hard keys and queries, at one fixed moment, and writes what it
made of them to fixtures/sigv4 (or DIRECTORY): header.json, presigned.json, form.json. The same
botocore writes the same bytes. Needs the environment of scripts/python-environment.

Requests go through botocore's whole client, so that addressing and the encoding of URLs are its
own; nothing is sent. What a client cannot express (duplicate names in a query, keys that are not
UTF-8) is handed to its signer alone.
"""
import base64
import datetime
import functools
import json
import os
import sys
import urllib.parse

import botocore
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.session
import botocore.signers

MOMENT = datetime.datetime(2026, 9, 29, 12, 34, 56)
ACCESS_KEY = "AKIDVECTORSONLY00000"
SECRET = "not/a+real+secret+made+for+these+vectors"
TOKEN = "FwoGZXIvYXdzEXAMPLE//////////wEaDOnly+for/vectors==+/"
BUCKET = "acme-backups"
REGION = "eu-central-1"

botocore.auth.get_current_datetime = lambda remove_tzinfo=True: MOMENT
botocore.signers.get_current_datetime = lambda remove_tzinfo=True: MOMENT


class Recorder:
    """Keeps what the signer computed last."""

    canonical_request = string_to_sign = signature = None


def record(cls):
    for name in ("canonical_request", "string_to_sign", "signature"):
        original = getattr(cls, name)

        def wrapper(self, *arguments, original=original, name=name):
            result = original(self, *arguments)
            setattr(Recorder, name, result)
            return result

        setattr(cls, name, wrapper)


record(botocore.auth.SigV4Auth)


class Sent(Exception):
    """Raised in place of sending."""

    def __init__(self, request):
        self.request = request


@functools.lru_cache
def client(endpoint=None, region=REGION, addressing="auto", token=None):
    session = botocore.session.Session()
    session.set_config_variable("config_file", "/nonexistent")
    session.set_config_variable("credentials_file", "/nonexistent")
    made = session.create_client(
        "s3", region_name=region, endpoint_url=endpoint,
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET, aws_session_token=token,
        config=botocore.config.Config(
            signature_version="s3v4", request_checksum_calculation="when_required",
            s3={"addressing_style": addressing, "payload_signing_enabled": True,
                "us_east_1_regional_endpoint": "regional"}))

    def forget_noise(request, **_):
        # Different at every run, and no part of S3.
        for name in ("amz-sdk-invocation-id", "amz-sdk-request", "Expect", "User-Agent"):
            del request.headers[name]

    def stop(request, **_):
        raise Sent(request)

    made.meta.events.register("before-sign.s3", forget_noise)
    made.meta.events.register("before-send.s3", stop)
    return made


def key_fields(key):
    """A key as text if it is UTF-8, else as hex."""
    if isinstance(key, bytes):
        return {"key_hex": key.hex()}
    return {"key": key}


def place(endpoint, region, addressing, token, bucket, key):
    fields = {"endpoint": endpoint, "region": region, "addressing": addressing,
              "access_key": ACCESS_KEY, "secret": SECRET, "token": token,
              "moment": MOMENT.strftime("%Y-%m-%dT%H:%M:%SZ"), "bucket": bucket}
    if key is not None:
        fields.update(key_fields(key))
    return fields


def query_of(url):
    return [list(pair) for pair in
            urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True)]


OWN_HEADERS = {"host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"}


def signed_headers(headers, canonical):
    """Headers that were signed beyond those that every signer adds."""
    names = canonical.split("\n")[-2].split(";")
    return [[name, value] for name, value in headers.items()
            if name.lower() in names and name.lower() not in OWN_HEADERS]


def by_header(name, operation, parameters, endpoint=None, region=REGION, addressing="auto",
              token=None):
    try:
        getattr(client(endpoint, region, addressing, token), operation)(**parameters)
    except Sent as sent:
        request = sent.request
    headers = {key: value.decode() if isinstance(value, bytes) else value
               for key, value in request.headers.items()}
    canonical = Recorder.canonical_request
    return {
        "name": name,
        **place(endpoint, region, addressing, token, parameters.get("Bucket"),
                parameters.get("Key")),
        "method": request.method, "query": query_of(request.url),
        "headers": signed_headers(headers, canonical),
        "payload_hash": canonical.split("\n")[-1], "url": request.url,
        "canonical_request": canonical, "string_to_sign": Recorder.string_to_sign,
        "signature": Recorder.signature, "authorization": headers["Authorization"],
    }


def by_signer_alone(name, path, query, key, method="GET", headers=(), token=None):
    host = f"{BUCKET}.s3.{REGION}.amazonaws.com"
    encoded = urllib.parse.quote(path, safe="/~")
    text = "&".join(
        f"{urllib.parse.quote(k, safe='~')}={urllib.parse.quote(v, safe='~')}" for k, v in query)
    url = f"https://{host}{encoded}" + (f"?{text}" if text else "")
    request = botocore.awsrequest.AWSRequest(method=method, url=url, data=b"")
    for header, value in headers:
        request.headers[header] = value
    credentials = botocore.credentials.Credentials(ACCESS_KEY, SECRET, token)
    request.context["payload_signing_enabled"] = True
    botocore.auth.S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
    canonical = Recorder.canonical_request
    return {
        "name": name, **place(None, REGION, "auto", token, BUCKET, key),
        "method": method, "query": [list(pair) for pair in query],
        "headers": [list(pair) for pair in headers],
        "payload_hash": canonical.split("\n")[-1], "url": url,
        "canonical_request": canonical, "string_to_sign": Recorder.string_to_sign,
        "signature": Recorder.signature, "authorization": request.headers["Authorization"],
    }


def regional(endpoint):
    """botocore's "auto" leaves the region out of the host of what others will send."""
    return "auto" if endpoint else "virtual"


def presigned(name, operation, parameters, expires, endpoint=None, region=REGION,
              addressing=None, token=None, headers=()):
    addressing = addressing or regional(endpoint)
    url = client(endpoint, region, addressing, token).generate_presigned_url(
        operation, Params=parameters, ExpiresIn=expires)
    canonical = Recorder.canonical_request
    own = [pair for pair in query_of(url) if not pair[0].startswith("X-Amz-")]
    return {
        "name": name,
        **place(endpoint, region, addressing, token, parameters["Bucket"],
                parameters.get("Key")),
        "method": canonical.split("\n")[0], "query": own, "expires": expires,
        "headers": [list(pair) for pair in headers],
        "payload_hash": canonical.split("\n")[-1], "url": url,
        "canonical_request": canonical, "string_to_sign": Recorder.string_to_sign,
        "signature": Recorder.signature,
    }


def form(name, key, low, high, expires, prefix=False, fields=(), endpoint=None, region=REGION,
         addressing=None, token=None):
    """botocore's form with the same conditions; JSON text differs, so its own policy is signed."""
    addressing = addressing or regional(endpoint)
    all_fields = {"acl": "private", **dict(fields)}
    conditions = [{"acl": "private"}] + [{k: v} for k, v in fields]
    conditions.append(["content-length-range", low, high])
    made = client(endpoint, region, addressing, token).generate_presigned_post(
        BUCKET, key + "${filename}" if prefix else key, Fields=dict(all_fields),
        Conditions=conditions, ExpiresIn=expires)
    policy = made["fields"]["policy"]
    return {
        "name": name, **place(endpoint, region, addressing, token, BUCKET, key),
        "prefix": prefix, "content_length": [low, high], "expires": expires,
        "fields": [list(pair) for pair in fields], "url": made["url"],
        "policy": json.loads(base64.b64decode(policy)), "policy_base64": policy,
        "form": made["fields"], "signature": made["fields"]["x-amz-signature"],
    }


HARD_KEYS = [
    ("plain", "db/prod.sql.gz.gpg"),
    ("space", "my backup of monday.gz"),
    ("two spaces in a row", "a  b"),
    ("space at both ends", " a "),
    ("plus", "a+b c+d"),
    ("percent", "100%"),
    ("percent that looks encoded", "a%20b%2Fc%zz"),
    ("latin letter", "caf\u00e9.gz"),
    ("decomposed letter", "cafe\u0301.gz"),
    ("disk emoji", "\U0001f4be/\U0001f4be.bin"),
    ("cjk", "\u5907\u4efd/\u6570\u636e"),
    ("right to left", "\u05d2\u05d9\u05d1\u05d5\u05d9/\u202eabc"),
    ("leading slash", "/etc/passwd"),
    ("two slashes", "a//b///c"),
    ("trailing slash", "folder/"),
    ("only a slash", "/"),
    ("only slashes", "//"),
    ("dot segment", "./a/./b/."),
    ("dotdot segment", "../a/../../b/.."),
    ("only a dot", "."),
    ("only two dots", ".."),
    ("tilde", "~user/~"),
    ("asterisk and parentheses", "a*b(c)!d"),
    ("apostrophe", "it's"),
    ("quotes", "\"quoted\" `back` <tag>"),
    ("ampersand", "a&b=c&d"),
    ("semicolon and comma", "a;b,c:d@e"),
    ("question mark and hash", "a?b#c"),
    ("dollar and braces", "${filename}$$[x]{y}|z^"),
    ("backslash", "C:\\backup\\x"),
    ("newline", "line1\nline2"),
    ("carriage return", "line1\r\nline2"),
    ("tab", "a\tb"),
    ("control characters", "a\x01b\x1f\x7fc"),
    ("escape sequence", "\x1b[31mred"),
    ("noncharacter", "a\uffffb"),
    ("looks like a query", "key?versionId=null&x=1"),
    ("1024 bytes", "k" * 1024),
]


def header_vectors():
    for label, key in HARD_KEYS:
        yield by_header(f"key/{label}", "get_object", {"Bucket": BUCKET, "Key": key})
    for label, version in [
            ("plain", "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY"), ("null", "null"),
            ("plus slash equals", "a+b/c=d=="), ("percent", "%2B%"), ("tilde dot", "a~b.c-d_e")]:
        yield by_header(f"version/{label}", "delete_object",
                        {"Bucket": BUCKET, "Key": "db/x y.gz", "VersionId": version})
    listing = {"Bucket": BUCKET, "EncodingType": "url"}
    for label, more in [
            ("whole bucket", {}),
            ("prefix", {"Prefix": "db/m\u00fcnchen +%&=/"}),
            ("markers", {"KeyMarker": "a b+c&d=e/\u00e9", "VersionIdMarker": "null",
                         "MaxKeys": 1000}),
            ("empty prefix", {"Prefix": ""}),
            ("control character in the marker", {"KeyMarker": "a\x01\nb"})]:
        yield by_header(f"listing/{label}", "list_object_versions", {**listing, **more})
    for operation in ["get_bucket_versioning", "get_bucket_lifecycle_configuration",
                      "get_object_lock_configuration", "list_multipart_uploads",
                      "get_bucket_policy"]:
        yield by_header(f"subresource/{operation}", operation, {"Bucket": BUCKET})
    # botocore asks for the location by path, whatever it is told.
    yield by_header("subresource/get_bucket_location", "get_bucket_location",
                    {"Bucket": BUCKET}, addressing="path")
    yield by_header("subresource/get_object_retention", "get_object_retention",
                    {"Bucket": BUCKET, "Key": "a b", "VersionId": "v+/="})
    yield by_header("subresource/list_buckets", "list_buckets", {})
    yield by_header("put/body and metadata", "put_object", {
        "Bucket": BUCKET, "Key": "x", "Body": b"a body\n", "ContentType": "application/pgp",
        "Metadata": {"host": "web1", "spaces": "a   b", "Upper": "Value"}})
    yield by_header("put/lock", "put_object_retention", {
        "Bucket": BUCKET, "Key": "x", "VersionId": "v1", "ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg==",
        "Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "2027-01-01T00:00:00Z"}})
    yield by_header("multipart/create", "create_multipart_upload", {
        "Bucket": BUCKET, "Key": "big one", "StorageClass": "STANDARD_IA"})
    yield by_header("multipart/part", "upload_part", {
        "Bucket": BUCKET, "Key": "big one", "UploadId": "u+/=~", "PartNumber": 10000,
        "Body": b"\x00" * 1000})
    yield by_header("token/get", "get_object", {"Bucket": BUCKET, "Key": "a+b"}, token=TOKEN)
    yield by_header("token/list", "list_object_versions", listing, token=TOKEN)
    yield from addressed(listing)
    yield by_signer_alone("query/duplicate names", "/k", [("b", "2"), ("a", "z"), ("b", "1")],
                          "k")
    yield by_signer_alone("query/duplicate pairs", "/k", [("a", "1"), ("a", "1")], "k")
    yield by_signer_alone("query/names that sort apart after encoding", "/k",
                          [("a", "1"), ("a-b", "2"), ("a/b", "3"), ("aB", "4"), ("\u00e9", "5")],
                          "k")
    yield by_signer_alone("query/empty values", "/k", [("uploads", ""), ("acl", "")], "k")
    yield by_signer_alone("key/not utf-8", b"/\xff\xfe\x80a", [], b"\xff\xfe\x80a")
    yield by_signer_alone("header/folded and trimmed", "/k", [], "k",
                          headers=[("x-amz-meta-a", "  a   b  "), ("X-Amz-Meta-B", "c\td")])


def addressed(listing):
    """Where the bucket stands."""
    for label, more in [
            ("us-east-1", {"region": "us-east-1"}),
            ("china", {"region": "cn-north-1"}),
            ("forced path", {"addressing": "path"}),
            ("ipv4 and port", {"endpoint": "http://127.0.0.1:8000"}),
            ("ipv6 and port", {"endpoint": "http://[::1]:9000"}),
            # botocore's "auto" means "path" for every host that is not AWS's.
            ("own host", {"endpoint": "https://s3.example.com", "addressing": "virtual"}),
            ("own host and port", {"endpoint": "https://s3.example.com:8443",
                                   "addressing": "virtual"}),
            ("own host, forced path", {"endpoint": "https://s3.example.com",
                                       "addressing": "path"})]:
        yield by_header(f"addressing/{label}", "get_object",
                        {"Bucket": BUCKET, "Key": "a/b c"}, **more)
    yield by_header("addressing/base path", "get_object", {"Bucket": BUCKET, "Key": "a/b c"},
                    endpoint="https://gw.example.com/s3/base", addressing="path")
    yield by_header("addressing/bucket with dots", "get_object",
                    {"Bucket": "acme.backups.example", "Key": "k"})
    yield by_header("addressing/list by path", "list_object_versions", listing,
                    endpoint="http://127.0.0.1:8000")


def presigned_vectors():
    target = {"Bucket": BUCKET, "Key": "db/prod.sql.gz.gpg"}
    yield presigned("get", "get_object", target, 3600)
    yield presigned("get for a second", "get_object", target, 1)
    yield presigned("get for a week", "get_object", target, 604800)
    for label, version in [("plain", "3sL4kq.tJl_cp-X"), ("plus slash equals", "a+b/c=="),
                           ("null", "null")]:
        yield presigned(f"version/{label}", "get_object", {**target, "VersionId": version}, 3600)
    for label, key in HARD_KEYS:
        if label in ("space", "plus", "percent that looks encoded", "disk emoji", "two slashes",
                     "dotdot segment", "newline", "ampersand", "question mark and hash",
                     "dollar and braces"):
            yield presigned(f"key/{label}", "get_object", {"Bucket": BUCKET, "Key": key}, 900)
    yield presigned("head", "head_object", target, 60)
    yield presigned("delete a version", "delete_object", {**target, "VersionId": "v1"}, 60)
    yield presigned("response headers", "get_object", {
        **target, "ResponseContentDisposition": "attachment; filename=\"a b.gz\"",
        "ResponseContentType": "application/pgp-encrypted"}, 60)
    yield presigned("put with signed headers", "put_object", {
        **target, "ContentType": "application/pgp-encrypted", "Metadata": {"host": "web 1"}}, 60,
        headers=[("content-type", "application/pgp-encrypted"), ("x-amz-meta-host", "web 1")])
    yield presigned("token", "get_object", {**target, "VersionId": "v+1"}, 3600, token=TOKEN)
    yield presigned("path-style", "get_object", target, 60, endpoint="http://127.0.0.1:8000")
    yield presigned("own host and port", "get_object", target, 60,
                    endpoint="https://s3.example.com:8443", addressing="virtual")
    yield presigned("bucket", "list_object_versions", {"Bucket": BUCKET, "Prefix": "a b/"}, 60)


def form_vectors():
    yield form("exact key", "db/nightly.sql.gz.gpg", 1, 5 << 30, 86400)
    yield form("prefix", "web1/", 1, 1 << 20, 3600, prefix=True)
    yield form("more fields", "a", 0, 0, 1, fields=[
        ("success_action_status", "201"), ("x-amz-meta-host", "web1"),
        ("Content-Type", "application/octet-stream")])
    yield form("token", "a/b", 1, 10, 604800, token=TOKEN)
    yield form("quotes and backslashes", "a\"b\\c'd/e", 1, 10, 60)
    yield form("dollars", "a$b$$c", 1, 10, 60)
    yield form("not ascii", "caf\u00e9/\U0001f4be", 1, 10, 60)
    yield form("newline and controls", "a\nb\x01c\x7fd", 1, 10, 60)
    yield form("angle brackets", "<b>&amp;</b>", 1, 10, 60)
    yield form("path-style", "k", 1, 10, 60, endpoint="http://127.0.0.1:8000")
    yield form("own host", "k", 1, 10, 60, endpoint="https://s3.example.com:8443",
               addressing="virtual")


def write(path, vectors):
    vectors = list(vectors)
    names = [vector["name"] for vector in vectors]
    assert len(set(names)) == len(names), "two vectors of one name"
    with open(path, "w", encoding="ascii") as output:
        # One vector a line: a change shows as the lines it touches.
        output.write("[\n" + ",\n".join(json.dumps(vector) for vector in vectors) + "\n]\n")
    print(f"{path}: {len(vectors)} vectors (botocore {botocore.__version__})")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    directory = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "../fixtures/sigv4")
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]
    write(os.path.join(directory, "header.json"), header_vectors())
    write(os.path.join(directory, "presigned.json"), presigned_vectors())
    write(os.path.join(directory, "form.json"), form_vectors())


main()
