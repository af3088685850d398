import Foundation
import Testing

extension EndToEnd.WithCeph {
    /// The chain of standard tools that the format promises, in both directions.
    @Suite(
        "gzip, gpg and aws s3 cp beside backup",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart), .serialized)
    struct AWSCopyTests {
        private let pair: KeyPair
        private let program: Program
        private let scratch: Scratch
        private static let bucket = "aws-copy"

        init() async throws {
            let ceph = try #require(TestServer.ceph)
            try await ceph.load(Self.bucket, [])
            pair = try await KeyPair.shared.value
            var program = try Program(at: ceph)
            program.environment["GNUPGHOME"] = pair.home
            // Ceph 16 knows none of the checksums that the command would send by itself.
            program.environment["AWS_REQUEST_CHECKSUM_CALCULATION"] = "when_required"
            program.environment["AWS_RESPONSE_CHECKSUM_VALIDATION"] = "when_required"
            self.program = program
            scratch = try Scratch()
        }

        /// Runs a script of bash in which `aws` is the real command and `gpg` asks nothing.
        @discardableResult
        private func shell(_ script: String) async throws -> Command.Outcome {
            let functions = """
                set -euo pipefail
                aws() { "\(Places.repository)/.venv/bin/aws" "$@"; }
                gpg() { command gpg --batch --quiet --no-tty --trust-model always "$@"; }
                cd '\(scratch.directory)'

                """
            let outcome = try await program.run("/bin/bash", ["-c", functions + script])
            try #require(outcome.status == 0, "\(script)\n\(outcome.errorText)")
            return outcome
        }

        private func write(_ count: Int) throws -> [UInt8] {
            let plain = Array("-- a dump\n".utf8) + EndToEnd.RestoreTests.noise(count)
            try Data(plain).write(to: URL(fileURLWithPath: scratch.path("plain")))
            return plain
        }

        /// gpg takes the newest subkey by itself, and the other one where `!` follows it.
        private func recipient(_ key: String) async throws -> String {
            key == "older" ? try await pair.fingerprints("two")[1] + "!" : key
        }

        @Test(
            "what they stored, in one piece or in parts, is restored",
            arguments: [
                ("rsa", 10_000), ("curve", 10_000), ("curve", 11 << 20), ("two", 11 << 20),
                ("older", 11 << 20),
            ])
        func stored(key: String, size: Int) async throws {
            let plain = try write(size)
            let object = "s3://\(Self.bucket)/foreign/\(key)-\(size).gz.gpg"
            try await shell(
                "gzip <plain | gpg -e -r '\(recipient(key))' | aws s3 cp - \(object)")
            let outcome = try await program.backup([
                "restore", object, "--output", scratch.path("restored"),
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let isSame = try scratch.read("restored") == plain
            #expect(isSame)
        }

        @Test(
            "what backup stored, in one piece or in parts, they read, each version by its id",
            arguments: [
                ("rsa", 11 << 20), ("curve", 10_000), ("curve", 11 << 20), ("two", 10_000),
            ])
        func read(key: String, size: Int) async throws {
            let plain = try write(size)
            let object = "s3://\(Self.bucket)/ours/\(key)-\(size).gz.gpg"
            let first = try await upload(object, key)
            let current = try await shell("aws s3 cp \(object) - | gpg -d | gunzip")
            let isCurrent = current.output == plain
            #expect(isCurrent)

            // From now on a URL without a version id gives something else.
            try Data("another".utf8).write(to: URL(fileURLWithPath: scratch.path("plain")))
            let second = try await upload(object, key)
            #expect(first != second)
            let url = try await program.backup(["presign", object, "--version-id", first])
            #expect(url.status == 0, "\(url.errorText)")
            try scratch.write("url", url.text)
            for fetch in [
                "curl --silent --show-error --fail \"$(cat url)\"",
                "wget --quiet --output-document - \"$(cat url)\"",
            ] {
                let old = try await shell("\(fetch) | gpg -d | gunzip")
                let isSame = old.output == plain
                #expect(isSame, "\(fetch)")
            }
            let new = try await shell("aws s3 cp \(object) - | gpg -d | gunzip")
            #expect(new.text == "another")
        }

        /// Uploads `plain`; the version's id.
        private func upload(_ object: String, _ key: String) async throws -> String {
            struct Uploaded: Decodable { var version_id: String }
            let outcome = try await program.backup(
                [
                    "upload", object, "--recipient", pair.publicKey(key), "--part-size", "5MiB",
                    "--format", "json",
                ], input: scratch.path("plain"))
            try #require(outcome.status == 0, "\(outcome.errorText)")
            return try JSONDecoder().decode(Uploaded.self, from: Data(outcome.output)).version_id
        }
    }
}
