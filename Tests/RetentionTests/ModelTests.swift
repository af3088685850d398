import CivilTime
import Properties
import Retention
import Testing

@Suite struct ModelTests {
    /// 2,000 histories, or as many as SOAK_HISTORIES says.
    static let count = Soak.count(else: 2_000)

    @Test("the engine and the model written from the rule's text agree")
    func agreement() {
        let failure = firstFailure(ofSeeds: Self.count) {
            RandomHistory(seed: $0).disagreement != nil
        }
        guard let failure else { return }
        let small = RandomHistory(seed: failure).shrunk { $0.disagreement != nil }
        Issue.record("seed \(failure): \(small.disagreement ?? "")\n\(small)")
    }

    @Test("pruning what is left of a pruned history changes nothing")
    func idempotence() {
        let failure = firstFailure(ofSeeds: Self.count) {
            RandomHistory(seed: $0).changesWhenPrunedAgain
        }
        guard let failure else { return }
        let small = RandomHistory(seed: failure).shrunk(while: \.changesWhenPrunedAgain)
        Issue.record("seed \(failure)\n\(small)")
    }

    @Test("the order of a listing counts only among versions of one instant")
    func order() {
        let failure = firstFailure(ofSeeds: Self.count) {
            RandomHistory(seed: $0).dependsOnListingOrder(seed: $0)
        }
        guard let failure else { return }
        let small = RandomHistory(seed: failure)
            .shrunk { $0.dependsOnListingOrder(seed: failure) }
        Issue.record("seed \(failure)\n\(small)")
    }

    @Test("uploads dated by initiation or by completion: one rule, which the model confirms")
    func datings() {
        let failure = firstFailure(ofSeeds: Self.count) { seed in
            RandomHistory(seed: seed).datedByInitiation(seed: seed).disagreement != nil
        }
        guard let failure else { return }
        let small = RandomHistory(seed: failure).datedByInitiation(seed: failure)
            .shrunk { $0.disagreement != nil }
        Issue.record("seed \(failure): \(small.disagreement ?? "")\n\(small)")
    }

    @Test("versions of one second share every slot, and min-versions counts them one by one")
    func oneSecond() {
        for seed in 0..<min(Self.count, 100_000) {
            var history = RandomHistory(seed: seed)
            let instant = history.now.advanced(bySeconds: -3)
            for index in history.versions.indices { history.versions[index].modified = instant }
            #expect(history.disagreement == nil, "seed \(seed)")
            let decisions = history.decisions
            let real = history.versions.indices.filter { !history.versions[$0].isMarker }
            let deleted = real.filter { decisions.action(at: $0) == .delete }
            let least = min(real.count, max(1, history.rule.minVersions))
            #expect(real.count - deleted.count >= least, "seed \(seed)")
            #expect(deleted.allSatisfy { $0 >= real[least - 1] }, "seed \(seed)")
            guard case .slots(let slots) = history.rule.keep else { continue }
            if PeriodKind.allCases.contains(where: { slots[$0] != nil }) {
                #expect(deleted.isEmpty, "seed \(seed)")
            }
        }
    }
}
