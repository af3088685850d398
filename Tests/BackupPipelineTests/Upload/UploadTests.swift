import FaultServer
import Foundation
import Gzip
import S3
import Testing

@testable import BackupPipeline
@testable import OpenPGP

@Suite("a backup")
struct UploadTests {
    private let part = StoreRig.part

    private func order(
        _ rig: StoreRig, _ compression: Compression = .none
    ) throws -> Upload.Order {
        var order = Upload.Order(to: rig.location, for: try Recipient.shared.get().recipients)
        order.compression = compression
        order.writing.partSize = part
        order.writing.concurrency = 2
        return order
    }

    private func upload(
        _ script: String, to rig: StoreRig, _ compression: Compression = .none,
        graceSeconds: Int = 10, stallSeconds: Int? = nil,
        change: (inout Upload.Order) -> Void = { _ in }
    ) throws -> Upload.Receipt {
        var order = try order(rig, compression)
        change(&order)
        let input = try CommandInput(
            ["/bin/sh", "-c", script], halt: rig.halt, stallSeconds: stallSeconds,
            graceSeconds: graceSeconds)
        return try Upload(
            order, from: input, through: rig.client, patientClient: rig.patientClient,
            halt: rig.halt
        ).run()
    }

    private func failure(_ body: () throws -> Void) -> UploadError? {
        do {
            try body()
            return nil
        } catch {
            return error as? UploadError
        }
    }

    /// 12 MiB of what does not get smaller, then what `end` does.
    private static func noise(_ end: String) -> String {
        "head -c 12582912 /dev/urandom; \(end)"
    }

    @Test("is a message that gpg reads, small or in parts", arguments: [3000, 12_000_000])
    func roundTrip(size: Int) throws {
        let rig = try StoreRig()
        let receipt = try upload("yes 0123456789 | head -c \(size)", to: rig)
        #expect(receipt.bytesRead == size)
        let object = try #require(rig.store.objects.first)
        #expect(object.parts.isEmpty == (size < part))
        #expect(receipt.bytesStored == object.body.count)
        #expect(receipt.crc64nvme == CRC64NVME(of: object.body).text)
        let plain = try Recipient.shared.get().decrypted(object.body)
        let lines = String(repeating: "0123456789\n", count: size / 11 + 1)
        let isSame = plain.elementsEqual(lines.utf8.prefix(size))
        #expect(isSame)
    }

    @Test(
        "does not exist where the producer fails, however much it wrote",
        arguments: [
            ("exit 1", InputError.Code.exited(1)), ("exit 73", .exited(73)),
            ("kill -9 $$", .killed(signal: 9)), ("exec >&-; sleep 0.2; exit 3", .exited(3)),
            ("sleep 0.2; exit 1", .exited(1)),
        ])
    func producerFails(end: String, code: InputError.Code) throws {
        for size in ["", Self.noise("")] {
            let rig = try StoreRig()
            let script = size.isEmpty ? "echo some; \(end)" : Self.noise(end)
            let failure = try #require(self.failure { _ = try upload(script, to: rig) })
            #expect((failure.cause as? InputError)?.code == code)
            #expect(failure.leavesNothing)
            #expect(rig.store.objects.isEmpty && rig.store.openUploads.isEmpty)
        }
    }

    @Test("exists where the producer writes to standard error")
    func noisyProducer() throws {
        let rig = try StoreRig()
        _ = try upload("echo dump; echo warning >&2", to: rig)
        #expect(rig.store.objects.count == 1)
    }

