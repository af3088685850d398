import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// What keeps `s3prune --apply` from deleting: not one request to delete is sent.
    @Suite("guards of --apply on a scripted server")
    struct ApplyGuardTests {
        private static let nightly = PruneStore.nightly(keys: 3, versions: 3)
        private static let kept = ["i0-0", "i1-0", "i2-0"]

        private func rig(_ course: PruneStore.Course = .init()) throws -> PruneRig {
            try PruneRig(PruneStore(["bkt": Self.nightly], course))
        }

        private func expectUntouched(
            _ rig: PruneRig, _ outcome: Command.Outcome, status: Int32, says: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            #expect(
                outcome.status == status, "\(outcome.errorText)", sourceLocation: sourceLocation)
            for words in says {
                #expect(
                    outcome.errorText.contains(words), "\(outcome.errorText)",
                    sourceLocation: sourceLocation)
            }
            #expect(rig.store.deletions == 0, sourceLocation: sourceLocation)
            #expect(rig.store.ids() == Self.nightly.map(\.id), sourceLocation: sourceLocation)
        }

        @Test("deletes exactly what the plan names, and nothing the second time")
        func deletes() async throws {
            let rig = try rig()
            let outcome = try await rig.apply()
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids() == Self.kept)
            #expect(outcome.text.contains("deleted 6 of 6 versions, 600 B"))
            #expect(outcome.errors.isEmpty)
            let requests = rig.store.deletions
            let again = try await rig.apply()
            #expect(again.status == 0 && rig.store.deletions == requests)
        }

        @Test(
            "a command line that contradicts itself is refused before anything is sent",
            arguments: [
                ["--dry-run"], ["--listing", "/dev/null"], ["--now", "2026-11-23T03:00:00Z"],
                ["--concurrency", "0"], ["--expect-deletes", "-1"],
            ])
        func usage(options: [String]) async throws {
            let rig = try rig()
            expectUntouched(rig, try await rig.apply(options), status: 64, says: ["error: "])
            #expect(rig.server.requests.isEmpty)
        }

        @Test("without a terminal nothing is deleted without --yes")
        func noTerminal() async throws {
            let rig = try rig()
            let outcome = try await rig.program.s3prune(["--apply", "--policy", rig.policy()])
            expectUntouched(rig, outcome, status: 64, says: ["--yes"])
            #expect(rig.server.requests.isEmpty)
        }

        static let states: [(xml: String, says: String)] = [
            ("<Status>Suspended</Status>", "versioning is suspended"),
            ("", "versioning is not enabled"),
            ("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>", "MFA delete is on"),
        ]

        @Test("a bucket whose versions cannot be pruned safely is refused", arguments: states)
        func versioning(state: (xml: String, says: String)) async throws {
            var course = PruneStore.Course()
            course.versioning["bkt"] = state.xml
            let rig = try rig(course)
            expectUntouched(rig, try await rig.apply(), status: 3, says: [state.says])
        }

        /// The server's clock, as seconds from the local one.
        static let clocks: [Double] = [
            -Date().timeIntervalSince1970, Double(Int32.max) + 1 - Date().timeIntervalSince1970,
            -365 * 86_400, 365 * 86_400, 86_400, -600, 600, 330,
        ]

        @Test("clocks that disagree by more than five minutes are refused", arguments: clocks)
        func clock(offset: Double) async throws {
            var course = PruneStore.Course()
            course.clockOffset = offset
            let rig = try rig(course)
            expectUntouched(
                rig, try await rig.apply(), status: 3,
                says: ["the clocks disagree", "nothing is deleted"])
        }

        @Test("clocks that differ by less go on", arguments: [-240.0, 240])
        func closeClocks(offset: Double) async throws {
            var course = PruneStore.Course()
            course.clockOffset = offset
            let rig = try rig(course)
            #expect(try await rig.apply().status == 0)
            #expect(rig.store.ids() == Self.kept)
        }

        @Test("answers without a clock are refused", arguments: ["", "yesterday"])
        func noClock(date: String) async throws {
            var course = PruneStore.Course()
            course.date = date
            let rig = try rig(course)
            expectUntouched(rig, try await rig.apply(), status: 3, says: ["no Date header"])
        }

        @Test("a plan over a limit is refused, and names the number that lets it pass")
        func limit() async throws {
            let rig = try PruneRig(
                PruneStore(["bkt": PruneStore.nightly(keys: 60, versions: 3)]))
            let policy = try rig.policy(more: "")
            let refused = try await rig.apply(policy: policy)
            #expect(refused.status == 3, "\(refused.errorText)")
            #expect(refused.errorText.contains("--expect-deletes 120"), "\(refused.errorText)")
            #expect(rig.store.deletions == 0)
            let wrong = try await rig.apply(["--expect-deletes", "119"], policy: policy)
            #expect(wrong.status == 3 && rig.store.deletions == 0)
            let right = try await rig.apply(["--expect-deletes", "120"], policy: policy)
            #expect(right.status == 0, "\(right.errorText)")
            #expect(rig.store.ids().count == 60)
        }

        @Test("a number of deletions that is not the expected one is refused, limit or not")
        func unexpected() async throws {
            for wrong in ["5", "7", "0"] {
                let rig = try rig()
                let outcome = try await rig.apply(["--expect-deletes", wrong])
                expectUntouched(rig, outcome, status: 3, says: ["deletes 6 versions, not \(wrong)"])
            }
            let rig = try rig()
            #expect(try await rig.apply(["--expect-deletes", "6"]).status == 0)
            #expect(rig.store.ids() == Self.kept)
        }

        static let failures: [(listing: @Sendable (String) -> FaultServer.Reply?, status: Int32)] =
            [
                ({ $0 == "two" ? .error(500, "InternalError") : nil }, 75),
                ({ $0 == "two" ? .error(403, "AccessDenied") : nil }, 77),
                ({ $0 == "two" ? .init(text: "<html/>") : nil }, 1),
                ({ $0 == "three" ? .init(course: .noAnswer) : nil }, 75),
            ]

        @Test("one listing that fails keeps every bucket as it is", arguments: failures.indices)
        func severalBuckets(index: Int) async throws {
            let buckets = ["one", "two", "three"]
            var course = PruneStore.Course()
            course.listing = Self.failures[index].listing
            let rig = try PruneRig(
                PruneStore(
                    Dictionary(uniqueKeysWithValues: buckets.map { ($0, Self.nightly) }), course))
            let policies = try buckets.flatMap { ["--policy", try rig.policy($0)] }
            let outcome = try await rig.program.s3prune(["--apply", "--yes"] + policies)
            #expect(outcome.status == Self.failures[index].status, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("nothing was deleted in the whole run"))
            #expect(rig.store.deletions == 0)
        }

        @Test("a server that makes markers in one bucket is asked for none in the next")
        func untrustworthy() async throws {
            var course = PruneStore.Course()
            course.deletion = { _, _ in
                .init(
                    text: "<DeleteResult><Deleted><Key>k00000</Key>"
                        + "<DeleteMarker>true</DeleteMarker></Deleted></DeleteResult>")
            }
            let rig = try PruneRig(
                PruneStore(["one": Self.nightly, "two": Self.nightly], course))
            let policies = try ["one", "two"].flatMap { ["--policy", try rig.policy($0)] }
            let outcome = try await rig.program.s3prune(["--apply", "--yes"] + policies)
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("one: the server ignored the version id"))
            #expect(outcome.errorText.contains("two: not tried: the server ignored the version id"))
            #expect(outcome.errorText.contains("deleted 0 of 6 versions, 0 B; 6 not tried"))
            #expect(outcome.text.contains("  two: deleted 0 of 6 versions"), "\(outcome.text)")
            #expect(rig.store.deletions == 1)
        }

        @Test("a report or plan that cannot be written deletes nothing")
        func unwritable() async throws {
            // Named by a link, so that whoever replaced it would replace the link.
            let scratch = try Scratch()
            let full = scratch.path("full")
            try FileManager.default.createSymbolicLink(
                atPath: full, withDestinationPath: "/dev/full")
            for options in [
                ["--output", "/nowhere/report"], ["--plan-out", "/nowhere/plan"],
                ["--output", full], ["--plan-out", full],
            ] {
                let rig = try rig()
                let outcome = try await rig.apply(options)
                expectUntouched(
                    rig, outcome, status: 3, says: ["cannot write", "; nothing was deleted"])
            }
        }

        @Test(
            "a standard output that is closed or full deletes nothing",
            arguments: [">&-", ">/dev/full"])
        func noOutput(redirection: String) async throws {
            let rig = try rig()
            let outcome = try await rig.program.run(
                "/bin/sh",
                [
                    "-c", "exec \"$0\" \"$@\" \(redirection)", "\(Places.products)/s3prune",
                    "--apply", "--yes", "--policy", try rig.policy(),
                ])
            expectUntouched(rig, outcome, status: 3, says: ["cannot write standard output"])
        }

        @Test("a policy that others may write to deletes nothing", arguments: [0o664, 0o646])
        func writablePolicy(mode: Int) async throws {
            let rig = try rig()
            let policy = try rig.policy()
            chmod(policy, mode_t(mode))
            expectUntouched(
                rig, try await rig.apply(policy: policy), status: 78,
                says: ["may write to the file"])
            #expect(rig.server.requests.isEmpty)
        }

        @Test("what a lock protects is protected, the rest goes, and the run is partial")
        func protected() async throws {
            var course = PruneStore.Course()
            course.refusal = { $0 == "i1-1" ? "AccessDenied" : nil }
            let rig = try rig(course)
            let outcome = try await rig.apply(["--format", "json"])
            #expect(outcome.status == 4, "\(outcome.errorText)")
            #expect(rig.store.ids() == ["i0-0", "i1-0", "i1-1", "i2-0"])
            let last = try #require(outcome.lines.last)
            #expect(last.contains("\"deleted\":5") && last.contains("\"protected\":1"))
            #expect(outcome.lines.contains { $0.contains("\"outcome\":\"protected\"") })
        }
    }
}
