import FaultServer
import Foundation
import Synchronization
import Testing

extension EndToEnd {
    /// What others do to the bucket while a run deletes.
    @Suite("a bucket that changes while it is pruned")
    struct ApplyRaceTests {
        private static let nightly = PruneStore.nightly(keys: 3, versions: 3)
        private static let kept = ["i0-0", "i1-0", "i2-0"]

        /// A rig whose server calls `change` with its store when the first request to delete is
        /// there, before its effect; a reply takes the place of the right one.
        private func rig(
            _ store: PruneStore,
            _ change: @escaping @Sendable (PruneStore) -> FaultServer.Reply?
        ) throws -> (PruneRig, FaultServer) {
            let isFirst = Mutex(true)
            let server = try FaultServer { request in
                if request.method != "GET" {
                    let first = isFirst.withLock { value in
                        defer { value = false }
                        return value
                    }
                    if first, let reply = change(store) { return reply }
                }
                return store.reply(to: request)
            }
            var rig = try PruneRig(store)
            rig.program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            return (rig, server)
        }

        @Test("a version that comes during the first deletion survives, and so does the one before")
        func arrival() async throws {
            let (rig, server) = try rig(PruneStore(["bkt": Self.nightly])) { store in
                for key in 0..<3 {
                    store.put(.init(key: "k0000\(key)", id: "new\(key)", daysOld: 0))
                }
                return nil
            }
            defer { server.stop() }
            let outcome = try await rig.apply()
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids() == ["new0", "i0-0", "new1", "i1-0", "new2", "i2-0"])
        }

        @Test("a delete marker that comes during the first deletion takes no version with it")
        func marker() async throws {
            let (rig, server) = try rig(PruneStore(["bkt": Self.nightly])) { store in
                store.put(.init(key: "k00001", id: "m", daysOld: 0, isMarker: true))
                return nil
            }
            defer { server.stop() }
            #expect(try await rig.apply().status == 0)
            #expect(rig.store.ids() == ["i0-0", "m", "i1-0", "i2-0"])
        }

        @Test("a bucket that somebody emptied meanwhile holds nothing more of the plan")
        func emptied() async throws {
            let (rig, server) = try rig(PruneStore(["bkt": Self.nightly])) { store in
                store.removeAll()
                return nil
            }
            defer { server.stop() }
            let outcome = try await rig.apply()
            // S3 reports what is not there as deleted.
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(outcome.text.contains("deleted 6 of 6 versions"))
            #expect(rig.store.ids().isEmpty)
        }

