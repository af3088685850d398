internal import Foundation
internal import Synchronization

/// As much of an S3 server as an upload needs: objects, uploads and parts in memory, a record of
/// what was asked for, and what goes wrong with it.
public final class UploadStore: Sendable {
    /// A request, by what it does.
    public enum Operation: String, Sendable {
        case put, create, part, complete, abort
    }

    /// What goes wrong with a request.
    public enum Fault: Sendable {
        /// This answer, and no effect.
        case instead(FaultServer.Reply)
        /// The effect, and this in place of its answer.
        case after(FaultServer.Reply)
        /// The usual answer, although nothing of the body is kept.
        case losing
        /// This answer before the body is read, or after `readsAtMost` bytes of it; no effect.
        case early(FaultServer.Reply)
    }

    /// A request that came, in the order in which requests were taken up.
    public struct Event: Sendable {
        /// What it asked for.
        public let operation: Operation
        /// The number of its part.
        public let part: Int?
        /// Its body.
        public let size: Int
        /// The connection that it came over.
        public let connection: Int
    }

    /// A version.
    public struct Object: Sendable, CustomReflectable {
        /// Path and query of the request that began it.
        public let target: String
        /// The headers that it was begun with.
        public let headers: [String: String]
        /// Its bytes, parts joined in order.
        public let body: [UInt8]
        /// The sizes of its parts; empty without parts.
        public let parts: [Int]
        /// Its version id.
        public let version: String

        /// Everything but the bytes, for tests that fail.
        public var customMirror: Mirror {
            Mirror(
                self,
                children: [
                    "target": target, "bytes": body.count, "parts": parts, "version": version,
                ] as KeyValuePairs<String, Any>)
        }
    }

    /// Asked for each request: which operation, the how manieth of its kind (from 1), the request
    /// as far as it was read.
    public typealias Faults = @Sendable (Operation, Int, FaultServer.Received) -> Fault?

    private struct Upload {
        var target: String
        var headers: [String: String]
        var parts: [Int: [UInt8]] = [:]
    }

    private struct State {
        var objects: [Object] = []
        var uploads: [String: Upload] = [:]
        var events: [Event] = []
        var counts: [Operation: Int] = [:]
        var begun = 0
        /// Faults that were decided on before the body was read, by connection.
        var decided: [Int: Fault] = [:]
    }

    private let state = Mutex(State())
    private let faults: Faults

    /// A store that is empty.
    public init(faults: @escaping Faults = { _, _, _ in nil }) { self.faults = faults }

    /// A server of this store.
    public func server() throws -> FaultServer {
        try FaultServer(head: { [self] in decide($0) }, answer: { [self] in answer($0) })
    }

    /// The answer to a request that came whole, with its effect: for a server with faults of its
    /// own.
    public func reply(to request: FaultServer.Received) -> FaultServer.Reply {
        decide(request) ?? answer(request)
    }

    /// The versions, in the order in which they came to be.
    public var objects: [Object] { state.withLock { $0.objects } }
    /// The ids of uploads that were neither completed nor aborted.
    public var openUploads: [String] { state.withLock { $0.uploads.keys.sorted() } }
    /// The requests that came whole, and those that were answered early.
    public var events: [Event] { state.withLock { $0.events } }
    /// How many requests of this kind came.
    public func count(_ operation: Operation) -> Int {
        state.withLock { $0.counts[operation] ?? 0 }
    }

    private static func operation(of request: FaultServer.Received) -> Operation? {
        let query = request.query
        return switch request.method {
        case "PUT": query["partNumber"] == nil ? .put : .part
        case "POST": query["uploads"] != nil ? .create : query["uploadId"].map { _ in .complete }
        case "DELETE": query["uploadId"].map { _ in .abort }
        default: nil
        }
    }

    private func decide(_ request: FaultServer.Received) -> FaultServer.Reply? {
        guard let operation = Self.operation(of: request) else { return nil }
        let number = state.withLock { state in
            state.counts[operation, default: 0] += 1
            return state.counts[operation]!
        }
        let fault = faults(operation, number, request)
        if case .early(var reply) = fault {
            note(operation, request)
            reply.readsAtMost = reply.readsAtMost ?? 0
            return reply
        }
        state.withLock { $0.decided[request.connection] = fault }
        return nil
    }

    private func note(_ operation: Operation, _ request: FaultServer.Received) {
        let event = Event(
            operation: operation, part: request.query["partNumber"].flatMap { Int($0) },
            size: request.body.count, connection: request.connection)
        state.withLock { $0.events.append(event) }
    }

    /// The uploads that are open, as `ListMultipartUploads` tells them.
    private func uploads(_ request: FaultServer.Received) -> FaultServer.Reply {
        let bucket = request.path.dropFirst().prefix { $0 != "/" }
        let uploads = state.withLock { $0.uploads }.map { id, upload in
            let key = upload.target.dropFirst(bucket.count + 2).prefix { $0 != "?" }
            return "<Upload><Key>\(key)</Key><UploadId>\(id)</UploadId>"
                + "<Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>"
        }
        return .init(
            text: "<ListMultipartUploadsResult><Bucket>\(bucket)</Bucket>"
                + "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
                + uploads.joined() + "</ListMultipartUploadsResult>")
    }

