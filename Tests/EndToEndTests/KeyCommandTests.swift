import Foundation
import Testing

extension EndToEnd {
    @Suite("backup key")
    struct KeyCommandTests {
        /// A home with a keyring of its own; its agent ends with it.
        final class Home {
            var program: Program

            init() throws {
                program = try Program()
                let keyring = program.home.path("gnupg")
                try FileManager.default.createDirectory(
                    atPath: keyring, withIntermediateDirectories: false,
                    attributes: [.posixPermissions: 0o700])
                program.environment["GNUPGHOME"] = keyring
            }

            deinit {
                let agent = Process()
                agent.executableURL = URL(fileURLWithPath: "/usr/bin/gpgconf")
                agent.arguments = [
                    "--homedir", program.environment["GNUPGHOME"] ?? "/nowhere", "--kill", "all",
                ]
                try? agent.run()
                agent.waitUntilExit()
            }

            /// A file with a passphrase that only its owner may read.
            func passphrase() throws -> String {
                let path = try program.home.write("passphrase", "correct horse\n")
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o600], ofItemAtPath: path)
                return path
            }

            func gpg(_ arguments: [String], input: String = "/dev/null") async throws
                -> Command.Outcome
            {
                try await program.run("gpg", ["--batch", "--yes"] + arguments, input: input)
            }
        }

        struct Key: Decodable {
            struct Part: Decodable {
                var fingerprint: String
                var algorithm: String
                var expires: String?
                var uses: String
            }
            struct Name: Decodable {
                var text: String
            }
            struct Warning: Decodable {
                var message: String
            }
            var fingerprint: String
            var user_ids: [Name]
            var keys: [Part]
            var encrypts_to: String?
            var problem: String?
            var warnings: [Warning]
        }

        private func inspect(_ home: Home, _ path: String) async throws -> (Int32, Key) {
            let outcome = try await home.program.backup([
                "key", "inspect", path, "--format", "json",
            ])
            return (outcome.status, try JSONDecoder().decode(Key.self, from: Data(outcome.output)))
        }

        @Test("a pair is made unattended; gpg encrypts to the file and decrypts with the keyring")
        func generate() async throws {
            let home = try Home()
            let file = home.program.home.path("acme.asc")
            let passphrase = try home.passphrase()
            let made = try await home.program.backup([
                "key", "generate", "Acme é <backup@acme.example>", "--passphrase-file", passphrase,
                "--output", file,
            ])
            #expect(made.status == 0, "\(made.errorText)")
            #expect(made.output.isEmpty)
            #expect(!made.errorText.contains("horse"))

            let (status, key) = try await inspect(home, file)
            #expect(status == 0)
            #expect(made.errorText.contains("note: fingerprint \(key.fingerprint)"))
            #expect(key.user_ids.map(\.text) == ["Acme é <backup@acme.example>"])
            #expect(key.keys.map(\.algorithm) == ["ed25519", "cv25519"])
            #expect(key.keys.map(\.uses) == ["sign certify", "encrypt"])
            #expect(key.encrypts_to == key.keys[1].fingerprint)

            let plain = try home.program.home.write("plain", "the backup")
            let message = home.program.home.path("message")
            _ = try await home.gpg(["-o", message, "-f", file, "--trust-model=always", "-e", plain])
            let opened = try await home.gpg([
                "--pinentry-mode", "loopback", "--passphrase-file", passphrase, "-d", message,
            ])
            #expect(opened.text == "the backup", "\(opened.errorText)")

            // The option names the keyring as well as the variable does.
            let keyring = try #require(home.program.environment["GNUPGHOME"])
            home.program.environment["GNUPGHOME"] = nil
            defer { home.program.environment["GNUPGHOME"] = keyring }
            let exported = try await home.program.backup([
                "key", "export", key.fingerprint, "--gnupg-home", keyring,
            ])
            #expect(exported.output == (try home.program.home.read("acme.asc")))
        }

        @Test("nothing that is printed or written is a secret key, and a bare one is warned of")
        func publicOnly() async throws {
            let home = try Home()
            let made = try await home.program.backup([
                "key", "generate", "Acme", "--no-passphrase", "--algorithm", "rsa2048",
            ])
            #expect(made.status == 0, "\(made.errorText)")
            #expect(made.text.hasPrefix("-----BEGIN PGP PUBLIC KEY BLOCK-----\n"))
            #expect(made.text.hasSuffix("-----END PGP PUBLIC KEY BLOCK-----\n"))
            #expect(!made.text.contains("PRIVATE"))
            #expect(made.errorText.contains("warning: the secret key has no passphrase"))
        }

        @Test("a key that will expire within 60 days is a problem, a later one is not")
        func expiry() async throws {
            let home = try Home()
            for (days, expected) in [(59, Int32(6)), (70, Int32(0))] {
                let file = home.program.home.path("\(days).asc")
                let made = try await home.program.backup([
                    "key", "generate", "Acme \(days)", "--no-passphrase", "--expires", "\(days)d",
                    "--output", file,
                ])
                #expect(made.status == 0, "\(made.errorText)")
                let (status, key) = try await inspect(home, file)
                #expect(status == expected)
                #expect(key.keys.allSatisfy { $0.expires != nil })
                #expect(key.warnings.isEmpty == (expected == 0))
                let text = try await home.program.backup(["key", "inspect", file])
                #expect(text.text.contains("warning: key \(key.fingerprint)") == (expected == 6))
                #expect(text.text.contains("backups are encrypted to it"))
            }
        }

        @Test("a key that cannot encrypt is a problem that is named")
        func signOnly() async throws {
            let home = try Home()
            let name = "evil\u{202E}gpg.exe"
            _ = try await home.gpg([
                "--passphrase", "", "--quick-generate-key", name, "ed25519", "sign", "never",
            ])
            let file = home.program.home.path("sign.asc")
            _ = try await home.gpg(["--armor", "-o", file, "--export"])
            let (status, key) = try await inspect(home, file)
            #expect(status == 6)
            #expect(key.encrypts_to == nil)
            #expect(key.user_ids.map(\.text) == [name])
            #expect(key.problem != nil)
            let text = try await home.program.backup(["key", "inspect", file])
            #expect(text.status == 6)
            #expect(text.text.contains("cannot be used: "))
            expectHarmless(text.output)

            let secret = home.program.home.path("secret.asc")
            _ = try await home.gpg([
                "--armor", "--pinentry-mode", "loopback", "--passphrase", "", "-o", secret,
                "--export-secret-keys",
            ])
            let refused = try await home.program.backup(["key", "inspect", secret])
            #expect(refused.status == 64)
            #expect(refused.errorText.contains("holds a secret key"), "\(refused.errorText)")
        }

        @Test("no key is made where its file cannot be, and one that is made is never hidden")
        func unwritable() async throws {
            let home = try Home()
            let words = ["key", "generate", "Acme", "--no-passphrase", "--output"]
            let nowhere = home.program.home.path("none/acme.asc")
            let refused = try await home.program.backup(words + [nowhere])
            #expect(refused.status == 1 && refused.errorText.contains("cannot write"))
            let before = try await home.gpg(["--list-secret-keys"])
            #expect(before.output.isEmpty)
            let lost = try await home.program.backup(words + ["/dev/full"])
            #expect(lost.status == 3, "\(lost.errorText)")
            let full = try await home.program.run(
                "/bin/sh",
                [
                    "-c", "exec \"$0\" key generate Acme --no-passphrase >/dev/full",
                    "\(Places.products)/backup",
                ])
            #expect(full.status == 1)
            let made = full.errorText.firstMatch(of: /backup key export ([0-9A-F]{40})/)
            let key = try #require(made, "\(full.errorText)").1
            #expect(try await home.gpg(["--list-secret-keys", String(key)]).status == 0)
        }

        @Test("a file is not written over, and no key is made for it")
        func existing() async throws {
            let home = try Home()
            let file = try home.program.home.write("acme.asc", "precious")
            let outcome = try await home.program.backup([
                "key", "generate", "Acme", "--no-passphrase", "--output", file,
            ])
            #expect(outcome.status == 3)
            #expect(try home.program.home.read("acme.asc") == Array("precious".utf8))
            #expect(try await home.gpg(["--list-keys"]).output.isEmpty)
        }

        @Test(
            "what makes no sense is refused",
            arguments: [
                (["generate"], 64), (["generate", "", "--no-passphrase"], 64),
                (["generate", "a", "--algorithm", "dsa1024"], 64),
                (["generate", "a", "--no-passphrase", "--passphrase-file", "x"], 64),
                (["generate", "a", "--no-passphrase", "--expires", "1h"], 64),
                (["generate", "a", "--no-passphrase", "--expires", "200000d"], 64),
                (["generate", "a", "--passphrase-file", "/nowhere"], 64),
                (["inspect"], 64), (["inspect", "/nowhere"], 64), (["inspect", "/etc/passwd"], 64),
                (["inspect", "/dev/zero"], 64), (["export"], 64), (["export", "0123ABCD"], 64),
                (["export", String(repeating: "0", count: 40)], 1), (["frobnicate"], 64),
            ] as [([String], Int32)])
        func refused(arguments: [String], status: Int32) async throws {
            let outcome = try await Home().program.backup(["key"] + arguments)
            #expect(outcome.status == status, "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.errorText.hasPrefix("backup: error: "), "\(outcome.errorText)")
        }

        @Test("where nobody can be asked for a passphrase, the error says what to do")
        func nobody() async throws {
            let home = try Home()
            let keyring = try #require(home.program.environment["GNUPGHOME"])
            try Data("pinentry-program /bin/false\n".utf8).write(
                to: URL(fileURLWithPath: keyring + "/gpg-agent.conf"))
            let outcome = try await home.program.backup(["key", "generate", "Acme"])
            #expect(outcome.status != 0)
            #expect(outcome.errorText.contains("hint: "), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("--passphrase-file"), "\(outcome.errorText)")
        }
    }
}
