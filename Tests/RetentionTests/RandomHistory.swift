import CivilTime
import PolicyFile
import Properties
import Retention

/// One key's versions, a rule and a moment, drawn from a seed.
struct RandomHistory {
    var versions: [Version] = []
    var rule: Rule
    var calendar: CivilCalendar
    var now: Timestamp
    var released: Set<Int> = []
    var orphans = Orphans.keep

    static let zones = [
        "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
        "Pacific/Kiritimati", "Africa/Casablanca", "Asia/Kolkata",
    ].map { zone(named: $0)! }

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let zone = Self.zones.randomElement(using: &random)!
        calendar = CivilCalendar(
            zone: zone, dayStarts: random.chance(70) ? 0 : Int.random(in: 0..<24, using: &random))
        // Near the changes of clocks and the turns of years as often as anywhere.
        let moments: [Int64] = [1_793_145_600, 1_774_746_000, 1_798_761_600, 1_325_246_400]
        now = Timestamp(
            seconds: moments.randomElement(using: &random)!
                + .random(in: -90_000...90_000, using: &random))
        rule = Self.rule(&random)
        versions = Self.versions(&random, now: now)
        if random.chance(30), let version = versions.randomElement(using: &random) {
            released = [calendar.period(.day, of: version.modified)]
        }
        if random.chance(30) { orphans = .remove }
    }

    static func rule(_ random: inout SeededRandom) -> Rule {
        if random.chance(2) { return Rule(keep: .all, minAge: .zero) }
        var slots = Slots()
        if random.chance(30) { slots.last = count(&random) }
        if random.chance(30) { slots.within = duration(&random) }
        for kind in PeriodKind.allCases where random.chance(35) { slots[kind] = count(&random) }
        if slots == Slots() { slots.daily = .limited(2) }
        var health = Health()
        if random.chance(40) { health.minSize = 500 }
        if random.chance(25) { health.expectPerDay = Int.random(in: 1...3, using: &random) }
        if random.chance(15) { health.expectEvery = duration(&random) }
        if random.chance(20) { health.shrinkLimit = Ratio(partsPerMillion: 500_000) }
        return Rule(
            keep: .slots(slots), pick: [.first, .last, .both].randomElement(using: &random)!,
            minAge: random.chance(60) ? .zero : duration(&random),
            minVersions: Int.random(in: 1...3, using: &random), keepOldest: random.chance(60),
            health: health)
    }

    private static func count(_ random: inout SeededRandom) -> Count {
        random.chance(10) ? .all : .limited(Int.random(in: 1...4, using: &random))
    }

    private static func duration(_ random: inout SeededRandom) -> CalendarDuration {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: CalendarDuration(hours: .random(in: 1...60, using: &random))
        case 1: CalendarDuration(days: .random(in: 1...20, using: &random))
        case 2: CalendarDuration(months: 1, days: .random(in: 0...3, using: &random))
        default: CalendarDuration(weeks: 1, hours: 5)
        }
    }

    private static func versions(_ random: inout SeededRandom, now: Timestamp) -> [Version] {
        let span = [86_400, 864_000, 8_640_000, 86_400_000].randomElement(using: &random)!
        let step = [1, 900, 3_600, 43_200].randomElement(using: &random)!
        var versions = (0..<Int.random(in: 1...14, using: &random)).map { _ in
            var age = Int.random(in: 0...span, using: &random) / step * step
            if random.chance(5) { age = -age }
            let isMarker = random.chance(15)
            var version = Version(
                modified: now.advanced(bySeconds: Int64(-age)),
                size: isMarker ? 0 : [0, 100, 1000, 1100].randomElement(using: &random)!,
                isMarker: isMarker)
            if random.chance(4) { version.lock = random.chance(50) ? .retention : .legalHold }
            if random.chance(4) { version.isPinned = true }
            return version
        }
        if random.chance(2) {
            let before = Int64.random(in: -1...1, using: &random)
            versions[versions.count / 2].modified = Timestamp(seconds: 1_142_294_400 + before)
        }
        // Listings are newest first, but need not be.
        if random.chance(85) { versions.sort { $0.modified > $1.modified } }
        if random.chance(97) {
            versions[random.chance(90) ? 0 : versions.count - 1].isLatest = true
        }
        if random.chance(2) { versions[versions.count / 2].isLatest = true }
        return versions
    }

    var model: Model {
        Model(
            versions: versions, rule: rule, calendar: calendar, now: now, released: released,
            orphans: orphans)
    }

    var decisions: Decisions {
        decide(
            versions, rule: rule, calendar: calendar, now: now, releasedDays: released,
            orphans: orphans)
    }

    /// Where engine and model differ, in words; nil where they agree.
    var disagreement: String? {
        let decisions = decisions
        for (index, expected) in model.verdicts().enumerated() {
            let decision = decisions[index]
            if decision.action != expected.action || decisions.action(at: index) != expected.action
            {
                return "version \(index): \(decision.action), not \(expected.action)"
            }
            let codes = Set(decision.reasons.map(\.code))
            // What else is said of a version dated in the future is not laid down.
            if versions[index].modified > now, codes.contains(.future) { continue }
            if expected.action != .delete, codes != expected.codes {
                return "version \(index): \(codes), not \(expected.codes)"
            }
            let isDated = rule.minAge.isZero && versions[index].lock == .none
            if isDated, decision.keepUntil != expected.keepUntil {
                return "version \(index): \(decision.keepUntil), not \(expected.keepUntil)"
            }
        }
        return nil
    }

    /// Whether pruning what is left deletes more.
    var changesWhenPrunedAgain: Bool {
        let first = decisions
        var again = self
        again.versions = versions.indices.filter { first.action(at: $0) != .delete }
            .map { versions[$0] }
        let second = again.decisions
        return again.versions.indices.contains { second.action(at: $0) == .delete }
    }

    /// Whether another order of the listing changes what happens to a version. Of versions of the
    /// same instant the order says which is newer, so that these are moved apart first.
    func dependsOnListingOrder(seed: UInt64) -> Bool {
        var random = SeededRandom(seed: seed)
        var apart = self
        var seen: Set<Timestamp> = []
        for index in apart.versions.indices {
            while !seen.insert(apart.versions[index].modified).inserted {
                apart.versions[index].modified = apart.versions[index].modified
                    .advanced(bySeconds: -1)
            }
        }
        let places = apart.versions.indices.shuffled(using: &random)
        var shuffled = apart
        shuffled.versions = places.map { apart.versions[$0] }
        let (one, other) = (apart.decisions, shuffled.decisions)
        return places.indices.contains { place in
            one.action(at: places[place]) != other.action(at: place)
                || one[places[place]].keepUntil != other[place].keepUntil
        }
    }

    /// The same uploads in the same listing, some of them dated when they were begun.
    func datedByInitiation(seed: UInt64) -> RandomHistory {
        var random = SeededRandom(seed: seed)
        var copy = self
        for index in copy.versions.indices where random.chance(40) {
            copy.versions[index].modified = copy.versions[index].modified
                .advanced(bySeconds: -.random(in: 0...400_000, using: &random))
        }
        return copy
    }
}

extension RandomHistory: Shrinkable {
    var smaller: [RandomHistory] {
        versions.indices.map { index in
            var copy = self
            copy.versions.remove(at: index)
            return copy
        }
    }
}

extension RandomHistory: CustomStringConvertible {
    var description: String {
        """
        zone \(calendar.zone.identifier), day starts \(calendar.dayStarts), now \(now.rfc3339), \
        released \(released), orphans \(orphans)
        \(rule)
        \(versions.map { "\($0.modified.rfc3339) \($0)" }.joined(separator: "\n"))
        """
    }
}
