import CivilTime
import FaultServer
import Foundation
import Synchronization

@testable import S3

/// A client of a fault server whose waits take no time and are recorded.
final class Rig {
    let server: FaultServer
    let client: Client
    let cancellation: Cancellation
    private let log: Log

    /// What happened, shared with the client's closures.
    private final class Log: Sendable {
        let waits = Mutex<[Double]>([])
        let lines = Mutex<[String]>([])
    }

    /// Seconds that the client waited between attempts.
    var waits: [Double] { log.waits.withLock { $0 } }
    /// What the client told its `debug`.
    var debugLines: [String] { log.lines.withLock { $0 } }

    static let now = Timestamp(rfc3339: "2026-11-23T03:00:00Z")!
    static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    static let token = "AQoDYXdzEPTtokentokentoken"

    init(
        _ server: FaultServer, url: String? = nil, random: Double = 1,
        change: (inout Client.Options) -> Void = { _ in }
    ) throws {
        self.server = server
        let log = Log()
        self.log = log
        cancellation = Cancellation()
        var options = Client.Options(
            clock: { Rig.now }, random: { random },
            sleep: { seconds in log.waits.withLock { $0.append(seconds) } })
        options.cancellation = cancellation
        options.debug = { line in log.lines.withLock { $0.append(line) } }
        change(&options)
        client = Client(
            endpoint: try Endpoint(url: url ?? server.url, region: "us-east-1"),
            credentials: Credentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret(Rig.secret),
                sessionToken: Secret(Rig.token), source: "test"),
            options: options)
    }

    convenience init(
        _ script: [FaultServer.Reply], random: Double = 1,
        change: (inout Client.Options) -> Void = { _ in }
    ) throws {
        try self.init(try FaultServer(script), random: random, change: change)
    }

    /// Sends `GET /bkt?location` and gives the body.
    func get() throws(S3Error) -> String {
        let answer = try client.perform(
            Request(.get, .bucket("bkt"), query: [QueryItem("location")]), operation: "Get")
        return String(decoding: answer.body, as: UTF8.self)
    }

    /// Sends `PUT /bkt/k` with `body`.
    func put(_ body: [UInt8], transfer: TransferOptions = TransferOptions()) throws(S3Error)
        -> Answer
    {
        try client.perform(
            Request(.put, .object(bucket: "bkt", key: Array("k".utf8)), payload: .hashing(body)),
            operation: "Put", body: body, transfer: transfer)
    }

    /// The error of sending `GET /bkt?location`; nil if it succeeds.
    func errorOfGet() -> S3Error? {
        do throws(S3Error) {
            _ = try get()
            return nil
        } catch {
            return error
        }
    }
}
