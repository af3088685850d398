import FaultServer
import Foundation
import Testing

extension EndToEnd {
    /// What the server sees of the pace of deletions.
    @Suite("a server that asks to slow down")
    struct SlowDownTests {
        /// Counts the batches that are in flight, and holds their answers as the phase says.
        private final class Gate: @unchecked Sendable {
            private let condition = NSCondition()
            private var seen: Set<Int> = []
            private var inFlight = 0
            private var peaks = [0, 0, 0]

            /// The most in flight at once of: the first eight, the eight after them, the rest.
            var most: [Int] { condition.withLock { peaks } }

            /// Notes a batch that begins with this version, and waits until it may be answered;
            /// whether it is to be told to slow down.
            func pass(_ first: Int) -> Bool {
                condition.lock()
                defer {
                    inFlight -= 1
                    condition.broadcast()
                    condition.unlock()
                }
                inFlight += 1
                let isNew = seen.insert(first).inserted
                let phase = seen.count <= 8 ? 0 : seen.count <= 16 ? 1 : 2
                peaks[phase] = max(peaks[phase], inFlight)
                condition.broadcast()
                switch phase {
                case 0 where isNew:
                    // All eight are told at once.
                    while seen.count < 8, condition.wait(until: Date(timeIntervalSinceNow: 40)) {}
                    return true
                case 1:
                    // Long enough for others to come beside it, if they are allowed to.
                    _ = condition.wait(until: Date(timeIntervalSinceNow: 0.1))
                case 2 where (24..<30).contains(seen.count):
                    // By now six are let in again.
                    while peaks[2] < 6, condition.wait(until: Date(timeIntervalSinceNow: 40)) {}
                default: break
                }
                return false
            }
        }

        @Test("gets fewer batches at once from then on, and more again later")
        func pace() async throws {
            let gate = Gate()
            let batches = 32
            var course = PruneStore.Course()
            course.deletion = { number, request in
                guard number > 0 else { return nil }
                let body = String(decoding: request.body.prefix(300), as: UTF8.self)
                let key = body.firstMatch(of: /<Key>k(\d+)</).flatMap { Int($0.1) } ?? -1
                return gate.pass(key) ? .error(503, "SlowDown") : nil
            }
            let versions = PruneStore.nightly(keys: batches * 1000 + 1, versions: 1)
                .map { version in
                    var marker = version
                    marker.isMarker = true
                    return marker
                }
            let rig = try PruneRig(PruneStore(["bkt": versions], course))
            let outcome = try await rig.apply(
                ["--concurrency", "8"],
                policy: rig.policy(
                    more: "limits: { max-delete: 100% }\ndelete-markers: { orphans: remove }\n"))
            #expect(outcome.status == 0, "\(outcome.errorText)")
            #expect(rig.store.ids().isEmpty)
            let most = gate.most
            #expect(most[0] == 8)
            // Eight times throttled the pace is one; eight successes after that make it four, and
            // eight more five.
            #expect(most[1] <= 5, "\(most)")
            #expect(most[2] >= 6, "\(most)")
        }

        @Test("is waited for beyond five attempts, unless AWS_MAX_ATTEMPTS is set")
        func patience() async throws {
            for attempts in [nil, "3"] {
                var course = PruneStore.Course()
                course.deletion = { number, _ in
                    (1...5).contains(number) ? .error(503, "SlowDown") : nil
                }
                let versions = PruneStore.nightly(keys: 10, versions: 3)
                var rig = try PruneRig(PruneStore(["bkt": versions], course))
                rig.program.environment["AWS_MAX_ATTEMPTS"] = attempts
                let outcome = try await rig.apply()
                #expect(outcome.status == (attempts == nil ? 0 : 4), "\(outcome.errorText)")
                #expect(rig.store.deletions == (attempts == nil ? 7 : 4))
            }
        }
    }
}
