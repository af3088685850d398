import FaultServer
import Foundation
import S3
import Testing

@testable import BackupPipeline

/// What the network and the server do to an upload of three parts.
@Suite("an object that is written, through faults")
struct WriterFaultTests {
    struct Passing: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let fault: @Sendable () -> UploadStore.Fault
        var operation = UploadStore.Operation.part
        var times = 1
    }

    private static let count = 2 * StoreRig.part + 11

    static let passing: [Passing] = [
        Passing(
            testDescription: "a reset half way through a part",
            fault: {
                var reply = FaultServer.Reply(course: .resetWithoutAnswer)
                reply.readsAtMost = 1 << 20
                return .early(reply)
            }),
        Passing(
            testDescription: "an answer cut within its headers",
            fault: { .instead(.init(course: .cutHead(after: 20))) }),
        Passing(
            testDescription: "no answer to a part that was stored",
            fault: { .after(.init(course: .noAnswer)) }),
        Passing(
            testDescription: "another entity tag",
            fault: {
                .instead(.init(headers: [("ETag", "\"\(String(repeating: "0", count: 32))\"")]))
            }),
        Passing(
            testDescription: "SlowDown, three times", fault: { .instead(.error(503, "SlowDown")) },
            times: 3),
        Passing(
            testDescription: "429", fault: { .instead(.error(429, "TooManyRequests")) }),
        Passing(
            testDescription: "400 RequestTimeout",
            fault: { .instead(.error(400, "RequestTimeout")) }),
        Passing(testDescription: "500", fault: { .instead(.error(500, "InternalError")) }),
        Passing(
            testDescription: "silence",
            fault: { .instead(.init(course: .stall)) }),
        Passing(
            testDescription: "the end of a connection between parts",
            fault: {
                var reply = FaultServer.Reply.error(500, "InternalError")
                reply.closes = true
                return .instead(reply)
            }),
        Passing(
            testDescription: "no answer to the beginning",
            fault: { .after(.init(course: .noAnswer)) }, operation: .create),
        Passing(
            testDescription: "an error after a completion's 200",
            fault: {
                .instead(
                    .init(
                        text: "   \n<Error><Code>InternalError</Code><Message>m</Message></Error>"))
            }, operation: .complete),
        Passing(
            testDescription: "503 to the completion",
            fault: { .instead(.error(503, "SlowDown")) }, operation: .complete),
    ]

    @Test("what passes is sent again, and every byte is there once", arguments: passing)
    func passes(fault: Passing) throws {
        let rig = try StoreRig(
            faults: { operation, number, _ in
                operation == fault.operation && number <= fault.times ? fault.fault() : nil
            }, change: { $0.stallMilliseconds = 4000 })
        #expect(try rig.store(Self.count).version == "v1")
        #expect(rig.isStored(bytes(Self.count)))
        #expect(rig.store.count(fault.operation) > fault.times)
    }

    @Test("an upload whose beginning was lost is mentioned where the rest fails, too")
    func twin() throws {
        let rig = try StoreRig(faults: { operation, number, _ in
            switch (operation, number) {
            case (.create, 1): .after(.init(course: .noAnswer))
            case (.part, _): .instead(.error(403, "AccessDenied"))
            default: nil
            }
        })
        let failure = try #require(rig.failure(storing: Self.count))
        guard case .perhaps = failure.remains else {
            Issue.record("\(failure.remains)")
            return
        }
        #expect(rig.store.openUploads == ["upload-1"])
    }

    @Test("an upload whose beginning was lost is mentioned beside success")
    func twinOfSuccess() throws {
        for isLost in [true, false] {
            let rig = try StoreRig(faults: { operation, number, _ in
                operation == .create && number == 1 && isLost
                    ? .after(.init(course: .noAnswer)) : nil
            })
            let writer = rig.writer()
            try bytes(Self.count).withUnsafeBytes { try writer.write($0) }
            #expect(try writer.finish().version == "v1")
            #expect(writer.mayLeaveUpload == isLost)
        }
    }

    @Test("white space for a while, then success, is success")
    func slowCompletion() throws {
        let rig = try StoreRig(
            faults: { operation, _, request in
                guard operation == .complete else { return nil }
                var reply = UploadStore.completed(
                    request, parts: 3, version: "v1", space: String(repeating: " \n", count: 120))
                reply.course = .drip(bytes: 8, milliseconds: 30)
                return .after(reply)
            }, change: { $0.stallMilliseconds = 4000 })
        #expect(try rig.store(Self.count).version == "v1")
        #expect(rig.store.count(.complete) == 1)
    }

    struct Lasting: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let operation: UploadStore.Operation
        let reply: FaultServer.Reply
        let code: String
        var requests: Int
    }

    static let lasting: [Lasting] = [
        Lasting(
            testDescription: "500 for ever", operation: .part,
            reply: .error(500, "InternalError"), code: "InternalError", requests: 4),
        Lasting(
            testDescription: "wrong entity tags for ever", operation: .part,
            reply: .init(headers: [("ETag", "\"00\"")]), code: "EntityTagMismatch", requests: 3),
        Lasting(
            testDescription: "a portal's page with 200", operation: .part,
            reply: .init(text: "<html>Welcome</html>"), code: "InvalidAnswer", requests: 1),
        Lasting(
            testDescription: "credentials that have ended", operation: .part,
            reply: .error(400, "ExpiredToken"), code: "ExpiredToken", requests: 1),
        Lasting(
            testDescription: "an upload that is gone", operation: .part,
            reply: .error(404, "NoSuchUpload"), code: "NoSuchUpload", requests: 1),
        Lasting(
            testDescription: "a redirection to another host", operation: .part,
            reply: .init(307, headers: [("Location", "http://127.0.0.1:1/x")]),
            code: "TemporaryRedirect", requests: 1),
        Lasting(
            testDescription: "a region that leads back", operation: .part,
            reply: .init(301, headers: [("x-amz-bucket-region", "us-east-1")]),
            code: "PermanentRedirect", requests: 1),
        Lasting(
            testDescription: "a first completion that finds no upload", operation: .complete,
            reply: .error(404, "NoSuchUpload"), code: "NoSuchUpload", requests: 1),
        Lasting(
            testDescription: "a completion that misses a part", operation: .complete,
            reply: .error(400, "InvalidPart"), code: "InvalidPart", requests: 1),
        Lasting(
            testDescription: "a completion that finds another size", operation: .complete,
            reply: .error(400, "InvalidRequest"), code: "InvalidRequest", requests: 1),
    ]

    @Test("what does not pass fails, and the upload is aborted", arguments: lasting)
    func fails(fault: Lasting) throws {
        let rig = try StoreRig(faults: { operation, _, request in
            let isMeant =
                operation == fault.operation
                && (operation != .part || request.query["partNumber"] == "1")
            return isMeant ? .instead(fault.reply) : nil
        })
        let failure = try #require(rig.failure(storing: Self.count))
        #expect(failure.code == fault.code)
        #expect(failure.leavesNothing)
        #expect(rig.store.objects.isEmpty && rig.store.openUploads.isEmpty)
        let requests = rig.store.events.filter {
            $0.operation == fault.operation && ($0.part ?? 1) == 1
        }
        #expect(requests.count == fault.requests)
        #expect(
            rig.abortsAfter { $0.operation == fault.operation && ($0.part ?? 1) == 1 })
    }

    @Test("another region is followed once, and the same buffer sent again")
    func otherRegion() throws {
        let rig = try StoreRig(faults: { operation, number, _ in
            operation == .put && number == 1
                ? .instead(
                    .init(
                        301, text: "<Error><Code>PermanentRedirect</Code></Error>",
                        headers: [("x-amz-bucket-region", "eu-central-1")])) : nil
        })
        #expect(try rig.store(2 << 20).version == "v1")
        #expect(rig.isStored(bytes(2 << 20)))
    }

    @Test("a part that the server lost makes the completion fail by its size")
    func lostPart() throws {
        let rig = try StoreRig(
            faults: { operation, number, _ in operation == .part && number == 2 ? .losing : nil },
            change: { $0.checksums = .on })
        let failure = try #require(rig.failure(storing: Self.count))
        #expect(failure.code == "InvalidRequest")
        #expect(failure.leavesNothing)
    }

    @Test("an object of fewer parts than were sent may be there, and is not called success")
    func fewerParts() throws {
        let rig = try StoreRig(faults: { operation, _, request in
            operation == .complete
                ? .after(UploadStore.completed(request, parts: 2, version: "v1")) : nil
        })
        #expect(try rig.unknownUpload(storing: Self.count) == "upload-1")
        #expect(rig.store.count(.abort) == 0)
    }

    static let lostAnswers: [[FaultServer.Reply.Course]] = [
        [.noAnswer], [.resetWithoutAnswer], [.cutHead(after: 12)], [.cut(after: 5)],
    ]

    @Test("an answer to the completion that is lost leaves it unknown", arguments: lostAnswers)
    func unknown(courses: [FaultServer.Reply.Course]) throws {
        let rig = try StoreRig(faults: { operation, number, request in
            guard operation == .complete, number <= courses.count else { return nil }
            var reply = UploadStore.completed(request, parts: 3, version: "v1")
            reply.course = courses[number - 1]
            return .after(reply)
        })
        // The second time the server knows no such upload: that says nothing.
        #expect(try rig.unknownUpload(storing: Self.count) == "upload-1")
        #expect(rig.store.count(.abort) == 0)
        #expect(rig.store.objects.count == 1)
    }

    @Test("a small object whose answer is lost is sent again, and may be there twice")
    func smallTwice() throws {
        let rig = try StoreRig(faults: { operation, number, _ in
            operation == .put && number == 1 ? .after(.init(course: .noAnswer)) : nil
        })
        guard case .stored(let object) = try rig.store(10) else {
            Issue.record("not stored")
            return
        }
        #expect(object.mayHaveTwin)
        #expect(rig.store.objects.count == 2)
    }

    @Test("a small object whose answers are all lost is unknown")
    func smallUnknown() throws {
        let rig = try StoreRig(faults: { operation, _, _ in
            operation == .put ? .after(.init(course: .noAnswer)) : nil
        })
        #expect(try rig.unknownUpload(storing: 10) == "")
    }

    @Test("a small object that is refused is an error, and nothing is left")
    func smallRefused() throws {
        let rig = try StoreRig(faults: { _, _, _ in .instead(.error(403, "AccessDenied")) })
        let failure = try #require(rig.failure(storing: 10))
        #expect(failure.code == "AccessDenied")
        #expect(failure.leavesNothing)
        #expect(rig.store.count(.put) == 1)
    }

    @Test("a slow line is not a dead one")
    func slowLine() throws {
        let rig = try StoreRig(
            faults: { operation, _, _ in
                guard operation == .part else { return nil }
                var reply = FaultServer.Reply(course: .stall)
                reply.readsAtMost = 3 << 20
                reply.readPause = 100
                return .early(reply)
            },
            change: {
                $0.stallMilliseconds = 4000
                $0.retry.maxAttempts = 1
            })
        let begin = Date()
        let failure = try #require(rig.failure(storing: Self.count, concurrency: 1))
        // It was given up only after the bytes had stopped: 48 pieces, 100 ms apart.
        #expect(failure.code == "Stalled")
        #expect(Date().timeIntervalSince(begin) > 4.7)
    }
}

extension StoreRig {
    /// The id of an upload of which nobody knows whether it became an object; nil where it is
    /// known.
    func unknownUpload(storing count: Int) throws -> String? {
        if case .unknown(_, let id) = try store(count) { id } else { nil }
    }
}