    @Test("does not exist where something keeps the producer's output open")
    func keptOpen() throws {
        let rig = try StoreRig()
        let failure = try #require(
            self.failure {
                _ = try upload(Self.noise("sleep 431 &"), to: rig, graceSeconds: 1)
            })
        #expect((failure.cause as? InputError)?.code == .keptOpen)
        #expect(rig.store.objects.isEmpty && rig.store.openUploads.isEmpty)
        #expect(eventually { running("sleep 431").isEmpty })
    }

    @Test("does not exist where the producer hangs")
    func hangs() throws {
        let rig = try StoreRig()
        let failure = try #require(
            self.failure {
                _ = try upload(Self.noise("sleep 432"), to: rig, stallSeconds: 1)
            })
        #expect((failure.cause as? InputError)?.code == .stalled(seconds: 1))
        #expect(rig.store.objects.isEmpty && rig.store.openUploads.isEmpty)
        #expect(eventually { running("sleep 432").isEmpty })
    }

    @Test("a part that fails ends the producer, even one that is silent")
    func producerEnds() throws {
        let rig = try StoreRig(faults: { operation, _, request in
            operation == .part && request.query["partNumber"] == "2"
                ? .instead(.error(403, "AccessDenied")) : nil
        })
        let failure = try #require(
            self.failure { _ = try upload(Self.noise("sleep 433 & sleep 433; wait"), to: rig) })
        #expect(failure.code == "AccessDenied")
        #expect(failure.leavesNothing)
        #expect(rig.abortsAfter { $0.part == 2 })
        #expect(eventually { running("sleep 433").isEmpty })
    }

    @Test("a refused beginning ends the producer, and is the cause that is told")
    func beginningRefused() throws {
        let rig = try StoreRig(faults: { operation, _, _ in
            operation == .create ? .instead(.error(404, "NoSuchBucket")) : nil
        })
        let failure = try #require(
            self.failure { _ = try upload(Self.noise("sleep 434"), to: rig) })
        #expect(failure.code == "NoSuchBucket")
        #expect(eventually { running("sleep 434").isEmpty })
    }

    @Test(
        "that is too small is refused, and nothing is begun",
        arguments: [
            ("true", 0, 1), ("printf abc", 3, 4), ("head -c 99999 /dev/zero", 99_999, 100_000),
        ])
    func tooSmall(script: String, bytes: Int64, minimum: Int64) throws {
        let rig = try StoreRig()
        let failure = try #require(
            self.failure {
                _ = try upload(script, to: rig) { $0.minimumSize = minimum }
            })
        #expect(failure.cause as? InputTooSmall == InputTooSmall(bytes: bytes, minimum: minimum))
        #expect(rig.store.events.isEmpty)
    }

    @Test("may be empty where that is wanted")
    func empty() throws {
        let rig = try StoreRig()
        let receipt = try upload("true", to: rig, .gzip(level: 6)) { $0.minimumSize = 0 }
        #expect(receipt.bytesRead == 0)
        let object = try #require(rig.store.objects.first)
        #expect(try Recipient.shared.get().decrypted(object.body).starts(with: [0x1F, 0x8B]))
    }

    @Test("whose completion is not answered is unknown, and not aborted")
    func unknown() throws {
        let rig = try StoreRig(faults: { operation, number, _ in
            operation == .complete && number == 1 ? .after(.init(course: .noAnswer)) : nil
        })
        let receipt = try upload(Self.noise("true"), to: rig)
        guard case .unknown(_, let id) = receipt.outcome else {
            Issue.record("\(receipt.outcome)")
            return
        }
        #expect(id == "upload-1")
        #expect(rig.store.count(.abort) == 0)
    }

    @Test("does not exist where gpg is killed half way")
    func gpgDies() throws {
        let rig = try StoreRig()
        var order = try order(rig)
        order.recipients = try Recipient.shared.get().fresh()
        // The producer ends the gpg that its upload has started, as a kernel short of memory does.
        let script = """
            head -c 8000000 /dev/urandom
            for process in /proc/[0-9]*; do
                case $(tr '\\0' ' ' <$process/cmdline) in
                gpg*\(order.recipients.home.path)*--encrypt*) kill -9 ${process#/proc/} ;;
                esac
            done 2>/dev/null
            head -c 8000000 /dev/urandom
            """
        let input = try CommandInput(["/bin/sh", "-c", script], halt: rig.halt)
        let failure = try #require(
            self.failure {
                _ = try Upload(
                    order, from: input, through: rig.client, patientClient: rig.patientClient,
                    halt: rig.halt
                ).run()
            })
        #expect(failure.cause is OpenPGPError, "\(failure.cause)")
        #expect(failure.leavesNothing)
        #expect(rig.store.objects.isEmpty && rig.store.openUploads.isEmpty)
    }
}
