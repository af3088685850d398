import FaultServer
import Foundation
import Synchronization
import Testing

/// Incomplete uploads that a scripted server keeps, with what goes wrong with them.
private final class UploadStore: Sendable {
    struct Upload: Sendable {
        var key: String
        var id: String
        var daysOld: Double
        var sizes: [Int] = [5_242_880, 1_048_576]
    }

    private let uploads: Mutex<[Upload]>
    private let faults: [String: FaultServer.Reply]
    private let clockOffset: Double
    private let onAbort: @Sendable (_ number: Int) -> Void
    private let abortions = Mutex(0)

    /// `onAbort` is called before the effect of an abortion, which is numbered from 0; `faults` are answers in place of the right ones, by operation or by upload id (to its
    /// abortion).
    init(
        _ uploads: [Upload], faults: [String: FaultServer.Reply] = [:], clockOffset: Double = 0,
        onAbort: @escaping @Sendable (_ number: Int) -> Void = { _ in }
    ) {
        self.onAbort = onAbort
        self.uploads = Mutex(uploads)
        self.faults = faults
        self.clockOffset = clockOffset
    }

    var ids: [String] { uploads.withLock { $0.map(\.id) } }

    func server() throws -> FaultServer { try FaultServer { [self] in answer($0) } }

    private func answer(_ request: FaultServer.Received) -> FaultServer.Reply {
        let id = request.query["uploadId"]
        var reply: FaultServer.Reply =
            switch (request.method, id) {
            case ("GET", nil): faults["list"] ?? list()
            case ("GET", let id?): faults["parts"] ?? parts(id)
            case ("DELETE", let id?): abort(id)
            default: .error(500, "Unexpected")
            }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        reply.headers.append(("Date", format.string(from: Date(timeIntervalSinceNow: clockOffset))))
        return reply
    }

    private func abort(_ id: String) -> FaultServer.Reply {
        onAbort(
            abortions.withLock { number in
                number += 1
                return number - 1
            })
        if let fault = faults[id] { return fault }
        uploads.withLock { $0.removeAll { $0.id == id } }
        return .init(204)
    }

    private func list() -> FaultServer.Reply {
        let format = ISO8601DateFormatter()
        let elements = uploads.withLock { $0 }.map { upload in
            let begun = Date(timeIntervalSinceNow: clockOffset - upload.daysOld * 86_400)
            return "<Upload><Key>\(encoded(upload.key))</Key><UploadId>\(upload.id)</UploadId>"
                + "<Initiated>\(format.string(from: begun))</Initiated>"
                + "<StorageClass>STANDARD</StorageClass></Upload>"
        }
        return .init(
            text: "<ListMultipartUploadsResult><Bucket>uploads</Bucket>"
                + "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
                + elements.joined() + "</ListMultipartUploadsResult>")
    }

    private func parts(_ id: String) -> FaultServer.Reply {
        let sizes = uploads.withLock { $0.first { $0.id == id }?.sizes }
        guard let sizes else { return .error(404, "NoSuchUpload") }
        let parts = sizes.enumerated().map { index, size in
            "<Part><PartNumber>\(index + 1)</PartNumber><Size>\(size)</Size></Part>"
        }
        return .init(
            text: "<ListPartsResult><IsTruncated>false</IsTruncated>\(parts.joined())"
                + "</ListPartsResult>")
    }
}

/// The lines of `uploads --format json`.
private struct UploadLines {
    struct Line: Decodable {
        var type: String
        var bucket: String?
        var key: String?
        var upload_id: String?
        var parts: Int?
        var bytes: Int?
        var action: String?
        var outcome: String?
        var code: String?
        var expired: Int?
        var aborted: Int?
        var failed: Int?
        var unknown: Int?
        var age_seconds: Int?
    }

    let all: [Line]

    init(_ outcome: Command.Outcome) throws {
        all = try outcome.lines.map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
    }

    subscript(type: String) -> [Line] { all.filter { $0.type == type } }
}

extension EndToEnd {
    @Suite("s3prune uploads on a scripted server")
    struct UploadsTests {
        private static let uploads: [UploadStore.Upload] = [
            .init(key: "db/new", id: "young", daysOld: 1),
            .init(key: "db/a b+c", id: "old", daysOld: 5),
            .init(key: "etc/x", id: "oldest", daysOld: 40.5, sizes: []),
        ]

        private func run(
            _ store: UploadStore, _ arguments: [String], policy: String = "{ abort-after: 3d }",
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
            let store = UploadStore(Self.uploads)
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
            let store = UploadStore(Self.uploads)
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
            let store = UploadStore(Self.uploads)
            let outcome = try await run(store, ["--abort"])
            #expect(outcome.status == 64)
            #expect(outcome.errorText.contains("--yes"))
            #expect(store.ids.count == 3)
        }

