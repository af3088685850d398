import FaultServer
import Foundation
import Synchronization
import Testing

extension EndToEnd {
    /// `s3prune apply PLAN` after whatever may have happened to the plan, the policy or the bucket.
    @Suite("applying a reviewed plan on a scripted server")
    struct ApplyPlanTests {
        private static let nightly = PruneStore.nightly(keys: 3, versions: 4)

        private func rig() throws -> PruneRig { try PruneRig(PruneStore(["bkt": Self.nightly])) }

        /// Makes the plan and gives its path.
        private func plan(
            _ rig: PruneRig, more: String? = nil, keep: String = "daily: 1"
        ) async throws -> String {
            let policy =
                try more.map { try rig.policy(more: $0, keep: keep) }
                ?? rig.policy(keep: keep)
            let path = rig.program.home.path("plan.jsonl")
            let outcome = try await rig.program.s3prune(
                ["--policy", policy, "--plan-out", path])
            #expect([0, 6].contains(outcome.status), "\(outcome.errorText)")
            return path
        }

        private func apply(
            _ rig: PruneRig, _ plan: String, _ options: [String] = []
        ) async throws -> Command.Outcome {
            try await rig.program.s3prune(["apply", plan, "--yes"] + options)
        }

        @Test("deletes exactly what the plan names, and nothing the second time")
        func deletes() async throws {
            let rig = try rig()
            let path = try await plan(rig)
            #expect(rig.store.deletions == 0)
            let outcome = try await apply(rig, path)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids() == ["i0-0", "i1-0", "i2-0"])
            #expect(outcome.text.contains("deleted 9 of 9 versions"))
            let requests = rig.store.deletions
            let again = try await apply(rig, path)
            #expect(again.status == 0 && rig.store.deletions == requests)
            #expect(again.text.contains("0 of the 9 planned deletions are still due"))
        }

        struct Change: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var says: String
            var options: [String] = []
            /// The lines in place of the plan's; each with its end.
            var change: @Sendable (_ lines: [String]) -> [String]

            init(
                _ description: String, says: String, options: [String] = [],
                _ change: @escaping @Sendable ([String]) -> [String]
            ) {
                testDescription = description
                self.says = says
                self.options = options
                self.change = change
            }

            /// Replaces the value of a member in the first line.
            static func member(_ name: String, _ value: String) -> @Sendable ([String]) -> [String]
            {
                { lines in
                    let pattern = try! Regex("\"\(name)\":(\"[^\"]*\"|null)")
                    return [lines[0].replacing(pattern, with: "\"\(name)\":\(value)")]
                        + lines.dropFirst()
                }
            }

            /// Replaces text in the first line that has it.
            static func text(_ old: String, _ new: String) -> @Sendable ([String]) -> [String] {
                { lines in
                    var lines = lines
                    guard let place = lines.firstIndex(where: { $0.contains(old) }) else {
                        return ["\(old) is not in the plan"]
                    }
                    lines[place] = lines[place].replacing(old, with: new)
                    return lines
                }
            }

