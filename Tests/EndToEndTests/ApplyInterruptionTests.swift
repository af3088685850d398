import FaultServer
import Foundation
import Synchronization
import Testing

extension EndToEnd {
    /// Signals, locks and questions: how `--apply` ends before its end, and what it says then.
    @Suite("--apply that is stopped, locked out or asked")
    struct ApplyInterruptionTests {
        private static let nightly = PruneStore.nightly(keys: 3500, versions: 2)

        private func run(
            _ rig: PruneRig, _ process: SignalledProcess, _ options: [String] = []
        ) async throws -> Command.Outcome {
            try await process.of(
                rig.program.command(
                    ["--apply", "--yes", "--concurrency", "1", "--policy", try rig.policy()]
                        + options)
            ).run()
        }

        static let signals: [(signal: Int32, status: Int32)] = [
            (SIGINT, 130), (SIGTERM, 143), (SIGHUP, 143),
        ]

        @Test("a signal during the listing deletes nothing", arguments: signals)
        func listing(signal: Int32, status: Int32) async throws {
            let process = SignalledProcess()
            var course = PruneStore.Course()
            course.listing = { _ in
                process.signal(signal)
                return nil
            }
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let outcome = try await run(rig, process)
            #expect(outcome.status == status, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("interrupted; nothing was deleted"))
            #expect(rig.store.deletions == 0)
        }

        @Test(
            "a signal between batches lets the one in flight end, and says how far it got",
            arguments: [SIGINT, SIGTERM])
        func deletion(signal: Int32) async throws {
            let process = SignalledProcess()
            var course = PruneStore.Course()
            course.deletion = { number, _ in
                if number == 2 { process.signal(signal) }
                return nil
            }
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let outcome = try await run(rig, process)
            #expect(outcome.status == 4, "\(outcome.errorText)")
            #expect(rig.store.deletions == 3)
            #expect(rig.store.ids().count == 7000 - 2001)
            #expect(outcome.errorText.contains("deleted 2,001 of 3,500 versions"))
            #expect(outcome.errorText.contains("1,499 not tried"))
        }

        @Test("a signal before the first answer deletes what that request names, and no more")
        func firstDeletion() async throws {
            let process = SignalledProcess()
            var course = PruneStore.Course()
            course.deletion = { _, _ in
                process.signal(SIGINT)
                return nil
            }
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let outcome = try await run(rig, process)
            #expect(outcome.status == 4, "\(outcome.errorText)")
            #expect(rig.store.ids().count == 6999)
            #expect(outcome.errorText.contains("deleted 1 of 3,500"))
        }

        @Test("a second signal gives up what is in flight: its outcome is unknown")
        func twice() async throws {
            let process = SignalledProcess()
            var course = PruneStore.Course()
            course.deletion = { number, _ in
                guard number == 1 else { return nil }
                process.signal(SIGINT)
                process.signal(SIGINT)
                return .init(course: .stall)
            }
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let outcome = try await run(rig, process)
            #expect(outcome.status == 5, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("1,000 unknown"))
            #expect(rig.store.deletions == 2)
        }

        @Test("a signal ends the wait that a server asked for, and nothing is sent again")
        func waiting() async throws {
            let process = SignalledProcess()
            var course = PruneStore.Course()
            course.deletion = { number, _ in
                guard number == 1 else { return nil }
                DispatchQueue.global().asyncAfter(deadline: .now() + 0.2) {
                    process.signal(SIGINT)
                }
                var reply = FaultServer.Reply.error(503, "SlowDown")
                reply.headers.append(("Retry-After", "290"))
                return reply
            }
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let begin = Date()
            let outcome = try await run(rig, process)
            #expect(Date().timeIntervalSince(begin) < 240)
            #expect(rig.store.deletions == 2)
            #expect(outcome.status == 4, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("deleted 1 of 3,500"))
        }

