import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// The one way to delete what is current.
    @Suite("s3prune retire on a scripted server")
    struct RetireTests {
        private static let versions: [PruneStore.Version] =
            (0..<4).map { .init(key: "db/old", id: "old-\($0)", daysOld: 40 + Double($0)) }
            + [.init(key: "db/old.gz", id: "longer", daysOld: 40)]
            + [.init(key: "db/young", id: "young", daysOld: 29)]
        private static let others = ["longer", "young"]

        private func rig(_ course: PruneStore.Course = .init()) throws -> PruneRig {
            try PruneRig(PruneStore(["bkt": Self.versions], course))
        }

        private func retire(
            _ rig: PruneRig, _ options: [String], key: String = "db/old", more: String = ""
        ) async throws -> Command.Outcome {
            try await rig.program.s3prune(
                ["retire", "s3://bkt/" + key, "--policy", rig.policy(more: more)] + options)
        }

        @Test("shows every version and deletes none without --apply")
        func dryRun() async throws {
            let rig = try rig()
            let outcome = try await retire(rig, [])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            for number in 0..<4 { #expect(outcome.text.contains("old-\(number)")) }
            #expect(!outcome.text.contains("longer"))
            #expect(outcome.errorText.contains("would delete all 4 versions (400 B)"))
            #expect(rig.store.deletions == 0)
        }

        @Test("deletes all versions of exactly this key, the current one last and alone")
        func applies() async throws {
            let rig = try rig()
            let outcome = try await retire(rig, ["--apply", "--confirm", "db/old"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids() == Self.others)
            let bodies = rig.server.requests.filter { $0.method == "POST" }
                .map { String(decoding: $0.body, as: UTF8.self) }
            let last = try #require(bodies.last)
            #expect(last.contains("old-0") && !last.contains("old-1"))
            #expect(!bodies.dropLast().contains { $0.contains("old-0<") })
            #expect(outcome.text.contains("deleted 4 of 4 versions"))
        }

        struct Refusal: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var key = "db/old"
            var policy = ""
            var options: [String] = []
            var status: Int32 = 3
            var says: String
            var put: PruneStore.Version?
            var clockOffset = 0.0
            var versioning = "<Status>Enabled</Status>"
        }

        static let refusals: [Refusal] = [
            Refusal(testDescription: "young", key: "db/young", says: "its newest version is of"),
            Refusal(
                testDescription: "younger than --older-than", options: ["--older-than", "41d"],
                says: "its newest version is of"),
            Refusal(
                testDescription: "with a recent marker", says: "its newest version is of",
                put: .init(key: "db/old", id: "marker", daysOld: 1, isMarker: true)),
            Refusal(
                testDescription: "backdated by an upload before the newest",
                says: "its newest version is of",
                put: .init(key: "db/old", id: "new", daysOld: 29.9)),
            Refusal(
                testDescription: "dated in the future", says: "dated in the future",
                put: .init(key: "db/old", id: "future", daysOld: -1)),
            Refusal(
                testDescription: "pinned",
                policy: "pins: [{ key: db/old, version-id: old-3, why: w }]\n", says: "pins"),
            Refusal(
                testDescription: "pinned, though the pin is of a version that is gone",
                policy: "pins: [{ key: db/old, version-id: gone, why: w }]\n", says: "pins"),
            Refusal(
                testDescription: "that is not there", key: "db/ol", status: 1,
                says: "has no versions"),
            Refusal(
                testDescription: "with clocks that disagree", says: "the clocks disagree",
                clockOffset: 86_400 * 365),
            Refusal(
                testDescription: "of a suspended bucket", says: "suspended",
                versioning: "<Status>Suspended</Status>"),
        ]

        @Test("a key is refused, and nothing is deleted", arguments: refusals)
        func refused(_ refusal: Refusal) async throws {
            var course = PruneStore.Course()
            course.clockOffset = refusal.clockOffset
            course.versioning["bkt"] = refusal.versioning
            let rig = try rig(course)
            if let version = refusal.put { rig.store.put(version) }
            let outcome = try await retire(
                rig, ["--apply", "--confirm", refusal.key] + refusal.options, key: refusal.key,
                more: refusal.policy)
            #expect(outcome.status == refusal.status, "\(outcome.errorText)")
            #expect(outcome.errorText.contains(refusal.says), "\(outcome.errorText)")
            #expect(rig.store.deletions == 0)
        }

        @Test("a shorter --older-than lets a younger key go, but never below the rule's min-age")
        func olderThan() async throws {
            let rig = try rig()
            let options = ["--apply", "--confirm", "db/young", "--older-than", "28d"]
            let text = "version: 1\nbucket: bkt\nmin-age: 35d\nkeep: { daily: 1 }\n"
            let strict = try rig.program.policy(text, name: "strict.yaml")
            let refused = try await rig.program.s3prune(
                ["retire", "s3://bkt/db/young", "--policy", strict] + options)
            #expect(refused.status == 3 && rig.store.deletions == 0, "\(refused.errorText)")
            let outcome = try await retire(rig, options, key: "db/young")
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(!rig.store.ids().contains("young"))
        }

        @Test("rules that keep all, or take no such key, are heard")
        func rules() async throws {
            let rig = try rig()
            for (rules, says) in [
                ("keep: all\n", "keeps all versions"),
                ("rules: [{ match: \"etc/**\", keep: { daily: 1 } }]\n", "no rule"),
            ] {
                let policy = try rig.program.policy("version: 1\nbucket: bkt\n" + rules)
                let outcome = try await rig.program.s3prune(
                    [
                        "retire", "s3://bkt/db/old", "--policy", policy, "--apply", "--confirm",
                        "db/old",
                    ])
                #expect(outcome.status == 3, "\(outcome.errorText)")
                #expect(outcome.errorText.contains(says), "\(outcome.errorText)")
            }
            let elsewhere = try await rig.program.s3prune(
                ["retire", "s3://other/db/old", "--policy", rig.policy()])
            #expect(elsewhere.status == 78, "\(elsewhere.errorText)")
            #expect(rig.store.deletions == 0)
        }

        @Test(
            "without a terminal the key must be repeated exactly",
            arguments: [[], ["--yes"], ["--confirm", "db/old "], ["--confirm", "db"]])
        func noConfirmation(options: [String]) async throws {
            let rig = try rig()
            let outcome = try await retire(rig, ["--apply"] + options)
            #expect(outcome.status == 64, "\(outcome.errorText)")
            #expect(rig.server.requests.isEmpty)
        }

        static let answers: [(typed: String, status: Int32)] = [
            ("db/old\n", 0), ("y\n", 3), ("yes\n", 3), ("db/old \n", 3), ("\n", 3),
            ("\u{4}", 3), ("\u{3}", 130),
        ]

        @Test("on a terminal the exact key is typed", arguments: answers)
        func typed(answer: (typed: String, status: Int32)) async throws {
            let rig = try rig()
            let outcome = try await rig.onTerminal(
                ["retire", "s3://bkt/db/old", "--apply", "--policy", rig.policy()],
                answer: answer.typed, after: "type the key: ")
            #expect(outcome.status == answer.status, "\(outcome.text)")
            #expect((rig.store.deletions > 0) == (answer.status == 0))
        }

        @Test("while a version is protected the current one stays")
        func protected() async throws {
            var course = PruneStore.Course()
            course.refusal = { $0 == "old-2" ? "AccessDenied" : nil }
            let rig = try rig(course)
            let outcome = try await retire(
                rig, ["--apply", "--confirm", "db/old", "--format", "json"])
            #expect(outcome.status == 4, "\(outcome.errorText)")
            #expect(rig.store.ids() == ["old-0", "old-2"] + Self.others)
            let last = try #require(outcome.lines.last)
            #expect(last.contains("\"deleted\":2") && last.contains("\"not_tried\":1"))
        }

        @Test("a report that cannot be written deletes nothing, with --apply")
        func noReport() async throws {
            for (options, status) in [([], 1), (["--apply", "--confirm", "db/old"], 3)] {
                let rig = try rig()
                let outcome = try await rig.program.run(
                    "/bin/sh",
                    [
                        "-c", "exec \"$0\" \"$@\" >/dev/full", "\(Places.products)/s3prune",
                        "retire", "s3://bkt/db/old", "--policy", try rig.policy(),
                    ] + options)
                #expect(outcome.status == status, "\(outcome.errorText)")
                #expect(outcome.errorText.contains("cannot write standard output"))
                #expect(rig.store.deletions == 0)
            }
        }

        @Test("a key that begins with a dash is confirmed as it is")
        func dashed() async throws {
            let version = PruneStore.Version(key: "-old", id: "v1", daysOld: 40)
            let rig = try PruneRig(PruneStore(["bkt": [version]]))
            let outcome = try await rig.program.s3prune([
                "retire", "s3://bkt/-old", "--policy", rig.policy(), "--apply", "--confirm", "-old",
            ])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids().isEmpty)
        }

        @Test("a key with characters that XML cannot carry is listed by what comes before them")
        func controlCharacters() async throws {
            let key = "db/a\u{1}b"
            let versions: [PruneStore.Version] =
                (0..<2).map { .init(key: "db/a\u{1}a", id: "n\($0)", daysOld: 40 + Double($0)) }
                + (0..<3).map { .init(key: key, id: "v\($0)", daysOld: 40 + Double($0)) }
                + [.init(key: key + "c", id: "longer", daysOld: 40)]
            for pageSize in [1, 2, 100] {
                var course = PruneStore.Course()
                course.pageSize = pageSize
                let rig = try PruneRig(PruneStore(["bkt": versions], course))
                let policy = try rig.policy()
                let explained = try await rig.program.s3prune([
                    "explain", "s3://bkt/\(key)", "--policy", policy, "--format", "json",
                ])
                #expect(explained.status == 0, "\(explained.errorText)")
                #expect(explained.lines.count { $0.contains("\"version_id\":\"v") } == 3)
                #expect(!explained.text.contains("\"n0\"") && !explained.text.contains("longer"))
                let outcome = try await rig.program.s3prune([
                    "retire", "s3://bkt/\(key)", "--policy", policy, "--apply", "--confirm", key,
                ])
                #expect(outcome.status == 0, "\(outcome.errorText)")
                #expect(rig.store.ids() == ["n0", "n1", "longer"])
                let prefixes = rig.server.requests.compactMap { $0.query["prefix"] }
                #expect(Set(prefixes) == ["db/a"])
                let missing = try await rig.program.s3prune([
                    "explain", "s3://bkt/db/a\u{1}aa", "--policy", policy,
                ])
                #expect(missing.status == 1, "\(missing.errorText)")
            }
        }
    }
}