            static func time(_ hours: Double) -> String {
                let date = Date(timeIntervalSinceNow: hours * 3600)
                return "\"" + ISO8601DateFormatter().string(from: date) + "\""
            }
        }

        static let changes: [Change] = [
            Change("older than a day", says: "too old", Change.member("now", Change.time(-25))),
            Change(
                "older than --max-age", says: "too old", options: ["--max-age", "1h"],
                Change.member("now", Change.time(-2))),
            Change("from the future", says: "yet to come", Change.member("now", Change.time(1))),
            Change("of another bucket", says: "another bucket", Change.member("bucket", "\"b2b\"")),
            Change("of another prefix", says: "prefix", Change.member("prefix", "\"db/\"")),
            Change(
                "of another endpoint", says: "another endpoint",
                Change.member("endpoint", "\"http://127.0.0.1:1\"")),
            Change("offline", says: "saved listing", Change.member("endpoint", "null")),
            Change(
                "of another policy", says: "has changed since",
                Change.member("policy_sha256", "\"0\"")),
            Change("of no time", says: "lacks a member", Change.member("now", "\"yesterday\"")),
            Change(
                "of another schema", says: "schema", Change.member("schema", "\"s3prune.plan/2\"")),
            Change("without its summary", says: "no summary") { $0.dropLast() },
            Change("cut within a line", says: "no end") { lines in
                lines.dropLast() + [String(lines.last!.dropLast(9))]
            },
            Change("without the end of its last line", says: "no end") { lines in
                lines.dropLast() + [String(lines.last!.dropLast())]
            },
            Change("without its first line", says: "begins with its plan line") {
                Array($0.dropFirst())
            },
            Change("empty", says: "empty") { _ in [] },
            Change("garbage", says: "not a line of a plan") { _ in ["garbage\n"] },
            Change("binary", says: "not a line of a plan") { _ in ["\u{0}\u{1}\n"] },
            Change("of twice the same", says: "after the summary") { $0 + $0 },
            Change(
                "with an action that is none", says: "keep, delete or hold",
                Change.text("\"action\":\"delete\"", "\"action\":\"purge\"")),
            Change("with a deletion more", says: "summary") { lines in
                // A version that is not current and that the rules keep.
                var lines = lines
                guard
                    let place = lines.firstIndex(where: {
                        $0.contains("\"action\":\"keep\"")
                            && $0.contains("\"is_latest\":false")
                    })
                else { return ["nothing of the kind is in the plan"] }
                lines[place] = lines[place].replacing(
                    "\"action\":\"keep\"", with: "\"action\":\"delete\"")
                return lines
            },
            Change(
                "with a hold more", says: "summary",
                Change.text("\"action\":\"keep\"", "\"action\":\"hold\"")),
            Change(
                "with a deletion less", says: "summary",
                Change.text("\"action\":\"delete\"", "\"action\":\"keep\"")),
            Change("without a line", says: "summary") { lines in
                [lines[0]] + lines.dropFirst(2)
            },
            Change("with a version twice", says: "twice") { lines in
                lines.prefix(2) + [lines[1]] + lines.dropFirst(2)
            },
            Change("with keys out of order", says: "not in order") { lines in
                let versions = lines.filter { $0.contains("\"type\":\"version\"") }
                return [lines[0]] + versions.suffix(4) + versions.dropLast(4) + [lines.last!]
            },
            Change(
                "that deletes what is current", says: "deletes a current version",
                Change.text("\"action\":\"keep\"", "\"action\":\"delete\"")),
            Change(
                "without a version id", says: "lacks a member",
                Change.text("\"version_id\":\"i0-1\"", "\"version_id\":\"\"")),
            Change(
                "with a negative size", says: "makes no sense",
                Change.text("\"size\":100", "\"size\":-100")),
            Change("with another size", says: "summary") { lines in
                lines.map { $0.replacing("\"size\":100", with: "\"size\":99") }
            },
        ]

        @Test("is refused, and nothing is deleted", arguments: changes)
        func changed(_ change: Change) async throws {
            let rig = try rig()
            let path = try await plan(rig, keep: "daily: 2")
            let lines = try String(contentsOfFile: path, encoding: .utf8)
                .split(separator: "\n").map { String($0) + "\n" }
            try rig.program.home.write("plan.jsonl", change.change(lines).joined())
            let outcome = try await apply(rig, path, change.options)
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(outcome.errorText.contains(change.says), "\(outcome.errorText)")
            #expect(rig.store.deletions == 0)
        }

        @Test("a plan whose actions were swapped deletes nothing that the rules keep")
        func swapped() async throws {
            // daily: 2 keeps i0-1 by its slot, and i0-2 expires; both are of the same size.
            let rig = try rig()
            let policy = try rig.program.policy(
                "version: 1\nbucket: bkt\nmin-age: 0\nmin-versions: 1\nkeep-oldest: false\n"
                    + "keep: { daily: 2 }\n", name: "two.yaml")
            let path = rig.program.home.path("plan.jsonl")
            _ = try await rig.program.s3prune(["--policy", policy, "--plan-out", path])
            let lines = try String(contentsOfFile: path, encoding: .utf8)
                .split(separator: "\n").map(String.init)
            let (kept, expired) = ("\"action\":\"keep\"", "\"action\":\"delete\"")
            let swapped = lines.map { line in
                if line.contains("\"i0-1\""), line.contains(kept) {
                    return line.replacing(kept, with: expired)
                }
                if line.contains("\"version_id\":\"i0-2\"") {
                    return line.replacing(expired, with: kept)
                }
                return line
            }
            #expect(swapped != lines)
            try rig.program.home.write("plan.jsonl", swapped.map { $0 + "\n" }.joined())
            let outcome = try await apply(rig, path)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(
                rig.store.ids() == ["i0-0", "i0-1", "i0-2", "i1-0", "i1-1", "i2-0", "i2-1"])
        }

        @Test("what has come since survives, and so does what expired only because of it")
        func newVersions() async throws {
            let rig = try rig()
            let path = try await plan(rig)
            rig.store.put(.init(key: "k00000", id: "new", daysOld: 0))
            rig.store.put(.init(key: "k00001", id: "backdated", daysOld: 1.5))
            let outcome = try await apply(rig, path)
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids() == ["new", "i0-0", "backdated", "i1-0", "i2-0"])
        }

        @Test("what is held by now is spared")
        func held() async throws {
            let rig = try rig()
            let path = try await plan(rig, more: "health: { shrink-limit: 50% }\n")
            rig.store.put(.init(key: "k00001", id: "tiny", daysOld: 0, size: 1))
            let outcome = try await apply(rig, path)
            #expect(outcome.status == 6, "\(outcome.errorText)")
            #expect(
                rig.store.ids() == ["i0-0", "tiny", "i1-0", "i1-1", "i1-2", "i1-3", "i2-0"])
            #expect(outcome.text.contains("3 versions are kept or gone by now"))
        }

        @Test("a policy that changed since is refused; one that moved is found with --policy")
        func policy() async throws {
            let rig = try rig()
            let path = try await plan(rig)
            let old = try String(
                contentsOfFile: rig.program.home.path("bkt.yaml"), encoding: .utf8)
            try rig.program.home.write("bkt.yaml", old + "# a word\n")
            let changed = try await apply(rig, path)
            #expect(changed.status == 3 && rig.store.deletions == 0, "\(changed.errorText)")
            let moved = try rig.program.home.write("moved.yaml", old)
            let outcome = try await apply(rig, path, ["--policy", moved])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids().count == 3)
        }

        @Test("a plan over a limit needs the exact number")
        func limit() async throws {
            let rig = try PruneRig(
                PruneStore(["bkt": PruneStore.nightly(keys: 60, versions: 3)]))
            let path = try await plan(rig, more: "")
            for options in [[], ["--expect-deletes", "119"], ["--expect-deletes", "180"]] {
                let outcome = try await apply(rig, path, options)
                #expect(outcome.status == 3, "\(outcome.errorText)")
                #expect(rig.store.deletions == 0)
            }
            let outcome = try await apply(rig, path, ["--expect-deletes", "120"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids().count == 60)
        }

        @Test("a plan that others may write to is refused")
        func writable() async throws {
            let rig = try rig()
            let path = try await plan(rig)
            chmod(path, 0o620)
            let outcome = try await apply(rig, path)
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("its group may write to the file"))
            #expect(rig.store.deletions == 0)
        }

        @Test("a bucket suspended since the plan was made is refused")
        func suspended() async throws {
            let rig = try rig()
            let path = try await plan(rig)
            var course = PruneStore.Course()
            course.versioning["bkt"] = "<Status>Suspended</Status>"
            let later = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try rig.program.home.write(
                "plan.jsonl", text.replacing(rig.server.url, with: later.server.url))
            var program = rig.program
            program.environment["AWS_ENDPOINT_URL_S3"] = later.server.url
            let outcome = try await program.s3prune(["apply", path, "--yes"])
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(later.store.deletions == 0)
        }

        @Test("without a terminal it needs --yes")
        func noTerminal() async throws {
            let rig = try rig()
            let outcome = try await rig.program.s3prune(["apply", try await plan(rig)])
            #expect(outcome.status == 64 && rig.store.deletions == 0)
        }

        @Test("a plan that is not there, or is none, is an error")
        func noFile() async throws {
            let rig = try rig()
            let cases: [(path: String, status: Int32)] = [
                ("/nowhere/plan", 1), (rig.program.home.directory, 1), ("/dev/null", 3),
            ]
            for (path, status) in cases {
                let outcome = try await apply(rig, path)
                #expect(outcome.status == status, "\(path): \(outcome.errorText)")
                #expect(outcome.errorText.contains("error: "))
                #expect(rig.server.requests.isEmpty)
            }
        }

        @Test(
            "a signal while it lists deletes nothing, and one while it deletes leaves a part",
            arguments: [true, false])
        func signals(isListing: Bool) async throws {
            let process = SignalledProcess()
            let isArmed = Mutex(false)
            var course = PruneStore.Course()
            course.listing = { _ in
                if isListing, isArmed.withLock({ $0 }) { process.signal(SIGINT) }
                return nil
            }
            course.deletion = { _, _ in
                process.signal(SIGINT)
                return nil
            }
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let path = try await plan(rig)
            isArmed.withLock { $0 = true }
            let outcome = try await process.of(
                rig.program.command(["apply", path, "--yes"])
            ).run()
            #expect(outcome.status == (isListing ? 130 : 4), "\(outcome.errorText)")
            #expect(
                outcome.errorText.contains(
                    isListing ? "interrupted; nothing was deleted" : "deleted 1 of 9 versions"))
            #expect(rig.store.ids().count == (isListing ? 12 : 11))
        }
    }
}
