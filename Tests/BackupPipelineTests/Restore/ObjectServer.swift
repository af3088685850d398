import BackupPipeline
import CivilTime
import FaultServer
import Foundation
import S3
import Synchronization

/// A fault server that holds one version of one object, and a client of it.
final class ObjectServer {
    let server: FaultServer
    let client: Client
    let stop: Cancellation
    static let location = try! S3Location("s3://bkt/db/shop.sql.gz.gpg")
    static let now = Timestamp(rfc3339: "2026-11-23T03:00:00Z")!

    /// Serves `object`; `course` says what goes wrong with an answer, by the number of the GET.
    init(
        _ object: [UInt8], etag: String = "e1",
        course: @escaping @Sendable (_ get: Int, _ range: String) -> FaultServer.Reply.Course = {
            _, _ in .whole
        }
    ) throws {
        let gets = Mutex(0)
        server = try FaultServer { request in
            let headers = [
                (name: "ETag", value: "\"\(etag)\""), (name: "x-amz-version-id", value: "v1"),
                (name: "Last-Modified", value: "Mon, 23 Nov 2026 02:00:00 GMT"),
                (name: "x-amz-meta-backup-token", value: "abc"),
            ]
            guard request.query["versionId"] == "v1" else { return .error(404, "NoSuchVersion") }
            if request.method == "HEAD" { return .init(200, object, headers: headers) }
            if let wanted = request["if-match"], wanted != "\"e1\"" || etag != "e1" {
                return .error(412, "PreconditionFailed")
            }
            let number = gets.withLock {
                $0 += 1
                return $0 - 1
            }
            guard let range = request["range"] else {
                return .init(200, object, headers: headers, course: course(number, ""))
            }
            let ends = range.dropFirst(6).split(separator: "-").compactMap { Int($0) }
            let last = min(ends.count > 1 ? ends[1] : object.count - 1, object.count - 1)
            guard ends[0] <= last else { return .error(416, "InvalidRange") }
            return .init(
                206, Array(object[ends[0]...last]),
                headers: headers + [
                    ("Content-Range", "bytes \(ends[0])-\(last)/\(object.count)")
                ],
                course: course(number, range))
        }
        let stop = Cancellation()
        self.stop = stop
        var options = Client.Options(clock: { Self.now }, sleep: { _ in })
        options.cancellation = stop
        client = Client(
            endpoint: try Endpoint(url: server.url, region: "us-east-1"),
            credentials: Credentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("secret"), sessionToken: nil,
                source: "test"), options: options)
    }

    deinit { server.stop() }

    /// The version that it holds.
    func version() throws -> PinnedVersion {
        try PinnedVersion(Self.location, id: VersionID("v1")!, through: client)
    }

    /// How many GETs came.
    var getCount: Int { server.requests.count { $0.method == "GET" } }

    /// Restores from it.
    func restore(
        in home: GPG, change: (inout Restore.Order) throws -> Void = { _ in }
    ) throws -> (receipt: Restore.Receipt, bytes: [UInt8]) {
        var order = Restore.Order(try version())
        order.keyring = home.keyring
        try change(&order)
        let sink = Sink()
        let receipt = try Restore(order, through: client, stop: stop).run { sink.bytes += $0 }
        return (receipt, sink.bytes)
    }

    private final class Sink { var bytes: [UInt8] = [] }
}

/// Bytes that do not repeat.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        withUnsafeBytes(of: z ^ (z >> 31)) { bytes.append(contentsOf: $0) }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
}
