import CivilTime
import FaultServer
import Foundation
import Synchronization

@testable import Pruning
@testable import S3

/// A bucket on loopback: it deletes what it is told to and lists what is left, as far as the script
/// of a test lets it.
final class LoopbackBucket: Sendable {
    /// Why a version is not deleted: code and message. `time` counts how often it was asked for,
    /// from 0.
    typealias Refusal = @Sendable (_ version: ObjectVersion, _ time: Int) -> (String, String)?
    /// The answer to a request, numbered from 0; `effect` has the request's effect and gives the
    /// right answer.
    typealias Script =
        @Sendable (
            _ number: Int, _ request: FaultServer.Received, _ effect: () -> FaultServer.Reply
        ) -> FaultServer.Reply

    private struct State {
        var present: Set<ObjectVersion>
        var asked: [ObjectVersion: Int] = [:]
        var deletions = 0
        var listings = 0
    }

    let server: FaultServer
    private let state: Mutex<State>

    /// Where the server finds its bucket.
    private final class Box: Sendable {
        let bucket = Mutex<LoopbackBucket?>(nil)
    }

    private let box: Box

    init(
        _ versions: [ObjectVersion],
        deletion: @escaping Script = { _, _, effect in effect() },
        listing: @escaping Script = { _, _, effect in effect() },
        refuse: @escaping Refusal = { _, _ in nil }
    ) throws {
        let box = Box()
        self.box = box
        state = Mutex(State(present: Set(versions)))
        server = try FaultServer { request in
            let bucket = box.bucket.withLock { $0! }
            if request.method == "GET" {
                let number = bucket.state.withLock { state in
                    state.listings += 1
                    return state.listings - 1
                }
                return listing(number, request) { bucket.page(request) }
            }
            let number = bucket.state.withLock { state in
                state.deletions += 1
                return state.deletions - 1
            }
            return deletion(number, request) {
                request.method == "POST"
                    ? bucket.deleteTogether(request, refuse) : bucket.deleteOne(request, refuse)
            }
        }
        box.bucket.withLock { $0 = self }
    }

    /// Ends the server; what it recorded stays.
    func stop() {
        server.stop()
        box.bucket.withLock { $0 = nil }
    }

    /// What is left, in the order of a listing.
    var present: [ObjectVersion] {
        state.withLock { $0.present }.sorted {
            $0.key == $1.key
                ? $0.id.bytes.lexicographicallyPrecedes($1.id.bytes)
                : $0.key.lexicographicallyPrecedes($1.key)
        }
    }

    /// The requests that delete, in their order.
    var deletions: [FaultServer.Received] { server.requests.filter { $0.method != "GET" } }

    /// The requests that list.
    var listings: [FaultServer.Received] { server.requests.filter { $0.method == "GET" } }

    /// Takes versions away beside all requests.
    func remove(_ versions: [ObjectVersion]) {
        state.withLock { $0.present.subtract(versions) }
    }

    /// The versions that a batch asks for.
    static func asked(_ request: FaultServer.Received) -> [ObjectVersion] {
        guard let tree = try? XMLTree(request.body) else { return [] }
        return tree.children.filter { $0.name == "Object" }.compactMap { object in
            guard let id = (object["VersionId"]?.text).flatMap({ VersionID($0) }) else {
                return nil
            }
            return ObjectVersion(key: Array((object["Key"]?.text ?? "").utf8), id: id)
        }
    }

    /// The answer that these are deleted.
    static func deleted(_ versions: some Sequence<ObjectVersion>) -> String {
        versions.map { "<Deleted>\(element($0))</Deleted>" }.joined()
    }

    static func result(_ elements: String) -> FaultServer.Reply {
        .init(text: "<DeleteResult>\(elements)</DeleteResult>")
    }

