import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// The limits of a policy, for a run and for a plan that was reviewed.
    @Suite("limits under --apply and apply PLAN")
    struct ApplyLimitTests {
        private static let nightly = PruneStore.nightly(keys: 3, versions: 3)

        private func rig(
            _ versions: [PruneStore.Version] = nightly, _ course: PruneStore.Course = .init()
        ) throws -> PruneRig {
            try PruneRig(PruneStore(["bkt": versions], course))
        }

        @Test(
            "an absolute limit refuses the run, and the exact number lets it pass",
            arguments: ["max-delete-versions: 5", "max-delete-bytes: 599B"])
        func absolute(limit: String) async throws {
            let rig = try rig()
            let policy = try rig.policy(more: "limits: { \(limit) }\n")
            let refused = try await rig.apply(policy: policy)
            #expect(refused.status == 3, "\(refused.errorText)")
            #expect(refused.errorText.contains("bkt: the plan is over a limit: "))
            #expect(refused.errorText.contains("--expect-deletes 6"))
            #expect(rig.store.deletions == 0)
            let right = try await rig.apply(["--expect-deletes", "6"], policy: policy)
            #expect(right.status == 0, "\(right.errorText)")
            #expect(rig.store.ids() == ["i0-0", "i1-0", "i2-0"])
        }

        @Test("a report leads on with every option that it was made with, and to no refusal")
        func nextSteps() async throws {
            let rig = try rig()
            let policy = try rig.policy(more: "limits: { max-delete-versions: 5 }\n")
            let options = [
                "--expected-bucket-owner", "123456789012", "--request-payer", "requester",
                "--addressing-style", "path", "--read-timeout", "2min",
            ]
            func next(_ more: [String]) async throws -> (status: Int32, text: String) {
                let outcome = try await rig.program.s3prune(
                    ["--policy", policy] + options + more)
                let lines = outcome.text.components(separatedBy: "\nNEXT\n").dropFirst()
                return (outcome.status, lines.joined().replacing(#/\s+\\\n\s+/#, with: " "))
            }
            let refused = try await next([])
            #expect(refused.status == 6)
            #expect(refused.text.contains("s3prune --dry-run --verbose"))
            #expect(!refused.text.contains("--apply"))
            let passed = try await next(["--expect-deletes", "6"])
            #expect(passed.status == 0)
            let words = "s3prune --apply --policy \(policy) "
            #expect(passed.text.contains(words), "\(passed.text)")
            for option in options + ["--expect-deletes 6"] {
                #expect(passed.text.contains(option), "\(passed.text)")
            }
            let wrong = try await next(["--expect-deletes", "7"])
            #expect(wrong.status == 6 && !wrong.text.contains("--apply"))
        }

        @Test("a number of deletions that is not the plan's is a problem of a dry run, too")
        func unexpected() async throws {
            let rig = try rig()
            let outcome = try await rig.program.s3prune(
                ["--policy", try rig.policy(), "--expect-deletes", "7", "--format", "csv"])
            #expect(outcome.status == 6)
            #expect(outcome.text.contains("the plan deletes 6 versions"), "\(outcome.text)")
            let over = try await rig.program.s3prune([
                "--policy", try rig.policy(more: "limits: { max-delete-versions: 5 }\n"),
                "--format", "csv",
            ])
            #expect(over.text.contains("with --expect-deletes 6\""), "\(over.text)")
        }

        @Test("a listing from a pipe leads to no command: it is gone")
        func pipe() async throws {
            let program = try Program()
            let entries = (0..<4).map {
                SavedListing.Entry(
                    key: "db/a", versionID: "v\($0)", modified: "2026-10-0\(9 - $0)T00:00:00.000Z",
                    isLatest: $0 == 0)
            }
            let listing = try program.home.write("l.xml", SavedListing(entries: entries).xml)
            let policy = try program.policy(
                "version: 1\nbucket: hostile\nmin-age: 0\nmin-versions: 1\nkeep: { last: 1 }\n"
                    + "keep-oldest: false\n")
            let words = ["--policy", policy, "--now", "2026-11-23T03:00:00Z", "--listing"]
            let piped = try await program.command(words + ["-"], input: listing).run()
            #expect(piped.status == 0 && piped.text.contains("would delete 3 of 4"))
            #expect(!piped.text.contains("NEXT"), "\(piped.text)")
            let read = try await program.s3prune(words + [listing])
            #expect(read.text.contains("--listing \(listing)"), "\(read.text)")
        }

        @Test(
            "a limit that is just kept refuses nothing",
            arguments: ["max-delete-versions: 6", "max-delete-bytes: 600B"])
        func kept(limit: String) async throws {
            let rig = try rig()
            let outcome = try await rig.apply(policy: rig.policy(more: "limits: { \(limit) }\n"))
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids().count == 3)
        }

        @Test("max-delete-of-key holds that key, and the others are pruned")
        func ofKey() async throws {
            let rig = try rig(
                Self.nightly
                    + PruneStore.nightly(keys: 1, versions: 12).map { version in
                        var version = version
                        version.key = "long"
                        version.id = "l" + version.id
                        return version
                    })
            let outcome = try await rig.apply(
                policy: rig.policy(more: "limits: { max-delete-of-key: 70% }\n"))
            #expect(outcome.status == 6, "\(outcome.errorText)")
            #expect(outcome.text.contains("max-delete-of-key"))
            #expect(rig.store.ids().count == 3 + 12)
        }

        /// Makes a plan and gives its path.
        private func plan(
            _ rig: PruneRig, _ policy: String, _ options: [String] = [], status: Int32 = 0
        ) async throws -> String {
            let path = rig.program.home.path("plan.jsonl")
            let outcome = try await rig.program.s3prune(
                ["--policy", policy, "--plan-out", path] + options)
            #expect(outcome.status == status, "\(outcome.errorText)")
            return path
        }

        @Test("a plan let pass by its number is applied without an alarm, then or when it is made")
        func passed() async throws {
            for isPassedWhenMade in [true, false] {
                let rig = try rig(PruneStore.nightly(keys: 60, versions: 3))
                let policy = try rig.policy(more: "")
                let pass = ["--expect-deletes", "120"]
                let path = try await plan(
                    rig, policy, isPassedWhenMade ? pass : [], status: isPassedWhenMade ? 0 : 6)
                let outcome = try await rig.program.s3prune(
                    ["apply", path, "--yes"] + (isPassedWhenMade ? [] : pass))
                #expect(outcome.status == 0, "\(outcome.errorText)")
                #expect(!outcome.text.contains("limit"), "\(outcome.text)")
                #expect(rig.store.ids().count == 60)
            }
        }

        @Test("a plan that was let pass with another number than its own is refused")
        func passedWithAnother() async throws {
            let rig = try rig(PruneStore.nightly(keys: 60, versions: 3))
            let path = try await plan(
                rig, rig.policy(more: ""), ["--expect-deletes", "120"])
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.contains("\"expected\":120"))
            try rig.program.home.write(
                "plan.jsonl", text.replacing("\"expected\":120", with: "\"expected\":121"))
            let outcome = try await rig.program.s3prune(["apply", path, "--yes"])
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(rig.store.deletions == 0)
        }

        @Test("what expired since does not bring an apply over a limit")
        func expiredSince() async throws {
            let rig = try rig()
            let policy = try rig.policy(more: "limits: { max-delete-versions: 6 }\n")
            let path = try await plan(rig, policy)
            // Three more versions expire because these came; the plan deletes its six.
            for key in 0..<3 {
                rig.store.put(.init(key: String(format: "k%05d", key), id: "n\(key)", daysOld: 0))
            }
            let outcome = try await rig.program.s3prune(["apply", path, "--yes"])
            #expect(outcome.status == 0, "\(outcome.text)\(outcome.errorText)")
            #expect(rig.store.ids() == ["n0", "i0-0", "n1", "i1-0", "n2", "i2-0"])
        }

        @Test("what is still due is held against the limits of the bucket as it is by now")
        func shareGrew() async throws {
            // 120 of 300 versions were to go; by now others are gone, and 120 are most of it.
            let names = PruneStore.nightly(keys: 60, versions: 5)
            let rig = try rig(names)
            let policy = try rig.program.policy(
                "version: 1\nbucket: bkt\nmin-age: 0\nmin-versions: 1\nkeep-oldest: false\n"
                    + "keep: { daily: 3 }\n", name: "bkt.yaml")
            let path = try await plan(rig, policy)
            let later = try self.rig(
                names.filter { !$0.id.hasSuffix("-1") && !$0.id.hasSuffix("-2") })
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try rig.program.home.write(
                "plan.jsonl", text.replacing(rig.server.url, with: later.server.url))
            var program = rig.program
            program.environment["AWS_ENDPOINT_URL_S3"] = later.server.url
            let outcome = try await program.s3prune(["apply", path, "--yes"])
            // The rule keeps 120 of what was planned; 60 are left to delete, under every limit.
            #expect(outcome.status == 0, "\(outcome.text)\(outcome.errorText)")
            #expect(later.store.ids().count == 180)
        }

        struct Later: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var says: String
            var change: @Sendable (inout PruneStore.Course) -> Void
        }

        static let laters = [
            Later(testDescription: "with clocks that disagree", says: "the clocks disagree") {
                $0.clockOffset = 600
            },
            Later(testDescription: "whose answers bear no date", says: "no Date header") {
                $0.date = ""
            },
            Later(testDescription: "that wants a second factor", says: "MFA delete is on") {
                $0.versioning["bkt"] = "<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>"
            },
            Later(testDescription: "whose versions are off", says: "not enabled") {
                $0.versioning["bkt"] = ""
            },
        ]

        @Test("a reviewed plan is not applied to a bucket", arguments: laters)
        func guarded(_ later: Later) async throws {
            let rig = try rig()
            let path = try await plan(rig, rig.policy())
            var course = PruneStore.Course()
            later.change(&course)
            let now = try self.rig(Self.nightly, course)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try rig.program.home.write(
                "plan.jsonl", text.replacing(rig.server.url, with: now.server.url))
            var program = rig.program
            program.environment["AWS_ENDPOINT_URL_S3"] = now.server.url
            for format in ["text", "json"] {
                let outcome = try await program.s3prune(
                    ["apply", path, "--yes", "--format", format])
                #expect(outcome.status == 3, "\(outcome.errorText)")
                #expect(outcome.errorText.contains(later.says), "\(outcome.errorText)")
            }
            #expect(now.store.deletions == 0)
        }

        @Test("nor while another run holds the bucket's lock")
        func locked() async throws {
            let rig = try rig()
            let path = try await plan(rig, rig.policy())
            let folder = rig.program.home.path("state/s3prune")
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let lock = open(folder + "/bkt.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(lock) }
            try #require(flock(lock, LOCK_EX | LOCK_NB) == 0)
            let requests = rig.server.requests.count
            let outcome = try await rig.program.s3prune(["apply", path, "--yes"])
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("another s3prune deletes in bucket bkt"))
            #expect(rig.server.requests.count == requests)
        }

        @Test("a plan from a saved listing is refused before credentials are looked for")
        func offline() async throws {
            let rig = try rig()
            let path = try await plan(rig, rig.policy())
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try rig.program.home.write(
                "plan.jsonl", text.replacing("\"\(rig.server.url)\"", with: "null"))
            var program = rig.program
            program.environment["AWS_ACCESS_KEY_ID"] = nil
            let outcome = try await program.s3prune(["apply", path, "--yes"])
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("saved listing"))
        }

        @Test("the problems of an apply stand in its report, whatever its form")
        func problems() async throws {
            for format in ["text", "json", "csv"] {
                let rig = try rig()
                let path = try await plan(
                    rig, rig.policy(more: "health: { shrink-limit: 50% }\n"))
                rig.store.put(.init(key: "k00001", id: "tiny", daysOld: 0, size: 1))
                let outcome = try await rig.program.s3prune(
                    ["apply", path, "--yes", "--format", format])
                #expect(outcome.status == 6, "\(outcome.errorText)")
                #expect(rig.store.ids().count == 1 + 1 + 4)
                let said = format == "csv" ? outcome.errorText : outcome.text
                let word = format == "json" ? "\"code\":\"shrunk\",\"key\":\"k00001\"" : "k00001"
                #expect(said.contains(word), "\(said)")
            }
        }

        @Test("--apply --check-locks keeps what is locked, and asks for the rest alone")
        func checkLocks() async throws {
            let store = PruneStore(["bkt": Self.nightly])
            let server = try FaultServer { request in
                if request.query["object-lock"] != nil {
                    return .init(
                        text: "<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
                            + "</ObjectLockEnabled></ObjectLockConfiguration>")
                }
                if request.query["retention"] != nil, request.query["versionId"] == "i1-1" {
                    return .init(
                        text: "<Retention><Mode>GOVERNANCE</Mode>"
                            + "<RetainUntilDate>2999-01-01T00:00:00Z</RetainUntilDate></Retention>")
                }
                if request.query["legal-hold"] != nil, request.query["versionId"] == "i2-2" {
                    return .init(text: "<LegalHold><Status>ON</Status></LegalHold>")
                }
                if request.query["retention"] != nil || request.query["legal-hold"] != nil {
                    return .error(404, "NoSuchObjectLockConfiguration")
                }
                return store.reply(to: request)
            }
            defer { server.stop() }
            var rig = try PruneRig(store)
            rig.program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            let outcome = try await rig.apply(["--check-locks"])
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(store.ids() == ["i0-0", "i1-0", "i1-1", "i2-0", "i2-2"])
            let bodies = server.requests.filter { $0.method == "POST" }
                .map { String(decoding: $0.body, as: UTF8.self) }
            #expect(!bodies.contains { $0.contains("i1-1") || $0.contains("i2-2") })
        }
    }
}
