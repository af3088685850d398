#!/usr/bin/env python3
"""stream-listing.py VERSIONS KEYS: a listing of any size on standard output, as fast as it can be read.

Prints ListObjectVersions pages of 1,000 entries, one after another, of a bucket `stream`: VERSIONS
versions spread evenly over KEYS keys, one an hour, newest first, for memory and speed tests:

    scripts/stream-listing.py 8000000 8000 | s3prune --policy … --now 2026-11-23T03:00:00Z --listing -
"""

import datetime
import hashlib
import sys

PAGE = 1000
NEWEST = datetime.datetime(2026, 11, 23, 1, 0)
# Stands for the key in the entries of one key, which are made once and used for all keys.
TOKEN = b"\0"


class Entries:
    """The entries of one key, end to end, with where each begins."""

    def __init__(self, count):
        entries = [self.entry(index) for index in range(count)]
        self.bytes = b"".join(entries)
        self.starts = [0]
        for entry in entries:
            self.starts.append(self.starts[-1] + len(entry))

    @staticmethod
    def version_id(index):
        return hashlib.md5(b"%d" % index).hexdigest()

    def entry(self, index):
        modified = NEWEST - datetime.timedelta(hours=index)
        version_id = self.version_id(index)
        return TOKEN.join(
            [
                b"<Version><Key>",
                b"</Key><VersionId>%b</VersionId><IsLatest>%b</IsLatest>"
                b"<LastModified>%b.000Z</LastModified><ETag>&quot;%b&quot;</ETag>"
                b"<Size>%d</Size><StorageClass>STANDARD</StorageClass></Version>"
                % (
                    version_id.encode(),
                    b"false" if index else b"true",
                    modified.isoformat().encode(),
                    version_id[::-1].encode(),
                    1_000_000_000 - index % 900_000 * 1009,
                ),
            ]
        )

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
    entries = Entries(share + (1 if more else 0))
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


def main():
    if len(sys.argv) != 3 or not all(word.isdigit() for word in sys.argv[1:]):
        raise SystemExit("usage: stream-listing.py VERSIONS KEYS")
    versions, keys = int(sys.argv[1]), int(sys.argv[2])
    if not 0 < keys <= versions:
        raise SystemExit("stream-listing.py: error: at least one key, at least one version a key")
    try:
        stream(versions, keys, sys.stdout.buffer.write)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main()
