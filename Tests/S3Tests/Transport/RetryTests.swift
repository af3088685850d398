import CivilTime
import FaultServer
import Testing

@testable import S3

@Suite("what is tried again")
struct RetryTests {
    /// Answers, and whether a request that meets them is sent again.
    static let answers: [(name: String, reply: FaultServer.Reply, isRetried: Bool)] = [
        ("500 InternalError", .error(500, "InternalError"), true),
        ("500 without a body", .init(500), true),
        ("502 of a proxy, in HTML", .init(502, text: "<html>502</html>"), true),
        ("503 SlowDown", .error(503, "SlowDown"), true),
        ("503 without a body", .init(503), true),
        ("504", .init(504), true),
        ("429", .init(429), true),
        ("400 RequestTimeout", .error(400, "RequestTimeout"), true),
        ("400 SlowDown", .error(400, "SlowDown"), true),
        ("400 InvalidArgument", .error(400, "InvalidArgument"), false),
        ("400 ExpiredToken", .error(400, "ExpiredToken"), false),
        ("401", .init(401), false),
        ("403 AccessDenied", .error(403, "AccessDenied"), false),
        ("403 SignatureDoesNotMatch", .error(403, "SignatureDoesNotMatch"), false),
        ("403 RequestTimeTooSkewed", .error(403, "RequestTimeTooSkewed"), false),
        ("404 NoSuchBucket", .error(404, "NoSuchBucket"), false),
        ("409 ConditionalRequestConflict", .error(409, "ConditionalRequestConflict"), false),
        ("412 PreconditionFailed", .error(412, "PreconditionFailed"), false),
        ("501 NotImplemented", .error(501, "NotImplemented"), false),
        ("500 with an Error that has no Code", .init(500, text: "<Error><Message/></Error>"), true),
        ("503 with an empty Code", .init(503, text: "<Error><Code></Code></Error>"), true),
        ("403 with an Error that holds nothing", .init(403, text: "<Error/>"), false),
        ("403 with an empty Code", .init(403, text: "<Error><Code/><Message/></Error>"), false),
        ("a connection that ends without answer", .init(course: .noAnswer), true),
        ("a connection that is reset without answer", .init(course: .resetWithoutAnswer), true),
        ("a body that is cut", .init(text: "whole", course: .cut(after: 2)), true),
        ("a body that is reset", .init(text: "whole", course: .reset(after: 2)), true),
    ]

    @Test("each answer is tried again or not", arguments: answers.indices)
    func retried(index: Int) throws {
        let (name, reply, isRetried) = Self.answers[index]
        let rig = try Rig([reply, .init(text: "fine")])
        if isRetried {
            #expect(try rig.get() == "fine", "\(name)")
            #expect(rig.server.requests.count == 2, "\(name)")
            #expect(rig.waits.count == 1, "\(name)")
        } else {
            let error = try #require(rig.errorOfGet(), "\(name)")
            #expect(!error.isTransient && error.attempts == 1, "\(name)")
            // Whatever the answer lacks, the error has a name.
            #expect(!error.code.isEmpty, "\(name)")
            #expect(rig.server.requests.count == 1, "\(name)")
        }
    }

    @Test("waits double up to 20 s, are spread at random and bounded in number")
    func backOff() throws {
        let rig = try Rig(Array(repeating: .error(503, "SlowDown"), count: 9)) {
            $0.retry = Retry(maxAttempts: 9)
        }
        let error = try #require(rig.errorOfGet())
        #expect(rig.waits == [0.5, 1, 2, 4, 8, 16, 20, 20])
        #expect(error.code == "SlowDown" && error.attempts == 9 && error.isThrottling)
        let half = try Rig([.init(500), .init(500), .init(text: "fine")], random: 0.5)
        #expect(try half.get() == "fine")
        #expect(half.waits == [0.25, 0.5])
    }

