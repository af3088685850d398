/// The kinds of periods of civil time, from the shortest to the longest.
public enum PeriodKind: Int, CaseIterable, Sendable {
    /// An hour of the wall clock; both hours that a night repeats are one.
    case hour
    /// A day, from the hour at which days start.
    case day
    /// An ISO 8601 week, from Monday.
    case week
    /// A calendar month.
    case month
    /// A quarter of a calendar year.
    case quarter
    /// A calendar year.
    case year
}

/// Periods of civil time in a zone, numbered by integers.
///
/// Days start at a given local hour, and with them weeks, months, quarters and years; hours stay
/// those of the wall clock. Periods of one kind are numbered without gaps in the order of civil
/// time: hours of the wall clock since 1970-01-01T00, days since 1970-01-01 of the local date on
/// which they start, weeks since the one that began on 1969-12-29, months and quarters since the
/// year 0, years by their own number.
public struct CivilCalendar: Hashable, Sendable {
    /// The zone whose civil time counts.
    public let zone: Zone
    /// The local hour at which days start: 0 ... 23.
    public let dayStarts: Int

    /// A calendar of a zone whose days start at a local hour (0 ... 23).
    public init(zone: Zone, dayStarts: Int = 0) {
        precondition(dayStarts >= 0 && dayStarts < 24, "days start at an hour from 0 to 23")
        self.zone = zone
        self.dayStarts = dayStarts
    }

    /// The number of the period in which an instant lies.
    public func period(_ kind: PeriodKind, of instant: Timestamp) -> Int {
        var cursor = PeriodCursor(self)
        cursor.move(to: instant)
        return cursor[kind]
    }

    /// The instant at which a period starts: the first that belongs to it.
    ///
    /// A start that the wall clock shows twice is the first of the two. One that the clock skips is
    /// read with the offset in force before the change, unless the period holds time right after
    /// the change: then it starts with the change.
    public func start(of kind: PeriodKind, _ ordinal: Int) -> Timestamp {
        switch zone.reading(ofLocal: localStart(of: kind, ordinal)) {
        case .occurs(let first, _): return Timestamp(seconds: first)
        case .skipped(let before, let at):
            let change = Timestamp(seconds: at)
            return period(kind, of: change) == ordinal ? change : Timestamp(seconds: before)
        }
    }

    /// The instant from which on nothing belongs to a period any more.
    ///
    /// Later than the next period's start where clocks go back over the border between the two.
    public func end(of kind: PeriodKind, _ ordinal: Int) -> Timestamp {
        switch zone.reading(ofLocal: localStart(of: kind, ordinal + 1)) {
        case .occurs(_, let last): Timestamp(seconds: last)
        case .skipped(_, let at): Timestamp(seconds: at)
        }
    }

    /// The number of the day that starts on a date; nil if there is no such date.
    public func day(year: Int, month: Int, day: Int) -> Int? {
        CivilDate(year: year, month: month, day: day)?.dayNumber
    }

    /// What the wall clock shows when a period starts, in seconds since 1970-01-01.
    private func localStart(of kind: PeriodKind, _ ordinal: Int) -> Int64 {
        let number = max(-Self.bound, min(ordinal, Self.bound))
        if kind == .hour { return Int64(number * 3600) }
        return Int64(Self.firstDay(of: kind, number) * 86_400 + dayStarts * 3600)
    }

    /// The number of the day with which a period of at least a day starts.
    static func firstDay(of kind: PeriodKind, _ ordinal: Int) -> Int {
        switch kind {
        case .hour: ordinal.dividedDown(by: 24)
        case .day: ordinal
        case .week: ordinal * 7 - 3
        case .month: firstDay(ofMonth: ordinal)
        case .quarter: firstDay(ofMonth: ordinal * 3)
        case .year: firstDay(ofMonth: ordinal * 12)
        }
    }

    private static func firstDay(ofMonth ordinal: Int) -> Int {
        let year = ordinal.dividedDown(by: 12)
        return CivilDate.dayNumber(year: year, month: ordinal - year * 12 + 1, day: 1)
    }

    /// Ordinals beyond it (a hundred thousand years of hours) are taken for it.
    private static let bound = 1_000_000_000
}
