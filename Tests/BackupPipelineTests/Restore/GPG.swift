import BackupPipeline
import Foundation
import OpenPGP

/// GnuPG homes and keys for messages that the system's gpg makes, once for all tests.
final class GPG: Sendable {
    let path: String
    var keyring: Keyring { .directory(path) }

    struct Failure: Error {
        let arguments: [String]
        let words: String
    }

    private init() throws {
        var template = Array("/tmp/rst-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        Self.homes.add(path)
    }

    /// A home with a key of each name: `rsa`, `curve`, `two` (two subkeys) and `locked`.
    static let shared = Result { try GPG.withKeys() }
    /// A home with another key: `stranger`.
    static let other = Result {
        let home = try GPG()
        try home.make("stranger", ["cv25519"])
        return home
    }

    static let passphrase = "correct horse"

    private static func withKeys() throws -> GPG {
        let home = try GPG()
        try home.make("rsa", primary: "rsa2048", ["rsa2048"])
        try home.make("curve", ["cv25519"])
        try home.make("two", ["cv25519", "rsa2048"])
        try home.make("locked", ["cv25519"], passphrase: passphrase)
        return home
    }

    private func make(
        _ name: String, primary: String = "ed25519", _ subkeys: [String], passphrase: String = ""
    ) throws {
        let secret = ["--passphrase", passphrase]
        try run(secret + ["--quick-generate-key", name, primary, "sign,cert", "never"])
        for subkey in subkeys {
            try run(secret + ["--quick-add-key", fingerprints(name)[0], subkey, "encr", "never"])
        }
    }

    /// The fingerprints of a key, primary first.
    func fingerprints(_ name: String) throws -> [String] {
        let listing = String(
            decoding: try run(["--with-colons", "--list-keys", name]), as: UTF8.self)
        return listing.split(separator: "\n").filter { $0.hasPrefix("fpr:") }
            .compactMap { $0.split(separator: ":").last.map(String.init) }
    }

    /// The public key of a name in a file.
    func exported(_ name: String) throws -> String {
        let file = "\(path)/\(name).key"
        try Data(run(["--export", name])).write(to: URL(fileURLWithPath: file))
        return file
    }

    /// A file with the passphrase of `locked`, or another.
    func passphraseFile(_ text: String = passphrase) throws -> String {
        let file = "\(path)/\(UUID().uuidString)"
        try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: file))
        chmod(file, 0o600)
        return file
    }

    /// Encrypts as gpg does by itself.
    func encrypted(_ bytes: [UInt8], to name: String = "curve", _ options: [String] = [])
        throws -> [UInt8]
    {
        try run(options + ["--encrypt", "--recipient", name], input: bytes)
    }

    /// Runs gpg in this home.
    @discardableResult
    func run(_ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
        let common = [
            "--homedir", path, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback",
            "--trust-model", "always",
        ]
        return try Self.tool("gpg", common + arguments, input: input)
    }

    /// `gzip -n`
    static func gzip(_ bytes: [UInt8]) throws -> [UInt8] { try tool("gzip", ["-n"], input: bytes) }

    /// Runs a program with this input and gives its output.
    @discardableResult
    static func tool(
        _ program: String, _ arguments: [String], input: [UInt8] = []
    ) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (stdin, stdout)
        process.standardError = stderr
        try process.run()
        let writer = Thread {
            try? stdin.fileHandleForWriting.write(contentsOf: Data(input))
            try? stdin.fileHandleForWriting.close()
        }
        writer.start()
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        let words = stderr.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(
                arguments: arguments, words: String(decoding: words, as: UTF8.self))
        }
        return [UInt8](output)
    }

    private final class Homes: @unchecked Sendable {
        private let lock = NSLock()
        private var paths: [String] = []

        func add(_ path: String) {
            lock.withLock {
                if paths.isEmpty { atexit { GPG.homes.remove() } }
                paths.append(path)
            }
        }

        func remove() {
            for path in lock.withLock({ paths }) {
                _ = try? GPG.tool("gpgconf", ["--homedir", path, "--kill", "all"])
                try? FileManager.default.removeItem(atPath: path)
            }
        }
    }

    private static let homes = Homes()
}