    private static func element(_ version: ObjectVersion) -> String {
        var text = XMLText()
        text.element("Key", version.key)
        text.element("VersionId", version.id.bytes)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    /// Takes a version away, or gives why not.
    private func remove(_ version: ObjectVersion, _ refuse: Refusal) -> (String, String)? {
        state.withLock { state in
            let time = state.asked[version, default: 0]
            state.asked[version] = time + 1
            if let refusal = refuse(version, time) { return refusal }
            state.present.remove(version)
            return nil
        }
    }

    private func deleteTogether(
        _ request: FaultServer.Received, _ refuse: Refusal
    ) -> FaultServer.Reply {
        var text = ""
        for version in Self.asked(request) {
            if let (code, message) = remove(version, refuse) {
                text +=
                    "<Error>\(Self.element(version))<Code>\(code)</Code>"
                    + "<Message>\(message)</Message></Error>"
            } else {
                text += Self.deleted([version])
            }
        }
        return Self.result(text)
    }

    private func deleteOne(
        _ request: FaultServer.Received, _ refuse: Refusal
    ) -> FaultServer.Reply {
        let key = URLDecoding.decoded(request.path.dropFirst("/bkt/".count))
        guard let id = VersionID(request.query["versionId"] ?? "") else {
            return .init(204, headers: [("x-amz-delete-marker", "true")])
        }
        if let (code, message) = remove(ObjectVersion(key: key, id: id), refuse) {
            return .error(403, code, message: message)
        }
        return .init(204, headers: [("x-amz-version-id", id.description)])
    }

    private func page(_ request: FaultServer.Received) -> FaultServer.Reply {
        let prefix = Array((request.query["prefix"] ?? "").utf8)
        let versions = present.filter { $0.key.starts(with: prefix) }
        let entries = versions.enumerated().map { place, version in
            let isLatest = place == 0 || versions[place - 1].key != version.key
            let key = version.key.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                .joined()
            return
                "<Version><Key>\(key)</Key><VersionId>\(version.id)</VersionId><IsLatest>\(isLatest)</IsLatest>"
                + "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"e\"</ETag>"
                + "<Size>7</Size></Version>"
        }
        return .init(
            text: "<ListVersionsResult><Name>bkt</Name><EncodingType>url</EncodingType>"
                + "<IsTruncated>false</IsTruncated>"
                + entries.joined() + "</ListVersionsResult>")
    }
}

/// Decodes percent-encoding for the tests' server.
private enum URLDecoding {
    static func decoded(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2 {
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                bytes.append(UInt8(digits, radix: 16)!)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}

/// A deleter of a loopback bucket whose waits take no time and are recorded.
final class DeleterRig {
    let bucket: LoopbackBucket
    let client: Client
    /// What was handed out as not gone.
    private(set) var remainders: [Deleter.Remainder] = []
    private let log = Log()
    private let waiting: @Sendable () -> Void

    private final class Log: Sendable {
        let progress = Mutex<[Int]>([])
        let waits = Mutex<[Double]>([])
    }

    /// What the progress was told, in order.
    var progress: [Int] { log.progress.withLock { $0 } }
    /// Seconds that were waited for, in order.
    var waits: [Double] { log.waits.withLock { $0 } }

    /// `waiting` is called in place of every wait.
    init(
        _ bucket: LoopbackBucket, cancellation: Cancellation? = nil,
        endOfRetries: Cancellation? = nil, forgivesThrottling: Bool = false,
        waiting: @escaping @Sendable () -> Void = {}
    ) throws {
        self.bucket = bucket
        self.waiting = waiting
        var options = Client.Options(
            clock: { Timestamp(rfc3339: "2026-11-23T03:00:00Z")! }, random: { 0 },
            sleep: { _ in waiting() })
        options.cancellation = cancellation
        options.endOfRetries = endOfRetries
        options.retry.forgivesThrottling = forgivesThrottling
        client = Client(
            endpoint: try Endpoint(url: bucket.server.url, region: "us-east-1"),
            credentials: Credentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("secret"), source: "test"),
            options: options)
    }

    deinit { bucket.stop() }

    /// Deletes `versions` of 10 bytes each.
    func run(
        _ versions: [ObjectVersion], concurrency: Int = 4,
        isStopped: @escaping @Sendable () -> Bool = { false }
    ) throws -> DeletionResult {
        let log = log
        let waiting = waiting
        var options = Deleter.Options { seconds in
            log.waits.withLock { $0.append(seconds) }
            waiting()
        }
        options.concurrency = concurrency
        options.isStopped = isStopped
        options.progress = { count in log.progress.withLock { $0.append(count) } }
        let deleter = Deleter(client: client, bucket: "bkt", options: options)
        return deleter.run(try spool(of: versions)) { remainders.append($0) }
    }

    /// The outcome of every version that is not gone, as `KEY ID WORD`.
    var words: [String] {
        remainders.map {
            "\(String(decoding: $0.version.key, as: UTF8.self)) \($0.version.id) \($0.outcome.word)"
        }.sorted()
    }
}

/// A spool of versions of 10 bytes each.
func spool(of versions: [ObjectVersion]) throws -> VersionSpool {
    let spool = VersionSpool()
    var rest = versions[...]
    while let first = rest.first {
        let same = rest.prefix { $0.key == first.key }
        try spool.append(key: first.key, same.map { ($0.id, 10) })
        rest = rest.dropFirst(same.count)
    }
    return spool
}

/// Versions v0, v1, … of one key each: k00000, k00001, …
func manyVersions(_ count: Int) -> [ObjectVersion] {
    (0..<count).map { version("k" + String(format: "%05d", $0), "v\($0)") }
}

func version(_ key: String, _ id: String) -> ObjectVersion {
    ObjectVersion(key: Array(key.utf8), id: VersionID(id)!)
}
