import FaultServer
import Foundation
import Testing

extension EndToEnd {
    @Suite("s3prune uploads on a scripted server")
    struct UploadsTests {
        private static let uploads: [IncompleteUploadStore.Upload] = [
            .init(key: "db/new", id: "young", daysOld: 1),
            .init(key: "db/a b+c", id: "old", daysOld: 5),
            .init(key: "etc/x", id: "oldest", daysOld: 40.5, sizes: []),
        ]

        private func run(
            _ store: IncompleteUploadStore, _ arguments: [String],
            policy: String = "{ abort-after: 3d }",
            words: (Program, [String]) async throws -> Command.Outcome = {
                try await $0.s3prune($1)
            }
        ) async throws -> Command.Outcome {
            let server = try store.server()
            defer { server.stop() }
            var program = try Program()
            program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
            program.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
            program.environment["AWS_MAX_ATTEMPTS"] = "1"
            let path = try program.policy(
                "version: 1\nbucket: uploads\nkeep: all\nincomplete-uploads: \(policy)\n")
            return try await words(
                program,
                [
                    "uploads", "--policy", path, "--endpoint-url", server.url, "--region",
                    "us-east-1",
                ] + arguments)
        }

        @Test("a dry run shows each upload with what is stored, and aborts none")
        func dryRun() async throws {
            let store = IncompleteUploadStore(Self.uploads)
            let outcome = try await run(store, [])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(store.ids.count == 3)
            #expect(outcome.lines.allSatisfy { $0.count <= 80 })
            #expect(
                outcome.text.hasPrefix(
                    "uploads: 3 incomplete uploads, 12.0 MiB; 2 older than 3d, 6.0 MiB, would be"),
                "\(outcome.text)")
            #expect(outcome.text.contains("  40d 12h old, 0 B in 0 parts: would be aborted\n"))
            #expect(outcome.text.contains("  5d old, 6.0 MiB in 2 parts: would be aborted\n"))
            #expect(outcome.text.contains("  1d old, 6.0 MiB in 2 parts\n"))
            #expect(outcome.text.contains("      db/a b+c\n      upload id old\n"))
            let json = try UploadLines(try await run(store, ["--format", "json"]))
            #expect(json["upload"].map(\.upload_id) == ["oldest", "old", "young"])
            #expect(json["upload"].map(\.action) == ["abort", "abort", "keep"])
            #expect(json["upload"].map(\.bytes) == [0, 6_291_456, 6_291_456])
            #expect(json["summary"].first?.expired == 2)
        }

