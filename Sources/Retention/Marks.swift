import CivilTime

/// What keeps or holds a version: one bit a line of the rule.
struct Marks: OptionSet {
    var rawValue: UInt32

    static let current = Marks(rawValue: 1 << 0)
    static let minVersions = Marks(rawValue: 1 << 1)
    static let minAge = Marks(rawValue: 1 << 2)
    static let last = Marks(rawValue: 1 << 3)
    static let within = Marks(rawValue: 1 << 4)
    // Bits 5 to 10: the kinds of periods, see `init(slotOf:)`.
    static let oldest = Marks(rawValue: 1 << 11)
    static let future = Marks(rawValue: 1 << 12)
    static let locked = Marks(rawValue: 1 << 13)
    static let legalHold = Marks(rawValue: 1 << 14)
    static let pinned = Marks(rawValue: 1 << 15)
    static let keepAll = Marks(rawValue: 1 << 16)
    static let marker = Marks(rawValue: 1 << 17)

    static let crowd = Marks(rawValue: 1 << 18)
    static let shrunk = Marks(rawValue: 1 << 19)
    static let silent = Marks(rawValue: 1 << 20)
    static let quarantine = Marks(rawValue: 1 << 21)

    /// Everything that keeps a version.
    static let keeps = Marks(rawValue: (1 << 18) - 1)

    /// The codes in the order in which a decision names them; a code's place is its bit.
    static let codes: [ReasonCode] = [
        .current, .minVersions, .minAge, .last, .within, .hourly, .daily, .weekly, .monthly,
        .quarterly, .yearly, .oldest, .future, .locked, .legalHold, .pinned, .keepAll, .marker,
        .crowd, .shrunk, .silent, .quarantine,
    ]

    /// The mark of those that hold the slot of a period.
    init(slotOf kind: PeriodKind) { rawValue = 1 << (5 + UInt32(kind.rawValue)) }

    init(rawValue: UInt32) { self.rawValue = rawValue }

    /// What to do with a version that has these marks.
    var action: Action {
        isEmpty ? .delete : isDisjoint(with: .keeps) ? .hold : .keep
    }
}
