import FaultServer
import Foundation
import S3
import Synchronization
import Testing

@testable import BackupPipeline

@Suite("an object that is written")
struct ObjectWriterTests {
    private let part = StoreRig.part

    @Test(
        "up to one part is one request, beyond it parts",
        arguments: [
            (0, [], 1), (1, [], 1), (StoreRig.part, [], 1),
            (StoreRig.part + 1, [StoreRig.part, 1], 0),
            (2 * StoreRig.part, [StoreRig.part, StoreRig.part], 0),
        ])
    func sizes(count: Int, parts: [Int], puts: Int) throws {
        let rig = try StoreRig()
        #expect(try rig.store(count).version == "v1")
        let object = try #require(rig.store.objects.first)
        #expect(rig.isStored(bytes(count)))
        #expect(object.parts == parts)
        #expect(rig.store.count(.put) == puts)
        #expect(rig.store.count(.create) == 1 - puts)
        #expect(rig.store.openUploads.isEmpty)
    }

    @Test("parts that arrive out of order make the same object")
    func outOfOrder() throws {
        // The first part is refused until the others are there, to their last byte.
        let known = Mutex<UploadStore?>(nil)
        let rig = try StoreRig(
            faults: { operation, _, request in
                guard operation == .part, request.query["partNumber"] == "1" else { return nil }
                let events = known.withLock { $0?.events } ?? []
                let others = Set(events.compactMap(\.part)).subtracting([1])
                return others.count < 2 ? .instead(.error(503, "SlowDown")) : nil
            },
            change: {
                $0.retry.maxAttempts = nil
                $0.sleep = { _ in usleep(2000) }
            })
        known.withLock { $0 = rig.store }
        #expect(try rig.store(2 * part + 7, concurrency: 3).version == "v1")
        #expect(rig.isStored(bytes(2 * part + 7)))
        let order = rig.store.events.filter { $0.operation == .part }.compactMap(\.part)
        #expect(order.last == 1)
    }

    @Test("no more buffers are filled than parts in flight and one more", arguments: [1, 3])
    func budget(concurrency: Int) throws {
        let rig = try StoreRig(faults: { operation, _, _ in
            operation == .part ? .instead(.init(course: .stall)) : nil
        })
        let writer = rig.writer(concurrency: concurrency)
        let halt = rig.halt
        let written = Atomic<Int>(0)
        let done = DispatchSemaphore(value: 0)
        struct Held: @unchecked Sendable { let writer: ObjectWriter }
        let held = Held(writer: writer)
        Thread.detachNewThread {
            let piece = bytes(1 << 20)
            do {
                while true {
                    try piece.withUnsafeBytes { try held.writer.write($0) }
                    written.wrappingAdd(piece.count, ordering: .relaxed)
                }
            } catch { done.signal() }
        }
        let room = (concurrency + 1) * part
        #expect(eventually { rig.store.count(.part) == concurrency })
        #expect(eventually { written.load(ordering: .relaxed) >= room })
        // Long enough for another part, were there room for it.
        usleep(200_000)
        #expect(written.load(ordering: .relaxed) == room)
        halt.cancel()
        #expect(done.wait(timeout: .now() + 60) == .success)
        _ = writer.abandon(through: rig.patientClient)
        #expect(rig.store.openUploads.isEmpty)
    }

    @Test("a part that fails for good ends the others, then the upload is aborted")
    func abortComesLast() throws {
        let rig = try StoreRig(faults: { operation, _, request in
            switch (operation, request.query["partNumber"]) {
            case (.part, "2"): .instead(.error(403, "AccessDenied"))
            case (.part, _): .instead(.init(course: .stall))
            default: nil
            }
        })
        let failure = try #require(rig.failure(storing: 5 * part, concurrency: 3))
        #expect(failure.code == "AccessDenied")
        #expect(failure.leavesNothing)
        #expect(rig.store.openUploads.isEmpty && rig.store.objects.isEmpty)
        #expect(rig.abortsAfter { $0.part == 2 })
        // Once more for parts that were on their way.
        #expect([1, 2].contains(rig.store.count(.abort)))
        let refused = rig.store.events.filter { $0.part == 2 }.count
        #expect(refused == 1, "a refusal is not asked for again")
    }

    @Test(
        "where the upload cannot be aborted, its id is told",
        arguments: [(403, "AccessDenied"), (500, "InternalError")])
    func abortRefused(status: Int, code: String) throws {
        let rig = try StoreRig(faults: { operation, _, _ in
            switch operation {
            case .part: .instead(.error(403, "AccessDenied"))
            case .abort: .instead(.error(status, code))
            default: nil
            }
        })
        let failure = try #require(rig.failure(storing: 2 * part))
        #expect(failure.code == "AccessDenied")
        #expect(failure.uploadLeft == "upload-1")
    }

    @Test("an upload that was never begun is not aborted")
    func createRefused() throws {
        let rig = try StoreRig(faults: { operation, _, _ in
            operation == .create ? .instead(.error(403, "AccessDenied")) : nil
        })
        let failure = try #require(rig.failure(storing: 2 * part))
        #expect(failure.code == "AccessDenied")
        #expect(failure.leavesNothing)
        #expect(rig.store.count(.abort) == 0)
    }

    @Test("a stop from outside aborts the upload, through the client that it does not stop")
    func halted() throws {
        let rig = try StoreRig(faults: { operation, _, _ in
            operation == .part ? .instead(.init(course: .stall)) : nil
        })
        let halt = rig.halt
        let store = rig.store
        Thread.detachNewThread {
            _ = eventually { store.count(.part) == 2 }
            halt.cancel()
        }
        let failure = try #require(rig.failure(storing: 6 * part))
        #expect(failure.code == "Cancelled")
        #expect(failure.leavesNothing)
        #expect(rig.store.openUploads.isEmpty)
        // Parts that were on their way may arrive after the first time.
        #expect(rig.store.count(.abort) == 2)
    }

    @Test("a stream longer than its parts hold is warned of in time, and leaves nothing")
    func tooLong() throws {
        final class Told: Sendable {
            let lengths = Mutex<[[Int64]]>([])
        }
        let rig = try StoreRig()
        let told = Told()
        var options = ObjectWriter.Options()
        options.partSize = part
        options.partLimit = 5
        options.onLength = { bytes, most in told.lengths.withLock { $0.append([bytes, most]) } }
        let writer = ObjectWriter(
            client: rig.client, location: rig.location, halt: rig.halt, options: options)
        #expect {
            for _ in 0..<6 { try bytes(part).withUnsafeBytes { try writer.write($0) } }
            _ = try writer.finish()
        } throws: { error in
            (error as? StreamTooLong)?.parts == 5
        }
        #expect(told.lengths.withLock { $0 } == [[Int64(4 * part), Int64(5 * part)]])
        guard case .nothing = writer.abandon(through: rig.patientClient) else {
            Issue.record("something is left")
            return
        }
        #expect(rig.store.objects.isEmpty && rig.store.openUploads.isEmpty)
    }

    @Test("its checksum is that of all bytes")
    func checksum() throws {
        let rig = try StoreRig()
        let writer = rig.writer()
        for piece in ["123", "456", "789"] {
            try Array(piece.utf8).withUnsafeBytes { try writer.write($0) }
        }
        // The check value of CRC-64/NVME.
        #expect(writer.crc64nvme.value == 0xAE8B_1486_0A79_9888)
        #expect(writer.crc64nvme.count == 9)
    }
}
