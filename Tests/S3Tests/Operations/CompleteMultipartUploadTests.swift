import FaultServer
import Foundation
import Testing

@testable import S3

@Suite("completing an upload")
struct CompleteMultipartUploadTests {
    /// How it ended.
    enum End: Equatable {
        case completed(version: String?)
        case unknown(code: String)
        case failed(code: String)
    }

    private func complete(
        _ rig: Rig, _ upload: OpenUpload = Upload.open, parts: [SentPart] = Upload.parts(2)
    ) -> End {
        do throws(S3Error) {
            switch try rig.client.completeMultipartUpload(upload, parts: parts) {
            case .completed(let object): return .completed(version: object.versionID?.description)
            case .unknown(let error): return .unknown(code: error.code)
            }
        } catch {
            return .failed(code: error.code)
        }
    }

    @Test("names the parts in order, on a connection of its own")
    func request() throws {
        let rig = try Rig(try FaultServer { _ in Upload.completed() })
        _ = try rig.get()
        #expect(complete(rig) == .completed(version: "v9"))
        let sent = rig.server.requests[1]
        #expect(sent.method == "POST" && sent.target == "/bkt/db/m.sql.gz?uploadId=u%2B1")
        let text = String(decoding: sent.body, as: UTF8.self)
        #expect(
            text.contains(
                "<Part><PartNumber>1</PartNumber><ETag>&quot;e1&quot;</ETag></Part>"
                    + "<Part><PartNumber>2</PartNumber><ETag>&quot;e2&quot;</ETag></Part>"))
        #expect(sent["x-amz-mp-object-size"] == nil && sent["x-amz-checksum-crc64nvme"] == nil)
        #expect(sent.connection == 1)
    }

    @Test("gives the server checksum and size of the whole where it checks them")
    func checksum() throws {
        let rig = try Rig([Upload.completed()])
        let parts = Upload.parts(2, withCRC: true)
        let end = complete(rig, Upload.open(checksCRC: true), parts: parts)
        #expect(end == .completed(version: "v9"))
        let sent = rig.server.requests[0]
        #expect(sent["x-amz-checksum-crc64nvme"] == CRC64NVME(of: [1, 2]).text)
        #expect(sent["x-amz-checksum-type"] == "FULL_OBJECT")
        #expect(sent["x-amz-mp-object-size"] == "2")
        let text = String(decoding: sent.body, as: UTF8.self)
        #expect(
            text.contains(
                "<ChecksumCRC64NVME>\(CRC64NVME(of: [2]).text)</ChecksumCRC64NVME></Part>"))
    }

    /// A script, how often the request is sent, and how the completion ends.
    static let scripts: [(name: String, script: [FaultServer.Reply], times: Int, end: End)] = [
        (
            "white space before the answer", [Upload.completed(space: "\n   \n \n")], 1,
            .completed(version: "v9")
        ),
        (
            "white space that drips",
            [
                .init(
                    text: String(repeating: " ", count: 30)
                        + String(decoding: Upload.completed().body, as: UTF8.self),
                    headers: [("x-amz-version-id", "v9")], course: .drip(bytes: 10, milliseconds: 5)
                )
            ], 1, .completed(version: "v9")
        ),
        (
            "an empty entity tag and no version, as Ceph answers",
            [Upload.completed(etag: "<ETag></ETag>", version: "")], 1, .completed(version: nil)
        ),
        (
            "200 with InternalError, then success",
            [.error(200, "InternalError"), Upload.completed()], 2, .completed(version: "v9")
        ),
        (
            "500, then success", [.error(500, "InternalError"), Upload.completed()], 2,
            .completed(version: "v9")
        ),
        (
            "no answer, then success", [.init(course: .noAnswer), Upload.completed()], 2,
            .completed(version: "v9")
        ),
        (
            "no answer, then NoSuchUpload",
            [.init(course: .noAnswer), .error(404, "NoSuchUpload")], 2,
            .unknown(code: "NoSuchUpload")
        ),
        (
            "an answer that is reset, then NoSuchUpload",
            [
                .init(text: String(repeating: " ", count: 90), course: .reset(after: 50)),
                .error(404, "NoSuchUpload"),
            ], 2, .unknown(code: "NoSuchUpload")
        ),
        (
            "white space and nothing more, then NoSuchUpload",
            [.init(text: "  \n "), .error(404, "NoSuchUpload")], 2, .unknown(code: "NoSuchUpload")
        ),
        (
            "500, then NoSuchUpload", [.error(500, "InternalError"), .error(404, "NoSuchUpload")],
            2,
            .unknown(code: "NoSuchUpload")
        ),
        (
            "SlowDown, then NoSuchUpload", [.error(503, "SlowDown"), .error(404, "NoSuchUpload")],
            2, .failed(code: "NoSuchUpload")
        ),
        (
            "no answer, then AccessDenied",
            [.init(course: .noAnswer), .error(403, "AccessDenied")],
            2, .unknown(code: "AccessDenied")
        ),
        (
            "no answer for ever", Array(repeating: .init(course: .noAnswer), count: 5), 5,
            .unknown(code: "NoAnswer")
        ),
        (
            "SlowDown for ever", Array(repeating: .error(503, "SlowDown"), count: 5), 5,
            .failed(code: "SlowDown")
        ),
        ("NoSuchUpload", [.error(404, "NoSuchUpload")], 1, .failed(code: "NoSuchUpload")),
        ("AccessDenied", [.error(403, "AccessDenied")], 1, .failed(code: "AccessDenied")),
        ("EntityTooSmall", [.error(400, "EntityTooSmall")], 1, .failed(code: "EntityTooSmall")),
        (
            "200 with InvalidPart", [.error(200, "InvalidPart")], 1, .failed(code: "InvalidPart")
        ),
        (
            "409", [.error(409, "ConditionalRequestConflict")], 1,
            .failed(code: "ConditionalRequestConflict")
        ),
        (
            "a proxy's page", [.init(text: "<html><p>Sign in</p></html>")], 1,
            .unknown(code: "InvalidAnswer")
        ),
        ("another key", [Upload.completed(key: "other")], 1, .unknown(code: "InvalidAnswer")),
        ("no entity tag at all", [Upload.completed(etag: "")], 1, .unknown(code: "InvalidAnswer")),
        (
            "fewer parts than were sent", [Upload.completed(etag: "<ETag>\"ab-1\"</ETag>")], 1,
            .unknown(code: "InvalidAnswer")
        ),
    ]

    @Test("ends as the answers say", arguments: scripts.indices)
    func script(index: Int) throws {
        let (name, script, times, end) = Self.scripts[index]
        let rig = try Rig(script)
        #expect(complete(rig) == end, "\(name)")
        #expect(rig.server.requests.count == times, "\(name)")
    }

    @Test("another checksum of the whole is no success")
    func otherChecksum() throws {
        let parts = Upload.parts(2, withCRC: true)
        let mine = CRC64NVME(of: [1, 2]).text
        for (checksum, end) in [
            (mine, End.completed(version: "v9")), ("AAAAAAAAAAA=", .unknown(code: "InvalidAnswer")),
        ] {
            let element = "<ChecksumCRC64NVME>\(checksum)</ChecksumCRC64NVME>"
            let rig = try Rig([Upload.completed(more: element)])
            #expect(complete(rig, Upload.open(checksCRC: true), parts: parts) == end)
        }
    }

    @Test("is patient for longer than its client is")
    func patience() throws {
        let server = try FaultServer([.init(text: "", course: .stall)])
        let rig = try Rig(server) {
            $0.stallMilliseconds = 1
            $0.retry.maxAttempts = 1
        }
        let cancellation = rig.cancellation
        Thread.detachNewThread {
            while server.requests.isEmpty { Thread.sleep(forTimeInterval: 0.005) }
            Thread.sleep(forTimeInterval: 0.05)
            cancellation.cancel()
        }
        #expect(complete(rig) == .unknown(code: "Cancelled"))
    }

    @Test("parts with gaps, and none, are refused before anything is sent")
    func gaps() throws {
        let rig = try Rig([])
        var gap = Upload.parts(3)
        gap.remove(at: 1)
        for parts in [[], gap, Array(Upload.parts(2).reversed())] {
            #expect(complete(rig, parts: parts) == .failed(code: "InvalidRequest"))
        }
        #expect(rig.server.requests.isEmpty)
    }

    @Test("each answer gives exactly its outcome", arguments: AnswerCase.completions)
    func answer(_ answer: AnswerCase) throws {
        // No bucket's name has one letter.
        let text = String(decoding: answer.body, as: UTF8.self)
            .replacing("<Bucket>b</Bucket>", with: "<Bucket>bkt</Bucket>")
        let reply = FaultServer.Reply(answer.status, text: text)
        // Whatever comes later, the first answer decides.
        let rig = try Rig([reply] + Array(repeating: .error(404, "NoSuchUpload"), count: 5))
        let upload = OpenUpload(
            bucket: "bkt", key: Array("k".utf8), id: "u", checksCRC: false, mayHaveTwin: false,
            hasMD5Tags: true)
        let outcome =
            switch complete(rig, upload) {
            case .completed: "ok"
            case .unknown: "indeterminate"
            case .failed: "fail"
            }
        #expect(outcome == answer.outcome)
    }
}
