import Foundation

/// Key pairs of every kind that a backup may meet, made by the system's gpg once for all tests.
final class BackupKeys: Sendable {
    /// The GnuPG home with all secret keys.
    let home: String
    static let passphrase = "correct horse battery staple"
    /// When the keys of the past were made.
    private static let past = Int(Date().timeIntervalSince1970) - 3 * 365 * 86_400

    static let shared = Task { try await BackupKeys() }

    private init() async throws {
        var template = Array("/tmp/backup-keys-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw CocoaError(.fileWriteUnknown) }
        home = String(cString: made)
        let home = home
        Self.leftover.add(home)
        let script = """
            set -e
            cd "$GNUPGHOME"
            make() { # NAME ALGORITHM LIFETIME [OPTIONS]: a primary key that signs
                name=$1 algorithm=$2 lifetime=$3; shift 3
                gpg --batch --quiet --pinentry-mode loopback --passphrase "${passphrase:-}" "$@" \\
                    --quick-generate-key "$name" "$algorithm" sign,cert "$lifetime" 2>/dev/null
            }
            add() { # NAME ALGORITHM LIFETIME [OPTIONS]: a subkey that encrypts
                name=$1 algorithm=$2 lifetime=$3; shift 3
                fingerprint=$(gpg --with-colons --list-keys "$name" | awk -F: '/^fpr/ {print $10; exit}')
                gpg --batch --quiet --pinentry-mode loopback --passphrase "${passphrase:-}" "$@" \\
                    --quick-add-key "$fingerprint" "$algorithm" encr "$lifetime" 2>/dev/null
            }
            past="--faked-system-time $PAST!"
            make rsa rsa2048 never; add rsa rsa2048 never
            make curve ed25519 never; add curve cv25519 never
            make two ed25519 never $past; add two cv25519 never $past; add two cv25519 never
            make sign-only ed25519 never
            make expired ed25519 1y $past; add expired cv25519 1y $past
            make soon ed25519 never; add soon cv25519 30d
            make revoked ed25519 never; add revoked cv25519 never
            passphrase=$PASSPHRASE make locked ed25519 never
            for name in rsa curve two sign-only expired soon; do
                gpg --batch --armor --output $name.asc --export $name
            done
            gpg --batch --output both.gpg --export rsa curve
            gpg --batch --pinentry-mode loopback --passphrase '' --output secret.asc --armor \\
                --export-secret-keys curve
            fingerprint=$(gpg --with-colons --list-keys revoked | awk -F: '/^fpr/ {print $10; exit}')
            sed 's/^:---/---/' openpgp-revocs.d/$fingerprint.rev | gpg --batch --quiet --import
            gpg --batch --armor --output revoked.asc --export revoked
            printf '%s\\n' "$PASSPHRASE" >passphrase; chmod 600 passphrase
            echo 'no key at all' >text.asc; : >empty.asc
            """
        let outcome = try await Command(
            program: "/bin/sh", arguments: ["-c", script],
            environment: [
                "GNUPGHOME": home, "PATH": "/usr/bin:/bin", "PAST": "\(Self.past)",
                "PASSPHRASE": Self.passphrase,
            ]
        ).run()
        guard outcome.status == 0 else {
            throw TestServer.ScriptFailed(script: "keys", errors: outcome.errorText)
        }
    }

    /// The file of a public key.
    func file(_ name: String) -> String { "\(home)/\(name)" }

    func fingerprint(_ name: String) async throws -> String {
        let outcome = try await gpg(["--with-colons", "--list-keys", name])
        let line = outcome.lines.first { $0.hasPrefix("fpr:") }
        return line.map { String($0.split(separator: ":").last ?? "") } ?? ""
    }

    func gpg(_ arguments: [String]) async throws -> Command.Outcome {
        try await Command(
            program: "/usr/bin/gpg",
            arguments: ["--homedir", home, "--batch", "--pinentry-mode", "loopback"] + arguments,
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
        ).run()
    }

    /// What gpg and then the unpacker make of a message, with what gpg said about it.
    ///
    /// `only` leaves gpg nothing but the secret key of that name.
    func read(
        _ message: [UInt8], unpacker: String = "gunzip", only name: String? = nil
    ) async throws -> Command.Outcome {
        let scratch = try Scratch()
        let path = scratch.path("message")
        try Data(message).write(to: URL(fileURLWithPath: path))
        let script = """
            set -e
            if [ -n "$only" ]; then
                mkdir -m 700 "$1/alone"
                gpg --batch --quiet --pinentry-mode loopback --passphrase '' \\
                    --export-secret-keys "$only" | gpg --homedir "$1/alone" --batch --quiet --import
                export GNUPGHOME=$1/alone
            fi
            status=0
            gpg --batch --pinentry-mode loopback --decrypt --output "$1/plain" "$2" || status=$?
            [ -z "$only" ] || gpgconf --kill all
            [ $status = 0 ] || exit $status
            $3 <"$1/plain"
            """
        return try await Command(
            program: "/bin/bash",
            arguments: ["-c", script, "read", scratch.directory, path, unpacker],
            environment: [
                "GNUPGHOME": home, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                "only": name ?? "",
            ]
        ).run()
    }

    /// Directories that go when the process ends, with their agents.
    private final class Leftover: @unchecked Sendable {
        private let lock = NSLock()
        private var paths: [String] = []

        func add(_ path: String) {
            lock.withLock {
                if paths.isEmpty { atexit { BackupKeys.leftover.remove() } }
                paths.append(path)
            }
        }

        func remove() {
            for path in lock.withLock({ paths }) {
                let agent = Process()
                agent.executableURL = URL(fileURLWithPath: "/usr/bin/gpgconf")
                agent.arguments = ["--homedir", path, "--kill", "all"]
                try? agent.run()
                agent.waitUntilExit()
                try? FileManager.default.removeItem(atPath: path)
            }
        }
    }

    private static let leftover = Leftover()
}
