import CivilTime
import Properties
import Retention

/// A history, and a version that is added to it.
struct Arrival {
    var history: RandomHistory
    var version: Version
    /// Its place in the listing.
    var place: Int

    init(seed: UInt64, picks: [Pick] = [.first, .both]) {
        var random = SeededRandom(seed: ~seed)
        history = RandomHistory(seed: seed)
        history.rule.pick = picks.randomElement(using: &random)!
        let other = history.versions.randomElement(using: &random)!
        let span: Int64 = [0, 3_600, 86_400, 3_000_000, 100_000_000].randomElement(using: &random)!
        let isMarker = random.chance(10)
        version = Version(
            modified: other.modified.advanced(bySeconds: .random(in: 0...span, using: &random)),
            size: isMarker ? 0 : [0, 100, 500, 1000].randomElement(using: &random)!,
            isMarker: isMarker)
        place = .random(in: 0...history.versions.count, using: &random)
    }

    /// What is taken as promised beyond what is.
    struct Excess {
        /// The slot of a version that holds it only because none of its period is large enough.
        var tooSmall = false
        /// So many calendar periods more than the rule's.
        var periods = 0
    }

    /// Whether a version that was the first of a period and held its slot does so no more, although
    /// what arrives is not older.
    func takesSlot(_ excess: Excess = Excess()) -> Bool {
        guard case .slots(let slots) = history.rule.keep else { return false }
        let before = history.decisions
        var added = history
        added.versions.insert(version, at: place)
        let after = added.decisions
        return PeriodKind.allCases.contains { kind in
            guard let count = slots[kind] else { return false }
            return firstHolders(kind, before).contains { index in
                guard isPromised(index, kind, count, excess) else { return false }
                let now = index < place ? index : index + 1
                let holds = after[now].reasons.contains { $0.code == ReasonCode(kind) }
                return !holds || after.action(at: now) != .keep
            }
        }
    }

    private func period(_ kind: PeriodKind, _ version: Version) -> Int {
        history.calendar.period(kind, of: version.modified)
    }

    /// The versions that hold a slot of a kind as the first of their period, or at its instant.
    private func firstHolders(_ kind: PeriodKind, _ decisions: Decisions) -> [Int] {
        let versions = history.versions
        let holders = versions.indices.filter { index in
            decisions.action(at: index) == .keep
                && decisions[index].reasons.contains { $0.code == ReasonCode(kind) }
        }
        return holders.filter { index in
            !holders.contains {
                versions[$0].modified < versions[index].modified
                    && period(kind, versions[$0]) == period(kind, versions[index])
            }
        }
    }

    /// Whether the slot that a version holds stays its own, whatever arrives later.
    private func isPromised(
        _ index: Int, _ kind: PeriodKind, _ count: Count, _ excess: Excess
    ) -> Bool {
        let holder = history.versions[index]
        let (own, other) = (period(kind, holder), period(kind, version))
        let real = history.versions.filter { !$0.isMarker && $0.modified <= history.now }
        if own == other {
            guard version.modified >= holder.modified else { return false }
            let least = history.rule.health.minSize
            let isLarge = real.contains { $0.modified == holder.modified && $0.size >= least }
            if !isLarge, version.size >= least, !excess.tooSmall { return false }
        }
        // In a period that holds a version it makes none more.
        if real.contains(where: { period(kind, $0) == other }) { return true }
        guard case .limited(let number) = count else { return true }
        let current = history.calendar.period(kind, of: history.now)
        return own > current - number - excess.periods
    }
}

extension Arrival: Shrinkable {
    var smaller: [Arrival] {
        history.versions.indices.map { index in
            var copy = self
            copy.history.versions.remove(at: index)
            if index < place { copy.place -= 1 }
            return copy
        }
    }
}

extension Arrival: CustomStringConvertible {
    var description: String {
        "\(history)\nadded at \(place): \(version.modified.rfc3339) \(version)"
    }
}
