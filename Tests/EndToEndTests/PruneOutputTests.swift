import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// What `s3prune` writes where, and what it does where it cannot.
    @Suite("output of s3prune and the lack of it")
    struct PruneOutputTests {
        private static let nightly = PruneStore.nightly(keys: 3, versions: 3)

        private func rig(_ course: PruneStore.Course = .init()) throws -> PruneRig {
            try PruneRig(PruneStore(["bkt": Self.nightly], course))
        }

        /// Runs `s3prune` by a shell, which does `before` and redirects.
        private func shell(
            _ program: Program, _ arguments: [String], before: String = ":",
            redirection: String = ""
        ) async throws -> Command.Outcome {
            try await program.run(
                "/bin/bash",
                [
                    "-c", "\(before); exec \"$0\" \"$@\" \(redirection)",
                    "\(Places.products)/s3prune",
                ] + arguments)
        }

        @Test(
            "what is printed and cannot be written is an error",
            arguments: [
                ["policy", "init"], ["policy", "schema"], ["--help"], ["--version"],
                ["apply", "--help"],
            ], [">/dev/full", ">&-"])
        func unwritten(arguments: [String], redirection: String) async throws {
            let outcome = try await shell(Program(), arguments, redirection: redirection)
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(
                outcome.errorText.hasPrefix("s3prune: error: cannot write standard output: "),
                "\(outcome.errorText)")
        }

        @Test("the policy that 'policy init' prints passes 'policy check'")
        func template() async throws {
            let program = try Program()
            let template = try await program.s3prune(["policy", "init"])
            #expect(template.status == 0 && template.errors.isEmpty)
            let path = try program.policy(template.text)
            let check = try await program.s3prune(["policy", "check", path])
            #expect(check.status == 0, "\(check.errorText)")
            #expect(check.errors.isEmpty, "\(check.errorText)")
        }

        /// Standard streams that are closed from the start, and whether the report has a place.
        static let closed: [(redirection: String, hasOutput: Bool)] = [
            ("<&-", true), ("2>&-", true), ("<&- 2>&-", true), (">&-", false), ("<&- >&-", false),
            (">&- 2>&-", false), ("<&- >&- 2>&-", false),
        ]

        @Test("closed standard streams never become another file", arguments: closed)
        func closedStreams(closed: (redirection: String, hasOutput: Bool)) async throws {
            let rig = try rig()
            let policy = try rig.policy()
            let plan = rig.program.home.path("plan")
            let outcome = try await shell(
                rig.program, ["--apply", "--yes", "--policy", policy, "--plan-out", plan],
                redirection: closed.redirection)
            // Without a place for the report nothing is deleted.
            #expect(outcome.status == (closed.hasOutput ? 0 : 3), "\(outcome.errorText)")
            #expect(rig.store.ids().count == (closed.hasOutput ? 3 : 9))
            let sent = rig.server.requests.map { String(decoding: $0.body, as: UTF8.self) }
            #expect(!sent.contains { $0.contains("s3prune:") || $0.contains("versions,") })
            let text = try String(contentsOfFile: plan, encoding: .utf8)
            #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("{\"type\":") })
        }

        @Test("with too few descriptors it fails clearly, or does all of it", arguments: 3..<24)
        func fewDescriptors(most: Int) async throws {
            let rig = try rig()
            let outcome = try await shell(
                rig.program, ["--apply", "--yes", "--policy", rig.policy()],
                before: "ulimit -n \(most)")
            if outcome.status == 0 {
                #expect(rig.store.ids() == ["i0-0", "i1-0", "i2-0"])
                #expect(outcome.text.contains("deleted 6 of 6 versions"))
            } else if outcome.status == 4 {
                // The connections of the threads are opened after the first deletion.
                #expect(outcome.errorText.contains("deleted 1 of 6"), "\(outcome.errorText)")
                #expect(rig.store.ids().count == 8)
            } else {
                // 127: not even the libraries can be opened.
                #expect(
                    [1, 3, 75, 78, 127].contains(outcome.status),
                    "\(outcome.status) \(outcome.errorText)")
                #expect(rig.store.ids().count == 9)
                #expect(!outcome.errors.isEmpty)
            }
        }

        @Test("on a terminal it shows how far it is, and what is left")
        func progress() async throws {
            let rig = try rig()
            let outcome = try await rig.onTerminal(
                ["--apply", "--policy", rig.policy()], answer: "y\n")
            #expect(outcome.status == 0, "\(outcome.text)")
            #expect(outcome.text.contains("bkt: 9 versions of "), "\(outcome.text)")
            #expect(outcome.text.contains("1 page, "))
            let shown = try #require(
                outcome.text.firstMatch(of: /\rbkt: deleted (\d+) of 6, (\d+) s left/),
                "\(outcome.text)")
            #expect(Int(shown.1) == 1)
            // The line is taken away before the report.
            #expect(outcome.text.contains(" \r"))
        }

        @Test("with --quiet, and where no terminal is, it shows none")
        func noProgress() async throws {
            let rig = try rig()
            let quiet = try await rig.onTerminal(
                ["--apply", "--quiet", "--policy", rig.policy()], answer: "y\n")
            #expect(quiet.status == 0, "\(quiet.text)")
            #expect(!quiet.text.contains("deleted 1 of 6"))
            #expect(!quiet.text.replacing("\r\n", with: "\n").contains("\r"))
            #expect(quiet.text.contains("deleted 6 of 6 versions"))
            let piped = try await self.rig().apply()
            #expect(piped.errors.isEmpty)
        }

        @Test("no colours are written, with NO_COLOR or without", arguments: [true, false])
        func colours(isUnset: Bool) async throws {
            var rig = try rig()
            rig.program.environment["TERM"] = "xterm-256color"
            if !isUnset { rig.program.environment["NO_COLOR"] = "1" }
            let outcome = try await rig.onTerminal(
                ["--apply", "--verbose", "--policy", rig.policy()], answer: "y\n")
            #expect(outcome.status == 0)
            #expect(!outcome.output.contains(0x1B))
        }

        /// What XML can carry of what deceives.
        static let hostile = "\u{9B}31m\n\ts3prune: done \u{202E}line\u{2028}\u{FEFF}"

        /// Where the server's words come from.
        static let places = ["versioning", "listing", "deletion", "version"]

        @Test("the server's words are escaped wherever they are shown", arguments: places)
        func hostileWords(place: String) async throws {
            let reply = FaultServer.Reply.error(
                403, "Access" + Self.hostile, message: "no" + Self.hostile)
            try await expectEscaped(place, reply)
        }

        @Test("bytes that are no UTF-8 do not break a line of JSON", arguments: places)
        func notUTF8(place: String) async throws {
            var reply = FaultServer.Reply.error(403, "AccessDenied", message: "@")
            reply.body = reply.body.flatMap {
                $0 == UInt8(ascii: "@") ? [0xFF, 0xC3, 0x28, 0xED, 0xA0, 0x80] : [$0]
            }
            try await expectEscaped(place, reply)
        }

        /// Lets the server say it at a place; every line of JSON parses and no byte is obeyed.
        private func expectEscaped(
            _ place: String, _ reply: FaultServer.Reply
        ) async throws {
            let store = PruneStore(["bkt": Self.nightly])
            let server = try FaultServer { request in
                let query = request.query
                let isHere =
                    switch place {
                    case "versioning": query["versioning"] != nil
                    case "listing": query["versions"] != nil
                    case "deletion": request.method != "GET"
                    default: false
                    }
                if isHere { return reply }
                if place == "version", request.method == "POST" {
                    // The whole error stands inside of an answer about each version.
                    let inner = reply.body.dropFirst("<Error>".utf8.count)
                        .dropLast("</Error>".utf8.count)
                    var body = Array("<DeleteResult>".utf8)
                    let asked = String(decoding: request.body, as: UTF8.self)
                    for match in asked.matches(of: /<Key>.*?<\/VersionId>/) {
                        body += Array("<Error>\(match.0)".utf8) + inner + Array("</Error>".utf8)
                    }
                    return .init(200, body + Array("</DeleteResult>".utf8))
                }
                return store.reply(to: request)
            }
            defer { server.stop() }
            for format in ["json", "text"] {
                var rig = try PruneRig(store)
                rig.program.environment["AWS_ENDPOINT_URL_S3"] = server.url
                rig.program.environment["AWS_MAX_ATTEMPTS"] = "1"
                let outcome = try await rig.apply(["--format", format])
                #expect(outcome.status != 0 && outcome.status < 128, "\(outcome.status)")
                expectHarmless(outcome.output)
                expectHarmless(outcome.errors)
                let lines = outcome.errorText.split(separator: "\n")
                #expect(lines.allSatisfy { $0.hasPrefix("s3prune: ") }, "\(outcome.errorText)")
                guard format == "json" else { continue }
                for line in outcome.lines {
                    #expect(throws: Never.self) {
                        try JSONSerialization.jsonObject(with: Data(line.utf8))
                    }
                }
                if place == "version" {
                    #expect(outcome.lines.contains { $0.contains("\"type\":\"remainder\"") })
                }
            }
            #expect(store.ids().count == 9)
        }
    }

    /// Policy files that are none, as the program meets them.
    @Suite("files that are no policy")
    struct NoPolicyTests {
        struct File: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var bytes: @Sendable () -> [UInt8]
            var status: Int32 = 78
        }

        private static let good = "version: 1\nbucket: bkt\nkeep: { daily: 7 }\n"

        static let files: [File] = [
            File(testDescription: "empty", bytes: { [] }),
            File(
                testDescription: "10 MB of comments",
                bytes: { Array(repeating: UInt8(ascii: "#"), count: 10 << 20) }),
            File(
                testDescription: "a policy after 10 MB",
                bytes: { Array((String(repeating: "# x\n", count: 5 << 19) + good).utf8) }),
            File(testDescription: "a NUL inside", bytes: { Array((good + "# \u{0}\n").utf8) }),
            File(testDescription: "binary", bytes: { (0..<4096).map { UInt8($0 & 0xFF) } }),
            File(
                testDescription: "UTF-16",
                bytes: { [0xFF, 0xFE] + good.utf8.flatMap { [$0, 0] } }),
            File(
                testDescription: "a policy with a byte order mark",
                bytes: { [0xEF, 0xBB, 0xBF] + Array(good.utf8) }, status: 0),
            File(
                testDescription: "a policy with CRLF",
                bytes: { Array(good.replacing("\n", with: "\r\n").utf8) }, status: 0),
        ]

        @Test(
            "are refused with a clear error, in little memory, and nothing is sent",
            arguments: files)
        func refused(_ file: File) async throws {
            let rig = try PruneRig(
                PruneStore(["bkt": PruneStore.nightly(keys: 1, versions: 1)]))
            let path = rig.program.home.path("p.yaml")
            try Data(file.bytes()).write(to: URL(fileURLWithPath: path))
            let (outcome, peak) = try await rig.program.command(["--policy", path]).runMeasured()
            #expect(outcome.status == file.status, "\(outcome.errorText)")
            #expect(peak < 200 << 10)
            if file.status != 0 {
                #expect(outcome.errorText.contains("error: "))
                #expect(outcome.errors.count < 4096)
                expectHarmless(outcome.errors)
                #expect(rig.server.requests.isEmpty)
            }
        }

        @Test("are devices behind a link", arguments: ["/dev/zero", "/dev/null", "/"])
        func link(target: String) async throws {
            let rig = try PruneRig(PruneStore(["bkt": []]))
            let path = rig.program.home.path("p.yaml")
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: target)
            for options in [[], ["--apply", "--yes"]] {
                let outcome = try await rig.program.s3prune(["--policy", path] + options)
                #expect(outcome.status == 78, "\(outcome.errorText)")
                #expect(outcome.errorText.contains("not a regular file"))
            }
            #expect(rig.server.requests.isEmpty)
        }
    }
}
