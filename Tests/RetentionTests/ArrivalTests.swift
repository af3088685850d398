import Properties
import Retention
import Testing

/// What a version that is added may take from those that were there.
@Suite struct ArrivalTests {
    @Test("with pick: first or both, nothing that arrives later takes the slot of a period's first")
    func first() {
        let failure = firstFailure(ofSeeds: ModelTests.count) { Arrival(seed: $0).takesSlot() }
        guard let failure else { return }
        let small = Arrival(seed: failure).shrunk { $0.takesSlot() }
        Issue.record("seed \(failure)\n\(small)")
    }

    @Test("the search finds that pick: last, too small versions and old periods are not promised")
    func notPromised() {
        let last = firstFailure(ofSeeds: 2_000) { Arrival(seed: $0, picks: [.last]).takesSlot() }
        #expect(last != nil)
        let small = firstFailure(ofSeeds: 2_000) {
            Arrival(seed: $0).takesSlot(.init(tooSmall: true))
        }
        #expect(small != nil)
        let old = firstFailure(ofSeeds: 2_000) { Arrival(seed: $0).takesSlot(.init(periods: 1)) }
        #expect(old != nil)
    }
}
