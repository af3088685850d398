import FaultServer
import Foundation
import Synchronization

/// As much of a bucket as `backup setup` and `backup iam` look at: settings that are given back as
/// they were written, and a user who may do nothing but upload.
final class SettingsStore: Sendable {
    private struct State {
        var exists = false
        var settings: [String: [UInt8]] = [:]
        var objects = 0
        var deletions = 0
    }

    private let state = Mutex(State())

    /// What a bucket says that has no such setting.
    private static let none = [
        "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
        "encryption": "ServerSideEncryptionConfigurationNotFoundError",
        "lifecycle": "NoSuchLifecycleConfiguration",
    ]

    /// The names of the settings that were written.
    var settings: Set<String> { state.withLock { Set($0.settings.keys) } }
    /// Whether the bucket is there.
    var exists: Bool { state.withLock { $0.exists } }
    /// How many objects were stored.
    var objects: Int { state.withLock { $0.objects } }
    /// How many requests to delete something were granted.
    var deletions: Int { state.withLock { $0.deletions } }

    /// The answers to somebody who may do everything with the settings of the bucket `bkt`.
    func settingsReply(to request: FaultServer.Received) -> FaultServer.Reply {
        let name = request.query.keys.first { Self.none[$0] != nil || $0 == "versioning" }
        return state.withLock { state in
            guard let name else {
                if request.method == "PUT" { state.exists = true }
                return state.exists ? .init() : .error(404, "NoSuchBucket")
            }
            guard state.exists else { return .error(404, "NoSuchBucket") }
            if request.method == "PUT" {
                state.settings[name] = request.body
                return .init()
            }
            if let body = state.settings[name] { return .init(200, body) }
            return Self.none[name].map { .error(404, $0) }
                ?? .init(text: "<VersioningConfiguration/>")
        }
    }

    /// The answers to somebody who may store, and abort what was begun.
    func uploaderReply(to request: FaultServer.Received) -> FaultServer.Reply {
        let query = request.query
        switch request.method {
        case "PUT" where query.isEmpty || query.keys.sorted() == ["x-id"]:
            guard request.headers.allSatisfy({ $0.name.lowercased() != "x-amz-acl" }),
                request.path.hasPrefix("/bkt/web/")
            else { return .error(403, "AccessDenied") }
            state.withLock { $0.objects += 1 }
            return .init(headers: [("ETag", "\"e\""), ("x-amz-version-id", "v1")])
        case "POST" where query["uploads"] != nil:
            return .init(
                text: "<InitiateMultipartUploadResult><Bucket>bkt</Bucket>"
                    + "<Key>\(request.path.dropFirst(5))</Key><UploadId>u1</UploadId>"
                    + "</InitiateMultipartUploadResult>")
        case "DELETE" where query["uploadId"] != nil: return .init(204)
        case "DELETE": return .error(403, "AccessDenied")
        default: return .error(403, "AccessDenied")
        }
    }
}