    @Test("without a bound on attempts the waits of one request have one in all")
    func maxWait() throws {
        let rig = try Rig(Array(repeating: .error(503, "SlowDown"), count: 30)) {
            $0.retry = Retry(maxAttempts: nil, maxWait: 100)
        }
        let error = try #require(rig.errorOfGet())
        #expect(rig.waits.reduce(0, +) <= 100)
        #expect(error.attempts == rig.waits.count + 1 && error.attempts > 8)
        // 20 refusals in a row are survived.
        let patient = try Rig(
            Array(repeating: .error(503, "SlowDown"), count: 20) + [.init(text: "fine")]
        ) { $0.retry = Retry(maxAttempts: nil) }
        #expect(try patient.get() == "fine")
    }

    @Test("refusals for too many requests may be left out of the count of attempts")
    func forgivesThrottling() throws {
        let slow = FaultServer.Reply.error(503, "SlowDown")
        let forgiving = Retry(maxAttempts: 2, maxWait: 200, forgivesThrottling: true)
        let patient = try Rig([slow, .init(429), slow, .init(500), slow, .init(text: "fine")]) {
            $0.retry = forgiving
        }
        #expect(try patient.get() == "fine")
        let failing = try Rig([slow, .init(500), slow, .init(500)]) { $0.retry = forgiving }
        #expect(failing.errorOfGet()?.code == "InternalError")
        // Not for ever.
        let rig = try Rig(Array(repeating: slow, count: 40)) { $0.retry = forgiving }
        #expect(rig.errorOfGet()?.code == "SlowDown")
        #expect(rig.waits.reduce(0, +) <= 200 && rig.waits.count > 10)
    }

    /// `Retry-After`, and the wait before the second attempt; nil where it is given up.
    static let retryAfters: [(value: String, wait: Double?)] = [
        ("7", 7), ("0", 0.5), ("-1", 0.5), ("soon", 0.5), ("300", 300), ("301", nil),
        ("99999999999999999999", 0.5), ("Mon, 23 Nov 2026 03:00:09 GMT", 9),
        ("Mon, 23 Nov 2026 02:00:00 GMT", 0.5),
    ]

    @Test("Retry-After is honoured up to 5 minutes", arguments: retryAfters)
    func retryAfter(value: String, wait: Double?) throws {
        var reply = FaultServer.Reply.error(503, "SlowDown")
        reply.headers = [("Retry-After", value), ("Date", "Mon, 23 Nov 2026 03:00:00 GMT")]
        let rig = try Rig([reply, .init(text: "fine")])
        if let wait {
            #expect(try rig.get() == "fine")
            #expect(rig.waits == [wait])
        } else {
            #expect(rig.errorOfGet()?.code == "SlowDown")
            #expect(rig.waits.isEmpty)
        }
    }

    @Test("a kept connection that died is replaced at once, without waiting")
    func deadConnection() throws {
        let server = try FaultServer { request in
            request.connection == 0 && request.turn == 1
                ? .init(course: .noAnswer) : .init(text: "fine")
        }
        let rig = try Rig(server)
        for _ in 0..<3 { #expect(try rig.get() == "fine") }
        #expect(rig.waits.isEmpty)
        #expect(server.connectionCount == 2)
        #expect(server.requests.count == 4)
    }

    @Test("requests share one connection; one that may work only once has its own")
    func keepAlive() throws {
        let server = try FaultServer { _ in .init(text: "fine") }
        let rig = try Rig(server)
        for _ in 0..<5 { _ = try rig.get() }
        #expect(server.connectionCount == 1)
        var transfer = TransferOptions()
        transfer.needsFreshConnection = true
        _ = try rig.put([1], transfer: transfer)
        #expect(server.connectionCount == 2)
    }

    @Test("a request that may have had its effect says so, also after a later answer")
    func effectUnknown() throws {
        let lost = try Rig([.init(course: .noAnswer), .error(404, "NoSuchUpload")])
        let error = try #require(lost.errorOfGet())
        #expect(error.code == "NoSuchUpload" && error.attempts == 2 && error.effectUnknown)
        let first = try Rig([.error(404, "NoSuchUpload")])
        #expect(first.errorOfGet()?.effectUnknown == false)
        let refused = try Rig(try FaultServer([]), url: "http://127.0.0.1:1")
        #expect(refused.errorOfGet()?.effectUnknown == false)
        #expect(refused.errorOfGet()?.code == "ConnectionRefused")
    }
}
