import CivilTime
import FaultServer
import Foundation
import Testing

@testable import S3

@Suite("reading an object")
struct GetObjectTests {
    private static let body = Upload.bytes(300_000)
    private static let size = Int64(body.count)

    private static let headers = [
        (name: "ETag", value: "\"e1\""), (name: "x-amz-version-id", value: "v1"),
        (name: "x-amz-meta-Token", value: "abc"), (name: "x-amz-storage-class", value: "GLACIER"),
        (name: "Last-Modified", value: "Mon, 23 Nov 2026 02:00:00 GMT"),
    ]

    /// Answers like S3.
    private static func answer(
        _ request: FaultServer.Received, course: FaultServer.Reply.Course = .whole
    ) -> FaultServer.Reply {
        guard let range = request["range"] else {
            return .init(200, body, headers: headers, course: course)
        }
        let ends = range.dropFirst(6).split(separator: "-").compactMap { Int($0) }
        let last = min(ends.count > 1 ? ends[1] : body.count - 1, body.count - 1)
        return .init(
            206, Array(body[ends[0]...last]),
            headers: headers + [("Content-Range", "bytes \(ends[0])-\(last)/\(body.count)")],
            course: course)
    }

    /// Reads with the client; gives what arrived.
    private func read(
        _ rig: Rig, version: String? = "v1", range: Range<Int64>? = nil, etag: String? = nil
    ) throws -> (info: ObjectInfo, bytes: [UInt8]) {
        let sink = Sink()
        let info = try rig.client.getObject(
            Upload.key, bucket: "bkt", versionID: version.flatMap { VersionID($0) }, range: range,
            ifMatch: etag
        ) { sink.bytes += $0 }
        return (info, sink.bytes)
    }

    private final class Sink {
        var bytes: [UInt8] = []
    }

    static let ranges: [(range: Range<Int64>?, header: String?)] = [
        (nil, nil), (0..<1, "bytes=0-0"), (10..<20, "bytes=10-19"),
        (299_999..<300_000, "bytes=299999-299999"), (0..<300_000, "bytes=0-299999"),
        (299_990..<900_000, "bytes=299990-899999"),
    ]

