import Foundation
import Testing

extension EndToEnd {
    @Suite("backup verify, from a server with faults")
    struct VerifyTests {
        typealias Version = OneObjectServer.Version

        /// A line of the JSON form.
        struct Line: Decodable {
            struct Problem: Decodable {
                var code: String
                var message: String
            }
            var version_id: String?
            var ok: Bool
            var problems: [Problem]
            var recipients: [String]?
            var bytes_restored: Int?

            var codes: [String] { problems.map(\.code) }
        }

        private func verify(
            _ versions: [Version], _ options: [String], storageClass: String = "STANDARD"
        ) async throws -> (status: Int32, lines: [Line], errors: String) {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer(versions, storageClass: storageClass)
            let outcome = try await server.program(pair).backup(
                ["verify", OneObjectServer.url, "--format", "json"] + options)
            let lines = try outcome.lines.map {
                try JSONDecoder().decode(Line.self, from: Data($0.utf8))
            }
            return (outcome.status, lines, outcome.errorText)
        }

        private func message(
            _ how: String = "gzip | gpg -e -r curve", size: Int = 40_000
        ) async throws -> [UInt8] {
            try await RestoreTests.message(
                KeyPair.shared.value, RestoreTests.noise(size), how: how)
        }

        @Test("a backup to the named keys passes, by file, fingerprint or both")
        func passes() async throws {
            let pair = try await KeyPair.shared.value
            let prints = try await pair.fingerprints("curve")
            let file = ["--recipient", pair.publicKey("curve")]
            for named in [
                [], file, ["--fingerprint", prints[1]], file + ["--fingerprint", prints[0]],
                file + ["--fingerprint", prints[1]], file + file,
                file + ["--recipient", pair.publicKey("rsa"), "--any-recipient"],
            ] {
                let (status, lines, errors) = try await verify(
                    [Version(content: try await message())], named)
                #expect(status == 0, "\(errors)")
                #expect(lines.map(\.ok) == [true])
                #expect(lines[0].recipients == [String(prints[1].suffix(16))])
            }
        }

        @Test("a fingerprint that the file does not have is refused")
        func wrongFingerprint() async throws {
            let pair = try await KeyPair.shared.value
            let rsa = try await pair.fingerprints("rsa")[0]
            let (status, lines, _) = try await verify(
                [], ["--recipient", pair.publicKey("curve"), "--fingerprint", rsa])
            #expect(status == 3 && lines.isEmpty)
        }

        @Test("what no restore could use, or another could read, fails with its own code")
        func problems() async throws {
            let pair = try await KeyPair.shared.value
            let named = ["--recipient", pair.publicKey("curve")]
            let large = try await message(size: 100_000)
            let file = try await message(
                "cat >\"$GNUPGHOME/p\"; gpg -z0 -o - -e -r curve $GNUPGHOME/p")
            let cases: [(code: String, content: [UInt8])] = [
                ("unencrypted", try await message("gzip | gpg --store")),
                ("unencrypted", try await message("gzip | gpg --sign -u curve")),
                ("not-a-message", RestoreTests.noise(100).map { $0 & 0x7F }),
                ("armored", try await message("gzip | gpg --armor -e -r curve")),
                ("password", try await message("gpg --passphrase x --symmetric")),
                ("password", try await message("gpg --passphrase x --symmetric -e -r curve")),
                ("other-recipient", try await message("gpg -e -r rsa -r curve")),
                ("hidden-recipient", try await message("gpg -e -R curve")),
                ("empty", []),
                ("truncated", Array(large.prefix(5))),
                ("truncated", Array(try await message(size: 4000).dropLast())),
                ("trailing", try await message(size: 4000) + [1]),
                ("truncated", file.dropLast()),
                ("trailing", file + [1]),
            ]
            for (code, content) in cases {
                let (status, lines, errors) = try await verify(
                    [Version(content: content)], named)
                #expect(status == 6, "\(code): \(errors)")
                #expect(lines.map(\.codes) == [[code]], "\(lines)")
            }
        }

        @Test("a backup that lacks one of the named keys fails, and one to all of them passes")
        func missingRecipient() async throws {
            let pair = try await KeyPair.shared.value
            let named = ["curve", "rsa"].flatMap { ["--recipient", pair.publicKey($0)] }
            let one = try await verify([Version(content: try await message())], named)
            #expect(one.status == 6 && one.lines.map(\.codes) == [["missing-recipient"]])
            let rsa = try await pair.fingerprints("rsa")[0]
            #expect(one.lines[0].problems[0].message.contains(rsa))
            let both = try await message("gzip | gpg -e -r rsa -r curve")
            #expect(try await verify([Version(content: both)], named).status == 0)
            var prints: [String] = []
            for name in ["curve", "rsa"] {
                prints += ["--fingerprint", try await pair.fingerprints(name)[1]]
            }
            let pinned = try await verify([Version(content: try await message())], prints)
            #expect(pinned.lines.map(\.codes) == [["missing-recipient"]], "\(pinned.errors)")
            #expect(try await verify([Version(content: both)], prints).status == 0)
        }

