import PolicyFile
import Properties
import Testing

/// Runs that know nothing of each other: whatever the order of their steps, and wherever one of
/// them ends, what a single run would keep is kept.
@Suite struct TwoPrunersTests {
    /// 100 interleavings, or one for every ten histories that SOAK_HISTORIES asks for.
    static let count = Soak.isOn ? max(100, Soak.count(else: 0) / 10) : 100

    @Test("in any interleaving and with any crash, what one run would keep survives")
    func survivors() {
        let failure = firstFailure(ofSeeds: Self.count) { Self.lost($0) != nil }
        guard let failure else { return }
        Issue.record("seed \(failure): \(Self.lost(failure) ?? "")")
    }

    @Test("a run after all others leaves exactly what one run would have left of everything")
    func ending() {
        let failure = firstFailure(ofSeeds: Self.count) { Self.difference($0) != nil }
        guard let failure else { return }
        Issue.record("seed \(failure): \(Self.difference(failure) ?? "")")
    }

    @Test("the runs of these histories do delete")
    func histories() throws {
        var pruned = 0
        for seed in 0..<100 as Range<UInt64> {
            var race = try Race(seed: seed)
            try race.finish()
            if race.bucket.count < race.all.count { pruned += 1 }
        }
        #expect(pruned > 30)
    }

    /// What is missing after all runs, in words.
    private static func lost(_ seed: UInt64) -> String? {
        do {
            var race = try Race(seed: seed)
            try race.finish()
            guard let last = race.lastPlanned else { return nil }
            let expired = try race.deletions(from: race.all, at: last)
            let kept = race.all.filter { !expired.contains($0.number) }
            let left = Set(race.bucket.map(\.number))
            let lost = kept.filter { !left.contains($0.number) }
            return lost.isEmpty ? nil : "lost \(lost) of \(race.all) by \(race.policy.summary)"
        } catch {
            return "\(error)"
        }
    }

    /// How what one more run leaves differs from what it should, in words.
    private static func difference(_ seed: UInt64) -> String? {
        do {
            var race = try Race(seed: seed)
            try race.finish()
            let expired = try race.deletions(from: race.all, at: race.now)
            let again = try race.deletions(from: race.bucket, at: race.now)
            let expected = race.all.filter { !expired.contains($0.number) }
            let left = race.bucket.filter { !again.contains($0.number) }
            return left == expected ? nil : "\(left), not \(expected)"
        } catch {
            return "\(error)"
        }
    }
}
