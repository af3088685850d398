import CivilTime
import Foundation
import OpenPGP
import Synchronization

/// A key pair of the tests, made by the system's gpg once.
final class Recipient: Sendable {
    let home: String
    let recipients: Recipients

    static let shared = Result { try Recipient() }

    private init() throws {
        var template = Array("/tmp/upload-key-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        home = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        let common = ["--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback"]
        try Self.run(
            common + ["--passphrase", "", "--quick-generate-key", "upload", "future-default"])
        try Self.run(common + ["--output", "\(home)/key.asc", "--armor", "--export", "upload"])
        recipients = try Self.recipients(in: home)
        let home = home
        Self.leftover.withLock { $0 = home }
        atexit {
            guard let home = Recipient.leftover.withLock({ $0 }) else { return }
            _ = try? Process.run(
                URL(fileURLWithPath: "/usr/bin/gpgconf"),
                arguments: ["--homedir", home, "--kill", "all"]
            ).waitUntilExit()
            try? FileManager.default.removeItem(atPath: home)
        }
    }

    /// The same key in a GnuPG home of its own.
    func fresh() throws -> Recipients { try Self.recipients(in: home) }

    private static func recipients(in home: String) throws -> Recipients {
        let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
        return try Recipients(files: ["\(home)/key.asc"], now: now)
    }

    private static let leftover = Mutex<String?>(nil)

    /// What the message says, read by gpg itself.
    func decrypted(_ message: [UInt8]) throws -> [UInt8] {
        let place = "\(home)/\(UUID().uuidString)"
        try Data(message).write(to: URL(fileURLWithPath: place))
        defer { try? FileManager.default.removeItem(atPath: place) }
        return try Self.run([
            "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--decrypt",
            place,
        ])
    }

    struct Failed: Error {
        let status: Int32
    }

    @discardableResult
    private static func run(_ arguments: [String]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/gpg")
        process.arguments = arguments
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(status: process.terminationStatus)
        }
        return [UInt8](bytes)
    }
}
