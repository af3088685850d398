import CivilTime
import Foundation
import Retention
import Testing

@Suite struct ModelTests {
    /// 10,000 histories, or as many as SOAK_HISTORIES says.
    static let count = UInt64(ProcessInfo.processInfo.environment["SOAK_HISTORIES"] ?? "") ?? 10_000

    @Test("the engine and the model written from the rule's text agree")
    func agreement() {
        for seed in 0..<Self.count {
            let history = RandomHistory(seed: seed)
            guard history.disagreement != nil else { continue }
            let small = history.shrunk()
            Issue.record(
                """
                seed \(seed): \(small.disagreement ?? "")
                zone \(small.calendar.zone.identifier), day starts \(small.calendar.dayStarts), \
                now \(small.now.rfc3339), released \(small.released), orphans \(small.orphans)
                \(small.rule)
                \(small.versions.map { "\($0.modified.rfc3339) \($0)" }.joined(separator: "\n"))
                """)
            return
        }
    }

    @Test("pruning what is left of a pruned history changes nothing")
    func idempotence() {
        for seed in 0..<2_000 as Range<UInt64> {
            var history = RandomHistory(seed: seed)
            // A crowd or a median may vanish with what was deleted beside it.
            history.rule.health = Health(minSize: history.rule.health.minSize)
            let first = history.decisions
            let survivors = history.versions.indices.filter { first.action(at: $0) != .delete }
            var again = history
            again.versions = survivors.map { history.versions[$0] }
            let second = again.decisions
            for index in again.versions.indices {
                #expect(second.action(at: index) != .delete, "seed \(seed)")
            }
        }
    }

    @Test("no version is deleted before its keep-until")
    func keepUntil() {
        for seed in 0..<2_000 as Range<UInt64> {
            let history = RandomHistory(seed: seed)
            let decisions = history.decisions
            for index in history.versions.indices {
                guard case .at(let end) = decisions[index].keepUntil, end > history.now else {
                    continue
                }
                var later = history
                later.now = end.advanced(bySeconds: -1)
                #expect(later.decisions.action(at: index) != .delete, "seed \(seed)")
            }
        }
    }
}
