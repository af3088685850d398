import CivilTime
import Properties
import Retention
import Testing

/// Pruning night after night against pruning once.
@Suite struct NightlyTests {
    /// 2 histories of three years, or one for every hundred that SOAK_HISTORIES asks for.
    static let count = Soak.isOn ? max(2, Soak.count(else: 0) / 100) : 2

    @Test("three years of nightly pruning and pruning once at the end keep the same slot holders")
    func nightly() {
        let failure = firstFailure(ofSeeds: Self.count) { seed in
            ThreeYears(seed: seed).nightlyHolders() != ThreeYears(seed: seed).holdersAtTheEnd()
        }
        guard let failure else { return }
        let years = ThreeYears(seed: failure)
        let small = years.shrunk { $0.nightlyHolders() != $0.holdersAtTheEnd() }
        Issue.record("seed \(failure)\n\(small)")
    }

    @Test("at the end of three years every period of the rule still has its slot holder")
    func counts() {
        for seed in 0..<Self.count {
            let years = ThreeYears(seed: seed)
            let holders = years.nightlyHolders()
            for (kind, count) in years.limits {
                let periods = Set(
                    years.uploads.filter { !$0.version.isMarker }.map {
                        years.calendar.period(kind, of: $0.version.modified)
                    })
                let holding = Set(
                    (holders[ReasonCode(kind)] ?? []).map { number in
                        years.calendar.period(kind, of: years.uploads[number].version.modified)
                    })
                #expect(
                    holding == Set(periods.sorted(by: >).prefix(count)), "seed \(seed), \(kind)")
            }
        }
    }
}

/// A backup or more a night for 1,096 nights, a rule of several kinds of periods, in some zone.
struct ThreeYears: Sendable {
    static let nights = 1_096

    var calendar: CivilCalendar
    var rule: Rule
    var uploads: [Intrusion.Upload] = []
    /// When each night's pruning runs.
    var runs: [Timestamp] = []

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        calendar = CivilCalendar(
            zone: Intrusion.zones.randomElement(using: &random)!,
            dayStarts: random.chance(70) ? 0 : .random(in: 0..<24, using: &random))
        rule = Rule(
            keep: .slots(Self.slots(&random)),
            pick: [.first, .last, .both].randomElement(using: &random)!,
            minAge: random.chance(50) ? .zero : CalendarDuration(days: 2),
            minVersions: .random(in: 1...3, using: &random), keepOldest: random.chance(50),
            health: Health(minSize: random.chance(50) ? 500 : 0))
        let begin = Timestamp(seconds: 1_704_067_200 + .random(in: 0...86_400, using: &random))
        let isLate = random.chance(30)
        for night in 0..<Self.nights {
            let now = begin.advanced(bySeconds: Int64(night * 86_400))
            runs.append(now)
            if random.chance(4) { continue }
            for _ in 0..<(random.chance(5) ? 3 : 1) {
                let age = Int64.random(in: 0..<80_000, using: &random)
                let isMarker = random.chance(2)
                let size: Int64 = random.chance(90) ? 1_000 : 10
                let version = Version(
                    modified: now.advanced(bySeconds: -age), size: isMarker ? 0 : size,
                    isMarker: isMarker)
                // Dated when it was begun, and complete only some days later.
                let delay = isLate && random.chance(10) ? Int64(86_400 * 4) : 0
                uploads.append(
                    Intrusion.Upload(version: version, arrives: now.advanced(bySeconds: delay)))
            }
        }
        uploads.removeAll { $0.arrives > runs.last! }
    }

    private static func slots(_ random: inout SeededRandom) -> Slots {
        var slots = Slots()
        let most: [PeriodKind: Int] = [
            .hour: 30, .day: 14, .week: 8, .month: 24, .quarter: 8, .year: 4,
        ]
        for kind in PeriodKind.allCases where random.chance(60) {
            slots[kind] = .limited(.random(in: 1...most[kind]!, using: &random))
        }
        if slots == Slots() { slots.monthly = .limited(6) }
        return slots
    }

    /// The counts of the rule.
    var limits: [(kind: PeriodKind, count: Int)] {
        guard case .slots(let slots) = rule.keep else { return [] }
        return PeriodKind.allCases.compactMap { kind in
            guard case .limited(let count) = slots[kind] else { return nil }
            return (kind, count)
        }
    }

    /// Who holds the slots at the end, where only the last night prunes.
    func holdersAtTheEnd() -> [ReasonCode: Set<Int>] {
        var key = PrunedKey(rule: rule, calendar: calendar)
        for (number, upload) in uploads.enumerated() { key.add(upload.version, number: number) }
        return key.holders(at: runs.last!)
    }

    /// Who holds the slots at the end, where every night prunes.
    func nightlyHolders() -> [ReasonCode: Set<Int>] {
        var key = PrunedKey(rule: rule, calendar: calendar)
        var waiting = Array(uploads.enumerated())
        waiting.sort { ($0.element.arrives, $0.offset) < ($1.element.arrives, $1.offset) }
        var next = 0
        for now in runs {
            while next < waiting.count, waiting[next].element.arrives <= now {
                key.add(waiting[next].element.version, number: waiting[next].offset)
                next += 1
            }
            key.prune(at: now)
        }
        return key.holders(at: runs.last!)
    }
}

extension ThreeYears: Shrinkable {
    /// In halves, quarters, … of what was uploaded: single versions would take too long.
    var smaller: [ThreeYears] {
        var pieces: [ThreeYears] = []
        var size = uploads.count / 2
        while size > 0 {
            for start in stride(from: 0, to: uploads.count, by: size) {
                var copy = self
                copy.uploads.removeSubrange(start..<min(start + size, uploads.count))
                pieces.append(copy)
            }
            size /= 2
        }
        return pieces
    }
}

extension ThreeYears: CustomStringConvertible {
    var description: String {
        "zone \(calendar.zone.identifier), day starts \(calendar.dayStarts)\n\(rule)\n"
            + uploads.map {
                "\($0.version.modified.rfc3339), \($0.version.size) bytes, arrives "
                    + $0.arrives.rfc3339
            }.joined(separator: "\n")
    }
}