        @Test("--abort aborts the expired ones and no others")
        func abort() async throws {
            let store = IncompleteUploadStore(Self.uploads)
            let outcome = try await run(store, ["--abort", "--yes", "--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(store.ids == ["young"])
            let lines = try UploadLines(outcome)
            #expect(lines["outcome"].map(\.outcome) == ["aborted", "aborted"])
            #expect(lines["result"].first?.aborted == 2)
            let again = try await run(store, ["--abort", "--yes"])
            #expect(again.status == 0)
            #expect(again.text.contains("none older than 3d"))
        }

        @Test("without --yes and without a terminal nothing is even listed")
        func consent() async throws {
            let store = IncompleteUploadStore(Self.uploads)
            let outcome = try await run(store, ["--abort"])
            #expect(outcome.status == 64)
            #expect(outcome.errorText.contains("--yes"))
            #expect(store.ids.count == 3)
        }

        @Test("on a terminal it asks, and no is no", arguments: [("n", 3, 3), ("y", 0, 1)])
        func terminal(answer: String, status: Int, left: Int) async throws {
            let store = IncompleteUploadStore(Self.uploads)
            let outcome = try await run(store, ["--abort"]) { program, arguments in
                let keyboard = """
                    import os, pty, sys
                    pid, terminal = pty.fork()
                    if pid == 0:
                        os.execv(sys.argv[2], sys.argv[2:])
                    seen = b""
                    while True:
                        try:
                            got = os.read(terminal, 4096)
                        except OSError:
                            break
                        if not got:
                            break
                        seen += got
                        if seen.endswith(b"[y/N] "):
                            os.write(terminal, sys.argv[1].encode() + b"\\n")
                    sys.stdout.buffer.write(seen)
                    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                    """
                return try await Command(
                    program: "/usr/bin/python3",
                    arguments: ["-c", keyboard, answer, "\(Places.products)/s3prune"] + arguments,
                    environment: program.environment
                ).run()
            }
            #expect(outcome.status == status, "\(outcome.text)\(outcome.errorText)")
            #expect(outcome.text.contains("abort 2 incomplete uploads of uploads for ever? [y/N] "))
            #expect(store.ids.count == left)
        }

        @Test("a policy that keeps them aborts none")
        func keep() async throws {
            let store = IncompleteUploadStore(Self.uploads)
            let outcome = try await run(store, ["--abort", "--yes"], policy: "keep")
            #expect(outcome.status == 0)
            #expect(store.ids.count == 3)
            #expect(outcome.text.contains("the policy keeps them"))
        }

        @Test("a clock that disagrees lets nothing be aborted", arguments: [-301.0, 330])
        func clock(offset: Double) async throws {
            let store = IncompleteUploadStore(Self.uploads, clockOffset: offset)
            let dry = try await run(store, [])
            #expect(dry.status == 6, "\(dry.errorText)")
            #expect(dry.text.contains("the clocks disagree"))
            let outcome = try await run(store, ["--abort", "--yes"])
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(store.ids.count == 3)
        }

        @Test("where parts are not told, sizes are unknown and the rest goes on")
        func denied() async throws {
            let store = IncompleteUploadStore(
                Self.uploads, faults: ["parts": .error(403, "AccessDenied")])
            let dry = try await run(store, [])
            #expect(dry.status == 0, "\(dry.errorText)")
            #expect(dry.text.contains("what is stored of them is unknown: AccessDenied"))
            let outcome = try await run(store, ["--abort", "--yes", "--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try UploadLines(outcome)["upload"].allSatisfy { $0.bytes == nil })
            #expect(store.ids == ["young"])
        }

        private static let faults: [(fault: FaultServer.Reply, outcome: String, status: Int32)] = [
            (.error(403, "AccessDenied"), "failed", 4),
            (.error(501, "NotImplemented"), "failed", 4),
            (.init(204), "failed", 4), (.init(200, course: .noAnswer), "failed", 4),
        ]

        @Test(
            "one that is still listed afterwards has failed, whatever was answered",
            arguments: 0..<4)
        func failed(index: Int) async throws {
            let (fault, word, status) = Self.faults[index]
            let store = IncompleteUploadStore(Self.uploads, faults: ["old": fault])
            let outcome = try await run(store, ["--abort", "--yes", "--format", "json"])
            #expect(outcome.status == status, "\(outcome.errorText)")
            #expect(try UploadLines(outcome)["outcome"].map(\.outcome) == ["aborted", word])
            #expect(outcome.errorText.contains("aborted 1 of 2 uploads; 1 failed"))
            #expect(store.ids == ["young", "old"])
            let text = try await run(store, ["--abort", "--yes"])
            #expect(text.text.contains("\n  failed db/a b+c\n    old\n"), "\(text.text)")
        }

        @Test("when none could be aborted for want of rights, that is what it ends with")
        func noRights() async throws {
            let denied = FaultServer.Reply.error(403, "AccessDenied")
            let store = IncompleteUploadStore(
                Self.uploads, faults: ["old": denied, "oldest": denied])
            let outcome = try await run(store, ["--abort", "--yes"])
            #expect(outcome.status == 77, "\(outcome.errorText)")
            let listing = try await run(IncompleteUploadStore([], faults: ["list": denied]), [])
            #expect(listing.status == 77)
            #expect(listing.output.isEmpty)
        }

        @Test("of several policies none is aborted for where one cannot be listed")
        func several() async throws {
            let (good, bad) = (
                IncompleteUploadStore(Self.uploads),
                IncompleteUploadStore([], faults: ["list": .error(403, "AccessDenied")])
            )
            let servers = [try good.server(), try bad.server()]
            defer { for server in servers { server.stop() } }
            var program = try Program()
            program.environment["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE"
            program.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
            let policies = try servers.enumerated().flatMap { index, server in
                [
                    "--policy",
                    try program.policy(
                        "version: 1\nbucket: uploads\nendpoint-url: \(server.url)\nkeep: all\n"
                            + "region: us-east-1\nincomplete-uploads: { abort-after: 3d }\n",
                        name: "\(index).yaml"),
                ]
            }
            let outcome = try await program.s3prune(["uploads", "--abort", "--yes"] + policies)
            #expect(outcome.status == 77, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("nothing was aborted in the whole run"))
            #expect(good.ids.count == 3)
            let both = try await program.s3prune(
                ["uploads", "--abort", "--yes"] + policies.prefix(2))
            #expect(both.status == 0)
            #expect(both.text.contains("ABORTED\n  uploads: 2 of 2 uploads, 6.0 MiB\n"))
        }

        @Test("a policy that others may write to aborts nothing, and shows what is there")
        func writablePolicy() async throws {
            let store = IncompleteUploadStore(Self.uploads)
            for (arguments, status) in [([], 0), (["--abort", "--yes"], 78)] {
                let outcome = try await run(store, arguments) { program, arguments in
                    chmod(program.home.path("policy.yaml"), 0o664)
                    return try await program.s3prune(arguments)
                }
                #expect(outcome.status == status, "\(outcome.errorText)")
                #expect(outcome.errorText.contains("its group may write to the file"))
            }
            #expect(store.ids.count == 3)
        }

        @Test("no incomplete uploads is said in one line")
        func none() async throws {
            let outcome = try await run(IncompleteUploadStore([]), ["--abort", "--yes"])
            #expect(outcome.status == 0)
            #expect(outcome.lines.first == "uploads: no incomplete uploads")
        }

        @Test("a key and an upload id made to deceive are escaped")
        func hostile() async throws {
            let store = IncompleteUploadStore(
                HostileNameTests.keys.enumerated().map {
                    .init(key: $1, id: "id\u{202E}\($0)", daysOld: 9)
                }, faults: ["id\u{202E}1": .error(403, "AccessDenied", message: "\u{1B}[31m")])
            for format in ["text", "json"] {
                let outcome = try await run(store, ["--format", format])
                expectHarmless(outcome.output)
                expectHarmless(outcome.errors)
            }
            let outcome = try await run(store, ["--abort", "--yes"])
            #expect(outcome.status == 4, "\(outcome.errorText)")
            #expect(store.ids == ["id\u{202E}1"])
            #expect(outcome.text.contains("AccessDenied: "))
            expectHarmless(outcome.output)
            expectHarmless(outcome.errors)
        }

        @Test(
            "a signal ends it: after some abortions it is partial, before the first the signal's",
            arguments: [(0, 1, Int32(4)), (2, 3, 4), (9, 10, 0)])
        func signals(number: Int, aborted: Int, status: Int32) async throws {
            let process = SignalledProcess()
            let store = IncompleteUploadStore(
                (0..<10).map { .init(key: "k\($0)", id: "u\($0)", daysOld: 9) },
                onAbort: { if $0 == number { process.signal(SIGINT) } })
            let outcome = try await run(store, ["--abort", "--yes", "--format", "json"]) {
                try await process.of($0.command($1)).run()
            }
            #expect(outcome.status == status, "\(outcome.errorText)")
            #expect(store.ids.count == 10 - aborted)
            let result = try #require(try UploadLines(outcome)["result"].first)
            #expect(result.aborted == aborted && result.bucket == "uploads")
            if status == 4 {
                #expect(outcome.errorText.contains("uploads: aborted \(aborted) of 10 uploads"))
                #expect(outcome.errorText.contains("\(10 - aborted) not tried: interrupted"))
            }
        }

        @Test("a signal while it lists aborts none")
        func signalInListing() async throws {
            let process = SignalledProcess()
            let store = IncompleteUploadStore(Self.uploads)
            let server = try FaultServer { request in
                process.signal(SIGTERM)
                return .error(503, "SlowDown")
            }
            defer { server.stop() }
            let outcome = try await run(store, ["--abort", "--yes"]) { program, arguments in
                try await process.of(
                    program.command(arguments + ["--endpoint-url", server.url])
                ).run()
            }
            #expect(outcome.status == 143, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("interrupted; nothing was aborted"))
            #expect(store.ids.count == 3)
        }

        @Test("an outcome that nobody knows comes before the signal's code, and before partial")
        func signalAndUnknown() async throws {
            let process = SignalledProcess()
            let store = IncompleteUploadStore(
                (0..<4).map { .init(key: "k\($0)", id: "u\($0)", daysOld: 9) },
                faults: ["u1": .init(course: .stall)],
                onAbort: { number in
                    guard number == 1 else { return }
                    process.signal(SIGINT)
                    process.signal(SIGINT)
                })
            let outcome = try await run(store, ["--abort", "--yes"]) {
                try await process.of($0.command($1)).run()
            }
            #expect(outcome.status == 5, "\(outcome.errorText)")
            #expect(outcome.text.contains("1 unknown, 2 not tried"), "\(outcome.text)")
        }

        @Test("a report that cannot be written aborts none")
        func noReport() async throws {
            let store = IncompleteUploadStore(Self.uploads)
            let outcome = try await run(store, ["--abort", "--yes"]) { program, arguments in
                try await program.run(
                    "/bin/sh",
                    ["-c", "exec \"$0\" \"$@\" >/dev/full", "\(Places.products)/s3prune"]
                        + arguments)
            }
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("cannot write standard output"))
            #expect(outcome.errorText.contains("nothing was aborted"))
            #expect(store.ids.count == 3)
        }
    }
}
