import CivilTime
import Foundation
import PolicyFile
import Retention
import Testing

/// The promise: with `pick: first` or `both`, whoever can only upload cannot make a version go that
/// was begun before, is large enough and the first such of its period.
@Suite struct GuaranteeTests {
    static let count = UInt64(ProcessInfo.processInfo.environment["SOAK_HISTORIES"] ?? "") ?? 1_000

    /// A night's backups for some months, a moment of intrusion, and what the intruder uploads.
    struct Attack {
        var calendar: CivilCalendar
        var rule: Rule
        var count: Int
        var kind: PeriodKind
        var honest: [Version] = []
        var hostile: [Version] = []
        var start: Timestamp

        init(seed: UInt64) {
            var random = SeededRandom(seed: seed)
            calendar = CivilCalendar(
                zone: RandomHistory.zones.randomElement(using: &random)!,
                dayStarts: random.chance(70) ? 0 : .random(in: 0..<24, using: &random))
            kind = [.day, .week, .month].randomElement(using: &random)!
            count = .random(in: 1...6, using: &random)
            var slots = Slots()
            slots[kind] = .limited(count)
            rule = Rule(
                keep: .slots(slots), pick: random.chance(50) ? .first : .both,
                minAge: CalendarDuration(days: .random(in: 0...3, using: &random)),
                minVersions: 1, keepOldest: random.chance(50), health: Health(minSize: 500))
            start = Timestamp(seconds: 1_774_746_000 + .random(in: 0...20_000_000, using: &random))
            for night in 0..<Int.random(in: 3...60, using: &random) {
                let age = Int64(night * 86_400) + .random(in: 1...80_000, using: &random)
                honest.append(
                    Version(
                        modified: start.advanced(bySeconds: -age),
                        size: random.chance(85) ? 1000 : 10))
            }
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let later = Int64.random(in: 0...(40 * 86_400), using: &random)
                hostile.append(
                    Version(
                        modified: start.advanced(bySeconds: later),
                        size: [0, 10, 1000, 1 << 40].randomElement(using: &random)!))
            }
        }

        /// The honest versions that are the first large enough of their period.
        var protected: [Version] {
            let large = honest.filter { $0.size >= rule.health.minSize }
            return large.filter { version in
                let period = calendar.period(kind, of: version.modified)
                return !large.contains {
                    $0.modified < version.modified
                        && calendar.period(kind, of: $0.modified) == period
                }
            }
        }
    }

    @Test("no upload after the intrusion makes a protected version go at any later nightly run")
    func guarantee() {
        for seed in 0..<Self.count {
            let attack = Attack(seed: seed)
            var versions = attack.honest.sorted { $0.modified > $1.modified }
            for night in 0..<41 {
                let now = attack.start.advanced(bySeconds: Int64(night * 86_400))
                let before = now.advanced(bySeconds: -86_400)
                versions += attack.hostile.filter { $0.modified > before && $0.modified <= now }
                versions.sort { $0.modified > $1.modified }
                for index in versions.indices { versions[index].isLatest = index == 0 }
                let decisions = decide(
                    versions, rule: attack.rule, calendar: attack.calendar, now: now)
                versions = versions.indices.filter { decisions.action(at: $0) != .delete }
                    .map { versions[$0] }
                let today = attack.calendar.period(attack.kind, of: now)
                let left = Set(versions.map(\.modified))
                let lost = attack.protected.filter {
                    today - attack.calendar.period(attack.kind, of: $0.modified) < attack.count
                        && !left.contains($0.modified)
                }
                if !lost.isEmpty {
                    Issue.record("seed \(seed), night \(night): lost \(lost), \(attack.rule)")
                    return
                }
            }
        }
    }

    @Test("pruning every night and pruning once at the end keep the same slot holders")
    func nightly() {
        for seed in 0..<100 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let calendar = CivilCalendar(zone: RandomHistory.zones.randomElement(using: &random)!)
            let rule = Rule(
                keep: .slots(Slots(daily: .limited(5), weekly: .limited(3), monthly: .limited(4))),
                pick: seed % 2 == 0 ? .first : .both, minAge: .zero, minVersions: 1)
            let first = Timestamp(seconds: 1_774_746_000)
            var all: [Version] = []
            var pruned: [Version] = []
            for night in 0..<200 {
                let now = first.advanced(bySeconds: Int64(night * 86_400))
                let age = Int64.random(in: 0..<80_000, using: &random)
                let version = Version(modified: now.advanced(bySeconds: -age), size: 1)
                all = Self.current([version] + all)
                pruned = Self.current([version] + pruned)
                pruned = Self.survivors(pruned, rule, calendar, now).map(\.version)
            }
            let end = first.advanced(bySeconds: Int64(199 * 86_400))
            let once = Self.survivors(all, rule, calendar, end)
            let nightly = Self.survivors(pruned, rule, calendar, end)
            #expect(
                once.filter(\.holdsSlot).map(\.version.modified)
                    == nightly.filter(\.holdsSlot).map(\.version.modified), "seed \(seed)")
        }
    }

    private static func current(_ versions: [Version]) -> [Version] {
        var versions = versions.sorted { $0.modified > $1.modified }
        for index in versions.indices { versions[index].isLatest = index == 0 }
        return versions
    }

    private static func survivors(
        _ versions: [Version], _ rule: Rule, _ calendar: CivilCalendar, _ now: Timestamp
    ) -> [(version: Version, holdsSlot: Bool)] {
        let decisions = decide(versions, rule: rule, calendar: calendar, now: now)
        return versions.indices.filter { decisions.action(at: $0) != .delete }.map { index in
            (versions[index], decisions[index].reasons.contains { $0.code.periodKind != nil })
        }
    }
}