        @Test("on a terminal it asks, and no is no", arguments: [("n", 3, 3), ("y", 0, 1)])
        func terminal(answer: String, status: Int, left: Int) async throws {
            let store = UploadStore(Self.uploads)
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
            let store = UploadStore(Self.uploads)
            let outcome = try await run(store, ["--abort", "--yes"], policy: "keep")
            #expect(outcome.status == 0)
            #expect(store.ids.count == 3)
            #expect(outcome.text.contains("the policy keeps them"))
        }

        @Test("a clock that disagrees lets nothing be aborted", arguments: [-301.0, 310])
        func clock(offset: Double) async throws {
            let store = UploadStore(Self.uploads, clockOffset: offset)
            let dry = try await run(store, [])
            #expect(dry.status == 6, "\(dry.errorText)")
            #expect(dry.text.contains("the clocks disagree"))
            let outcome = try await run(store, ["--abort", "--yes"])
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(store.ids.count == 3)
        }

        @Test("where parts are not told, sizes are unknown and the rest goes on")
        func denied() async throws {
            let store = UploadStore(Self.uploads, faults: ["parts": .error(403, "AccessDenied")])
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
            let store = UploadStore(Self.uploads, faults: ["old": fault])
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
            let store = UploadStore(Self.uploads, faults: ["old": denied, "oldest": denied])
            let outcome = try await run(store, ["--abort", "--yes"])
            #expect(outcome.status == 77, "\(outcome.errorText)")
            let listing = try await run(UploadStore([], faults: ["list": denied]), [])
            #expect(listing.status == 77)
            #expect(listing.output.isEmpty)
        }

        @Test("of several policies none is aborted for where one cannot be listed")
        func several() async throws {
            let (good, bad) = (
                UploadStore(Self.uploads),
                UploadStore([], faults: ["list": .error(403, "AccessDenied")])
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
            let store = UploadStore(Self.uploads)
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
            let outcome = try await run(UploadStore([]), ["--abort", "--yes"])
            #expect(outcome.status == 0)
            #expect(outcome.lines.first == "uploads: no incomplete uploads")
        }

        @Test("a key and an upload id made to deceive are escaped")
        func hostile() async throws {
            let store = UploadStore(
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
            let store = UploadStore(
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
            let store = UploadStore(Self.uploads)
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
            let store = UploadStore(
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
            let store = UploadStore(Self.uploads)
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

extension EndToEnd.WithCeph {
    @Suite(
        "s3prune uploads on a Ceph RADOS Gateway",
        .enabled(if: TestServer.ceph != nil, TestServer.howToStart))
    struct CephUploadsTests {
        @Test("lists what is stored, aborts exactly the old ones, and boto3 sees the rest")
        func abort() async throws {
            let ceph = try #require(TestServer.ceph)
            let format = ISO8601DateFormatter()
            func begin(_ key: String, hoursAgo: Double, _ size: Int) -> String {
                let time = format.string(from: Date(timeIntervalSinceNow: -hoursAgo * 3600))
                return "\(time)\tbegin\t\(encoded(key))\t\(size)"
            }
            try await ceph.load(
                "uploads",
                [
                    begin("db/a b+c%é.gz", hoursAgo: 100, 5000), begin("db/a", hoursAgo: 73, 70),
                    begin("db/a", hoursAgo: 71, 80), begin("etc/x", hoursAgo: 1, 90),
                    begin("etc/%41", hoursAgo: 200, 1),
                ])
            let admin = try Program(at: ceph)
            let policy = try admin.policy(
                "version: 1\nbucket: uploads\nkeep: all\nincomplete-uploads: { abort-after: 3d }\n")
            let before = try UploadLines(
                try await admin.s3prune(["uploads", "--policy", policy, "--format", "json"]))
            #expect(
                before["upload"].map(\.key)
                    == ["etc/%41", "db/a b+c%é.gz", "db/a", "db/a", "etc/x"])
            #expect(before["upload"].map(\.bytes) == [1, 5000, 70, 80, 90])
            #expect(before["upload"].map(\.action) == ["abort", "abort", "abort", "keep", "keep"])

            // The pruner may list and abort, and not see parts.
            let pruner = try Program(at: ceph, as: "pruner")
            let outcome = try await pruner.s3prune(
                ["uploads", "--policy", policy, "--abort", "--yes", "--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let lines = try UploadLines(outcome)
            #expect(lines["result"].first?.aborted == 3)
            #expect(lines["upload"].allSatisfy { $0.parts == nil })

            let seen = try await ceph.python(
                """
                s3 = test_servers.client("ceph")
                for upload in s3.list_multipart_uploads(Bucket="uploads")["Uploads"]:
                    print(upload["UploadId"])
                """)
            let left = before["upload"].suffix(2).compactMap(\.upload_id)
            #expect(Set(seen.lines.map(String.init)) == Set(left))
        }
    }
}
