import FaultServer
import Foundation
import Testing

@testable import S3

@Suite("a part of an upload")
struct UploadPartTests {
    private let body = Upload.bytes(3_000_000)

    @Test("goes with its number, the upload's id and the hashes of its bytes")
    func request() throws {
        let rig = try Rig(try Upload.server())
        let part = try rig.sendPart(body)
        let sent = rig.server.requests[0]
        #expect(sent.method == "PUT")
        #expect(sent.target == "/bkt/db/m.sql.gz?partNumber=7&uploadId=u%2B1")
        #expect(sent.body == body)
        #expect(sent["content-md5"] == Base64.encode(Digest.hash(body, .md5)))
        #expect(sent["x-amz-content-sha256"] == Digest.sha256Text(body))
        #expect(sent["x-amz-checksum-crc64nvme"] == nil)
        #expect(sent["expect"] == nil)
        let tag = Hex.encode(Digest.hash(body, .md5))
        #expect(part == SentPart(number: 7, etag: tag, size: 3_000_000, crc: nil))
    }

    @Test("goes with a checksum if the upload has them")
    func checksum() throws {
        let rig = try Rig(try Upload.server())
        let part = try rig.sendPart(body, of: Upload.open(checksCRC: true))
        let crc = CRC64NVME(of: body)
        #expect(part.crc == crc)
        #expect(rig.server.requests[0]["x-amz-checksum-crc64nvme"] == crc.text)
        #expect(rig.server.requests[0]["content-md5"] != nil)
    }

    /// What comes once before the part is taken, and is survived.
    static let passing: [(name: String, reply: FaultServer.Reply)] = [
        ("a connection that ends before the answer", .init(course: .noAnswer)),
        ("a reset before the answer", .init(course: .resetWithoutAnswer)),
        ("an answer cut in its status line", .init(course: .cutHead(after: 9))),
        ("an answer cut before its entity tag", .init(course: .cutHead(after: 40))),
        ("an entity tag of other bytes", Upload.stored([1])),
        ("500", .error(500, "InternalError")), ("503", .error(503, "SlowDown")),
        ("429", .init(429)), ("400 RequestTimeout", .error(400, "RequestTimeout")),
        ("400 BadDigest", .error(400, "BadDigest")),
        ("502 of a proxy, in HTML", .init(502, text: "<html>502</html>")),
        (
            "a checksum of other bytes",
            .init(headers: [
                ("ETag", "\"x\""), ("x-amz-server-side-encryption", "aws:kms"),
                ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="),
            ])
        ),
    ]

    @Test("is sent again, the same, after a fault that passes", arguments: passing.indices)
    func passingFault(index: Int) throws {
        let (name, fault) = Self.passing[index]
        let rig = try Rig([fault, Upload.stored(body)])
        let part = try rig.sendPart(body, of: Upload.open(checksCRC: true))
        #expect(part.number == 7, "\(name)")
        #expect(rig.server.requests.count == 2, "\(name)")
        #expect(rig.server.requests.allSatisfy { $0.body == body }, "\(name)")
        #expect(rig.server.requests[0].target == rig.server.requests[1].target, "\(name)")
        #expect(rig.waits.count == 1, "\(name)")
    }

    @Test("that breaks off half way is sent again whole")
    func halfWay() throws {
        let body = Upload.bytes(8_000_000)
        for course in [FaultServer.Reply.Course.resetWithoutAnswer, .noAnswer] {
            var broken = FaultServer.Reply(course: course)
            broken.readsAtMost = 1_000_000
            let rig = try Rig([broken, Upload.stored(body)])
            _ = try rig.sendPart(body)
            #expect(rig.server.requests[0].body == Array(body.prefix(1_000_000)))
            #expect(rig.server.requests[1].body == body)
        }
    }

    @Test("that the server stops taking is given up and sent again")
    func stall() throws {
        var silent = FaultServer.Reply(course: .stall)
        silent.readsAtMost = 100_000
        let body = Upload.bytes(20_000_000)
        let rig = try Rig([silent, Upload.stored(body)]) { $0.stallMilliseconds = 4000 }
        _ = try rig.sendPart(body)
        #expect(rig.server.requests.map(\.body.count) == [100_000, 20_000_000])
    }

    @Test("that the server takes slowly is waited for while bytes move")
    func slow() throws {
        let body = Upload.bytes(6_000_000)
        var slow = Upload.stored(body)
        slow.readsAtMost = .max
        slow.readPause = 60
        let rig = try Rig([slow]) {
            $0.stallMilliseconds = 4000
            $0.retry.maxAttempts = 1
        }
        let start = Monotonic.milliseconds()
        _ = try rig.sendPart(body)
        #expect(Monotonic.milliseconds() - start > 5000)
        #expect(rig.server.requests.count == 1 && rig.waits.isEmpty)
    }

    @Test(
        "survives 20 refusals in a row where waiting is bounded by time, and waits longer each time"
    )
    func slowDown() throws {
        let refusals = Array(repeating: FaultServer.Reply.error(503, "SlowDown"), count: 20)
        let rig = try Rig(refusals + [Upload.stored(body)]) {
            $0.retry = Retry(maxAttempts: nil)
        }
        _ = try rig.sendPart(body)
        #expect(rig.waits.count == 20)
        #expect(Array(rig.waits.prefix(6)) == [0.5, 1, 2, 4, 8, 16])
        #expect(rig.waits.dropFirst(6).allSatisfy { $0 == 20 })
    }