        @Test("kill -9 leaves a superset of the survivors, and the next run ends the work")
        func killed() async throws {
            let process = SignalledProcess()
            var course = PruneStore.Course()
            course.deletion = { number, _ in
                if number == 2 { process.signal(SIGKILL) }
                return nil
            }
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly], course))
            let outcome = try await run(rig, process)
            #expect(outcome.status == 128 + SIGKILL)
            let kept = Self.nightly.map(\.id).filter { $0.hasSuffix("-0") }
            #expect(Set(rig.store.ids()).isSuperset(of: kept))
            // The batch that was in flight is deleted once the server gets to it, or is not.
            #expect((7000 - 2001...7000 - 1001).contains(rig.store.ids().count))
            let next = try await rig.apply()
            #expect(next.status == 0, "\(next.errorText)")
            #expect(rig.store.ids() == kept)
        }

        @Test("a lock that another run holds is refused, and names its process")
        func locked() async throws {
            let process = SignalledProcess()
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly]))
            let begun = try FaultServer([.init(course: .stall)])
            var slow = rig.program.command(
                [
                    "--apply", "--yes", "--policy", try rig.policy(), "--endpoint-url", begun.url,
                    "--read-timeout", "24h",
                ])
            slow.onStart = { started in process.number.withLock { $0 = started } }
            let command = slow
            async let first = command.run()
            while begun.connectionCount == 0 { usleep(10_000) }
            let number = process.number.withLock { $0 }

            let second = try await rig.apply()
            #expect(second.status == 3, "\(second.errorText)")
            #expect(second.errorText.contains("another s3prune deletes in bucket bkt"))
            #expect(second.errorText.contains("(process \(number))"))
            #expect(rig.server.requests.isEmpty)
            // A dry run disturbs nobody.
            #expect(try await rig.program.dryRun(rig.policy()).status == 0)

            kill(number, SIGKILL)
            _ = try await first
            begun.stop()
            // The file is still there; the lock is not.
            #expect(
                FileManager.default.fileExists(
                    atPath: rig.program.home.path("state/s3prune/bkt.lock")))
            #expect(try await rig.apply().status == 0)
        }

        @Test("a lock file that cannot be made is refused")
        func noLock() async throws {
            let rig = try PruneRig(PruneStore(["bkt": Self.nightly]))
            let file = try rig.program.home.write("file", "")
            var program = rig.program
            for state in [file, "/proc/nowhere"] {
                program.environment["XDG_STATE_HOME"] = state
                let outcome = try await program.s3prune(
                    ["--apply", "--yes", "--policy", rig.policy()])
                #expect(outcome.status == 3, "\(outcome.errorText)")
                #expect(outcome.errorText.contains("the lock file cannot be made"))
            }
            program.environment["XDG_STATE_HOME"] = nil
            program.environment["HOME"] = nil
            let outcome = try await program.s3prune(["--apply", "--yes", "--policy", rig.policy()])
            #expect(outcome.status == 3, "\(outcome.errorText)")
            #expect(rig.server.requests.isEmpty)
        }

        /// What is typed at the question, and whether it is a yes.
        static let answers: [(typed: String, status: Int32, deletes: Bool)] = [
            ("n\n", 3, false), ("\n", 3, false), ("maybe\n", 3, false), ("\u{4}", 3, false),
            ("\u{3}", 130, false), ("y\n", 0, true), ("YES\n", 0, true),
        ]

        @Test("on a terminal it asks once, and only a yes deletes", arguments: answers)
        func asked(answer: (typed: String, status: Int32, deletes: Bool)) async throws {
            let nightly = PruneStore.nightly(keys: 3, versions: 3)
            let rig = try PruneRig(PruneStore(["bkt": nightly]))
            let outcome = try await rig.onTerminal(
                ["--apply", "--policy", rig.policy()], answer: answer.typed)
            #expect(outcome.status == answer.status, "\(outcome.text)")
            #expect(outcome.text.contains("delete 6 versions (600 B) of bkt for ever? [y/N]"))
            #expect(rig.store.ids().count == (answer.deletes ? 3 : 9))
            #expect((rig.store.deletions > 0) == answer.deletes)
        }

        @Test("a bucket that was suspended while the question stood is refused")
        func suspendedWhileAsked() async throws {
            let isListed = Mutex(false)
            let nightly = PruneStore.nightly(keys: 3, versions: 3)
            let store = PruneStore(["bkt": nightly])
            let outer = try FaultServer { request in
                if request.query["versioning"] != nil, isListed.withLock({ $0 }) {
                    return .init(
                        text: "<VersioningConfiguration><Status>Suspended</Status>"
                            + "</VersioningConfiguration>")
                }
                if request.query["versions"] != nil { isListed.withLock { $0 = true } }
                return store.reply(to: request)
            }
            var rig = try PruneRig(store)
            rig.program.environment["AWS_ENDPOINT_URL_S3"] = outer.url
            let outcome = try await rig.onTerminal(
                ["--apply", "--policy", rig.policy()], answer: "y\n")
            outer.stop()
            #expect(outcome.status == 3, "\(outcome.text)")
            #expect(outcome.text.contains("versioning is suspended"))
            #expect(store.deletions == 0)
        }
    }
}
