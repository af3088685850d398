#!/usr/bin/env python3
"""make-listing.py DIRECTORY: a bucket of three years of nightly backups, as a saved listing.

Writes DIRECTORY/page-0001.xml and so on: ListObjectVersions answers of a bucket `acme-backups`, with
encoding-type=url, 1,000 entries a page, as Amazon S3 sends them (without Owner). Every draw is
seeded with its key: the same program writes the same bytes. Four servers, listed in the night of
2026-11-22/23. What a nightly report should notice:

    delft                     stopped in August 2026
    db/birka/crm              last night's dump is 1/200 of the size it should have
    db/cadiz/intranet         uploaded 38 times on 2026-11-18
    db/scratch/import-test    of interest to nobody
    etc/birka                 deleted by mistake on 2025-03-10: a marker in the middle
    home/egil                 deleted on 2026-05-02: a marker on top
    home/temp                 only a marker is left
    home/marta                the newest version is dated a year ahead
    home/zoë + test 100%      every character that is encoded
    etc/alba and others       begun before versioning: the oldest version is `null`
"""

import datetime
import hashlib
import pathlib
import random
import sys
import urllib.parse

BUCKET = "acme-backups"
PAGE = 1000
PART = 16 << 20
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
FIRST_NIGHT = datetime.date(2023, 11, 24)
LAST_NIGHT = datetime.date(2026, 11, 23)
DAYS = (LAST_NIGHT - FIRST_NIGHT).days
CHECKSUMS_SINCE = datetime.datetime(2025, 1, 1)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"

# When each server's nightly job starts, in UTC.
STARTS = {"alba": (1, 5), "birka": (1, 20), "cadiz": (1, 35), "delft": (0, 50)}

# key, server, first night, last night, size then, size now, begun before versioning
NIGHTLY = [
    ("db/alba/shop.sql.gz.gpg", "alba", None, None, 310 * MIB, 1900 * MIB, False),
    ("db/alba/wiki.sql.gz.gpg", "alba", None, None, 12 * MIB, 41 * MIB, True),
    ("db/birka/billing.sql.gz.gpg", "birka", None, None, 95 * MIB, 640 * MIB, False),
    ("db/birka/crm.sql.gz.gpg", "birka", (2024, 11, 12), None, 210 * MIB, 830 * MIB, False),
    ("db/cadiz/intranet.sql.gz.gpg", "cadiz", (2025, 2, 3), None, 3 * MIB, 9 * MIB, False),
    ("db/delft/forum.sql.gz.gpg", "delft", None, (2026, 8, 14), 48 * MIB, 160 * MIB, False),
    ("etc/alba.tar.gz.gpg", "alba", None, None, 610 * KIB, 700 * KIB, True),
    ("etc/birka.tar.gz.gpg", "birka", (2025, 1, 7), None, 540 * KIB, 560 * KIB, False),
    ("etc/cadiz.tar.gz.gpg", "cadiz", (2025, 2, 3), None, 480 * KIB, 520 * KIB, False),
    ("etc/delft.tar.gz.gpg", "delft", None, (2026, 8, 14), 700 * KIB, 730 * KIB, False),
    ("home/alba.tar.gz.gpg", "alba", (2025, 6, 1), None, 2 * GIB, 6 * GIB, False),
    ("home/egil.tar.gz.gpg", "birka", (2025, 9, 1), (2026, 5, 1), 700 * MIB, 750 * MIB, False),
    ("home/marta.tar.gz.gpg", "cadiz", (2026, 5, 4), None, 1 * GIB, 1200 * MIB, False),
    ("home/zoë + test 100%.tar.gz.gpg", "cadiz", (2026, 7, 1), None, 88 * MIB, 91 * MIB, False),
]


