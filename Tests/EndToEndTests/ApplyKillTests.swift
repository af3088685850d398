import FaultServer
import Foundation
import Properties
import Synchronization
import Testing

extension EndToEnd {
    /// `--apply` that is killed, and killed again, at requests and bytes drawn from a seed.
    @Suite("--apply, killed")
    struct ApplyKillTests {
        /// `APPLY_KILLS=200` for more.
        static let kills = Soak.count("APPLY_KILLS", else: 6)

        /// When a run ends: at its n-th request.
        private struct Moment {
            enum Place: CaseIterable { case beforeEffect, withinEffect, afterEffect, withinAnswer }
            var request: Int
            var place: Place
            /// So much of the answer is sent.
            var bytes: Int
            /// A run that waits for the rest of its answer is killed so much later.
            var delay: Double
        }

        /// A bucket whose server kills the program that asks it.
        private final class Killer: Sendable {
            private struct State {
                var process: pid_t = 0
                var moment: Moment?
                var count = 0
            }

            private let state = Mutex(State())
            /// Whether every second version of a batch stays: the kill comes within it.
            private let isPartial = Flag()
            let store: PruneStore

            /// Shared with the store's answers.
            private final class Flag: Sendable { let value = Mutex(false) }

            init(_ versions: [PruneStore.Version]) {
                var course = PruneStore.Course()
                course.refusal = { [isPartial] id in
                    isPartial.value.withLock(\.self) && id.utf8.last! % 2 == 0
                        ? "InternalError" : nil
                }
                store = PruneStore(["bkt": versions], course)
            }

            /// The next run is killed at this moment, or not at all.
            func arm(_ moment: Moment?) {
                state.withLock { $0 = State(moment: moment) }
                isPartial.value.withLock { $0 = false }
            }

            func started(_ process: pid_t) { state.withLock { $0.process = process } }

            /// The program that asks; it is told of only once it runs.
            private var process: pid_t {
                while true {
                    let process = state.withLock { $0.process }
                    if process != 0 { return process }
                }
            }

            private func end() { kill(process, SIGKILL) }

            /// Ends the program later, unless it has ended itself and another one runs by then.
            private func end(after delay: Double) {
                let process = process
                DispatchQueue.global().asyncAfter(deadline: .now() + delay) {
                    self.state.withLock { state in
                        if state.process == process { kill(process, SIGKILL) }
                    }
                }
            }

            func reply(to request: FaultServer.Received) -> FaultServer.Reply {
                let moment = state.withLock { state in
                    state.count += 1
                    return state.moment?.request == state.count ? state.moment : nil
                }
                guard let moment else { return store.reply(to: request) }
                if moment.place == .beforeEffect {
                    end()
                    return .init(course: .noAnswer)
                }
                isPartial.value.withLock { $0 = moment.place == .withinEffect }
                var reply = store.reply(to: request)
                guard moment.place == .withinAnswer else {
                    end()
                    return reply
                }
                reply.course = .stallWithin(after: min(moment.bytes, reply.body.count))
                end(after: moment.delay)
                return reply
            }
        }

        @Test("what the plan keeps is there after any kill, and the next run ends the work")
        func kills() async throws {
            let versions = PruneStore.nightly(keys: 20, versions: 56)
            let kept = Set(versions.map(\.id).filter { $0.hasSuffix("-0") })
            var killed = 0
            var seed: UInt64 = 0
            while killed < Int(Self.kills) {
                var random = SeededRandom(seed: seed)
                seed += 1
                let killer = Killer(versions)
                let server = try FaultServer { killer.reply(to: $0) }
                defer { server.stop() }
                var rig = try PruneRig(killer.store)
                rig.program.environment["AWS_ENDPOINT_URL_S3"] = server.url
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    killer.arm(Self.moment(&random))
                    let status = try await Self.run(rig, killer, &random)
                    if status == 128 + SIGKILL { killed += 1 }
                    #expect([0, 128 + SIGKILL].contains(status), "seed \(seed - 1)")
                    #expect(Set(killer.store.ids()).isSuperset(of: kept), "seed \(seed - 1)")
                }
                killer.arm(nil)
                let status = try await Self.run(rig, killer, &random)
                #expect(status == 0, "seed \(seed - 1)")
                #expect(Set(killer.store.ids()) == kept, "seed \(seed - 1)")
            }
        }

        /// A run has six requests at first, and fewer when there is less to do.
        private static func moment(_ random: inout SeededRandom) -> Moment {
            Moment(
                request: .random(in: 1...6, using: &random),
                place: Moment.Place.allCases.randomElement(using: &random)!,
                bytes: .random(in: 0...60_000, using: &random),
                delay: .random(in: 0...0.05, using: &random))
        }

        private static func run(
            _ rig: PruneRig, _ killer: Killer, _ random: inout SeededRandom
        ) async throws -> Int32 {
            let concurrency = Int.random(in: 1...4, using: &random)
            var command = rig.program.command([
                "--apply", "--yes", "--concurrency", "\(concurrency)", "--policy",
                try rig.policy(),
            ])
            command.onStart = { killer.started($0) }
            return try await command.run().status
        }
    }
}
