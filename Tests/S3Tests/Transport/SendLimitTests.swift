import FaultServer
import Foundation
import Testing

@testable import S3

@Suite("a bound on what is sent")
struct SendLimitTests {
    private static let second: Int64 = 1_000_000_000

    @Test("hands out no more than its bound, however often it is asked")
    func bound() {
        for (rate, wanted) in [(1, 1000), (10, 3), (1000, 7), (10 << 20, 1 << 20), (1 << 40, 5)] {
            let limit = SendLimit(bytesPerSecond: rate)
            var sent = 0
            var now: Int64 = 5 * Self.second
            while now < 15 * Self.second, sent < 10_000 * wanted {
                switch limit.take(wanted, atNanoseconds: now) {
                case .send(let count):
                    #expect((1...wanted).contains(count))
                    sent += count
                case .wait(let milliseconds):
                    #expect(milliseconds > 0)
                    now += Int64(milliseconds) * 1_000_000
                }
            }
            let seconds = Double(now - 5 * Self.second) / Double(Self.second)
            // Two pieces, each of a tenth of a second, may be ahead.
            #expect(Double(sent) <= Double(rate) * (seconds + 0.21) + 1, "\(rate)")
            #expect(now < 15 * Self.second || Double(sent) >= Double(rate) * 9.5, "\(rate)")
        }
    }

    @Test("time in which nobody sends cannot be caught up")
    func idle() {
        let limit = SendLimit(bytesPerSecond: 1000)
        var sent = 0
        for second in [0, 3600] {
            while case .send(let count) = limit.take(
                1000, atNanoseconds: Int64(second) * Self.second)
            {
                sent += count
            }
        }
        #expect(sent <= 4 * 100)
    }

    @Test("is shared by clients of several threads, and changes no byte")
    func shared() throws {
        let server = try Upload.server()
        let body = Upload.bytes(500_000)
        let rig = try Rig(server) { $0.sendLimit = SendLimit(bytesPerSecond: 2_000_000) }
        let start = Monotonic.milliseconds()
        let group = DispatchGroup()
        for _ in 0..<3 {
            let sender = Sender(client: rig.client.another())
            group.enter()
            Thread.detachNewThread {
                sender.send(body)
                group.leave()
            }
        }
        group.wait()
        // 1.5 MB at 2 MB/s.
        #expect(Monotonic.milliseconds() - start > 500)
        #expect(server.requests.count == 3)
        #expect(server.requests.allSatisfy { $0.body == body })
    }

    @Test("a pause for it is no stall")
    func pause() throws {
        let rig = try Rig(try Upload.server()) {
            $0.sendLimit = SendLimit(bytesPerSecond: 1)
            $0.stallMilliseconds = 500
            // A machine that stands still may make an answer late; a pause would end each attempt.
            $0.retry.maxAttempts = 20
        }
        let start = Monotonic.milliseconds()
        _ = try rig.sendPart([1, 2, 3])
        #expect(Monotonic.milliseconds() - start > 1800)
    }

    @Test("a body that must be sent again on a new connection begins anew")
    func again() throws {
        let server = try FaultServer { request in
            request.connection == 0 && request.turn == 1
                ? .init(course: .noAnswer) : Upload.stored(request.body)
        }
        let rig = try Rig(server) { $0.sendLimit = SendLimit(bytesPerSecond: 1_000_000) }
        let body = Upload.bytes(20_000)
        for _ in 0..<2 { _ = try rig.sendPart(body) }
        #expect(rig.waits.isEmpty)
        #expect(server.requests.count == 3)
        #expect(server.requests.allSatisfy { $0.body == body })
    }

    @Test("a pause for it ends with a cancellation")
    func cancel() throws {
        let server = try Upload.server()
        let rig = try Rig(server) { $0.sendLimit = SendLimit(bytesPerSecond: 10) }
        let cancellation = rig.cancellation
        let start = Monotonic.milliseconds()
        Thread.detachNewThread {
            while server.connectionCount == 0 { Thread.sleep(forTimeInterval: 0.005) }
            cancellation.cancel()
        }
        let body = Upload.bytes(10_000)
        #expect(s3Error { try rig.sendPart(body) }?.cause == .cancelled)
        #expect(Monotonic.milliseconds() - start < 60_000)
    }

    /// One client for one thread.
    private final class Sender: @unchecked Sendable {
        private let client: Client

        init(client: sending Client) { self.client = client }

        func send(_ body: [UInt8]) {
            body.withUnsafeBytes { _ = try? client.uploadPart(1, of: Upload.open, body: $0) }
        }
    }
}
