import CivilTime
import Foundation
import Testing

@testable import S3

/// A real S3 server that `scripts/run-tests` started beside the tests.
struct S3Server: Sendable, CustomTestStringConvertible {
    /// `ceph` or `moto`.
    let name: String
    private let variables: [String: String]

    var testDescription: String { name }

    /// Those that run.
    static let all = ["ceph", "moto"].compactMap { S3Server(name: $0) }
    /// The one that verifies signatures and policies.
    static let ceph = S3Server(name: "ceph")

    static let howToStart: Comment = "needs a server: scripts/run-tests starts it"

    /// Nil where no such server was started.
    private init?(name: String) {
        self.name = name
        variables = ProcessInfo.processInfo.environment
        if self["ENDPOINT"].isEmpty { return nil }
    }

    subscript(variable: String) -> String {
        variables["TEST_\(name.uppercased())_\(variable)"] ?? ""
    }

    func credentials(_ user: String = "admin") -> Credentials {
        let isMoto = name == "moto"
        return Credentials(
            accessKeyID: isMoto ? "any" : self["\(user.uppercased())_KEY"],
            secretAccessKey: Secret(isMoto ? "any" : self["\(user.uppercased())_SECRET"]),
            source: "test")
    }

    func endpoint(_ variable: String = "ENDPOINT") throws -> Endpoint {
        try Endpoint(url: self[variable], region: "us-east-1")
    }

    func client(
        user: String = "admin", endpoint: String = "ENDPOINT",
        change: (inout Client.Options) -> Void = { _ in }
    ) throws -> Client {
        var options = Client.Options(
            clock: { S3Server.now() }, sleep: { Thread.sleep(forTimeInterval: $0) })
        change(&options)
        return Client(
            endpoint: try self.endpoint(endpoint), credentials: credentials(user),
            options: options)
    }

    static func now() -> Timestamp {
        Timestamp(seconds: Int64(Date().timeIntervalSince1970))
    }

    /// A new bucket that keeps versions.
    func makeBucket(_ client: Client) throws -> String {
        let bucket = "b-\(UUID().uuidString.lowercased())"
        try client.createBucket(bucket)
        try client.enableVersioning(ofBucket: bucket)
        return bucket
    }
}

extension Client {
    /// Puts an array.
    func put(
        _ body: [UInt8], _ key: String, _ bucket: String,
        attributes: ObjectAttributes = ObjectAttributes()
    ) throws -> StoredObject {
        try body.withUnsafeBytes {
            try putObject($0, key: Array(key.utf8), bucket: bucket, attributes: attributes)
        }
    }

    /// Sends an array as a part.
    func send(_ body: [UInt8], number: Int, of upload: OpenUpload) throws -> SentPart {
        try body.withUnsafeBytes { try uploadPart(number, of: upload, body: $0) }
    }

    /// Reads a whole object or a range.
    func read(
        _ key: String, _ bucket: String, version: VersionID? = nil, range: Range<Int64>? = nil
    ) throws -> [UInt8] {
        final class Sink { var bytes: [UInt8] = [] }
        let sink = Sink()
        _ = try getObject(Array(key.utf8), bucket: bucket, versionID: version, range: range) {
            sink.bytes += $0
        }
        return sink.bytes
    }
}