        @Test("a bucket that is gone with the first deletion ends the run, and nothing is claimed")
        func gone() async throws {
            let store = PruneStore(["bkt": Self.nightly])
            let server = try FaultServer { request in
                request.method == "GET" ? store.reply(to: request) : .error(404, "NoSuchBucket")
            }
            defer { server.stop() }
            var rig = try PruneRig(store)
            rig.program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            let outcome = try await rig.apply()
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("NoSuchBucket"))
            #expect(outcome.errorText.contains("deleted 0 of 6 versions, 0 B; 6 not tried"))
        }

        @Test("a bucket that is gone after its listing is found out before the first deletion")
        func goneBefore() async throws {
            let isListed = Mutex(false)
            let store = PruneStore(["bkt": Self.nightly])
            let server = try FaultServer { request in
                if isListed.withLock({ $0 }) { return .error(404, "NoSuchBucket") }
                if request.query["versions"] != nil { isListed.withLock { $0 = true } }
                return store.reply(to: request)
            }
            defer { server.stop() }
            var rig = try PruneRig(store)
            rig.program.environment["AWS_ENDPOINT_URL_S3"] = server.url
            let outcome = try await rig.apply()
            #expect(outcome.status == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains("bkt: GetBucketVersioning bkt: NoSuchBucket"))
            #expect(outcome.errorText.contains("nothing is deleted there"))
            #expect(store.deletions == 0)
        }

        @Test("a report that is lost on the way is said so, and ends what is not begun")
        func lostReport() async throws {
            // The report goes to a pipe whose reader leaves once the first deletion has come.
            for isLast in [true, false] {
                let buckets = isLast ? ["one"] : ["one", "two"]
                let store = PruneStore(
                    Dictionary(uniqueKeysWithValues: buckets.map { ($0, Self.nightly) }))
                let reader = Mutex<Int32>(-1)
                let (rig, server) = try rig(store) { _ in
                    reader.withLock { _ = close($0) }
                    return nil
                }
                defer { server.stop() }
                let pipe = rig.program.home.path("pipe")
                try #require(mkfifo(pipe, 0o600) == 0)
                let descriptor = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
                try #require(descriptor >= 0)
                reader.withLock { $0 = descriptor }
                let policies = try buckets.flatMap { ["--policy", try rig.policy($0)] }
                let outcome = try await rig.program.s3prune(
                    ["--apply", "--yes", "--output", pipe] + policies)
                // All was deleted and the report failed; or a bucket is left, too.
                #expect(outcome.status == (isLast ? 1 : 4), "\(outcome.errorText)")
                #expect(outcome.errorText.contains("one: the report is lost: cannot write"))
                #expect(outcome.errorText.contains("deleted 6 of 6 versions"))
                #expect(store.ids("one") == Self.kept)
                if !isLast {
                    #expect(outcome.errorText.contains("two: not tried: the report cannot be"))
                    #expect(store.ids("two").count == 9)
                }
            }
        }
    }

    /// Two programs on one bucket, each on a machine of its own: nothing keeps them apart.
    @Suite("two pruners together")
    struct TwoPrunersTests {
        /// Lets one request through at a time, and chooses whose by a seeded row of numbers: only
        /// when each program waits with a request or has ended.
        private final class Schedule: Sendable {
            private struct State {
                var waiting: Set<String> = []
                var running: Set<String>
                var chosen: String?
                var seed: UInt64
                var order: [String] = []
            }

            private let state: Mutex<State>
            private let changed = NSCondition()

            init(_ programs: Set<String>, seed: UInt64) {
                state = Mutex(State(running: programs, seed: seed))
            }

            /// Whose requests were let through, in their order.
            var order: [String] { state.withLock { $0.order } }

            func pass<Result>(_ program: String, _ body: () -> Result) -> Result {
                changed.lock()
                state.withLock { state in
                    state.waiting.insert(program)
                    Self.choose(&state)
                }
                changed.broadcast()
                while state.withLock({ $0.chosen != program }) { changed.wait() }
                let result = body()
                state.withLock { state in
                    state.order.append(program)
                    state.waiting.remove(program)
                    state.chosen = nil
                }
                changed.broadcast()
                changed.unlock()
                return result
            }

            func end(_ program: String) {
                changed.lock()
                state.withLock { state in
                    state.running.remove(program)
                    Self.choose(&state)
                }
                changed.broadcast()
                changed.unlock()
            }

            private static func choose(_ state: inout State) {
                guard state.chosen == nil, !state.waiting.isEmpty,
                    state.waiting == state.running
                else { return }
                state.seed = state.seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let programs = state.waiting.sorted()
                state.chosen = programs[Int(state.seed >> 33) % programs.count]
            }
        }

        @Test(
            "leave what one would leave, or more, and neither fails, however their requests mingle",
            arguments: 0..<20)
        func interleaved(seed: Int) async throws {
            let keys = ["a", "b\u{1}c", "d"]
            let versions = keys.flatMap { key in
                (0..<9).map { night in
                    PruneStore.Version(
                        key: key, id: "\(key.prefix(1))\(night)", daysOld: 0.5 + Double(night),
                        isMarker: night == 4 && key == "d")
                }
            }
            var course = PruneStore.Course()
            course.pageSize = 4 + seed % 3
            let store = PruneStore(["bkt": versions], course)
            let schedule = Schedule(["AKIDONE", "AKIDTWO"], seed: UInt64(seed))
            let server = try FaultServer { request in
                let authorization = request["authorization"] ?? ""
                return schedule.pass(authorization.contains("AKIDONE") ? "AKIDONE" : "AKIDTWO") {
                    store.reply(to: request)
                }
            }
            defer { server.stop() }
            let policy =
                "version: 1\nbucket: bkt\nmin-age: 0\nmin-versions: 1\n"
                + "keep-oldest: false\nkeep: { daily: 2 }\nlimits: { max-delete: 100% }\n"

            @Sendable func prune(_ name: String) async throws -> Command.Outcome {
                var program = try Program()
                program.environment["AWS_ACCESS_KEY_ID"] = name
                program.environment["AWS_SECRET_ACCESS_KEY"] = "secret"
                program.environment["AWS_REGION"] = "us-east-1"
                program.environment["AWS_ENDPOINT_URL_S3"] = server.url
                let path = try program.policy(policy)
                let outcome = try await program.s3prune(
                    ["--apply", "--yes", "--concurrency", "1", "--policy", path])
                schedule.end(name)
                return outcome
            }
            async let one = prune("AKIDONE")
            async let two = prune("AKIDTWO")
            for outcome in try await [one, two] {
                #expect(outcome.status == 0, "\(outcome.errorText)")
                #expect(outcome.errorText.isEmpty)
            }
            let survivors = ["a0", "a1", "b0", "b1", "d0", "d1"]
            #expect(Set(store.ids()).isSuperset(of: survivors))
            #expect(Set(schedule.order) == ["AKIDONE", "AKIDTWO"])
            // What was left over, for a listing that lost its place, goes with the next run.
            let last = try PruneRig(store)
            let path = try last.program.policy(policy)
            #expect(try await last.apply(policy: path).status == 0)
            #expect(store.ids() == survivors)
        }
    }
}