class Version:
    """One entry of the listing; `size` is None for a delete marker."""

    def __init__(self, key, modified, size, storage_class="STANDARD"):
        self.key, self.modified, self.size = key, modified, size
        self.storage_class = storage_class
        seed = hashlib.sha256(f"{key} {modified} {size}".encode()).digest()
        self.version_id = "".join(ALPHABET[byte & 63] for byte in seed)
        digest = hashlib.md5(seed).hexdigest()
        parts = -(-(size or 0) // PART)
        self.etag = digest if parts < 2 else f"{digest}-{parts}"

    def xml(self, is_latest):
        common = (
            f"<Key>{encoded(self.key)}</Key><VersionId>{self.version_id}</VersionId>"
            f"<IsLatest>{'true' if is_latest else 'false'}</IsLatest>"
            f"<LastModified>{self.modified:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
        )
        if self.size is None:
            return f"<DeleteMarker>{common}</DeleteMarker>"
        checksum = (
            "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
            if self.modified >= CHECKSUMS_SINCE
            else ""
        )
        return (
            f"<Version>{common}<ETag>&quot;{self.etag}&quot;</ETag>{checksum}"
            f"<Size>{self.size}</Size><StorageClass>{self.storage_class}</StorageClass></Version>"
        )


def encoded(text):
    """As `encoding-type=url` writes it: a space is `+`, a slash stays."""
    return urllib.parse.quote_plus(text, safe="/")


def nightly(key, server, first, last, size_then, size_now, before_versioning):
    """One version a night: now and then none, a few minutes early or late, growing unevenly."""
    draw = random.Random(key)
    begin = datetime.date(*first) if first else FIRST_NIGHT
    end = datetime.date(*last) if last else LAST_NIGHT
    hour, minute = STARTS[server]
    versions = []
    last_day = (end - begin).days
    for day in range(last_day + 1):
        night = begin + datetime.timedelta(days=day)
        late, uneven, missed = (draw.getrandbits(16) for _ in range(3))
        if missed < 260 and 0 < day < last_day - 30:
            continue
        # Integers alone: the same bytes on every machine.
        age = (night - FIRST_NIGHT).days
        size = size_then + (size_now - size_then) * age * age // DAYS**2
        modified = datetime.datetime(night.year, night.month, night.day, hour, minute)
        modified += datetime.timedelta(seconds=late * 900 >> 16)
        versions.append(Version(key, modified, size - size * uneven // (1 << 21)))
    if before_versioning:
        versions[0].version_id = "null"
    return versions


def legal():
    """One archive a year, written in January and corrected once."""
    versions = []
    for year, size in ((2023, 910 * MIB), (2024, 1130 * MIB), (2025, 1480 * MIB)):
        key = f"legal/{year}.tar.gpg"
        for month, day in ((1, 9), (3, 2)):
            modified = datetime.datetime(year + 1, month, day, 9, 41, 7 * month)
            versions.append(Version(key, modified, size + month * 4099, "GLACIER_IR"))
    return versions


def incidents(versions):
    """What went wrong in three years."""
    at = datetime.datetime

    # Last night's dump of crm stopped early.
    crm = max((v for v in versions if v.key == "db/birka/crm.sql.gz.gpg"), key=by_date)
    versions[versions.index(crm)] = Version(crm.key, crm.modified, crm.size // 200)

    # A loop, or somebody who wants older versions to go.
    for upload in range(37):
        modified = at(2026, 11, 18, 9, 2) + datetime.timedelta(seconds=upload * 701)
        versions.append(Version("db/cadiz/intranet.sql.gz.gpg", modified, 9 * MIB + upload))

    # Deleted: by mistake, for good, and so long ago that only the marker is left.
    versions.append(Version("etc/birka.tar.gz.gpg", at(2025, 3, 10, 8, 12, 40), None))
    versions.append(Version("home/egil.tar.gz.gpg", at(2026, 5, 2, 14, 30, 5), None))
    versions.append(Version("home/temp.tar.gz.gpg", at(2025, 1, 15, 11, 3, 59), None))

    # A clock that ran a year ahead.
    versions.append(Version("home/marta.tar.gz.gpg", at(2027, 11, 22, 1, 36, 11), 1190 * MIB))

    # What no rule of the policy matches.
    for trial in range(14):
        modified = at(2026, 9, 1, 15, 20) + datetime.timedelta(hours=trial)
        versions.append(Version("db/scratch/import-test.sql.gz.gpg", modified, 70 * KIB + trial))


def by_date(version):
    return version.modified


def element(name, text):
    return f"<{name}>{text}</{name}>" if text else f"<{name}></{name}>"


def page(entries, before, more):
    """One answer: `before` is the last entry of the page before, `more` whether another follows."""
    last = entries[-1][0]
    following = [
        element("NextKeyMarker", encoded(last.key)),
        element("NextVersionIdMarker", last.version_id),
    ]
    return "".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>\n',
            '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
            element("Name", BUCKET),
            element("Prefix", ""),
            element("KeyMarker", encoded(before.key) if before else ""),
            element("VersionIdMarker", before.version_id if before else ""),
            *(following if more else []),
            element("MaxKeys", str(PAGE)),
            element("EncodingType", "url"),
            element("IsTruncated", "true" if more else "false"),
            *(version.xml(is_latest) for version, is_latest in entries),
            "</ListVersionsResult>",
        ]
    )


def listing():
    """All entries in S3's order, keys by their bytes and newest first, each with its IsLatest."""
    versions = [version for row in NIGHTLY for version in nightly(*row)] + legal()
    incidents(versions)
    versions.sort(key=by_date, reverse=True)
    versions.sort(key=lambda version: version.key.encode())
    newest = {}
    for version in versions:
        newest.setdefault(version.key, version)
    return [(version, newest[version.key] is version) for version in versions]


def main():
    if len(sys.argv) != 2:
        raise SystemExit("usage: make-listing.py DIRECTORY")
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("page-*.xml"):
        old.unlink()
    entries = listing()
    for begin in range(0, len(entries), PAGE):
        before = entries[begin - 1][0] if begin else None
        text = page(entries[begin : begin + PAGE], before, begin + PAGE < len(entries))
        (directory / f"page-{begin // PAGE + 1:04}.xml").write_bytes(text.encode())
    print(f"{len(entries)} versions of {len({v.key for v, _ in entries})} keys", file=sys.stderr)


if __name__ == "__main__":
    main()
