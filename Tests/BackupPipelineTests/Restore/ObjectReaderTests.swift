import BackupPipeline
import FaultServer
import Foundation
import S3
import Synchronization
import Testing

@Suite("reading an object in ranges")
struct ObjectReaderTests {
    private func read(
        _ server: ObjectServer, rangeSize: Int64, concurrency: Int = 4,
        sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var options = ObjectReader.Options()
        options.rangeSize = rangeSize
        options.concurrency = concurrency
        try ObjectReader(
            try server.version(), through: server.client, stop: server.stop, options: options
        ).read(into: sink)
    }

    @Test(
        "every byte comes once and in order, whatever the sizes",
        arguments: [0, 1, 999, 1000, 1001, 9999, 10_000, 250_000], [1, 4])
    func order(size: Int, concurrency: Int) throws {
        let object = noise(size)
        var bytes: [UInt8] = []
        try read(try ObjectServer(object), rangeSize: 1000, concurrency: concurrency) {
            bytes += $0
        }
        #expect(bytes == object)
    }

    @Test("connections that break go on where they were, always on the same version")
    func resume() throws {
        let object = noise(600_000)
        let server = try ObjectServer(object) { number, _ in
            switch number % 4 {
            case 0: .reset(after: 30_000)
            case 1: .cut(after: 20_000)
            case 2: .noAnswer
            default: .whole
            }
        }
        var bytes: [UInt8] = []
        try read(server, rangeSize: 100_000) { bytes += $0 }
        #expect(bytes == object)
        let gets = server.server.requests.filter { $0.method == "GET" }
        #expect(gets.count > 6)
        #expect(gets.allSatisfy { $0["if-match"] == "\"e1\"" && $0.query["versionId"] == "v1" })
    }

    @Test("no more ranges are fetched than there is room for")
    func bounded() throws {
        let server = try ObjectServer(noise(100_000))
        var taken = 0
        try read(server, rangeSize: 1000, concurrency: 3) { _ in
            #expect(server.getCount <= taken + 4)
            taken += 1
        }
        #expect(taken == 100)
    }

    @Test("bytes that have another entity tag are not taken")
    func changed() throws {
        let server = try ObjectServer(noise(5000), etag: "e2")
        #expect {
            try read(server, rangeSize: 1000) { _ in }
        } throws: {
            ($0 as? S3Error)?.code == "PreconditionFailed"
        }
    }

    @Test("an error of the reader ends all requests, and comes out")
    func readerFails() throws {
        struct Full: Error {}
        // Only the first range arrives; which request asks for it, nobody knows beforehand.
        let server = try ObjectServer(noise(100_000)) { _, range in
            range == "bytes=0-999" ? .whole : .stallWithin(after: 10)
        }
        #expect(throws: Full.self) { try read(server, rangeSize: 1000) { _ in throw Full() } }
        #expect(server.getCount < 10)
    }

    @Test("a stop ends requests that stall")
    func stops() throws {
        let stop = Mutex<Cancellation?>(nil)
        let server = try ObjectServer(noise(10_000)) { number, _ in
            if number == 3 { stop.withLock { $0?.cancel() } }
            return .stallWithin(after: 10)
        }
        stop.withLock { $0 = server.stop }
        #expect {
            try read(server, rangeSize: 1000) { _ in }
        } throws: {
            ($0 as? S3Error)?.cause == .cancelled
        }
    }
}
