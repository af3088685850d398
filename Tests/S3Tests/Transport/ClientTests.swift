import CivilTime
import FaultServer
import Foundation
import Testing

@testable import S3

@Suite("a client")
struct ClientTests {
    @Test("a server that falls silent is given up after the stall timeout")
    func stall() throws {
        for course in [FaultServer.Reply.Course.stall, .stallWithin(after: 3)] {
            let server = try FaultServer {
                $0.connection == 0
                    ? .init(text: "never whole", course: course) : .init(text: "fine")
            }
            let rig = try Rig(server) { $0.stallMilliseconds = 1000 }
            #expect(try rig.get() == "fine")
            // More than once where the machine itself stands still for a while.
            #expect(rig.waits.count >= 1 && server.requests.count == rig.waits.count + 1)
        }
        let rig = try Rig([.init(course: .stall)]) {
            $0.stallMilliseconds = 4000
            $0.retry.maxAttempts = 1
        }
        let error = try #require(rig.errorOfGet())
        #expect(error.code == "Stalled" && error.cause == .connection && error.effectUnknown)
    }

    @Test("a slow answer is no stall while bytes move")
    func drip() throws {
        let rig = try Rig([.init(text: "a slow one", course: .drip(bytes: 1, milliseconds: 500))]) {
            $0.stallMilliseconds = 4000
        }
        #expect(try rig.get() == "a slow one")
        #expect(rig.waits.isEmpty)
    }

    @Test("a request may wait longer than its client does")
    func ownStall() throws {
        let server = try FaultServer([.init(text: "late", course: .stall)])
        let rig = try Rig(server) { $0.stallMilliseconds = 1 }
        var transfer = TransferOptions()
        transfer.stallMilliseconds = 20_000
        Thread.detachNewThread {
            while server.requests.isEmpty { Thread.sleep(forTimeInterval: 0.005) }
            server.release()
        }
        #expect(try rig.put([1], transfer: transfer).body == Array("late".utf8))
    }

    @Test("cancelling ends a request and the waits between attempts")
    func cancel() throws {
        let server = try FaultServer([.init(course: .stall)])
        let rig = try Rig(server)
        let cancellation = rig.cancellation
        Thread.detachNewThread {
            while server.requests.isEmpty { Thread.sleep(forTimeInterval: 0.005) }
            cancellation.cancel()
        }
        let error = try #require(rig.errorOfGet())
        #expect(error.cause == .cancelled && error.effectUnknown)
        #expect(rig.errorOfGet()?.cause == .cancelled)
        #expect(server.requests.count == 1)
        let start = Monotonic.milliseconds()
        cancellation.wait(seconds: 60)
        #expect(Monotonic.milliseconds() - start < 50_000)
    }

    @Test("a cancellation during a wait ends the request with its error")
    func cancelWhileWaiting() throws {
        let cancellation = Cancellation()
        let rig = try Rig(Array(repeating: .init(500), count: 5)) {
            $0.cancellation = cancellation
            $0.sleep = { _ in cancellation.cancel() }
        }
        #expect(rig.errorOfGet()?.code == "InternalError")
        #expect(rig.server.requests.count == 1)
    }

    @Test("another client waits until its own cancellation, whatever became of the first one's")
    func ownWaits() throws {
        var busy = FaultServer.Reply.error(503, "SlowDown")
        busy.headers.append(("Retry-After", "1"))
        let rig = try Rig([busy, .init(text: "fine")]) { $0.sleep = nil }
        let patient = rig.client.another(cancellation: nil)
        rig.cancellation.cancel()
        let start = Monotonic.milliseconds()
        _ = try patient.perform(Request(.get, .bucket("bkt")), operation: "Any")
        #expect(Monotonic.milliseconds() - start >= 1000)
        #expect(rig.server.requests.count == 2)
    }

    @Test("another client's wait ends with its own cancellation")
    func ownCancellation() throws {
        var busy = FaultServer.Reply.error(503, "SlowDown")
        busy.headers.append(("Retry-After", "300"))
        let own = Cancellation()
        let rig = try Rig([busy]) {
            $0.sleep = nil
            $0.debug = { line in if line.contains("waiting") { own.cancel() } }
        }
        let hasty = rig.client.another(cancellation: own)
        let start = Monotonic.milliseconds()
        let error = s3Error {
            try hasty.perform(Request(.get, .bucket("bkt")), operation: "Any")
        }
        #expect(error?.code == "SlowDown")
        #expect(Monotonic.milliseconds() - start < 60_000)
    }

