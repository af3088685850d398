import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("backup upload, its keys and its form")
    struct UploadKeyTests {
        /// Uploads some lines, and what gpg and `unpacker` make of them.
        private func roundTrip(
            _ options: [String], unpacker: String = "gunzip", only name: String? = nil
        ) async throws -> Command.Outcome {
            let rig = try await UploadRig()
            let words = ["upload", UploadRig.object] + options + ["--", "seq", "1", "20000"]
            let outcome = try await rig.program.backup(words)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let object = try #require(rig.store.objects.first)
            return try await rig.keys.read(object.body, unpacker: unpacker, only: name)
        }

        private static let lines = (1...20_000).map { "\($0)\n" }.joined()

        @Test(
            "gpg and the usual unpacker read what was stored",
            arguments: [
                ("gzip", "gunzip"), ("gzip:1", "gunzip"), ("gzip:9", "zcat"), ("zstd", "zstd -d"),
                ("none", "cat"),
            ], ["rsa", "curve", "two"])
        func read(how: (compression: String, unpacker: String), key: String) async throws {
            let keys = try await BackupKeys.shared.value
            let read = try await roundTrip(
                ["--recipient", keys.file("\(key).asc"), "--compression", how.compression],
                unpacker: how.unpacker)
            #expect(read.status == 0, "\(read.errorText)")
            let isSame = read.text == Self.lines
            #expect(isSame)
        }

        @Test(
            "each of several recipients reads it alone",
            arguments: [["rsa.asc", "curve.asc"], ["both.gpg"]], ["rsa", "curve"])
        func several(files: [String], name: String) async throws {
            let keys = try await BackupKeys.shared.value
            let read = try await roundTrip(
                files.flatMap { ["--recipient", keys.file($0)] }, only: name)
            #expect(read.status == 0, "\(read.errorText)")
            let isSame = read.text == Self.lines
            #expect(isSame)
        }

        @Test("a signature is one that gpg verifies", arguments: ["curve", "locked"])
        func signed(signer: String) async throws {
            let rig = try await UploadRig()
            rig.program.environment["GNUPGHOME"] = rig.keys.home
            let fingerprint = try await rig.keys.fingerprint(signer)
            let passphrase =
                signer == "locked" ? ["--passphrase-file", rig.keys.file("passphrase")] : []
            let outcome = try await rig.upload("seq 1 20000", ["--sign", fingerprint] + passphrase)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let read = try await rig.keys.read(try #require(rig.store.objects.first).body)
            #expect(read.errorText.contains("Good signature"), "\(read.errorText)")
            #expect(read.errorText.replacing(" ", with: "").contains(fingerprint))
        }

        struct Refusal: Sendable, CustomTestStringConvertible {
            let file: String
            var more: [String] = []
            let status: Int32
            let words: String
            var testDescription: String { file + more.joined(separator: " ") }
        }

        private static let other = String(repeating: "0", count: 40)
        static let refusals: [Refusal] = [
            Refusal(file: "missing.asc", status: 64, words: "missing.asc"),
            Refusal(file: "text.asc", status: 64, words: "text.asc"),
            Refusal(file: "empty.asc", status: 64, words: "empty.asc"),
            Refusal(file: "passphrase", status: 64, words: "passphrase"),
            Refusal(file: "secret.asc", status: 64, words: "secret key"),
            Refusal(file: "expired.asc", status: 1, words: "expired"),
            Refusal(file: "revoked.asc", status: 1, words: "revoked"),
            Refusal(file: "sign-only.asc", status: 1, words: "encrypt"),
            Refusal(
                file: "curve.asc", more: ["--fingerprint", other], status: 3, words: "fingerprint"),
            Refusal(file: "curve.asc", more: ["--sign", other], status: 77, words: "secret key"),
        ]

        @Test(
            "what cannot be encrypted to is refused, nothing is read or sent", arguments: refusals)
        func refused(refusal: Refusal) async throws {
            let rig = try await UploadRig()
            rig.program.environment["GNUPGHOME"] = rig.keys.home
            let mark = rig.program.home.path("mark")
            let outcome = try await rig.upload(
                "touch \(mark); echo x", refusal.more, recipient: refusal.file)
            #expect(outcome.status == refusal.status, "\(outcome.errorText)")
            #expect(outcome.errorText.lowercased().contains(refusal.words), "\(outcome.errorText)")
            #expect(!FileManager.default.fileExists(atPath: mark))
            #expect(rig.server.requests.isEmpty)
        }

        @Test("a key that expires within 60 days is warned about, and used")
        func soon() async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.upload("echo x", recipient: "soon.asc")
            #expect(outcome.status == 0)
            #expect(outcome.errorText.contains("warning: "), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("expires on 20"))
        }

        @Test("gpg that dies half way leaves nothing")
        func gpgDies() async throws {
            let rig = try await UploadRig()
            rig.program.environment["TMPDIR"] = rig.program.home.directory
            let outcome = try await rig.upload(
                """
                \(noise)
                for process in /proc/[0-9]*; do
                    case $(tr '\\0' ' ' <$process/cmdline) in
                    gpg*$HOME*--encrypt*) kill -9 ${process#/proc/} ;;
                    esac
                done 2>/dev/null
                \(noise)
                """, ["--compression", "none"])
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("gpg"), "\(outcome.errorText)")
            #expect(rig.holdsNothing)
        }

        // MARK: What is sent, and what is said

        @Test("every option is a header, of one request and of an upload in parts")
        func headers() async throws {
            for producer in ["echo x", noise] {
                let rig = try await UploadRig()
                let fingerprint = try await rig.keys.fingerprint("curve")
                let outcome = try await rig.upload(
                    producer,
                    [
                        "--compression", "zstd", "--fingerprint", fingerprint,
                        "--metadata", "Ticket=OPS 7 = x", "--metadata", "empty=",
                        "--storage-class", "STANDARD_IA", "--tagging", "team=db&env=prod%20one",
                        "--sse", "aws:kms", "--sse-kms-key-id", "arn:aws:kms:eu:1:key/2",
                    ])
                #expect(outcome.status == 0, "\(outcome.errorText)")
                let headers = try #require(rig.store.objects.first).headers
                #expect(headers["content-type"] == "application/pgp-encrypted")
                #expect(headers["x-amz-meta-ticket"] == "OPS 7 = x")
                #expect(headers["x-amz-meta-empty"] == "")
                #expect(headers["x-amz-storage-class"] == "STANDARD_IA")
                #expect(headers["x-amz-tagging"] == "team=db&env=prod%20one")
                #expect(headers["x-amz-server-side-encryption"] == "aws:kms")
                #expect(
                    headers["x-amz-server-side-encryption-aws-kms-key-id"]
                        == "arn:aws:kms:eu:1:key/2")
                #expect(headers["x-amz-meta-backup-compression"] == "zstd")
                #expect(headers["x-amz-meta-backup-tool"]?.hasPrefix("backup ") == true)
                #expect(headers["x-amz-meta-backup-recipients"]?.count == 40)
                #expect(headers["x-amz-meta-backup-host"]?.isEmpty == false)
                #expect(headers["x-amz-meta-backup-token"]?.count ?? 0 >= 16)
                #expect(
                    headers["x-amz-meta-backup-started"]?
                        .wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
                let mine = Set(headers.keys.filter { $0.hasPrefix("x-amz-meta-backup-") })
                #expect(mine.count == 6)
            }
        }

        struct Line: Decodable {
            var bucket: String
            var key: String
            var version_id: String?
            var bytes_read: Int
            var bytes_stored: Int
            var checksum: String
            var token: String
            var seconds: Double
        }

        @Test("the result is one line, as JSON too")
        func line() async throws {
            let rig = try await UploadRig()
            let text = try await rig.upload("seq 1 20000")
            #expect(text.lines.count == 1)
            #expect(text.text.contains("version v1"), "\(text.text)")
            let json = try await rig.upload("seq 1 20000", ["--format", "json"])
            #expect(json.lines.count == 1)
            let line = try JSONDecoder().decode(Line.self, from: Data(json.output))
            let object = try #require(rig.store.objects.last)
            #expect(line.bucket == "bkt" && line.key == "db/shop.gpg")
            #expect(line.version_id == "v2")
            #expect(line.bytes_read == Self.lines.utf8.count)
            #expect(line.bytes_stored == object.body.count)
            #expect(line.token == object.headers["x-amz-meta-backup-token"])
            #expect(line.checksum.hasPrefix("crc64nvme:") && line.checksum.count == 22)
            #expect(line.seconds >= 0)
        }

        @Test("a rate is held, by all connections together")
        func rate() async throws {
            let rig = try await UploadRig()
            let outcome = try await rig.upload(
                noise, ["--compression", "none", "--limit-rate", "6MiB/s", "--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let line = try JSONDecoder().decode(Line.self, from: Data(outcome.output))
            // 12 MiB; a burst of a tenth of a second is free. The machine may be slower.
            #expect(line.seconds >= 1.7)
            #expect(rig.store.objects.first?.body.count == line.bytes_stored)
        }
    }
}
