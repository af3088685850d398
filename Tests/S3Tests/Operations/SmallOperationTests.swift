import CivilTime
import FaultServer
import Synchronization
import Testing

@testable import S3

@Suite("small operations")
struct SmallOperationTests {
    private let key = Array("k".utf8)
    private let version = ObjectVersion(key: Array("k".utf8), id: VersionID("v")!)

    @Test("versioning is enabled, suspended, or was never on")
    func versioning() throws {
        let states: [(String, BucketVersioning.Status?, Bool)] = [
            ("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>", .enabled, true),
            ("<Status>Enabled</Status>", .enabled, false),
            ("<Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>", .suspended, false),
            ("", .never, false), ("<Status>enabled</Status>", nil, false),
        ]
        for (xml, status, mfa) in states {
            let rig = try Rig([
                .init(text: "<VersioningConfiguration>\(xml)</VersioningConfiguration>")
            ])
            guard let status else {
                #expect(throws: S3Error.self) { try rig.client.versioning(ofBucket: "bkt") }
                continue
            }
            let found = try rig.client.versioning(ofBucket: "bkt")
            #expect(found == BucketVersioning(status: status, needsMFA: mfa))
            #expect(rig.server.requests[0].target == "/bkt?versioning=")
        }
    }

    @Test("a document that is another one is refused, one that is none asked for again")
    func documents() throws {
        let fine = FaultServer.Reply(
            text: "<LocationConstraint>eu-west-3</LocationConstraint>")
        let passing: [FaultServer.Reply] = [
            .init(200), .init(text: "<Loc"), .init(text: "<br>"), .error(200, "InternalError"),
        ]
        for reply in passing {
            let rig = try Rig([reply, fine])
            #expect(try rig.client.location(ofBucket: "bkt") == "eu-west-3")
        }
        for reply in [
            .init(text: "<html/>"), .error(200, "AccessDenied"), .error(404, "NoSuchBucket"),
        ] as [FaultServer.Reply] {
            let rig = try Rig([reply, fine])
            #expect(throws: S3Error.self) { try rig.client.location(ofBucket: "bkt") }
            #expect(rig.server.requests.count == 1)
        }
    }