    @Test("a body is sent whole, with its length and without a content type of libcurl's own")
    func body() throws {
        let server = try FaultServer { _ in .init() }
        let rig = try Rig(server)
        for count in [0, 1, 100_000, 3_000_000] {
            let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            _ = try rig.put(body)
            let request = try #require(server.requests.last)
            #expect(request.method == "PUT" && request.target == "/bkt/k")
            #expect(request.body == body)
            #expect(request["content-length"] == "\(count)")
            #expect(request["content-type"] == nil)
            #expect(request["expect"] == nil && request["transfer-encoding"] == nil)
            #expect(request["authorization"]?.hasPrefix("AWS4-HMAC-SHA256 ") == true)
        }
    }

    @Test("a body that breaks off half way is sent again from its buffer")
    func bodyAgain() throws {
        var broken = FaultServer.Reply(course: .resetWithoutAnswer)
        broken.readsAtMost = 100_000
        let rig = try Rig([broken, .init()])
        let body = [UInt8](repeating: 7, count: 8_000_000)
        _ = try rig.put(body)
        #expect(rig.server.requests.count == 2)
        #expect(rig.server.requests[1].body == body)
    }

    @Test("a server that refuses before the body is not sent the body")
    func expect() throws {
        var refusal = FaultServer.Reply.error(403, "AccessDenied")
        refusal.readsAtMost = 0
        let rig = try Rig([refusal])
        var transfer = TransferOptions()
        transfer.asksBeforeSending = true
        let body = [UInt8](repeating: 7, count: 8_000_000)
        #expect {
            try rig.put(body, transfer: transfer)
        } throws: { error in
            (error as? S3Error)?.code == "AccessDenied"
        }
        #expect(rig.server.requests.count == 1)
        let server = try FaultServer { _ in .init() }
        _ = try Rig(server).put(body, transfer: transfer)
        #expect(server.requests[0].body == body)
    }

    @Test("HEAD and DELETE are sent as such")
    func methods() throws {
        let server = try FaultServer { _ in .init(204) }
        let rig = try Rig(server)
        let object = Request.Resource.object(bucket: "bkt", key: Array("a/../b//c".utf8))
        for method in [Request.Method.head, .get, .delete, .post, .put, .get] {
            _ = try rig.client.perform(Request(method, object), operation: "Any")
        }
        #expect(
            server.requests.map(\.method) == ["HEAD", "GET", "DELETE", "POST", "PUT", "GET"])
        #expect(server.requests.allSatisfy { $0.target == "/bkt/a/../b//c" })
        #expect(server.connectionCount == 1)
    }

    @Test("an answer without end is refused")
    func endless() throws {
        let rig = try Rig([.init(200, [UInt8](repeating: 32, count: 5 << 20))])
        let error = try #require(rig.errorOfGet())
        #expect(error.code == "AnswerTooLarge" && !error.isTransient)
        let long = String(repeating: "x", count: 60_000)
        let headers = (0..<6).map { (name: "x-\($0)", value: long) }
        let many = try Rig([.init(200, headers: headers)])
        #expect(many.errorOfGet()?.code == "AnswerTooLarge")
        let body = "<Error><Code>AccessDenied</Code><Message>m</Message></Error>"
        let error403 = FaultServer.Reply(
            403, text: String(repeating: " ", count: 1 << 20) + body)
        #expect(try Rig([error403]).errorOfGet()?.code == "AccessDenied")
    }

    @Test("https to a server that speaks plain http fails at once")
    func tls() throws {
        let server = try FaultServer([])
        let rig = try Rig(server, url: "https://127.0.0.1:\(server.port)")
        let error = try #require(rig.errorOfGet())
        #expect(error.cause == .tls && error.attempts == 1 && error.hint != nil)
    }

    @Test("nothing secret is in the debug lines")
    func debug() throws {
        let rig = try Rig([.init(text: "fine", headers: [("Set-Cookie", "session=abc")])])
        _ = try rig.get()
        let text = rig.debugLines.joined(separator: "\n")
        let sent = try #require(rig.server.requests.first)
        let signature = try #require(sent["authorization"]?.components(separatedBy: "=").last)
        #expect(text.contains("> GET \(rig.server.url)/bkt?location="))
        #expect(text.contains("AKIDEXAMPLE/20261123/us-east-1/s3/aws4_request"))
        #expect(text.contains("< 200"))
        for secret in [signature, Rig.token, Rig.secret, "session=abc"] {
            #expect(!text.contains(secret))
        }
        #expect(sent["x-amz-security-token"] == Rig.token)
    }

    @Test("the owner of the bucket and the paying requester are named and signed")
    func accountHeaders() throws {
        let server = try FaultServer { _ in .init() }
        let rig = try Rig(server) {
            $0.expectedBucketOwner = "111122223333"
            $0.requesterPays = true
        }
        _ = try rig.get()
        let request = server.requests[0]
        #expect(request["x-amz-expected-bucket-owner"] == "111122223333")
        #expect(request["x-amz-request-payer"] == "requester")
        #expect(request["authorization"]?.contains("x-amz-expected-bucket-owner;") == true)
    }
}