    /// What ends a part: the answer, its code, and how often the part is sent.
    static let lasting: [(name: String, reply: FaultServer.Reply, code: String, times: Int)] = [
        ("500 for ever", .error(500, "InternalError"), "InternalError", 5),
        ("entity tags of other bytes for ever", Upload.stored([1]), "EntityTagMismatch", 3),
        ("AccessDenied", .error(403, "AccessDenied"), "AccessDenied", 1),
        ("ExpiredToken", .error(400, "ExpiredToken"), "ExpiredToken", 1),
        ("NoSuchUpload", .error(404, "NoSuchUpload"), "NoSuchUpload", 1),
        ("clocks that disagree", .error(403, "RequestTimeTooSkewed"), "RequestTimeTooSkewed", 1),
        ("HTML of a proxy", .init(text: "<html><p>Sign in</p></html>"), "InvalidAnswer", 1),
        ("no entity tag", .init(), "InvalidAnswer", 1),
        (
            "another host", .init(307, headers: [("Location", "http://127.0.0.1:1/x")]),
            "TemporaryRedirect", 1
        ),
    ]

    @Test("ends with what does not pass", arguments: lasting.indices)
    func lastingFault(index: Int) throws {
        let (name, fault, code, times) = Self.lasting[index]
        let rig = try Rig(Array(repeating: fault, count: 9))
        let error = try #require(s3Error { try rig.sendPart(body) }, "\(name)")
        #expect(error.code == code, "\(name)")
        #expect(error.operation == "UploadPart" && error.key == Upload.key, "\(name)")
        #expect(rig.server.requests.count == times, "\(name)")
    }

    @Test("an entity tag is held against the MD5 unless a key encrypts the part")
    func entityTags() throws {
        func reply(_ headers: [(name: String, value: String)]) -> FaultServer.Reply {
            .init(headers: [("ETag", "\"0123456789abcdef0123456789abcdef\"")] + headers)
        }
        let kms = (name: "x-amz-server-side-encryption", value: "aws:kms")
        let customer = (
            name: "x-amz-server-side-encryption-customer-algorithm", value: "AES256"
        )
        for header in [kms, customer] {
            let rig = try Rig([reply([header])])
            let part = try rig.sendPart(body)
            #expect(part.etag == "0123456789abcdef0123456789abcdef")
        }
        let own = try Rig([reply([])])
        _ = try own.sendPart(body, of: Upload.open(checksCRC: false, hasMD5Tags: false))
        let s3 = try Rig(
            Array(
                repeating: reply([("x-amz-server-side-encryption", "AES256")]),
                count: 5))
        let error = s3Error { try s3.sendPart(body) }
        #expect(error?.code == "EntityTagMismatch")
        #expect(error?.message.contains("0123456789abcdef0123456789abcdef") == true)
    }

    @Test("a kept connection that died is replaced at once")
    func deadConnection() throws {
        let server = try FaultServer { request in
            var reply = Upload.stored(request.body)
            reply.closes = request.turn == 0
            return reply
        }
        let rig = try Rig(server)
        for _ in 0..<3 { _ = try rig.sendPart(body) }
        #expect(rig.waits.isEmpty)
        #expect(server.requests.allSatisfy { $0.body == body })
    }

    @Test("the region that the server names is taken over once, and the body sent again")
    func region() throws {
        let moved = FaultServer.Reply(
            301,
            text: "<Error><Code>PermanentRedirect</Code><Message>m</Message>"
                + "<Endpoint>evil.example</Endpoint></Error>",
            headers: [("x-amz-bucket-region", "eu-west-3"), ("Location", "http://127.0.0.1:1/")])
        let rig = try Rig([moved, Upload.stored(body)])
        _ = try rig.sendPart(body)
        #expect(rig.server.requests[1].body == body)
        #expect(rig.server.requests[1]["authorization"]?.contains("/eu-west-3/s3/") == true)
        let loop = try Rig(Array(repeating: moved, count: 5))
        #expect(s3Error { try loop.sendPart(body) }?.code == "PermanentRedirect")
        #expect(loop.server.requests.count == 2)
    }

    @Test("cancelling ends it at once")
    func cancel() throws {
        var silent = FaultServer.Reply(course: .stall)
        silent.readsAtMost = 1000
        let rig = try Rig([silent])
        let (server, cancellation) = (rig.server, rig.cancellation)
        Thread.detachNewThread {
            while server.requests.isEmpty { Thread.sleep(forTimeInterval: 0.005) }
            cancellation.cancel()
        }
        let body = Upload.bytes(20_000_000)
        let error = s3Error { try rig.sendPart(body) }
        #expect(error?.cause == .cancelled)
        #expect(error?.effectUnknown == true)
        let next = s3Error { try rig.sendPart(body) }
        #expect(next?.cause == .cancelled && next?.effectUnknown == false)
        #expect(server.requests.count == 1)
    }

    @Test("clients of several threads send parts at the same time")
    func threads() throws {
        let rig = try Rig(try Upload.server())
        let group = DispatchGroup()
        for number in 1...4 {
            let client = rig.client.another()
            let work = Work(client: client, number: number)
            Thread.detachNewThread { [group] in
                work.run()
                group.leave()
            }
            group.enter()
        }
        group.wait()
        let sent = rig.server.requests
        #expect(Set(sent.map { $0.query["partNumber"] }) == ["1", "2", "3", "4"])
        #expect(Set(sent.map(\.connection)).count == 4)
    }

    /// One client for one thread.
    private final class Work: @unchecked Sendable {
        private let client: Client
        private let number: Int

        init(client: sending Client, number: Int) {
            self.client = client
            self.number = number
        }

        func run() {
            let bytes = Upload.bytes(100_000 * number)
            bytes.withUnsafeBytes { body in
                _ = try? client.uploadPart(number, of: Upload.open, body: body)
            }
        }
    }
}
