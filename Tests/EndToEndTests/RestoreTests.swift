import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("backup restore, from a server with faults")
    struct RestoreTests {
        typealias Version = OneObjectServer.Version

        static let plain = Array("-- a dump\n".utf8) + noise(400_000)

        /// Bytes that do not repeat.
        static func noise(_ count: Int) -> [UInt8] {
            guard let source = FileHandle(forReadingAtPath: "/dev/urandom") else { return [] }
            return [UInt8](source.readData(ofLength: count))
        }

        /// A directory where a file is restored, and what stands in it.
        struct Place {
            let scratch: Scratch
            var file: String { scratch.path("shop.sql") }
            var names: [String] {
                get throws {
                    try FileManager.default.contentsOfDirectory(atPath: scratch.directory).sorted()
                }
            }

            init() throws { scratch = try Scratch() }
        }

        static func message(
            _ pair: KeyPair, _ plain: [UInt8] = plain, how: String = "gzip | gpg -e -r curve"
        ) async throws -> [UInt8] {
            let scratch = try Scratch()
            try Data(plain).write(to: URL(fileURLWithPath: scratch.path("plain")))
            return try await pair.shell(how, input: scratch.path("plain")).output
        }

        @Test("a file has the bytes, one line says so, and that nobody vouches for the origin")
        func restores() async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([Version(content: try await Self.message(pair))])
            let place = try Place()
            let program = try server.program(pair)
            let outcome = try await program.backup([
                "restore", OneObjectServer.url, "--version-id", "v1", "-o", place.file,
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try place.scratch.read("shop.sql") == Self.plain)
            #expect(outcome.lines.count == 1)
            #expect(outcome.text.contains("version v1") && outcome.text.contains("not signed"))
            #expect(outcome.errorText.contains("the origin is not authenticated"))
            // With a version id nothing is listed.
            #expect(server.server.requests.allSatisfy { $0.query["versions"] == nil })
            let json = try await program.backup([
                "restore", OneObjectServer.url, "--force", "-o", place.file, "--format", "json",
            ])
            let line = try JSONSerialization.jsonObject(with: Data(json.output)) as? [String: Any]
            #expect(line?["bytes_restored"] as? Int == Self.plain.count)
            #expect(line?["version_id"] as? String == "v1")
            #expect(line?["signature"] as? String == "none")
        }

        @Test("restore and verify take a version id that begins with a dash")
        func dashed() async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer(
                [Version(content: try await Self.message(pair))], name: "-ejs")
            let place = try Place()
            let program = try server.program(pair)
            let version = [OneObjectServer.url, "--version-id", "-ejs1"]
            let restored = try await program.backup(["restore"] + version + ["-o", place.file])
            #expect(restored.status == 0, "\(restored.errorText)")
            #expect(try place.scratch.read("shop.sql") == Self.plain)
            let verified = try await program.backup(["verify"] + version)
            #expect(verified.status == 0, "\(verified.errorText)")
        }

        @Test("connections that are reset in the middle do not show")
        func resets() async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer(
                [Version(content: try await Self.message(pair))],
                course: { $0 < 2 ? .reset(after: 50_000 + $0) : .whole })
            let place = try Place()
            let outcome = try await server.program(pair).backup([
                "restore", OneObjectServer.url, "-o", place.file,
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try place.scratch.read("shop.sql") == Self.plain)
        }

        @Test("what is not a whole, unchanged backup leaves no file and exits with 1")
        func damaged() async throws {
            let pair = try await KeyPair.shared.value
            let whole = try await Self.message(pair)
            var flipped = whole
            flipped[whole.count - 40] ^= 1
            let bad: [(String, [UInt8])] = [
                ("it has been changed", flipped),
                ("the message ends too early", Array(whole.dropLast(1000))),
                ("bytes follow the end", whole + [1, 2, 3]),
                ("never encrypted", try await Self.message(pair, how: "gzip | gpg --store")),
                (
                    "password",
                    try await Self.message(pair, how: "gzip | gpg --passphrase x --symmetric")
                ),
                (
                    "no secret key for",
                    try await Self.message(
                        KeyPair.other.value, how: "gzip | gpg -e -r stranger")
                ),
                (
                    "ends too early",
                    try await Self.message(pair, how: "gzip | head -c -5 | gpg -e -r curve")
                ),
                ("bytes follow the end", whole + whole),
                (
                    "never encrypted",
                    try await Self.message(pair, how: "gzip | gpg --sign -u curve")
                ),
                (
                    "wrong checksum",
                    try await Self.message(
                        pair,
                        how: "{ gzip | head -c -8; head -c 8 /dev/zero; } | gpg -e -r curve")
                ),
                (
                    "bytes follow the end of the gzip stream",
                    try await Self.message(pair, how: "{ gzip; echo more; } | gpg -e -r curve")
                ),
                ("the stored object is empty", []),
            ]
            for (words, content) in bad {
                let server = try OneObjectServer([Version(content: content)])
                let place = try Place()
                let outcome = try await server.program(pair).backup([
                    "restore", OneObjectServer.url, "-o", place.file,
                ])
                let isPermission = words == "no secret key for"
                #expect(outcome.status == (isPermission ? 77 : 1), "\(words)")
                #expect(outcome.errorText.contains(words), "\(outcome.errorText)")
                #expect(outcome.errorText.contains("nothing was restored"))
                #expect(outcome.output.isEmpty)
                #expect(try place.names.isEmpty)
            }
        }

        @Test("a second member of the gzip stream is part of the backup, as gunzip has it")
        func members() async throws {
            let pair = try await KeyPair.shared.value
            let how = "{ gzip; echo more | gzip; } | gpg -e -r curve"
            let server = try OneObjectServer([
                Version(content: try await Self.message(pair, how: how))
            ])
            let place = try Place()
            let outcome = try await server.program(pair).backup([
                "restore", OneObjectServer.url, "-o", place.file,
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let isSame = try place.scratch.read("shop.sql") == Self.plain + Array("more\n".utf8)
            #expect(isSame)
        }

        @Test("a file that exists, a link, a pipe and a directory are refused with 3")
        func refused() async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([Version(content: try await Self.message(pair))])
            let program = try server.program(pair)
            let place = try Place()
            try place.scratch.write("file", "old")
            symlink(place.scratch.path("file"), place.scratch.path("link"))
            mkfifo(place.scratch.path("pipe"), 0o600)
            mkdir(place.scratch.path("directory"), 0o700)
            let names = try place.names
            for name in names {
                for force in [[], ["--force"]] where name != "file" || force.isEmpty {
                    let outcome = try await program.backup(
                        ["restore", OneObjectServer.url, "-o", place.scratch.path(name)] + force)
                    #expect(outcome.status == 3, "\(name): \(outcome.errorText)")
                }
            }
            #expect(try place.names == names)
            #expect(try place.scratch.read("file") == Array("old".utf8))
            let outcome = try await program.backup([
                "restore", OneObjectServer.url, "-o", place.scratch.path("file"), "--force",
            ])
            #expect(outcome.status == 0)
            #expect(try place.scratch.read("file") == Self.plain)
        }

        @Test(
            "a full disk leaves no file and exits with 1", .enabled(if: Command.isUnsanitized))
        func diskFull() async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([Version(content: try await Self.message(pair))])
            let place = try Place()
            // The signal is ignored, so that writing fails as on a full disk.
            let script = "trap '' XFSZ; ulimit -f 100; exec \"$0\" restore \"$1\" -o \"$2\""
            let outcome = try await server.program(pair).run(
                "/bin/bash",
                ["-c", script, "\(Places.products)/backup", OneObjectServer.url, place.file])
            #expect(outcome.status == 1)
            #expect(outcome.errorText.contains("cannot write"))
            #expect(try place.names.isEmpty)
            let full = try await server.program(pair).run(
                "/bin/bash",
                [
                    "-c", "exec \"$0\" restore \"$1\" -o - >/dev/full",
                    "\(Places.products)/backup", OneObjectServer.url,
                ])
            #expect(full.status == 1)
            #expect(full.errorText.contains("no space left on device"))
        }

        @Test("an answer that is no success names the right that is missing")
        func denied() async throws {
            let pair = try await KeyPair.shared.value
            let server = try FaultServer { _ in .error(403, "AccessDenied") }
            var program = try Program()
            program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            program.environment["AWS_REGION"] = "us-east-1"
            program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
            program.environment["AWS_SECRET_ACCESS_KEY"] = "not/the+secret"
            program.environment["GNUPGHOME"] = pair.home
            for (options, right) in [
                ([], "s3:ListBucketVersions"), (["--version-id", "v1"], "s3:GetObject"),
            ] {
                let outcome = try await program.backup(
                    ["restore", OneObjectServer.url, "-o", "-"] + options)
                #expect(outcome.status == 77)
                #expect(outcome.errorText.contains(right), "\(outcome.errorText)")
            }
        }

        @Test("a bomb is stopped at --max-size and leaves no file")
        func bomb() async throws {
            let pair = try await KeyPair.shared.value
            let zeros = [UInt8](repeating: 0, count: 32 << 20)
            let server = try OneObjectServer([
                Version(content: try await Self.message(pair, zeros))
            ])
            let place = try Place()
            let outcome = try await server.program(pair).backup([
                "restore", OneObjectServer.url, "-o", place.file, "--max-size", "1MiB",
            ])
            #expect(outcome.status == 1)
            #expect(outcome.errorText.contains("more than 1048576 bytes"))
            #expect(try place.names.isEmpty)
        }

        @Test("a version in an archive: says what to do first")
        func archived() async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer(
                [Version(content: try await Self.message(pair))], storageClass: "GLACIER")
            let place = try Place()
            let outcome = try await server.program(pair).backup([
                "restore", OneObjectServer.url, "-o", place.file,
            ])
            #expect(outcome.status == 1)
            #expect(outcome.errorText.contains("RestoreObject first"))
            #expect(try place.names.isEmpty)
        }

        @Test(
            "a command line that cannot be meant is refused",
            arguments: [
                ["--version-id", "v1", "--at", "2026-11-01T00:00:00Z"], ["--at", "yesterday"],
                ["--at", "2026-11-01"], ["--version-id", ""], ["--raw", "--signer", "x"],
                ["--signer", "me@example.org"], ["--max-size", "5"], ["--concurrency", "0"],
                ["--output", "-", "--force"], ["--unpack", "zip"],
            ])
        func usage(options: [String]) async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([])
            let outcome = try await server.program(pair).backup(
                ["restore", OneObjectServer.url] + options)
            #expect(outcome.status == 64, "\(outcome.errorText)")
            #expect(server.server.requests.isEmpty)
        }
    }
}
