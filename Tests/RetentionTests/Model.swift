import CivilTime
import Retention

/// The rule of retention a second time: written line by line from its description, as simply and
/// as slowly as possible, to be held against the engine.
struct Model {
    let versions: [Version]
    let rule: Rule
    let calendar: CivilCalendar
    let now: Timestamp
    var released: Set<Int> = []
    var orphans = Orphans.keep

    /// What the model says of one version.
    struct Verdict: Equatable {
        var action: Action
        var codes: Set<ReasonCode>
        var keepUntil: KeepUntil
    }

    private var all: Range<Int> { versions.indices }
    private var slots: Slots {
        if case .slots(let slots) = rule.keep { slots } else { Slots() }
    }
    /// Object versions that are not dated in the future.
    private var real: [Int] {
        all.filter { !versions[$0].isMarker && versions[$0].modified <= now }
    }

    private func isNewer(_ a: Int, _ b: Int) -> Bool {
        versions[a].modified == versions[b].modified
            ? a < b : versions[a].modified > versions[b].modified
    }

    /// How many of `others` are newer.
    private func rank(_ index: Int, in others: [Int]) -> Int {
        others.count { isNewer($0, index) }
    }

    private func before(_ duration: CalendarDuration) -> Timestamp {
        duration.subtracted(from: now, in: calendar.zone)
    }

    private static let beginOfS3 = Timestamp(rfc3339: "2006-03-14T00:00:00Z")!

    private var isQuarantined: Bool {
        all.count(where: { versions[$0].isLatest }) != 1
            || all.contains { versions[$0].modified < Self.beginOfS3 }
    }

    func verdicts() -> [Verdict] {
        let objects = all.map { versions[$0].isMarker ? nil : verdictOfObject($0) }
        return all.map { objects[$0] ?? verdictOfMarker($0, objects) }
    }

    private func verdictOfObject(_ index: Int) -> Verdict {
        let codes = commonCodes(index).union(countCodes(index)).union(slotCodes(index))
        if !codes.isEmpty {
            return Verdict(action: .keep, codes: codes, keepUntil: keepUntil(index))
        }
        var holds = keyHolds()
        if crowded(versions[index]) { holds.insert(.crowd) }
        return Verdict(action: holds.isEmpty ? .delete : .hold, codes: holds, keepUntil: .none)
    }

    /// Lines 1, 3, 7 and 8, which count for markers too.
    private func commonCodes(_ index: Int) -> Set<ReasonCode> {
        let version = versions[index]
        var codes: Set<ReasonCode> = []
        if version.isLatest { codes.insert(.current) }
        if version.modified > now { codes.insert(.future) }
        if !rule.minAge.isZero, version.modified > before(rule.minAge) { codes.insert(.minAge) }
        if version.lock == .retention { codes.insert(.locked) }
        if version.lock == .legalHold { codes.insert(.legalHold) }
        if version.isPinned { codes.insert(.pinned) }
        if rule.keep == .all { codes.insert(.keepAll) }
        return codes
    }

    /// Lines 2, 4 and 5.
    private func countCodes(_ index: Int) -> Set<ReasonCode> {
        var codes: Set<ReasonCode> = []
        let counted = real.isEmpty ? all.filter { !versions[$0].isMarker } : real
        if counted.contains(index), rank(index, in: counted) < max(1, rule.minVersions) {
            codes.insert(.minVersions)
        }
        guard real.contains(index) else { return codes }
        switch slots.last {
        case .all: codes.insert(.last)
        case .limited(let count): if rank(index, in: real) < count { codes.insert(.last) }
        case nil: break
        }
        if let within = slots.within {
            let start = before(within)
            let older = real.filter { versions[$0].modified <= start }
            if versions[index].modified > start
                || older.contains(index) && rank(index, in: older) == 0
            {
                codes.insert(.within)
            }
        }
        return codes
    }

    /// Line 6.
    private func slotCodes(_ index: Int) -> Set<ReasonCode> {
        guard real.contains(index) else { return [] }
        var codes: Set<ReasonCode> = []
        var isFull = true
        for kind in PeriodKind.allCases {
            guard let count = slots[kind] else { continue }
            if periods(kind).count < limit(count) { isFull = false }
            if holdsSlot(index, kind, count) { codes.insert(ReasonCode(kind)) }
        }
        if !isFull, rule.keepOldest, rank(index, in: real) == real.count - 1 {
            codes.insert(.oldest)
        }
        return codes
    }

    private func limit(_ count: Count) -> Int {
        if case .limited(let number) = count { number } else { .max }
    }

    /// The periods of a kind that hold a version, newest first.
    private func periods(_ kind: PeriodKind) -> [Int] {
        Set(real.map { calendar.period(kind, of: versions[$0].modified) }).sorted(by: >)
    }

