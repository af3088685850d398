import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("backup restore, its options")
    struct RestoreOptionTests {
        typealias Version = OneObjectServer.Version
        typealias Place = RestoreTests.Place

        private static let plain = RestoreTests.plain

        private func server(
            _ how: String, metadata: [(name: String, value: String)] = []
        ) async throws -> OneObjectServer {
            let content = try await RestoreTests.message(KeyPair.shared.value, how: how)
            return try OneObjectServer([Version(content: content, metadata: metadata)])
        }

        private func restore(
            _ server: OneObjectServer, _ options: [String], from pair: KeyPair? = nil
        ) async throws -> (outcome: Command.Outcome, place: Place) {
            let place = try Place()
            let keys: KeyPair
            if let pair { keys = pair } else { keys = try await KeyPair.shared.value }
            let outcome = try await server.program(keys).backup(
                ["restore", OneObjectServer.url, "-o", place.file] + options)
            return (outcome, place)
        }

        // MARK: Signers

        @Test(
            "a demanded signer who signed is named, and nothing is said against the origin",
            arguments: [("rsa", 0), ("signing", 0), ("signing", 1)])
        func signer(name: String, number: Int) async throws {
            let prints = try await KeyPair.shared.value.fingerprints(name)
            let server = try await server("gzip | gpg -s -u \(name) -e -r curve")
            let (outcome, place) = try await restore(server, ["--signer", prints[number]])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.text.contains("signed by \(prints[0])"))
            #expect(!outcome.errorText.contains("origin"))
            let isSame = try place.scratch.read("shop.sql") == Self.plain
            #expect(isSame)
            let verified = try await server.program(KeyPair.shared.value).backup([
                "verify", OneObjectServer.url, "--full", "--signer", prints[number],
            ])
            #expect(verified.status == 0, "\(verified.text)\(verified.errorText)")
            #expect(verified.text.contains("signed by \(prints[0])"))
        }

        @Test(
            "what another has signed, or nobody, is no backup where a signer is demanded",
            arguments: [
                "gzip | gpg -e -r curve", "gzip | gpg -s -u two -e -r curve",
                "gzip | gpg -s -u signing -e -r curve",
            ])
        func otherSigner(how: String) async throws {
            let rsa = try await KeyPair.shared.value.fingerprints("rsa")[0]
            let server = try await server(how)
            let (outcome, place) = try await restore(server, ["--signer", rsa])
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("sign"), "\(outcome.errorText)")
            #expect(try place.names.isEmpty)
            let verified = try await server.program(KeyPair.shared.value).backup([
                "verify", OneObjectServer.url, "--full", "--signer", rsa, "--format", "json",
            ])
            #expect(verified.status == 6, "\(verified.errorText)")
            #expect(verified.text.contains("\"code\":\"signature\""))
        }

        @Test("a signature that nobody demanded vouches for nothing, and says whose it is")
        func undemanded() async throws {
            let pair = try await KeyPair.shared.value
            let rsa = try await pair.fingerprints("rsa")[0]
            let (good, _) = try await restore(
                try await server("gzip | gpg -s -u rsa -e -r curve"), [])
            #expect(good.status == 0, "\(good.errorText)")
            #expect(good.errorText.contains("the origin is not authenticated: \(rsa) signed"))
            // Somebody whose key is not in the keyring.
            let other = try await KeyPair.other.value
            try await other.shell("gpg --import \(pair.publicKey("curve"))")
            let content = try await RestoreTests.message(
                other, how: "gzip | gpg -s -u stranger -e -r curve")
            let (unknown, _) = try await restore(
                try OneObjectServer([Version(content: content)]), [])
            #expect(unknown.status == 0, "\(unknown.errorText)")
            #expect(unknown.text.contains("signed by an unknown key"))
            #expect(unknown.errorText.contains("the signature cannot be relied on"))
        }

        // MARK: Passphrases

        /// More than is fetched before the first bytes are looked at.
        private func lockedServer() async throws -> (OneObjectServer, KeyPair) {
            let pair = try await KeyPair.locked.value
            let content = try await pair.shell(
                "head -c 67108864 /dev/zero | gpg -z0 -e -r locked"
            ).output
            return (try OneObjectServer([Version(content: content)]), pair)
        }

        private func expectPrompt(
            _ outcome: Command.Outcome, _ place: Place, _ server: OneObjectServer
        ) throws {
            #expect(outcome.status == 77, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("passphrase"), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("nothing was restored"))
            #expect(try place.names.isEmpty)
            // Of nine ranges.
            let ranges = server.server.requests.count { $0["range"] != nil }
            #expect(ranges <= 5, "\(ranges)")
        }

        @Test("the right passphrase opens, a wrong one and none fail before all is fetched")
        func passphrase() async throws {
            let (server, pair) = try await lockedServer()
            let scratch = try Scratch()
            func file(_ text: String) throws -> [String] {
                let path = try scratch.write("passphrase", text)
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o600], ofItemAtPath: path)
                return ["--passphrase-file", path]
            }
            let (wrong, emptyPlace) = try await restore(server, try file("wrong\n"), from: pair)
            try expectPrompt(wrong, emptyPlace, server)
            let right = try file(BackupKeys.passphrase + "\n")
            let (outcome, place) = try await restore(server, right, from: pair)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try place.scratch.read("shop.sql").count == 64 << 20)
            let verified = try await server.program(pair).backup(
                ["verify", OneObjectServer.url, "--full"] + right)
            #expect(verified.status == 0, "\(verified.errorText)")
            let refused = try await server.program(pair).backup(
                ["verify", OneObjectServer.url, "--full"] + (try file("wrong\n")))
            #expect(refused.status == 77, "\(refused.errorText)")
        }

        @Test("a question that nobody can answer ends the restore, as does no agent at all")
        func nobodyToAsk() async throws {
            let (server, pair) = try await lockedServer()
            let (silent, place) = try await restore(server, [], from: pair)
            try expectPrompt(silent, place, server)
            for configuration in ["no-autostart", "agent-program /bin/false"] {
                let lonely = try await pair.withoutAgent(configuration)
                let (outcome, empty) = try await restore(server, [], from: lonely)
                #expect(outcome.status == 77, "\(configuration): \(outcome.errorText)")
                #expect(outcome.errorText.contains("gpg-agent cannot be reached"))
                #expect(outcome.errorText.contains("gpgconf --launch gpg-agent"))
                #expect(outcome.errorText.contains("nothing was restored"))
                #expect(try empty.names.isEmpty)
            }
        }

        // MARK: The keyring

        @Test("--gnupg-home names the keyring, and without the secret key nothing is restored")
        func keyring() async throws {
            let server = try await server("gzip | gpg -e -r curve")
            let pair = try await KeyPair.shared.value
            let other = try await KeyPair.other.value
            let (outcome, place) = try await restore(
                server, ["--gnupg-home", pair.home], from: other)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let isSame = try place.scratch.read("shop.sql") == Self.plain
            #expect(isSame)
            let (without, empty) = try await restore(server, [], from: other)
            #expect(without.status == 77, "\(without.errorText)")
            #expect(try empty.names.isEmpty)
        }

        // MARK: What comes out

        @Test("--unpack decides how the content is unpacked")
        func unpack() async throws {
            let none = [(name: "backup-compression", value: "none")]
            let cases: [(how: String, option: String, isPacked: Bool, status: Int32)] = [
                ("gzip", "auto", true, 0), ("gzip", "gzip", false, 0), ("gzip", "none", true, 0),
                ("gzip", "zstd", false, 1), ("zstd -q", "zstd", false, 0),
                ("zstd -q", "gzip", false, 1), ("cat", "gzip", false, 1),
            ]
            for (how, option, isPacked, status) in cases {
                let server = try await server("\(how) | gpg -e -r curve", metadata: none)
                let (outcome, place) = try await restore(server, ["--unpack", option])
                #expect(outcome.status == status, "\(how) \(option): \(outcome.errorText)")
                guard status == 0 else {
                    #expect(try place.names.isEmpty)
                    continue
                }
                let restored = try place.scratch.read("shop.sql")
                let isSame = restored == Self.plain
                #expect(isSame == !isPacked, "\(how) \(option)")
                if isPacked { #expect(restored.starts(with: [0x1F, 0x8B])) }
            }
        }

        @Test(
            "without --output the file is named after the key, by what it holds",
            arguments: [
                ([], "shop.sql"), (["--unpack", "none"], "shop.sql.gz"),
                (["--raw"], "shop.sql.gz.gpg"),
            ])
        func name(options: [String], name: String) async throws {
            let server = try await server("gzip | gpg -e -r curve")
            let place = try Place()
            let outcome = try await server.program(KeyPair.shared.value).run(
                "/bin/bash",
                [
                    "-c", "cd \"$0\" && exec \"$@\"", place.scratch.directory,
                    "\(Places.products)/backup", "restore", OneObjectServer.url,
                ] + options)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try place.names == [name])
            #expect(outcome.text.contains("to \(name)"))
            let isPlain = try place.scratch.read(name) == Self.plain
            #expect(isPlain == options.isEmpty)
        }

        @Test("verify: a limit on what comes out, several places, and nothing written anywhere")
        func verify() async throws {
            let server = try await server("gzip | gpg -e -r curve")
            let pair = try await KeyPair.shared.value
            var program = try server.program(pair)
            let limited = try await program.backup([
                "verify", OneObjectServer.url, "--full", "--max-size", "100KiB", "--format", "json",
            ])
            #expect(limited.status == 6, "\(limited.errorText)")
            #expect(limited.text.contains("\"code\":\"too-large\""))

            let place = try Place()
            for folder in ["home", "temporary", "here"] {
                mkdir(place.scratch.path(folder), 0o700)
            }
            program.environment["HOME"] = place.scratch.path("home")
            program.environment["TMPDIR"] = place.scratch.path("temporary")
            let outcome = try await program.run(
                "/bin/bash",
                [
                    "-c", "cd \"$0\" && exec \"$@\"", place.scratch.path("here"),
                    "\(Places.products)/backup", "verify", "--full", "--recipient",
                    pair.publicKey("curve"), OneObjectServer.url, "s3://bkt/db/*",
                ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.lines.count == 2)
            #expect(outcome.lines.allSatisfy { $0.contains("opens: ") })
            let left = FileManager.default.enumerator(atPath: place.scratch.directory)?
                .allObjects.compactMap { $0 as? String }
            #expect(left?.sorted() == ["here", "home", "temporary"])
        }

        @Test("a bucket of another account is refused before anything is fetched")
        func owner() async throws {
            let server = try FaultServer { request in
                request["x-amz-expected-bucket-owner"] == "111122223333"
                    ? .error(403, "AccessDenied") : .error(500, "NoOwnerGiven")
            }
            let pair = try await KeyPair.shared.value
            var program = try OneObjectServer([]).program(pair)
            program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            for words in [
                ["restore", OneObjectServer.url, "-o", "-"], ["list", "s3://bkt/"],
                ["verify", OneObjectServer.url],
            ] {
                let outcome = try await program.backup(
                    words + ["--expected-bucket-owner", "111122223333"])
                #expect(outcome.status == 77, "\(outcome.errorText)")
            }
        }
    }
}
