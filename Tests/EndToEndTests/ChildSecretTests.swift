import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("the programs of GnuPG that backup starts")
    struct ChildSecretTests {
        private static let secrets = [
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/theSecretOfTheTests",
            "AWS_SESSION_TOKEN": "FwoGZXIvYXdzEtheTokenOfTheTests",
            "AWS_SECURITY_TOKEN": "theOlderNameOfTheToken",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "theTokenOfTheContainer",
        ]

        /// Puts programs named `gpg` and `gpgconf` before the real ones, which note with what they
        /// were started and go on as these.
        private func watch(_ program: inout Program) throws {
            let folder = program.home.path("bin")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false)
            let scripts = [
                "gpg": """
                #!/bin/bash
                { echo "== gpg $*"; env; } >>"$SPY"
                exec /usr/bin/gpg "$@"
                """,
                "gpgconf": """
                #!/bin/bash
                set -o pipefail
                { echo "== gpgconf $*"; env; } >>"$SPY"
                /usr/bin/gpgconf "$@" | sed 's,:/usr/bin/gpg$,:\(folder)/gpg,'
                """,
            ]
            for (name, text) in scripts {
                let path = try program.home.write("bin/\(name)", text + "\n")
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o700], ofItemAtPath: path)
            }
            program.environment["PATH"] = "\(folder):/usr/bin:/bin"
            program.environment["SPY"] = program.home.path("spy")
            program.environment.merge(Self.secrets) { $1 }
        }

        /// Runs a command, which must end with 0 and have started gpg, and looks at what that got.
        private func expectHidden(_ words: [String], _ program: Program) async throws {
            try program.home.write("spy", "")
            let outcome = try await program.backup(words)
            #expect(outcome.status == 0, "\(words) \(outcome.errorText)")
            let seen = String(decoding: try program.home.read("spy"), as: UTF8.self)
            #expect(seen.contains("== gpg ") && seen.contains("SPY="), "\(words)")
            for (name, secret) in Self.secrets {
                #expect(!seen.contains(name) && !seen.contains(secret), "\(words)")
            }
        }

        @Test("get no secret from the commands about keys, nor does the agent that stays")
        func keys() async throws {
            let home = try KeyCommandTests.Home()
            try watch(&home.program)
            let file = home.program.home.path("a.asc")
            try await expectHidden(
                [
                    "key", "generate", "Ada <ada@example.org>", "--no-passphrase", "--output", file,
                ], home.program)
            try await expectHidden(["key", "inspect", file], home.program)
            let made = try await home.gpg(["--with-colons", "--list-keys"])
            let line = try #require(made.lines.first { $0.hasPrefix("fpr:") })
            try await expectHidden(
                ["key", "export", String(line.split(separator: ":").last ?? "")], home.program)

            let names = Self.secrets.keys.sorted() + ["SPY"]
            let asked = try await home.program.run(
                "/usr/bin/gpg-connect-agent",
                ["--no-autostart"] + names.map { "getinfo getenv \($0)" } + ["/bye"])
            // Of all of them it knows the one that is no secret.
            #expect(asked.lines.count { $0.hasPrefix("ERR ") } == Self.secrets.count)
            #expect(asked.lines.contains { $0 == "D \(home.program.home.path("spy"))" })
        }

        @Test("get no secret from an upload, a restore and a look at what is stored")
        func backups() async throws {
            let rig = try await UploadRig()
            try watch(&rig.program)
            try await expectHidden(rig.words("seq 1 1000"), rig.program)
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([
                .init(content: try await RestoreTests.message(pair))
            ])
            var program = try server.program(pair)
            try watch(&program)
            try await expectHidden(
                ["restore", OneObjectServer.url, "-o", program.home.path("restored")], program)
            try await expectHidden(["verify", "--full", OneObjectServer.url], program)
            try await expectHidden(
                ["verify", "--recipient", pair.publicKey("curve"), OneObjectServer.url], program)
        }

        @Test("the memory of a running program cannot be looked at, nor written into a core")
        func memory() async throws {
            for (name, words) in [
                ("backup", ["presign", "s3://bkt/a"]), ("backup", ["--help"]),
                ("s3prune", ["--policy", "POLICY"]), ("s3prune", ["policy", "check", "POLICY"]),
            ] {
                let rig = try PruneRig(PruneStore(["bkt": []]))
                var program = rig.program
                let policy = try program.policy(
                    "version: 1\nbucket: bkt\nkeep: { daily: 3 }\n")
                try await SystemCallShim.shared.value.watch(&program, name: name)
                let outcome = try await program.run(
                    "\(Places.products)/\(name)", words.map { $0 == "POLICY" ? policy : $0 })
                #expect(SystemCallShim.hidMemory(program) == [true], "\(outcome.errorText)")
            }
        }
    }
}
