import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// Several policies run one after another: what one of them does says nothing of the others.
    @Suite("several policies in one run")
    struct SeveralPoliciesTests {
        private static let nightly = PruneStore.nightly(keys: 3, versions: 3)
        private static let many = PruneStore.nightly(keys: 1500, versions: 2)

        private func rig(
            _ versions: [PruneStore.Version] = nightly, _ course: PruneStore.Course = .init()
        ) throws -> PruneRig {
            try PruneRig(PruneStore(["one": versions, "two": versions], course))
        }

        private func policies(_ rig: PruneRig) throws -> [String] {
            try ["one", "two"].flatMap { ["--policy", try rig.policy($0)] }
        }

        /// The `plan` lines' buckets.
        private func buckets(_ outcome: Command.Outcome) throws -> [String] {
            struct Line: Decodable {
                var type: String
                var bucket: String?
            }
            return try outcome.lines.map {
                try JSONDecoder().decode(Line.self, from: Data($0.utf8))
            }.filter { $0.type == "plan" }.compactMap(\.bucket)
        }

        @Test("a dry run prints their plans in their order, each after its plan line")
        func order() async throws {
            let rig = try rig()
            let given = try policies(rig)
            let outcome = try await rig.program.s3prune(given + ["--format", "json"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(try buckets(outcome) == ["one", "two"])
            let turned = Array(given.suffix(2) + given.prefix(2))
            let other = try await rig.program.s3prune(turned + ["--format", "json"])
            #expect(try buckets(other) == ["two", "one"])
            let text = try await rig.program.s3prune(given)
            #expect(text.status == 0)
            let verdicts = text.lines.filter { $0.contains("9 versions") }
            #expect(verdicts.first?.hasPrefix("one: ") == true, "\(text.text)")
        }

        @Test("--plan-out takes a directory and writes a plan of each")
        func planOut() async throws {
            let rig = try rig()
            let folder = rig.program.home.path("plans")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false)
            let outcome = try await rig.program.s3prune(policies(rig) + ["--plan-out", folder])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(files == ["one.yaml.plan.jsonl", "two.yaml.plan.jsonl"])
            for (file, bucket) in zip(files, ["one", "two"]) {
                let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
                let plan = try Plan(.init(status: 0, output: Array(text.utf8), errors: []))
                #expect(plan.header.bucket == bucket && plan.summary.delete == 6)
            }
            let missing = try await rig.program.s3prune(
                policies(rig) + ["--plan-out", rig.program.home.path("nowhere")])
            #expect(missing.status == 1, "\(missing.errorText)")
        }

        @Test("two policy files of one name are refused before anything is sent")
        func sameName() async throws {
            let rig = try rig()
            var options: [String] = []
            for folder in ["a", "b"] {
                let path = rig.program.home.path(folder)
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: false)
                let bucket = folder == "a" ? "one" : "two"
                options += [
                    "--policy",
                    try rig.program.policy(
                        "version: 1\nbucket: \(bucket)\nkeep: { daily: 1 }\n",
                        name: folder + "/prod.yaml"),
                ]
            }
            let folder = rig.program.home.directory
            for more in [[], ["--apply", "--yes"]] {
                let outcome = try await rig.program.s3prune(
                    options + more + ["--plan-out", folder])
                #expect(outcome.status == 64, "\(outcome.errorText)")
                #expect(outcome.errorText.contains("a/prod.yaml"), "\(outcome.errorText)")
                #expect(outcome.errorText.contains("b/prod.yaml would be one file"))
            }
            #expect(rig.server.requests.isEmpty)
            #expect(try await rig.program.s3prune(options).status == 0)
        }

        @Test("--expect-deletes goes with one policy only, given or found")
        func expectDeletes() async throws {
            var rig = try rig()
            let given = try policies(rig)
            rig.program.environment["S3PRUNE_POLICIES"] = rig.program.home.directory
            for options in [given, []] {
                let outcome = try await rig.program.s3prune(options + ["--expect-deletes", "6"])
                #expect(outcome.status == 64, "\(outcome.errorText)")
                #expect(outcome.errorText.contains("one policy only"))
            }
            #expect(rig.server.requests.isEmpty)
        }

        @Test("one that fails does not keep the others from being printed")
        func oneFails() async throws {
            var course = PruneStore.Course()
            course.listing = { $0 == "one" ? .error(403, "AccessDenied") : nil }
            let rig = try rig(Self.nightly, course)
            let outcome = try await rig.program.s3prune(policies(rig) + ["--format", "json"])
            #expect(outcome.status == 77, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("one.yaml: ListObjectVersions one: AccessDenied"))
            // The first plan has its first line at most: without a summary it is none.
            #expect(try buckets(outcome).last == "two")
            #expect(outcome.lines.last?.contains("\"type\":\"summary\"") == true)
            #expect(outcome.lines.count { $0.contains("\"type\":\"summary\"") } == 1)
        }

        @Test("results in JSON name their bucket and prefix")
        func results() async throws {
            var course = PruneStore.Course()
            course.refusal = { $0 == "i1-1" ? "AccessDenied" : nil }
            let rig = try rig(Self.nightly, course)
            let outcome = try await rig.program.s3prune(
                policies(rig) + ["--apply", "--yes", "--format", "json"])
            #expect(outcome.status == 4, "\(outcome.errorText)")
            for bucket in ["one", "two"] {
                let name = "\"bucket\":\"\(bucket)\","
                #expect(
                    outcome.lines.contains {
                        $0.hasPrefix("{\"type\":\"result\"," + name + "\"prefix\":\"\",")
                            && $0.contains("\"deleted\":5")
                    }, "\(outcome.text)")
                #expect(
                    outcome.lines.contains {
                        $0.hasPrefix("{\"type\":\"remainder\"," + name + "\"key\":\"k00001\"")
                    })
            }
        }

        @Test("a refusal names its bucket, and the other one is pruned")
        func refusal() async throws {
            let rig = try rig()
            let strict = try rig.policy("one", more: "limits: { max-delete-versions: 5 }\n")
            let other = try rig.policy("two")
            let outcome = try await rig.program.s3prune([
                "--policy", strict, "--policy", other, "--apply", "--yes",
            ])
            // Something was deleted, so that it is not "refused" but "partial".
            #expect(outcome.status == 4, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("one: the plan is over a limit: "))
            #expect(outcome.errorText.contains("nothing is deleted there"))
            #expect(rig.store.ids("one").count == 9 && rig.store.ids("two").count == 3)
        }

        @Test("where one has deleted and the next one cannot, the run is partial")
        func secondFails() async throws {
            var course = PruneStore.Course()
            course.deletion = { _, request in
                request.path.hasPrefix("/two") ? .error(403, "AccessDenied") : nil
            }
            let rig = try rig(Self.nightly, course)
            let outcome = try await rig.program.s3prune(policies(rig) + ["--apply", "--yes"])
            #expect(outcome.status == 4, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("two: these credentials may not delete versions"))
            #expect(outcome.errorText.contains("request id "), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("hint: the user needs s3:DeleteObjectVersion"))
            #expect(rig.store.ids("one").count == 3 && rig.store.ids("two").count == 9)
        }

        struct Signalled: Sendable, CustomTestStringConvertible {
            var testDescription: String
            /// The request to delete whose answer the signals come with.
            var number: Int
            var signals = 1
            var status: Int32
            var says: [String]
        }

        static let signalled = [
            Signalled(
                testDescription: "with the first answer of the first", number: 0, status: 4,
                says: [
                    "one: interrupted; deleted 1 of 1,500", "two: interrupted; deleted 0 of 1,500",
                    "1,500 not tried",
                ]),
            Signalled(
                testDescription: "with the last answer of the first", number: 2, status: 4,
                says: ["two: interrupted; deleted 0 of 1,500"]),
            Signalled(
                testDescription: "twice within the second", number: 4, signals: 2, status: 5,
                says: ["deleted 1 of 1,500", "1,000 unknown", "499 not tried"]),
        ]

        @Test("a signal ends all of them, and what was done decides the code", arguments: signalled)
        func signals(_ signalled: Signalled) async throws {
            let process = SignalledProcess()
            var course = PruneStore.Course()
            course.deletion = { number, _ in
                guard number == signalled.number else { return nil }
                for _ in 0..<signalled.signals { process.signal(SIGTERM) }
                return signalled.signals > 1 ? .init(course: .stall) : nil
            }
            let rig = try rig(Self.many, course)
            let command = process.of(
                rig.program.command(
                    try policies(rig) + ["--apply", "--yes", "--concurrency", "1"]))
            let outcome = try await command.run()
            #expect(outcome.status == signalled.status, "\(outcome.errorText)")
            for words in signalled.says {
                #expect(outcome.errorText.contains(words), "\(outcome.errorText)")
            }
            #expect(rig.store.deletions == signalled.number + 1)
        }

        @Test("a signal before the first answer that deletes nothing is the signal's code")
        func nothingDone() async throws {
            let process = SignalledProcess()
            var course = PruneStore.Course()
            course.deletion = { _, _ in
                process.signal(SIGTERM)
                return .error(503, "SlowDown")
            }
            let rig = try rig(Self.many, course)
            let command = process.of(
                rig.program.command(try policies(rig) + ["--apply", "--yes"]))
            let outcome = try await command.run()
            #expect(outcome.status == 143, "\(outcome.errorText)")
            #expect(rig.store.deletions == 1)
            #expect(rig.store.ids("one").count == 3000 && rig.store.ids("two").count == 3000)
        }
    }
}
