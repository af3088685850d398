/// A length of time in calendar units, as a policy writes it: `1y6mo`, `2w`, `26h`.
///
/// Years, months, weeks and days are steps on the calendar that keep the time of day; hours and
/// minutes are absolute. All parts are zero or positive.
public struct CalendarDuration: Hashable, Sendable {
    /// Calendar years.
    public var years: Int
    /// Calendar months.
    public var months: Int
    /// Calendar weeks.
    public var weeks: Int
    /// Calendar days.
    public var days: Int
    /// Hours of 3600 seconds.
    public var hours: Int
    /// Minutes of 60 seconds.
    public var minutes: Int

    /// A duration of these parts, none of them negative.
    public init(
        years: Int = 0, months: Int = 0, weeks: Int = 0, days: Int = 0, hours: Int = 0,
        minutes: Int = 0
    ) {
        self.years = years
        self.months = months
        self.weeks = weeks
        self.days = days
        self.hours = hours
        self.minutes = minutes
    }

    /// No time at all.
    public static let zero = CalendarDuration()

    /// Whether every part is zero.
    public var isZero: Bool { self == .zero }

    /// The instant that lies this long before another in the civil time of a zone.
    ///
    /// Years and months are subtracted together, and days past a month's end run into the next
    /// month; then weeks and days, at the same wall-clock time; then hours and minutes. A duration
    /// that leads before the year 0001 gives an instant that is earlier than any that can be parsed.
    public func subtracted(from instant: Timestamp, in zone: Zone) -> Timestamp {
        var moved = instant
        if monthCount != 0 || dayCount != 0 {
            let local = Int(instant.seconds) + zone.offset(at: instant)
            let day = local.dividedDown(by: 86_400)
            moved = zone.instant(
                ofLocal: Int64(date(before: day) * 86_400 + local - day * 86_400),
                nanoseconds: instant.nanoseconds)
        }
        return moved.advanced(bySeconds: -Int64(secondCount))
    }

    /// The number of the day that the calendar parts lead back to.
    func date(before day: Int) -> Int {
        let date = CivilDate(dayNumber: day)
        let month = date.year * 12 + date.month - 1 - monthCount
        let year = month.dividedDown(by: 12)
        return CivilDate.dayNumber(year: year, month: month - year * 12 + 1, day: date.day)
            - dayCount
    }

    /// Years and months in months. Parts that lead far before the year 0001 anyway are cut short.
    var monthCount: Int { years.cut(at: 20_000) * 12 + months.cut(at: 240_000) }

    /// Weeks and days in days.
    var dayCount: Int { weeks.cut(at: 1_000_000) * 7 + days.cut(at: 7_000_000) }

    /// Hours and minutes in seconds.
    var secondCount: Int {
        hours.cut(at: 170_000_000) * 3600 + minutes.cut(at: 10_000_000_000) * 60
    }
}

extension Int {
    fileprivate func cut(at limit: Int) -> Int { Swift.min(self, limit) }
}