    private func holdsSlot(_ index: Int, _ kind: PeriodKind, _ count: Count) -> Bool {
        let period = calendar.period(kind, of: versions[index].modified)
        guard periods(kind).prefix(limit(count)).contains(period) else { return false }
        let members = real.filter { calendar.period(kind, of: versions[$0].modified) == period }
        let large = members.filter { versions[$0].size >= rule.health.minSize }
        let candidates = large.isEmpty ? members : large
        let oldest = candidates.first { rank($0, in: candidates) == candidates.count - 1 }!
        let newest = candidates.first { rank($0, in: candidates) == 0 }!
        let holders =
            switch rule.pick {
            case .first: [oldest]
            case .last: [newest]
            case .both: [oldest, newest]
            }
        return holders.contains { versions[$0].modified == versions[index].modified }
    }

    /// Line 9.
    private func crowded(_ version: Version) -> Bool {
        guard let most = rule.health.expectPerDay, !version.isMarker, version.modified <= now else {
            return false
        }
        let day = calendar.period(.day, of: version.modified)
        let members = real.filter { calendar.period(.day, of: versions[$0].modified) == day }
        return members.count > most && !released.contains(day)
    }

    private func keyHolds() -> Set<ReasonCode> {
        var holds: Set<ReasonCode> = isQuarantined ? [.quarantine] : []
        guard let newest = real.first(where: { rank($0, in: real) == 0 }) else { return holds }
        if let every = rule.health.expectEvery, !every.isZero,
            versions[newest].modified < before(every)
        {
            holds.insert(.silent)
        }
        if let share = rule.health.shrinkLimit {
            let start = before(rule.minAge)
            let others = real.filter { $0 != newest && versions[$0].modified <= start }
            let sizes = others.filter { rank($0, in: others) < 8 }.map { versions[$0].size }
                .sorted()
            if !sizes.isEmpty {
                let median = sizes[sizes.count / 2]
                if versions[newest].size * 1_000_000 < median * Int64(share.partsPerMillion) {
                    holds.insert(.shrunk)
                }
            }
        }
        return holds
    }

    /// Line 10.
    private func verdictOfMarker(_ index: Int, _ objects: [Verdict?]) -> Verdict {
        if all.allSatisfy({ versions[$0].isMarker }) { return verdictOfOrphan(index) }
        var codes = commonCodes(index)
        let shadowed = all.contains {
            isNewer(index, $0) && objects[$0] != nil && objects[$0]?.action != .delete
        }
        if shadowed, !versions[index].isLatest { codes.insert(.marker) }
        if !codes.isEmpty {
            return Verdict(action: .keep, codes: codes, keepUntil: keepUntil(index))
        }
        let holds = keyHolds()
        return Verdict(action: holds.isEmpty ? .delete : .hold, codes: holds, keepUntil: .none)
    }

    private func verdictOfOrphan(_ index: Int) -> Verdict {
        let stays = all.contains { !commonCodes($0).subtracting([.current]).isEmpty }
        if orphans == .remove, !stays, !isQuarantined {
            return Verdict(action: .delete, codes: [], keepUntil: .none)
        }
        return Verdict(
            action: .keep, codes: commonCodes(index).union([.marker]), keepUntil: keepUntil(index))
    }

    /// Whether no later upload can take the slot: its period is over, or it is of the instant of
    /// the first version of the period that is large enough.
    private func isSettled(_ index: Int, _ kind: PeriodKind) -> Bool {
        let period = calendar.period(kind, of: versions[index].modified)
        if calendar.start(of: kind, period + 1) <= now { return true }
        let fit = real.filter {
            calendar.period(kind, of: versions[$0].modified) == period
                && versions[$0].size >= rule.health.minSize
        }
        guard rule.pick != .last,
            let first = fit.first(where: { rank($0, in: fit) == fit.count - 1 })
        else { return false }
        return versions[first].modified == versions[index].modified
    }

    /// The end of what is dated, without `min-age` (see the tests of `min-age`'s end).
    private func keepUntil(_ index: Int) -> KeepUntil {
        if rule.keep == .all || versions[index].isPinned { return .never }
        guard real.contains(index) else { return .none }
        var ends: [Timestamp] = []
        if slots.last == .all { return .never }
        for kind in PeriodKind.allCases {
            guard let count = slots[kind], holdsSlot(index, kind, count), isSettled(index, kind)
            else { continue }
            guard case .limited(let number) = count else { return .never }
            let period = calendar.period(kind, of: versions[index].modified)
            ends.append(calendar.start(of: kind, period + number))
        }
        return ends.max().map { .at($0) } ?? .none
    }
}
