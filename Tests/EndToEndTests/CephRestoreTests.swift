import Foundation
import Testing

extension EndToEnd.WithCeph {
    @Suite(
        "backup restore and verify, with Ceph",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct CephRestoreTests {
        private let ceph: TestServer
        private let pair: KeyPair
        private let program: Program
        private let scratch: Scratch

        init() async throws {
            ceph = try #require(TestServer.ceph)
            pair = try await KeyPair.shared.value
            var program = try Program(at: ceph)
            program.environment["GNUPGHOME"] = pair.home
            self.program = program
            scratch = try Scratch()
        }

        /// Stores a file with boto3 as the next version of a key.
        private func put(_ path: String, to key: String, in bucket: String) async throws {
            _ = try await ceph.python(
                """
                s3 = test_servers.client("ceph")
                try:
                    s3.create_bucket(Bucket="\(bucket)")
                    s3.put_bucket_versioning(
                        Bucket="\(bucket)", VersioningConfiguration={"Status": "Enabled"})
                except s3.exceptions.BucketAlreadyOwnedByYou:
                    pass
                s3.upload_file("\(path)", "\(bucket)", "\(key)")
                """)
        }

        private func plainFile(_ count: Int) throws -> [UInt8] {
            let plain = Array("-- a dump\n".utf8) + RestoreTests.noise(count)
            try Data(plain).write(to: URL(fileURLWithPath: scratch.path("plain")))
            return plain
        }

        typealias RestoreTests = EndToEnd.RestoreTests

        @Test(
            "what gzip, gpg and boto3 stored comes back, for every kind of key",
            arguments: ["rsa", "curve", "two", "older"])
        func foreign(key: String) async throws {
            let plain = try plainFile(11 << 20)
            // gpg takes the newest subkey by itself, and the other one where `!` follows it.
            let recipient =
                key == "older" ? try await pair.fingerprints("two")[1] + "!" : key
            try await pair.shell(
                "gzip | gpg -e -r \(recipient) >\(scratch.path("stored"))",
                input: scratch.path("plain"))
            let name = "db/\(key).sql.gz.gpg"
            // Over 8 MiB, so that boto3 stores it in parts.
            try await put(scratch.path("stored"), to: name, in: "foreign")
            let outcome = try await program.backup([
                "restore", "s3://foreign/\(name)", "-o", scratch.path("restored"),
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try scratch.read("restored") == plain)
            let verified = try await program.backup([
                "verify", "s3://foreign/\(name)", "--full", "--recipient",
                pair.publicKey(key == "older" ? "two" : key),
            ])
            #expect(verified.status == 0, "\(verified.text)\(verified.errorText)")
        }

        @Test(
            "what upload stored comes back, here and by curl, gpg and gunzip",
            arguments: ["gzip", "zstd", "none"])
        func ours(compression: String) async throws {
            let plain = try plainFile(20 << 20)
            let url = "s3://ours-\(compression)/db/shop.gpg"
            let set = try await program.backup(["setup", "s3://ours-\(compression)"])
            #expect(set.status == 0, "\(set.text)\(set.errorText)")
            let uploaded = try await program.backup(
                [
                    "upload", url, "--recipient", pair.publicKey("curve"), "--compression",
                    compression, "--part-size", "8MiB", "--format", "json",
                ], input: scratch.path("plain"))
            #expect(uploaded.status == 0, "\(uploaded.errorText)")
            let line = try JSONDecoder().decode(Uploaded.self, from: Data(uploaded.output))
            let outcome = try await program.backup([
                "restore", url, "--version-id", line.version_id, "-o", scratch.path("restored"),
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try scratch.read("restored") == plain)

            let presigned = try await program.backup([
                "presign", url, "--version-id", line.version_id,
            ])
            let read = ["gzip": "gunzip", "zstd": "zstd -dc", "none": "cat"][compression]!
            let byHand = try await pair.shell(
                "curl -sS '\(presigned.lines[0])' | gpg -d | \(read)")
            #expect(byHand.output == plain)

            let found = try await program.backup(["verify", url, "--token", line.token])
            #expect(found.status == 0)
            #expect(found.text.contains(line.version_id))
            let lost = try await program.backup(["verify", url, "--token", "0"])
            #expect(lost.status == 6)
        }

        private struct Uploaded: Decodable {
            var version_id: String
            var token: String
        }

        @Test("what is packed already and uploaded as it is comes back as it was")
        func packed() async throws {
            _ = try plainFile(10_000)
            try await pair.shell("gzip >\(scratch.path("a.gz"))", input: scratch.path("plain"))
            let set = try await program.backup(["setup", "s3://packed"])
            #expect(set.status == 0, "\(set.text)\(set.errorText)")
            let uploaded = try await program.backup(
                [
                    "upload", "s3://packed/a.gz.gpg", "--recipient", pair.publicKey("curve"),
                    "--compression", "none",
                ], input: scratch.path("a.gz"))
            #expect(uploaded.status == 0, "\(uploaded.errorText)")
            let outcome = try await program.backup([
                "restore", "s3://packed/a.gz.gpg", "-o", scratch.path("b.gz"),
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try scratch.read("b.gz") == scratch.read("a.gz"))
        }

        @Test("--at takes what was current then, and says where it had been deleted")
        func at() async throws {
            try await ceph.load(
                "history",
                [
                    "2026-11-01T01:00:00Z\tput\tk\t101", "2026-11-02T01:00:00Z\tput\tk\t102",
                    "2026-11-03T01:00:00Z\tdelete\tk", "2026-11-04T01:00:00Z\tput\tk\t104",
                    "2026-11-05T01:00:00Z\tdelete\tk", "2026-11-01T01:00:00Z\tput\tk2\t7",
                ])
            let cases: [(time: String, size: Int?)] = [
                ("2026-11-01T01:00:00Z", 101), ("2026-11-02T00:59:59Z", 101),
                ("2026-11-02T02:00:01+01:00", 102), ("2026-11-03T12:00:00Z", nil),
                ("2026-11-04T12:00:00Z", 104), ("2026-11-06T00:00:00Z", nil),
                ("2026-10-01T00:00:00Z", nil),
            ]
            for (time, size) in cases {
                let outcome = try await program.backup([
                    "restore", "s3://history/k", "--raw", "--force", "--at", time, "-o",
                    scratch.path("at"),
                ])
                #expect(outcome.status == (size == nil ? 1 : 0), "\(time): \(outcome.errorText)")
                if let size { #expect(try scratch.read("at").count == size) }
            }
            let deleted = try await program.backup([
                "restore", "s3://history/k", "--raw", "--at", "2026-11-03T12:00:00Z",
            ])
            #expect(deleted.errorText.contains("a delete marker of 2026-11-03T01:00:00"))
            #expect(deleted.errorText.contains("the newest version before is of 2026-11-02"))
            // Now a marker is current: the newest version below it, and a warning.
            let current = try await program.backup([
                "restore", "s3://history/k", "--raw", "-o", scratch.path("now"),
            ])
            #expect(current.status == 0)
            #expect(current.errorText.contains("a delete marker of 2026-11-05T01:00:00"))
            #expect(try scratch.read("now").count == 104)
            let verified = try await program.backup(["verify", "s3://history/*", "--all"])
            #expect(verified.status == 6)
            #expect(verified.lines.count == 4)
            #expect(verified.lines.allSatisfy { $0.hasPrefix("FAILED") })
        }

        @Test("a version id that is none, a marker's or another key's restores nothing")
        func wrongVersion() async throws {
            try await ceph.load(
                "markers",
                ["2026-11-01T01:00:00Z\tput\tk\t101", "2026-11-03T01:00:00Z\tdelete\tk"])
            let versions = try await ceph.versions(in: "markers")
            let marker = try #require(versions.first { $0.content == nil })
            for id in ["nonsense", marker.version_id] {
                let outcome = try await program.backup([
                    "restore", "s3://markers/k", "--raw", "--version-id", id, "-o",
                    scratch.path("none"),
                ])
                #expect(outcome.status == 1, "\(id): \(outcome.errorText)")
            }
            #expect(!FileManager.default.fileExists(atPath: scratch.path("none")))
        }
    }
}
