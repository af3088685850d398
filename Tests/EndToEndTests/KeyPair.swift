import Foundation

/// A GnuPG home with keys that gpg made, in a short directory of its own; its agent ends with it.
final class KeyPair: @unchecked Sendable {
    let home: String

    private init() {
        var template = Array("/tmp/e2e-gpg.XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        home = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        Self.homes.add(home)
    }

    /// Keys `rsa`, `curve`, `two` (two encryption subkeys) and `signing` (a subkey signs), made once
    /// for all tests.
    static let shared = Task { try await KeyPair.made() }
    /// A home with a key `stranger`.
    static let other = Task {
        let pair = KeyPair()
        try await pair.make("stranger", "ed25519", ["cv25519"])
        return pair
    }
    /// A home with a key `locked`, whose passphrase the agent neither remembers nor can ask for.
    static let locked = Task {
        let pair = KeyPair()
        let agent = """
            pinentry-program /bin/false
            default-cache-ttl 0
            max-cache-ttl 0
            """
        try Data(agent.utf8).write(to: URL(fileURLWithPath: pair.home + "/gpg-agent.conf"))
        try await pair.make("locked", "ed25519", ["cv25519"], passphrase: BackupKeys.passphrase)
        try await pair.shell("gpgconf --kill all")
        return pair
    }

    private static func made() async throws -> KeyPair {
        let pair = KeyPair()
        try await pair.make("rsa", "rsa2048", ["rsa2048"])
        try await pair.make("curve", "ed25519", ["cv25519"])
        try await pair.make("two", "ed25519", ["cv25519", "rsa2048"])
        try await pair.make("signing", "ed25519", ["ed25519 sign", "cv25519"])
        return pair
    }

    private func make(
        _ name: String, _ primary: String, _ subkeys: [String], passphrase: String = ""
    ) async throws {
        try await shell(
            "gpg --passphrase '\(passphrase)' --quick-generate-key \(name) \(primary) sign,cert")
        for subkey in subkeys {
            try await shell(
                """
                fpr=$(gpg --with-colons --list-keys \(name) | sed -n 's/^fpr:*\\([^:]*\\):/\\1/p' | head -1)
                gpg --passphrase '\(passphrase)' --quick-add-key "$fpr" \
                    \(subkey.contains(" ") ? subkey : subkey + " encr") never
                """)
        }
        try await shell("gpg --export \(name) >\"$GNUPGHOME/\(name).key\"")
    }

    /// A home with the same keys, whose `gpg.conf` keeps gpg from its agent.
    func withoutAgent(_ configuration: String) async throws -> KeyPair {
        let pair = KeyPair()
        try await shell(
            "cp -r \"$GNUPGHOME\"/{pubring.kbx,trustdb.gpg,private-keys-v1.d} \(pair.home)")
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: pair.home + "/gpg.conf"))
        return pair
    }

    /// The file with the public key of a name.
    func publicKey(_ name: String) -> String { "\(home)/\(name).key" }

    /// The fingerprints of a key, primary first.
    func fingerprints(_ name: String) async throws -> [String] {
        try await shell("gpg --with-colons --list-keys \(name)").lines
            .filter { $0.hasPrefix("fpr:") }
            .compactMap { $0.split(separator: ":").last.map(String.init) }
    }

    /// Runs a script of bash with this home; `gpg` asks nothing.
    @discardableResult
    func shell(_ script: String, input: String = "/dev/null") async throws -> Command.Outcome {
        let functions = """
            set -euo pipefail
            gpg() {
                command gpg --batch --quiet --no-tty --pinentry-mode loopback --trust-model always "$@"
            }

            """
        let outcome = try await Command(
            program: "/bin/bash", arguments: ["-c", functions + script],
            environment: ["PATH": "/usr/bin:/bin", "GNUPGHOME": home, "LC_ALL": "C.UTF-8"],
            input: input
        ).run()
        guard outcome.status == 0 else {
            throw TestServer.ScriptFailed(script: script, errors: outcome.errorText)
        }
        return outcome
    }

    private final class Homes: @unchecked Sendable {
        private let lock = NSLock()
        private var paths: [String] = []

        func add(_ path: String) {
            lock.withLock {
                if paths.isEmpty { atexit { KeyPair.homes.remove() } }
                paths.append(path)
            }
        }

        func remove() {
            for path in lock.withLock({ paths }) {
                let kill = Process()
                kill.executableURL = URL(fileURLWithPath: "/usr/bin/gpgconf")
                kill.arguments = ["--homedir", path, "--kill", "all"]
                if (try? kill.run()) != nil { kill.waitUntilExit() }
                try? FileManager.default.removeItem(atPath: path)
            }
        }
    }

    private static let homes = Homes()
}
