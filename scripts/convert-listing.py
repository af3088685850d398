#!/usr/bin/env python3
"""convert-listing.py PAGES json|pages|inventory TARGET [--shuffle SEED] [--files N] [--plain]

Writes a saved listing (ListVersionsResult XML pages, a file or a directory of them) in another
format that `s3prune --listing` reads:

    json        TARGET is one file, as `aws s3api list-object-versions` prints it
    pages       TARGET is one file, the pages one after the other, as --no-paginate prints them
    inventory   TARGET is a directory as S3 Inventory fills it: DATE/manifest.json with its
                manifest.checksum, and data/*.csv.gz (*.csv with --plain)

--shuffle brings versions, markers or rows into a disorder that depends on the seed alone.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import pathlib
import random
import urllib.parse
import xml.etree.ElementTree

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
COLUMNS = [
    "Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", "Size", "LastModifiedDate", "ETag",
    "StorageClass", "IsMultipartUploaded", "ObjectLockRetainUntilDate", "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
]  # fmt: skip


class Page:
    """One page: its own fields, decoded, and its entries as pairs of tag and fields."""

    def __init__(self, path):
        root = xml.etree.ElementTree.parse(path).getroot()
        self.fields, self.entries = {}, []
        for child in root:
            tag = child.tag.removeprefix(NAMESPACE)
            if tag in ("Version", "DeleteMarker"):
                fields = {field.tag.removeprefix(NAMESPACE): field.text or "" for field in child}
                self.entries.append((tag, fields))
            else:
                self.fields[tag] = child.text or ""
        if self.fields.get("EncodingType") == "url":
            for fields in [self.fields] + [fields for _, fields in self.entries]:
                for name in ("Key", "Prefix", "KeyMarker", "NextKeyMarker"):
                    if name in fields:
                        fields[name] = urllib.parse.unquote_plus(fields[name])


def read(path):
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [Page(file) for file in files if not file.name.startswith(".")]


def version_json(tag, fields):
    """In the order of the members that botocore gives them."""
    date = fields["LastModified"].replace("Z", "+00:00").replace(".000+", "+")
    common = {
        "Key": fields["Key"],
        "VersionId": fields["VersionId"],
        "IsLatest": fields["IsLatest"] == "true",
        "LastModified": date,
    }
    if tag == "DeleteMarker":
        return common
    first = {"ETag": fields["ETag"], "Size": int(fields["Size"])}
    return first | {"StorageClass": fields.get("StorageClass", "STANDARD")} | common


def document(entries, shuffle):
    result = {}
    for member, wanted in (("Versions", "Version"), ("DeleteMarkers", "DeleteMarker")):
        listed = [version_json(tag, fields) for tag, fields in entries if tag == wanted]
        if shuffle:
            shuffle.shuffle(listed)
        if listed:
            result[member] = listed
    return result


def write_json(pages, target, shuffle):
    entries = [entry for page in pages for entry in page.entries]
    result = document(entries, shuffle) | {"RequestCharged": None}
    target.write_text(json.dumps(result, indent=4, ensure_ascii=True) + "\n")


def write_pages(pages, target, shuffle):
    with target.open("w") as output:
        for page in pages:
            head = {"IsTruncated": page.fields["IsTruncated"] == "true"}
            for name in ("KeyMarker", "VersionIdMarker", "NextKeyMarker", "NextVersionIdMarker"):
                if name in page.fields:
                    head[name] = page.fields[name]
            tail = {"Name": page.fields["Name"], "Prefix": "", "MaxKeys": 1000}
            tail |= {"EncodingType": "url", "RequestCharged": None}
            json.dump(head | document(page.entries, shuffle) | tail, output, indent=4)
            output.write("\n")


def row(bucket, tag, fields):
    is_marker = tag == "DeleteMarker"
    version_id = fields["VersionId"]
    values = {
        "Bucket": bucket,
        "Key": urllib.parse.quote_plus(fields["Key"], safe="/"),
        "VersionId": "" if version_id == "null" else version_id,
        "IsLatest": fields["IsLatest"],
        "IsDeleteMarker": "true" if is_marker else "false",
        "Size": fields.get("Size", ""),
        "LastModifiedDate": fields["LastModified"],
        "ETag": fields.get("ETag", "").strip('"'),
        "StorageClass": fields.get("StorageClass", ""),
        "IsMultipartUploaded": "true" if "-" in fields.get("ETag", "") else "false",
        "ObjectLockRetainUntilDate": "",
        "ObjectLockMode": "",
        "ObjectLockLegalHoldStatus": "" if is_marker else "Off",
    }
    return [values[column] for column in COLUMNS]


def write_inventory(pages, target, shuffle, count, is_plain):
    bucket = pages[0].fields["Name"]
    rows = [row(bucket, tag, fields) for page in pages for tag, fields in page.entries]
    if shuffle:
        shuffle.shuffle(rows)
    (target / "data").mkdir(parents=True, exist_ok=True)
    files = []
    share = -(-len(rows) // count) or 1
    for begin in range(0, max(len(rows), 1), share):
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
            rows[begin : begin + share]
        )
        data = text.getvalue().encode()
        if not is_plain:
            data = gzip.compress(data, mtime=0)
        digest = hashlib.md5(data).hexdigest()
        name = f"{digest[:8]}-{begin:08}.csv" + ("" if is_plain else ".gz")
        (target / "data" / name).write_bytes(data)
        key = f"inventories/{bucket}/nightly/data/{name}"
        files.append({"key": key, "size": len(data), "MD5checksum": digest})
    manifest = {
        "sourceBucket": bucket,
        "destinationBucket": "arn:aws:s3:::inventories",
        "version": "2016-11-30",
        "creationTimestamp": "1763949600000",
        "fileFormat": "CSV",
        "fileSchema": ", ".join(COLUMNS),
        "files": files,
    }
    dated = target / "2026-11-22T01-00Z"
    dated.mkdir(exist_ok=True)
    text = json.dumps(manifest, indent=2).encode()
    (dated / "manifest.json").write_bytes(text)
    (dated / "manifest.checksum").write_text(hashlib.md5(text).hexdigest())


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("pages", type=pathlib.Path)
    options.add_argument("format", choices=["json", "pages", "inventory"])
    options.add_argument("target", type=pathlib.Path)
    options.add_argument("--shuffle", metavar="SEED")
    options.add_argument("--files", type=int, default=3)
    options.add_argument("--plain", action="store_true")
    given = options.parse_args()
    pages = read(given.pages)
    shuffle = random.Random(given.shuffle) if given.shuffle else None
    if given.format == "json":
        write_json(pages, given.target, shuffle)
    elif given.format == "pages":
        write_pages(pages, given.target, shuffle)
    else:
        write_inventory(pages, given.target, shuffle, given.files, given.plain)


if __name__ == "__main__":
    main()
