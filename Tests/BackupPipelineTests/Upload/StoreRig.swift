import CivilTime
import FaultServer
import Foundation
import S3
import Synchronization

@testable import BackupPipeline

/// A store that answers, and a client of it whose waits take no time.
final class StoreRig {
    let store: UploadStore
    let server: FaultServer
    let client: Client
    let patientClient: Client
    let halt = Cancellation()
    let location: S3Location

    static let mebibyte = 1 << 20
    /// The smallest part that S3 admits.
    static let part = 5 << 20

    init(
        faults: @escaping UploadStore.Faults = { _, _, _ in nil },
        change: (inout Client.Options) -> Void = { _ in }
    ) throws {
        store = UploadStore(faults: faults)
        server = try store.server()
        location = try S3Location("s3://bkt/db/shop dump+%.gpg")
        let now = Timestamp(rfc3339: "2026-11-23T03:00:00Z")!
        var options = Client.Options(clock: { now }, random: { 0.5 }, sleep: { _ in })
        options.cancellation = halt
        options.retry.maxAttempts = 4
        change(&options)
        client = Client(
            endpoint: try Endpoint(url: server.url, region: "us-east-1"),
            credentials: Credentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("secret"),
                sessionToken: nil, source: "test"), options: options)
        patientClient = client.another(cancellation: nil)
    }

    deinit { server.stop() }

    func writer(concurrency: Int = 2, partSize: Int = StoreRig.part) -> ObjectWriter {
        var options = ObjectWriter.Options()
        options.partSize = partSize
        options.concurrency = concurrency
        return ObjectWriter(client: client, location: location, halt: halt, options: options)
    }

    /// Writes `count` bytes that differ from place to place, and ends the object.
    func store(_ count: Int, concurrency: Int = 2) throws -> ObjectWriter.Outcome {
        let writer = writer(concurrency: concurrency)
        do {
            try bytes(count).withUnsafeBytes { try writer.write($0) }
            return try writer.finish()
        } catch {
            throw UploadError(cause: error, remains: writer.abandon(through: patientClient))
        }
    }

    /// Whether these bytes are the one object that there is; says no more, they are many.
    func isStored(_ bytes: [UInt8]) -> Bool {
        let objects = store.objects
        return objects.count == 1 && objects[0].body == bytes
    }

    /// Whether an abort came after every request of this kind. Parts that were given up meanwhile
    /// may reach the server later still.
    func abortsAfter(_ isRefused: (UploadStore.Event) -> Bool) -> Bool {
        let events = store.events
        guard let abort = events.lastIndex(where: { $0.operation == .abort }),
            let refused = events.lastIndex(where: isRefused)
        else { return false }
        return abort > refused
    }

    /// What storing so many bytes fails with; nil where it succeeds.
    func failure(storing count: Int, concurrency: Int = 2) -> UploadError? {
        do {
            _ = try store(count, concurrency: concurrency)
            return nil
        } catch {
            return error as? UploadError
        }
    }
}

extension UploadError {
    /// S3's code, where S3 is the cause.
    var code: String? { (cause as? S3Error)?.code }

    /// The id of an upload that is left.
    var uploadLeft: String? {
        if case .upload(let id, _) = remains { id } else { nil }
    }

    /// Whether nothing is left on the server.
    var leavesNothing: Bool {
        if case .nothing = remains { true } else { false }
    }
}

extension ObjectWriter.Outcome {
    /// The version that was stored.
    var version: String? {
        if case .stored(let object) = self {
            return object.versionID.map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        return nil
    }
}

/// Bytes that differ from place to place: the length of the pattern divides no size that matters.
func bytes(_ count: Int) -> [UInt8] {
    let pattern = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + pattern.count)
    while bytes.count < count { bytes += pattern }
    return Array(bytes.prefix(count))
}
