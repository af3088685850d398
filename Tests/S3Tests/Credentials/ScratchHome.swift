import CivilTime
import Foundation

@testable import S3

/// A home directory of a test's own, with shared files in it.
final class ScratchHome {
    let path: String

    init(config: String? = nil, credentials: String? = nil) throws {
        path = NSTemporaryDirectory() + "s3prune-home-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path + "/.aws", withIntermediateDirectories: true)
        if let config { try write(config, ".aws/config") }
        if let credentials { try write(credentials, ".aws/credentials") }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file that only its owner can read, unless another mode is given.
    @discardableResult
    func write(_ text: String, _ name: String, mode: Int = 0o600) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        return file
    }

    /// The configuration of this home and nothing else.
    func configuration(
        _ environment: [String: String] = [:], policy: Configuration.PolicySettings? = nil,
        _ change: (inout Configuration.Options) -> Void = { _ in }
    ) throws -> Configuration {
        var options = Configuration.Options()
        change(&options)
        return try Configuration(
            options: options, policy: policy,
            environment: environment.merging(
                ["HOME": path, "AWS_EC2_METADATA_DISABLED": "true"]) { given, _ in given })
    }
}

extension Configuration {
    /// The credentials at the time of the tests.
    func credentials() throws -> Credentials {
        try credentials(clock: { Timestamp(rfc3339: "2026-11-23T03:00:00Z")! })
    }
}
