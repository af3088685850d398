extension CivilCalendar {
    /// The name of a period: `2026-11-22T02`, `2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4` or
    /// `2026`.
    ///
    /// Periods bear the date on which they start, weeks the ISO 8601 year and number.
    public func name(of kind: PeriodKind, _ ordinal: Int) -> String {
        let date = CivilDate(dayNumber: Self.firstDay(of: kind, ordinal))
        let year = padded(date.year, 4)
        switch kind {
        case .hour: return date.description + "T" + padded(ordinal.remainderDown(by: 24), 2)
        case .day: return date.description
        case .week: return Self.nameOfWeek(startingOn: date.dayNumber)
        case .month: return year + "-" + padded(date.month, 2)
        case .quarter: return year + "-Q" + String((date.month + 2) / 3)
        case .year: return year
        }
    }

    /// ISO 8601: a week belongs to the year that holds its Thursday.
    private static func nameOfWeek(startingOn monday: Int) -> String {
        let thursday = monday + 3
        let year = CivilDate(dayNumber: thursday).year
        let newYear = CivilDate.dayNumber(year: year, month: 1, day: 1)
        return padded(year, 4) + "-W" + padded((thursday - newYear) / 7 + 1, 2)
    }
}