    @Test("incomplete uploads are listed to the end, keys decoded")
    func uploads() throws {
        func page(_ uploads: String, next: String = "") -> FaultServer.Reply {
            .init(
                text: "<ListMultipartUploadsResult><Bucket>bkt</Bucket>\(next)"
                    + "<EncodingType>url</EncodingType>"
                    + "<IsTruncated>\(!next.isEmpty)</IsTruncated>\(uploads)"
                    + "</ListMultipartUploadsResult>")
        }
        func upload(_ key: String, _ id: String) -> String {
            "<Upload><Key>\(key)</Key><UploadId>\(id)</UploadId>"
                + "<Initiated>2026-11-20T03:00:00.000Z</Initiated></Upload>"
        }
        let next = "<NextKeyMarker>a b</NextKeyMarker><NextUploadIdMarker>2</NextUploadIdMarker>"
        let rig = try Rig([
            page(upload("a+b", "1") + upload("a+b", "2"), next: next), page(upload("c%2B", "3")),
        ])
        let list = try rig.client.multipartUploads(inBucket: "bkt", prefix: [])
        let uploads = list.uploads
        #expect(list.date != nil)
        #expect(uploads.map(\.id) == ["1", "2", "3"])
        #expect(uploads.map(\.key) == ["a b", "a b", "c+"].map { Array($0.utf8) })
        #expect(uploads[0].initiated == Rig.now.advanced(bySeconds: -3 * 86_400))
        #expect(rig.server.requests[1].query["key-marker"] == "a b")
        #expect(rig.server.requests[1].query["upload-id-marker"] == "2")
        let loop = try Rig(Array(repeating: page(upload("a", "1"), next: next), count: 3))
        #expect(throws: S3Error.self) {
            try loop.client.multipartUploads(inBucket: "bkt", prefix: [])
        }
        let outside = try Rig([page(upload("x", "1"))])
        #expect(throws: S3Error.self) {
            try outside.client.multipartUploads(inBucket: "bkt", prefix: Array("db/".utf8))
        }
    }

    @Test("both clocks of a list are those of its first page, however long the others take")
    func clocksOfUploads() throws {
        let next = "<NextKeyMarker>a</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker>"
        func page(_ more: String) -> FaultServer.Reply {
            .init(
                text: "<ListMultipartUploadsResult>\(more)</ListMultipartUploadsResult>",
                headers: [("Date", "Mon, 23 Nov 2026 03:00:00 GMT")])
        }
        // Each look at the clock is seven minutes after the last one.
        let looks = Mutex<Int64>(0)
        let rig = try Rig([
            page("<IsTruncated>true</IsTruncated>" + next),
            page("<IsTruncated>false</IsTruncated>"),
        ]) { options in
            options.clock = {
                looks.withLock { looks in
                    looks += 1
                    return Rig.now.advanced(bySeconds: 420 * looks)
                }
            }
        }
        let list = try rig.client.multipartUploads(inBucket: "bkt", prefix: [])
        #expect(list.date == Rig.now)
        // The first look signs the first request, the second one takes its answer.
        #expect(list.received == Rig.now.advanced(bySeconds: 840))
        #expect(rig.server.requests.count == 2)
    }

    struct UnsaidEncoding: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var sent: [String]
        var marker: String?
        var keys: [String]
    }

    static let unsaid: [UnsaidEncoding] = [
        .init(
            testDescription: "Ceph encodes the keys and not the marker",
            sent: ["a", "db/a%20b%2Bc%25%C3%A9"], marker: "db/a b+c%é", keys: ["a", "db/a b+c%é"]),
        .init(
            testDescription: "a marker that is the last key shows that it is not encoded",
            sent: ["a%20b"], marker: "a%20b", keys: ["a%20b"]),
        .init(
            testDescription: "without a marker keys that look encoded are",
            sent: ["a%20b", "c"], marker: nil, keys: ["a b", "c"]),
        .init(
            testDescription: "one key that could not be encoded shows that none is",
            sent: ["a%20b", "c d"], marker: nil, keys: ["a%20b", "c d"]),
        .init(
            testDescription: "a plus is one where nothing is encoded", sent: ["a+b"], marker: nil,
            keys: ["a+b"]),
        .init(
            testDescription: "a percent sign that encodes nothing is one", sent: ["100%"],
            marker: nil, keys: ["100%"]),
    ]

    @Test(
        "uploads are named right where the answer does not say if it is encoded", arguments: unsaid)
    func unsaidEncoding(answer: UnsaidEncoding) throws {
        let uploads = answer.sent.map {
            "<Upload><Key>\($0)</Key><UploadId>1</UploadId>"
                + "<Initiated>2026-11-20T03:00:00.000Z</Initiated></Upload>"
        }
        let marker = answer.marker.map { "<NextKeyMarker>\($0)</NextKeyMarker>" } ?? ""
        let rig = try Rig([
            .init(
                text: "<ListMultipartUploadsResult><Bucket>bkt</Bucket>\(marker)"
                    + "<IsTruncated>false</IsTruncated>\(uploads.joined())"
                    + "</ListMultipartUploadsResult>")
        ])
        let list = try rig.client.multipartUploads(inBucket: "bkt", prefix: [])
        #expect(list.uploads.map(\.key) == answer.keys.map { Array($0.utf8) })
    }

    @Test("an upload that is gone counts as aborted, any other refusal does not")
    func abort() throws {
        let rig = try Rig([.init(204), .error(404, "NoSuchUpload"), .error(403, "AccessDenied")])
        try rig.client.abort(uploadID: "u+1", key: key, bucket: "bkt")
        try rig.client.abort(uploadID: "u+1", key: key, bucket: "bkt")
        #expect(throws: S3Error.self) {
            try rig.client.abort(uploadID: "u+1", key: key, bucket: "bkt")
        }
        #expect(rig.server.requests[0].target == "/bkt/k?uploadId=u%2B1")
        #expect(rig.server.requests[0].method == "DELETE")
    }

    @Test("parts are listed to the end, in order")
    func parts() throws {
        func page(_ numbers: [Int], truncated: Bool) -> FaultServer.Reply {
            .init(
                text: "<ListPartsResult><IsTruncated>\(truncated)</IsTruncated>"
                    + numbers.map {
                        "<Part><PartNumber>\($0)</PartNumber><ETag>\"e\($0)\"</ETag>"
                            + "<Size>5</Size></Part>"
                    }.joined() + "</ListPartsResult>")
        }
        let rig = try Rig([page([1, 2], truncated: true), page([5], truncated: false)])
        let parts = try rig.client.parts(ofUpload: "u", key: key, bucket: "bkt")
        #expect(parts.map(\.number) == [1, 2, 5])
        #expect(parts.map(\.etag) == ["e1", "e2", "e5"])
        #expect(rig.server.requests[1].query["part-number-marker"] == "2")
        for bad in [page([], truncated: true), page([2, 1], truncated: false)] {
            let rig = try Rig([bad])
            #expect(throws: S3Error.self) {
                try rig.client.parts(ofUpload: "u", key: key, bucket: "bkt")
            }
        }
    }

    @Test("a version's protection is its retention and its legal hold")
    func protection() throws {
        let retention =
            "<Retention><Mode>GOVERNANCE</Mode>"
            + "<RetainUntilDate>2027-01-01T00:00:00Z</RetainUntilDate></Retention>"
        let rig = try Rig([
            .init(text: retention), .init(text: "<LegalHold><Status>ON</Status></LegalHold>"),
        ])
        let found = try rig.client.protection(of: version, inBucket: "bkt")
        let end = try #require(Timestamp(rfc3339: "2027-01-01T00:00:00Z"))
        #expect(
            found
                == ObjectProtection(mode: .governance, retainUntil: end, hasLegalHold: true))
        #expect(rig.server.requests[0].target == "/bkt/k?retention=&versionId=v")
        #expect(rig.server.requests[1].target == "/bkt/k?legal-hold=&versionId=v")
        let retained = ObjectProtection(mode: .compliance, retainUntil: end)
        #expect(retained.holds(at: Rig.now) && !retained.holds(at: end))
        #expect(!ObjectProtection().holds(at: Rig.now))
        #expect(ObjectProtection(hasLegalHold: true).holds(at: end))
    }

    @Test("without Object Lock nothing is protected")
    func noProtection() throws {
        for reply in [
            .error(404, "NoSuchObjectLockConfiguration"),
            .error(400, "InvalidRequest", message: "Bucket is missing Object Lock Configuration"),
        ] as [FaultServer.Reply] {
            let rig = try Rig([reply, reply])
            let found = try rig.client.protection(of: version, inBucket: "bkt")
            #expect(found == ObjectProtection())
        }
        let denied = try Rig([.error(403, "AccessDenied")])
        #expect(throws: S3Error.self) {
            try denied.client.protection(of: version, inBucket: "bkt")
        }
    }

    @Test("a bucket's lock has a default, or none, or there is no lock")
    func bucketLock() throws {
        let rig = try Rig([
            .init(
                text: "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
                    + "<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days>"
                    + "</DefaultRetention></Rule></ObjectLockConfiguration>"),
            .init(
                text: "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>"
                    + "</ObjectLockConfiguration>"),
            .error(404, "ObjectLockConfigurationNotFoundError"),
        ])
        let full = BucketLock(isEnabled: true, defaultMode: .compliance, defaultDays: 30)
        #expect(try rig.client.lock(ofBucket: "bkt") == full)
        #expect(try rig.client.lock(ofBucket: "bkt") == BucketLock(isEnabled: true))
        #expect(try rig.client.lock(ofBucket: "bkt") == BucketLock(isEnabled: false))
    }
}