        @Test(
            "a prefix below which everything is deleted is a failure", arguments: [[], ["--all"]])
        func allDeleted(options: [String]) async throws {
            let pair = try await KeyPair.shared.value
            let good = Version(content: try await message())
            let marker = Version(content: [], isMarker: true)
            let server = try OneObjectServer(options.isEmpty ? [good, marker] : [marker])
            let outcome = try await server.program(pair).backup(
                ["verify", "s3://bkt/db/*", "--format", "json"] + options)
            #expect(outcome.status == 6, "\(outcome.errorText)")
            #expect(outcome.text.contains("\"deleted\""), "\(outcome.text)")
            #expect(outcome.errorText.contains("not looked at"))
        }

        @Test("only --full finds what is changed inside, and writes nothing")
        func full() async throws {
            let good = try await message(size: 100_000)
            var changed = good
            changed[60_000] ^= 1
            let versions = [Version(content: changed), Version(content: good)]
            let quick = try await verify(versions, ["--all"])
            #expect(quick.status == 0)
            let (status, lines, errors) = try await verify(versions, ["--all", "--full"])
            #expect(status == 6, "\(errors)")
            #expect(lines.map(\.version_id) == ["v2", "v1"])
            #expect(lines[0].ok && lines[0].bytes_restored == 100_000)
            #expect(lines[1].codes == ["damaged"])
            let zipped = try await message("gzip | head -c -3 | gpg -e -r curve")
            #expect(
                try await verify([Version(content: zipped)], ["--full"]).lines[0].codes
                    == ["content"])
        }

        @Test("what is current is looked at; a delete marker or nothing at all is a failure")
        func current() async throws {
            let good = Version(content: try await message())
            let marker = Version(content: [], isMarker: true)
            #expect(try await verify([good, good], []).lines.map(\.version_id) == ["v2"])
            #expect(try await verify([good, marker], []).lines.map(\.codes) == [["deleted"]])
            let all = try await verify([good, marker, good], ["--all"])
            #expect(all.status == 0 && all.lines.map(\.version_id) == ["v3", "v1"])
            let none = try await verify([], [])
            #expect(none.status == 6 && none.lines.map(\.codes) == [["missing"]])
            let one = try await verify([good, good], ["--version-id", "v1"])
            #expect(one.status == 0 && one.lines.map(\.version_id) == ["v1"])
            let other = try await verify([good, good], ["--version-id", "v9"])
            #expect(other.status == 6 && other.lines.map(\.codes) == [["missing"]])
        }

        @Test("an archived version fails without ending the run")
        func archived() async throws {
            let (status, lines, _) = try await verify(
                [Version(content: try await message())], [], storageClass: "GLACIER")
            #expect(status == 6 && lines.map(\.codes) == [["archived"]])
        }

        @Test("a token finds the version of its upload, or says that there is none")
        func token() async throws {
            let content = try await message()
            let versions = ["a", "b", "c"].map {
                Version(content: content, metadata: [("backup-token", $0)])
            }
            let found = try await verify(versions, ["--token", "b"])
            #expect(found.status == 0 && found.lines.map(\.version_id) == ["v2"])
            let lost = try await verify(versions, ["--token", "d"])
            #expect(lost.status == 6 && lost.lines.map(\.codes) == [["missing"]])
            // A server may answer a completion long after it was asked for.
            #expect(lost.lines[0].problems[0].message.contains("still completing the upload"))
        }

        @Test("a prefix with * stands for its keys, and text has a line for each")
        func prefix() async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([Version(content: try await message())])
            let program = try server.program(pair)
            let outcome = try await program.backup(["verify", "s3://bkt/db/*"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.lines.count == 1)
            #expect(outcome.lines[0].hasPrefix("ok      2026-11-01T03:00:00Z"))
            #expect(outcome.lines[0].contains("v1  s3://bkt/db/shop.sql.gz.gpg: to "))
            #expect(outcome.errorText.contains("1 version: 1 good, 0 not"))
        }

        @Test("a server that refuses is no finding about a version")
        func refused() async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([])
            var program = try server.program(pair)
            program.environment["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:1"
            let outcome = try await program.backup(["verify", OneObjectServer.url])
            #expect(outcome.status == 75, "\(outcome.errorText)")
        }
    }
}
