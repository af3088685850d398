#!/usr/bin/env python3
"""stream-listing.py VERSIONS KEYS [xml|json|csv]: a listing of any size on standard output, as fast as
it can be read.

Prints the listing of a bucket `stream`: VERSIONS versions spread evenly over KEYS keys, one an hour,
newest first, for memory and speed tests:

    scripts/stream-listing.py 8000000 8000 | s3prune --policy … --now 2026-11-23T03:00:00Z --listing -

xml (unless told otherwise) is ListObjectVersions pages of 1,000 entries, one after another, json what
`aws s3api list-object-versions` prints, csv the rows of an S3 Inventory of the columns of

    {"fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass"}
"""

import datetime
import hashlib
import sys

PAGE = 1000
NEWEST = datetime.datetime(2026, 11, 23, 1, 0)
# Stands for the key in the entries of one key, which are made once and used for all keys.
TOKEN = b"\0"

XML = (
    b"<Version><Key>%(key)b</Key><VersionId>%(id)b</VersionId><IsLatest>%(latest)b</IsLatest>"
    b"<LastModified>%(date)b.000Z</LastModified><ETag>&quot;%(etag)b&quot;</ETag>"
    b"<Size>%(size)d</Size><StorageClass>STANDARD</StorageClass></Version>"
)
JSON = b"""\
        {
            "ETag": "\\"%(etag)b\\"",
            "Size": %(size)d,
            "StorageClass": "STANDARD",
            "Key": "%(key)b",
            "VersionId": "%(id)b",
            "IsLatest": %(latest)b,
            "LastModified": "%(date)b+00:00"
        },
"""
CSV = (
    b'"stream","%(key)b","%(id)b","%(latest)b","false","%(size)d","%(date)b.000Z","%(etag)b",'
    b'"STANDARD"\n'
)


class Entries:
    """The entries of one key, end to end, with where each begins."""

    def __init__(self, count, entry):
        entries = [self.entry(index, entry) for index in range(count)]
        self.bytes = b"".join(entries)
        self.starts = [0]
        for made in entries:
            self.starts.append(self.starts[-1] + len(made))

    @staticmethod
    def version_id(index):
        return hashlib.md5(b"%d" % index).hexdigest()

    def entry(self, index, template):
        version_id = self.version_id(index)
        return template % {
            b"key": TOKEN,
            b"id": version_id.encode(),
            b"latest": b"false" if index else b"true",
            b"date": (NEWEST - datetime.timedelta(hours=index)).isoformat().encode(),
            b"etag": version_id[::-1].encode(),
            b"size": 1_000_000_000 - index % 900_000 * 1009,
        }

    def slice(self, key, begin, end):
        return self.bytes[self.starts[begin] : self.starts[end]].replace(TOKEN, key)


def key_name(index):
    return b"db/server-%06d/nightly.sql.gz.gpg" % index


def page(body, before, last):
    """`before` and `last` are (key, version id); no `last` where no page follows."""
    return b"".join(
        [
            b'<?xml version="1.0" encoding="UTF-8"?>\n'
            b'<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            b"<Name>stream</Name><Prefix></Prefix>",
            b"<KeyMarker>%b</KeyMarker><VersionIdMarker>%b</VersionIdMarker>" % before,
            b"<NextKeyMarker>%b</NextKeyMarker><NextVersionIdMarker>%b</NextVersionIdMarker>" % last
            if last
            else b"",
            b"<MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>%b</IsTruncated>"
            % (b"true" if last else b"false"),
            *body,
            b"</ListVersionsResult>\n",
        ]
    )


def stream(versions, keys, write):
    share, more = divmod(versions, keys)
    entries = Entries(share + (1 if more else 0), XML)
    before, body, room, left = (b"", b""), [], PAGE, versions
    for number in range(keys):
        key, count, begin = key_name(number), share + (number < more), 0
        while begin < count:
            end = min(count, begin + room)
            body.append(entries.slice(key, begin, end))
            room -= end - begin
            left -= end - begin
            begin = end
            if room == 0 or left == 0:
                last = (key, entries.version_id(end - 1).encode()) if left else None
                write(page(body, before, last))
                before, body, room = last, [], PAGE


def stream_rows(versions, keys, write, template):
    """Nothing but entries, the last one in JSON without its comma."""
    share, more = divmod(versions, keys)
    entries = Entries(share + (1 if more else 0), template)
    for number in range(keys):
        rows = entries.slice(key_name(number), 0, share + (number < more))
        write(rows[:-2] + b"\n" if template == JSON and number == keys - 1 else rows)


def stream_json(versions, keys, write):
    write(b'{\n    "Versions": [\n')
    stream_rows(versions, keys, write, JSON)
    write(b'    ],\n    "RequestCharged": null\n}\n')


def stream_csv(versions, keys, write):
    stream_rows(versions, keys, write, CSV)


FORMATS = {"xml": stream, "json": stream_json, "csv": stream_csv}


def main():
    numbers, format = sys.argv[1:3], sys.argv[3] if len(sys.argv) == 4 else "xml"
    if len(sys.argv) not in (3, 4) or not all(n.isdigit() for n in numbers) or format not in FORMATS:
        raise SystemExit("usage: stream-listing.py VERSIONS KEYS [xml|json|csv]")
    versions, keys = int(sys.argv[1]), int(sys.argv[2])
    if not 0 < keys <= versions:
        raise SystemExit("stream-listing.py: error: at least one key, at least one version a key")
    try:
        FORMATS[format](versions, keys, sys.stdout.buffer.write)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main()
