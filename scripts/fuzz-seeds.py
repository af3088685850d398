#!/usr/bin/env python3
"""fuzz-seeds.py DIRECTORY: writes the first inputs of each fuzzed surface, from the repository."""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>acme-backups</Name>
<Prefix></Prefix><KeyMarker></KeyMarker><VersionIdMarker></VersionIdMarker><MaxKeys>1000</MaxKeys>
<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Version><Key>db/a%20b.gpg</Key>
<VersionId>v2</VersionId><IsLatest>true</IsLatest><LastModified>2026-11-22T01:00:00.000Z
</LastModified><ETag>&quot;e&quot;</ETag><Size>10</Size><Owner><ID>i</ID></Owner></Version>
<DeleteMarker><Key>db/a%20b.gpg</Key><VersionId>v1</VersionId><IsLatest>false</IsLatest>
<LastModified>2026-11-21T01:00:00.000Z</LastModified></DeleteMarker></ListVersionsResult>"""
JSON = """{"Versions": [{"ETag": "\\"e\\"", "Size": 10, "StorageClass": "STANDARD", "Key": "db/a",
"VersionId": "v2", "IsLatest": true, "LastModified": "2026-11-22T01:00:00+00:00"}],
"DeleteMarkers": [{"Key": "db/a", "VersionId": "v1", "IsLatest": false,
"LastModified": "2026-11-21T01:00:00.000Z"}], "RequestCharged": null, "Prefix": ""}"""
ROWS = '''"acme-backups","db/a+b%2Fc","v2","true","false","10","2026-11-22T01:00:00.000Z","e","","",""
"acme-backups","db/a+b%2Fc","v1","false","true","","2026-11-21T01:00:00.000Z","","","",""
'''
PLAN = """{"type":"plan","schema":"s3prune.plan/1","bucket":"b","prefix":"","endpoint":null,\
"policy":"p","policy_sha256":"0","now":"2026-11-23T03:00:00Z","timezone":"UTC"}
{"type":"version","key":"k","version_id":"v","last_modified":"2026-11-22T01:00:00Z","size":1,\
"etag":"e","is_latest":false,"delete_marker":false,"rule":"r","action":"delete","reasons":[]}
{"type":"summary","keys":1,"versions":1,"keep":0,"delete":1,"hold":0,"bytes_deleted":1,\
"problems":0,"refused":null}
"""
INI = """[default]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key=s/e+c
s3 =
    addressing_style = path
[profile a b] # note
region = eu-west-1
"""
HEAD = bytes.fromhex("84 5e 03 0123456789abcdef 12 01 07 40") + bytes(88) + bytes.fromhex("d2 10 01") + bytes(15)


def main():
    folder = pathlib.Path(sys.argv[1])
    answers = json.loads((HERE / "fixtures/s3-answers.json").read_text())
    bodies = re.findall(r'"(<[^"\\]*(?:\\.[^"\\]*)*)"', json.dumps(answers))
    bodies = [json.loads(f'"{body}"') for body in bodies]
    policies = [path.read_text() for path in sorted((HERE / "policies").glob("*.yaml"))]
    seeds = {
        "listing": [PAGE, *bodies],
        "answers": bodies,
        "policy": policies,
        "aws-json": [JSON],
        "inventory": [ROWS],
        "urls": ["db/a%20b+c%2B", "s3://acme-backups/db/a", "https://s3.example.org:9000",
                 "2026-11-22T01:00:00.000Z", "Sun, 22 Nov 2026 01:00:00 GMT"],
        "openpgp": [HEAD],
        "ini": [INI],
        "plan": [PLAN],
    }
    for surface, inputs in seeds.items():
        target = folder / surface
        target.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(inputs):
            seed = seed if isinstance(seed, bytes) else seed.encode()
            (target / f"seed-{number:03}").write_bytes(seed)


if __name__ == "__main__":
    main()