    @Test("a range is exactly those bytes, and ends with the object", arguments: ranges)
    func range(range: Range<Int64>?, header: String?) throws {
        let rig = try Rig(try FaultServer { Self.answer($0) })
        let (info, bytes) = try read(rig, range: range, etag: "e1")
        let wanted = range ?? 0..<Self.size
        #expect(
            bytes
                == Array(Self.body[Int(wanted.lowerBound)..<Int(min(wanted.upperBound, Self.size))])
        )
        #expect(info.size == Self.size && info.etag == "e1" && info.metadata == ["token": "abc"])
        #expect(info.versionID == VersionID("v1") && info.storageClass == "GLACIER")
        #expect(info.lastModified == Rig.now.advanced(bySeconds: -3600))
        let sent = rig.server.requests[0]
        #expect(sent["range"] == header && sent["if-match"] == "\"e1\"")
        #expect(sent.target == "/bkt/db/m.sql.gz?versionId=v1")
    }

    @Test("after each interruption it goes on where that happened, on the same version")
    func resume() throws {
        let courses: [FaultServer.Reply.Course] = [
            .cut(after: 100_000), .noAnswer, .reset(after: 0), .cut(after: 1),
            .stallWithin(after: 70_000), .whole,
        ]
        for range in [nil, 5..<299_000] as [Range<Int64>?] {
            let server = try FaultServer { request in
                Self.answer(request, course: courses[min(request.connection, 5)])
            }
            let rig = try Rig(server) { $0.stallMilliseconds = 4000 }
            // The version is not named: the first answer says which it is.
            let (_, bytes) = try read(rig, version: nil, range: range)
            #expect(
                bytes
                    == Array(
                        Self.body[Int(range?.lowerBound ?? 0)..<Int(range?.upperBound ?? Self.size)]
                    ))
            let requests = server.requests
            #expect(requests.count == 6)
            #expect(requests[0].query["versionId"] == nil && requests[0]["if-match"] == nil)
            #expect(requests.dropFirst().allSatisfy { $0.query["versionId"] == "v1" })
            #expect(requests.dropFirst().allSatisfy { $0["if-match"] == "\"e1\"" })
            let start = range?.lowerBound ?? 0
            let last = (range?.upperBound ?? Self.size) - 1
            #expect(requests[1]["range"] == "bytes=\(start + 100_000)-\(last)")
            #expect(requests[5]["range"] == "bytes=\(start + 170_001)-\(last)")
        }
    }

    @Test("interruptions that bring next to nothing are as many as attempts")
    func dripping() throws {
        let server = try FaultServer { Self.answer($0, course: .cut(after: 1)) }
        let rig = try Rig(server)
        #expect(s3Error { try read(rig) }?.code == "IncompleteAnswer")
        #expect(server.requests.count == 5)
    }

    /// Answers that are no answer to bytes 10 to 19 of version v1.
    static let refused: [(name: String, reply: FaultServer.Reply)] = [
        ("the whole object", .init(200, body, headers: headers)),
        ("no Content-Range", .init(206, [UInt8](repeating: 0, count: 10), headers: headers)),
        ("other bytes", partial("bytes 11-20/300000")),
        ("fewer bytes", partial("bytes 10-18/300000", count: 9)),
        ("more bytes", partial("bytes 10-20/300000", count: 11)),
        ("an unknown size", partial("bytes 10-19/*")),
        ("a size that is too small", partial("bytes 10-19/15")),
        ("another unit", partial("lines 10-19/300000")),
        (
            "another version",
            partial("bytes 10-19/300000", headers: [("ETag", "e1"), ("x-amz-version-id", "v2")])
        ),
        ("another entity tag", partial("bytes 10-19/300000", headers: [("ETag", "e2")])),
        ("more than it says", partial("bytes 10-19/300000", count: 12)),
    ]

    private static func partial(
        _ range: String, count: Int = 10, headers: [(name: String, value: String)] = headers
    ) -> FaultServer.Reply {
        .init(
            206, [UInt8](repeating: 0, count: count),
            headers: headers + [("Content-Range", range)])
    }

    @Test("an answer with other bytes is refused", arguments: refused.indices)
    func refusedAnswer(index: Int) throws {
        let (name, reply) = Self.refused[index]
        let rig = try Rig([reply])
        let error = s3Error { try read(rig, range: 10..<20, etag: "e1") }
        #expect(error?.cause == .unacceptable, "\(name)")
        #expect(rig.server.requests.count == 1, "\(name)")
    }

    @Test("an object that changed between two requests ends the reading")
    func changed() throws {
        let rig = try Rig([
            .init(200, Self.body, headers: Self.headers, course: .cut(after: 5)),
            .error(412, "PreconditionFailed"),
        ])
        #expect(s3Error { try read(rig, version: nil) }?.code == "PreconditionFailed")
    }

    @Test("a delete marker is told from a missing object")
    func deleteMarker() throws {
        let marker = [(name: "x-amz-delete-marker", value: "true")]
        let cases: [(FaultServer.Reply, String?, Bool)] = [
            (.init(404, headers: marker), nil, true), (.init(405), "v1", true),
            (.init(404), nil, false), (.init(404), "v1", false), (.init(405), nil, false),
        ]
        for (reply, version, isMarker) in cases {
            for method in ["GET", "HEAD"] {
                let rig = try Rig([reply])
                let error = s3Error {
                    if method == "GET" { return try read(rig, version: version).info }
                    return try rig.client.headObject(
                        Upload.key, bucket: "bkt", versionID: version.flatMap { VersionID($0) })
                }
                #expect(error?.isDeleteMarker == isMarker)
                #expect(error?.message.contains("delete marker") == isMarker)
            }
        }
    }

    @Test("an object in an archive says what to do")
    func archive() throws {
        let rig = try Rig([.error(403, "InvalidObjectState")])
        #expect(s3Error { try read(rig) }?.hint?.contains("restore-object") == true)
    }

    @Test("what the consumer throws ends the transfer and comes out as it is")
    func consumer() throws {
        struct Full: Error {}
        let rig = try Rig(try FaultServer { Self.answer($0) })
        #expect(throws: Full.self) {
            _ = try rig.client.getObject(Upload.key, bucket: "bkt") { _ in throw Full() }
        }
        #expect(rig.server.requests.count == 1)
    }

    @Test("HEAD gives size, version and metadata, and refuses another version's")
    func head() throws {
        let rig = try Rig(try FaultServer { Self.answer($0) })
        let info = try rig.client.headObject(
            Upload.key, bucket: "bkt", versionID: VersionID("v1"))
        #expect(info.size == Self.size && info.metadata == ["token": "abc"])
        #expect(rig.server.requests[0].method == "HEAD")
        #expect(rig.server.requests[0].target == "/bkt/db/m.sql.gz?versionId=v1")
        let other = s3Error {
            try rig.client.headObject(Upload.key, bucket: "bkt", versionID: VersionID("v2"))
        }
        #expect(other?.cause == .unacceptable)
    }
}
