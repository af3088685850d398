import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("a key made to deceive, and backup")
    struct HostileBackupTests {
        /// None can be an argument that holds a null byte.
        static let keys = HostileNameTests.keys.filter { !$0.contains("\u{0}") }

        private func expectLine(_ outcome: Command.Outcome, status: Int32 = 0) {
            #expect(outcome.status == status, "\(outcome.errorText)")
            expectHarmless(outcome.output)
            expectHarmless(outcome.errors)
            #expect(outcome.lines.count <= 1)
        }

        private struct Line: Decodable { var key: String }

        @Test("is escaped in what restore and verify say, and whole in their JSON", arguments: keys)
        func restored(key: String) async throws {
            let pair = try await KeyPair.shared.value
            let server = try OneObjectServer([
                .init(content: try await RestoreTests.message(pair))
            ])
            let program = try server.program(pair)
            let place = try RestoreTests.Place()
            let version = ["s3://bkt/\(key)", "--version-id", "v1"]
            expectLine(try await program.backup(["restore"] + version + ["-o", place.file]))
            expectLine(try await program.backup(["verify"] + version))
            for words in [
                ["restore"] + version + ["--force", "-o", place.file], ["verify"] + version,
            ] {
                let json = try await program.backup(words + ["--format", "json"])
                expectLine(json)
                #expect(try JSONDecoder().decode(Line.self, from: Data(json.output)).key == key)
            }
            // What is not there is named in an error.
            expectLine(
                try await program.backup(["restore", "s3://bkt/\(key)", "--version-id", "v9"]),
                status: 1)
            expectLine(
                try await program.backup(["verify", "s3://bkt/\(key)", "--version-id", "v9"]),
                status: 6)
        }

        @Test("is escaped in what upload and presign say", arguments: keys)
        func uploaded(key: String) async throws {
            let rig = try await UploadRig()
            expectLine(try await rig.program.backup(["presign", "s3://bkt/\(key)"]))
            let words = ["upload", "s3://bkt/\(key)", "--recipient", rig.keys.file("curve.asc")]
            let text = try await rig.program.backup(words + ["--", "echo", "x"])
            // The form of a completion cannot hold these: no upload begins with them.
            guard
                !key.unicodeScalars.contains(where: {
                    $0.properties.generalCategory == .control
                        && !"\t\n\r".unicodeScalars.contains($0)
                })
            else {
                expectLine(text, status: 64)
                return #expect(rig.holdsNothing)
            }
            expectLine(text)
            #expect(rig.store.objects.count == 1)
            let json = try await rig.program.backup(
                words + ["--format", "json", "--", "echo", "x"])
            expectLine(json)
            #expect(try JSONDecoder().decode(Line.self, from: Data(json.output)).key == key)
            expectLine(try await rig.program.backup(words + ["--", "false"]), status: 1)
        }

        @Test(
            "words of the server that are no UTF-8 do not break the JSON of verify",
            arguments: [
                "AccessDenied 403 77", "InvalidObjectState 403 77", "NoSuchVersion 404 6",
                "NotImplemented 501 1",
            ])
        func serverWords(fault: String) async throws {
            let words = fault.split(separator: " ")
            var refusal = FaultServer.Reply.error(
                try #require(Int(words[1])), String(words[0]), message: "@")
            refusal.body = refusal.body.flatMap {
                $0 == UInt8(ascii: "@") ? [0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80] : [$0]
            }
            let pair = try await KeyPair.shared.value
            let listed = try OneObjectServer([.init(content: [1, 2, 3])])
            let server = try FaultServer { [refusal] request in
                request.query["versions"] != nil ? listed.reply(request) : refusal
            }
            defer { server.stop() }
            var program = try listed.program(pair)
            program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            let outcome = try await program.backup([
                "verify", OneObjectServer.url, "--format", "json",
            ])
            expectLine(outcome, status: try #require(Int32(words[2])))
            for line in outcome.lines {
                _ = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
            }
        }

        @Test("is refused as a bucket, and named harmlessly")
        func bucket() async throws {
            let program = try Program()
            for key in Self.keys {
                let outcome = try await program.backup(["setup", "s3://\(key)"])
                expectLine(outcome, status: 64)
            }
        }

        @Test("that is no UTF-8 is refused before anything is asked, and named harmlessly")
        func invalidUTF8() async throws {
            let server = try OneObjectServer([])
            let program = try server.program(try await KeyPair.shared.value)
            for words in ["restore", "verify --full", "presign", "verify --format json"] {
                let outcome = try await program.run(
                    "/bin/bash",
                    [
                        "-c", "exec \"$0\" \(words) $'s3://bkt/a\\xff\\xc3(' --version-id v1",
                        "\(Places.products)/backup",
                    ])
                expectLine(outcome, status: 64)
                #expect(outcome.output.isEmpty)
            }
            #expect(server.server.requests.isEmpty)
        }
    }
}