    /// The parts of an open upload, as `ListParts` tells them.
    private func parts(of id: String) -> FaultServer.Reply {
        guard let upload = state.withLock({ $0.uploads[id] }) else {
            return .error(404, "NoSuchUpload")
        }
        let parts = upload.parts.sorted { $0.key < $1.key }.map { number, body in
            "<Part><PartNumber>\(number)</PartNumber><Size>\(body.count)</Size></Part>"
        }
        return .init(
            text: "<ListPartsResult><IsTruncated>false</IsTruncated>\(parts.joined())"
                + "</ListPartsResult>")
    }

    private func answer(_ request: FaultServer.Received) -> FaultServer.Reply {
        if request.method == "GET", let id = request.query["uploadId"] { return parts(of: id) }
        if request.method == "GET", request.query["uploads"] != nil { return uploads(request) }
        guard let operation = Self.operation(of: request) else {
            return .error(501, "NotImplemented")
        }
        let length = Int(request["content-length"] ?? "0") ?? 0
        // A client that went away in the middle of its body: nothing is stored of that.
        guard request.body.count == length else { return .error(400, "IncompleteBody") }
        note(operation, request)
        let fault = state.withLock { $0.decided.removeValue(forKey: request.connection) }
        if case .instead(let reply) = fault { return reply }
        var isLosing = false
        if case .losing = fault { isLosing = true }
        let reply = state.withLock { perform(operation, request, isLosing, &$0) }
        if case .after(let reply) = fault { return reply }
        return reply
    }

    private func perform(
        _ operation: Operation, _ request: FaultServer.Received, _ isLosing: Bool,
        _ state: inout State
    ) -> FaultServer.Reply {
        let id = request.query["uploadId"] ?? ""
        switch operation {
        case .put:
            let object = Object(
                target: request.target, headers: Self.headers(of: request), body: request.body,
                parts: [], version: "v\(state.objects.count + 1)")
            state.objects.append(object)
            return Self.stored(request, [("x-amz-version-id", object.version)])
        case .create:
            state.begun += 1
            let id = "upload-\(state.begun)"
            state.uploads[id] = Upload(
                target: request.target, headers: Self.headers(of: request))
            return .init(
                text: "<InitiateMultipartUploadResult>\(Self.name(request))"
                    + "<UploadId>\(id)</UploadId></InitiateMultipartUploadResult>")
        case .part:
            guard state.uploads[id] != nil, let number = Int(request.query["partNumber"] ?? "")
            else { return .error(404, "NoSuchUpload") }
            state.uploads[id]?.parts[number] = isLosing ? [] : request.body
            return Self.stored(request)
        case .complete: return complete(id, request, &state)
        case .abort:
            return state.uploads.removeValue(forKey: id) == nil
                ? .error(404, "NoSuchUpload") : .init(204)
        }
    }

    private func complete(
        _ id: String, _ request: FaultServer.Received, _ state: inout State
    ) -> FaultServer.Reply {
        guard let upload = state.uploads[id] else { return .error(404, "NoSuchUpload") }
        let text = String(decoding: request.body, as: UTF8.self)
        // A quotation mark may be escaped.
        let listed = text.matches(
            of: /<PartNumber>(\d+)<\/PartNumber><ETag>(?:"|&quot;)([0-9a-f]*)/)
        var parts: [[UInt8]] = []
        for match in listed {
            guard let number = Int(match.1), let part = upload.parts[number] else {
                return .error(400, "InvalidPart")
            }
            parts.append(part)
        }
        guard !parts.isEmpty, listed.map({ Int($0.1) }) == (1...parts.count).map({ $0 }) else {
            return .error(400, "InvalidPartOrder")
        }
        let sizes = parts.map(\.count)
        if let size = request["x-amz-mp-object-size"], Int(size) != sizes.reduce(0, +) {
            return .error(400, "InvalidRequest")
        }
        state.uploads[id] = nil
        let object = Object(
            target: upload.target, headers: upload.headers,
            body: parts.reduce(into: []) { $0 += $1 },
            parts: sizes, version: "v\(state.objects.count + 1)")
        state.objects.append(object)
        return Self.completed(request, parts: parts.count, version: object.version)
    }

    /// The answer to a completion.
    public static func completed(
        _ request: FaultServer.Received, parts: Int, version: String, space: String = ""
    ) -> FaultServer.Reply {
        .init(
            text: space + "<CompleteMultipartUploadResult>\(name(request))"
                + "<ETag>\"0123456789abcdef-\(parts)\"</ETag></CompleteMultipartUploadResult>",
            headers: [("x-amz-version-id", version)])
    }

    /// Confirms the bytes of a request, by the digest that the client says they have.
    public static func stored(
        _ request: FaultServer.Received, _ headers: [(name: String, value: String)] = []
    ) -> FaultServer.Reply {
        let digest = Data(base64Encoded: request["content-md5"] ?? "") ?? Data()
        let etag = digest.map { String(format: "%02x", $0) }.joined()
        return .init(headers: [("ETag", "\"\(etag)\"")] + headers)
    }

    /// Bucket and key of a path-style request, as answers repeat them.
    private static func name(_ request: FaultServer.Received) -> String {
        let path = request.path.dropFirst()
        let bucket = path.prefix { $0 != "/" }
        let key = String(path.dropFirst(bucket.count + 1)).removingPercentEncoding ?? ""
        let escaped = key.replacingOccurrences(of: "&", with: "&amp;")
            .replacingOccurrences(of: "<", with: "&lt;")
        return "<Bucket>\(bucket)</Bucket><Key>\(escaped)</Key>"
    }

    private static func headers(of request: FaultServer.Received) -> [String: String] {
        Dictionary(
            request.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
    }
}
