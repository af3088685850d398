import CivilTime
import PolicyFile
import Properties
import Retention

/// One key's history up to a moment, what an intruder adds from then on, and when it is pruned.
struct Intrusion: Sendable {
    /// A version, and from when on a listing shows it.
    struct Upload: Sendable {
        var version: Version
        var arrives: Timestamp
    }

    /// How a server dates a multipart upload.
    enum Dating { case initiation, completion }

    var calendar: CivilCalendar
    var rule: Rule
    /// The moment of the intrusion.
    var start: Timestamp
    var honest: [Version] = []
    var hostile: [Upload] = []
    /// The moments at which the key is pruned, from the intrusion on.
    var runs: [Timestamp] = []
    var dating = Dating.completion
    /// Whether the version that arrived last is the current one, or that of the newest date.
    var currentIsLastArrived = false
    var released: Set<Int> = []

    static let zones =
        RandomHistory.zones
        + ["America/Havana", "Atlantic/Azores", "Asia/Beirut", "America/Sao_Paulo"].map {
            zone(named: $0)!
        }

    /// Around changes of clocks, leap days, turns of years and ISO years.
    private static let moments: [Int64] = [
        1_793_145_600, 1_774_746_000, 1_798_761_600, 1_325_246_400, 1_793_505_600, 1_772_949_600,
        1_709_164_800, 1_609_459_200,
    ]

    init(seed: UInt64, picks: [Pick] = [.first, .both], dating only: Dating? = nil) {
        var random = SeededRandom(seed: seed)
        calendar = CivilCalendar(
            zone: Self.zones.randomElement(using: &random)!,
            dayStarts: random.chance(70) ? 0 : .random(in: 0..<24, using: &random))
        start = Timestamp(
            seconds: Self.moments.randomElement(using: &random)!
                + .random(in: -200_000...200_000, using: &random))
        rule = RandomHistory.rule(&random)
        rule.pick = picks.randomElement(using: &random)!
        let isDatedAtEnd = random.chance(50)
        dating = only ?? (isDatedAtEnd ? .completion : .initiation)
        currentIsLastArrived = random.chance(50)
        // From a few hours to some years: each kind of period is the busy one at times.
        let spans: [Int64] = [20_000, 200_000, 2_000_000, 20_000_000, 100_000_000]
        let span = spans.randomElement(using: &random)!
        addHonest(span, &random)
        addHostile(span, &random)
        addRuns(span, &random)
        if random.chance(20), let version = honest.randomElement(using: &random) {
            released = [calendar.period(.day, of: version.modified)]
        }
    }

    private mutating func addHonest(_ span: Int64, _ random: inout SeededRandom) {
        let step: Int64 = [1, 900, 3_600, 43_200].randomElement(using: &random)!
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let age = max(1, .random(in: 1...span, using: &random) / step * step)
            var version = Self.version(start.advanced(bySeconds: -age), &random)
            if random.chance(3) { version.isPinned = true }
            honest.append(version)
        }
        if random.chance(85) { honest.sort { $0.modified > $1.modified } }
    }

    private mutating func addHostile(_ span: Int64, _ random: inout SeededRandom) {
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let date = hostileDate(span, &random)
            let copies = random.chance(10) ? Int.random(in: 2...6, using: &random) : 1
            for _ in 0..<copies {
                var arrives = date
                // Parts that lie about for long, and a server whose clock is ahead.
                if dating == .initiation, random.chance(50) {
                    arrives = date.advanced(bySeconds: .random(in: 0...span, using: &random))
                } else if random.chance(5) {
                    arrives = max(start, date.advanced(bySeconds: -400))
                }
                hostile.append(Upload(version: Self.version(date, &random), arrives: arrives))
            }
        }
    }

    /// At or after the intrusion: anywhere, with another one, or the very first of a period.
    private func hostileDate(_ span: Int64, _ random: inout SeededRandom) -> Timestamp {
        if random.chance(10) { return start }
        if random.chance(15), let other = hostile.randomElement(using: &random) {
            return other.version.modified
        }
        let date = start.advanced(bySeconds: .random(in: 0...span, using: &random))
        guard random.chance(30) else { return date }
        let kind = PeriodKind.allCases.randomElement(using: &random)!
        let next = calendar.start(of: kind, calendar.period(kind, of: date) + 1)
        return max(start, next)
    }

    private mutating func addRuns(_ span: Int64, _ random: inout SeededRandom) {
        var now = start
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            now = now.advanced(bySeconds: .random(in: 0...(span / 2), using: &random))
            runs.append(now)
        }
    }

    private static func version(
        _ modified: Timestamp, _ random: inout SeededRandom
    ) -> Version {
        let isMarker = random.chance(8)
        let size: Int64 = [0, 100, 499, 500, 1000, 1 << 40].randomElement(using: &random)!
        return Version(modified: modified, size: isMarker ? 0 : size, isMarker: isMarker)
    }
}

extension Intrusion: Shrinkable {
    var smaller: [Intrusion] {
        honest.indices.map { index in changed { $0.honest.remove(at: index) } }
            + hostile.indices.map { index in changed { $0.hostile.remove(at: index) } }
            + runs.indices.map { index in changed { $0.runs.remove(at: index) } }
            + simplerRules.map { rule in changed { $0.rule = rule } }
            + (released.isEmpty ? [] : [changed { $0.released = [] }])
    }

    private func changed(_ change: (inout Intrusion) -> Void) -> Intrusion {
        var copy = self
        change(&copy)
        return copy
    }

    private var simplerRules: [Rule] {
        var rules: [Rule] = []
        func add(_ change: (inout Rule) -> Void) {
            var copy = rule
            change(&copy)
            if copy != rule { rules.append(copy) }
        }
        if case .slots(let slots) = rule.keep {
            func drop(_ change: (inout Slots) -> Void) {
                var copy = slots
                change(&copy)
                if copy != Slots() { add { $0.keep = .slots(copy) } }
            }
            drop { $0.last = nil }
            drop { $0.within = nil }
            for kind in PeriodKind.allCases { drop { $0[kind] = nil } }
        }
        add { $0.health = Health(minSize: $0.health.minSize) }
        add { $0.health.minSize = 0 }
        add { $0.minAge = .zero }
        add { $0.minVersions = 1 }
        add { $0.keepOldest = false }
        return rules
    }
}

extension Intrusion: CustomStringConvertible {
    var description: String {
        var lines = [
            "zone \(calendar.zone.identifier), day starts \(calendar.dayStarts), dated by \(dating)",
            "\(rule)", "intrusion \(start.rfc3339)",
        ]
        lines += honest.map { "honest \($0.modified.rfc3339), \($0.size) bytes, \($0.isMarker)" }
        lines += hostile.map {
            "hostile \($0.version.modified.rfc3339), \($0.version.size) bytes, arrives "
                + $0.arrives.rfc3339
        }
        return (lines + runs.map { "run \($0.rfc3339)" }).joined(separator: "\n")
    }
}
