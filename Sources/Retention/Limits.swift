import CivilTime

/// A rule worked out for one moment: instants and numbers to compare versions with.
struct Limits {
    let now: Timestamp
    /// Line 2: how many newest real versions are kept.
    let minVersions: Int
    /// Line 3: versions stored after this instant are young; `now` if min-age is off.
    let young: Timestamp
    /// Line 3: whether young versions are kept.
    let keepsYoung: Bool
    /// Line 4: how many newest real versions have a slot.
    let last: Int
    /// Line 5: when the window begins.
    let windowStart: Timestamp?
    /// Line 9: what is to be found out for the holds.
    let countsDays: Bool
    let comparesSizes: Bool
    private let keepsAll: Bool

    /// What keeps even the markers of a key that has nothing else.
    static let protecting: Marks = [.minAge, .future, .locked, .legalHold, .pinned]

    init(rule: Rule, calendar: CivilCalendar, now: Timestamp) {
        self.now = now
        minVersions = max(1, rule.minVersions)
        keepsYoung = !rule.minAge.isZero
        young = rule.minAge.subtracted(from: now, in: calendar.zone)
        countsDays = rule.health.expectPerDay != nil
        comparesSizes = rule.health.shrinkLimit != nil
        guard case .slots(let slots) = rule.keep else {
            keepsAll = true
            last = 0
            windowStart = nil
            return
        }
        keepsAll = false
        windowStart = slots.within?.subtracted(from: now, in: calendar.zone)
        last =
            switch slots.last {
            case .limited(let number): max(1, number)
            case .all: .max
            case nil: 0
            }
    }

    /// Lines 1, 3, 7 and 8, which look at nothing but the version.
    func marks(of version: Version) -> Marks {
        var marks: Marks = keepsAll ? .keepAll : []
        if version.isLatest { marks.insert(.current) }
        if keepsYoung, version.modified > young { marks.insert(.minAge) }
        if version.modified > now { marks.insert(.future) }
        switch version.lock {
        case .none: break
        case .retention: marks.insert(.locked)
        case .legalHold: marks.insert(.legalHold)
        }
        if version.isPinned { marks.insert(.pinned) }
        return marks
    }
}
