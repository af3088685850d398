/// A date of the proleptic Gregorian calendar.
///
/// The integer arithmetic counts days in years that begin in March, so that the leap day is a
/// year's last day, and in eras of 400 years, after which the calendar repeats.
public struct CivilDate: Hashable, Sendable, CustomStringConvertible {
    /// The year; 1 is the first year of the common era, 0 the year before it.
    public let year: Int
    /// The month: 1 ... 12.
    public let month: Int
    /// The day of the month: 1 ... 31.
    public let day: Int

    /// A date in the years 1 to 9999; nil if there is no such day.
    public init?(year: Int, month: Int, day: Int) {
        guard year >= 1, year <= 9999, month >= 1, month <= 12, day >= 1,
            day <= CivilDate.length(ofMonth: month, year: year)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date so many days after 1970-01-01 (before it if negative).
    public init(dayNumber: Int) {
        let shifted = dayNumber + 719_468  // since 0000-03-01
        let era = shifted.dividedDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153  // 0 is March
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01; negative before.
    public var dayNumber: Int { CivilDate.dayNumber(year: year, month: month, day: day) }

    /// The ISO 8601 number of the weekday: 1 is Monday, 7 Sunday.
    public var weekday: Int { (dayNumber + 3).remainderDown(by: 7) + 1 }

    /// The date as ISO 8601 writes it, such as `2026-11-22`.
    public var description: String {
        padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
    }

    /// Days since 1970-01-01 of a day that may lie past the month's end: it runs into the next.
    static func dayNumber(year: Int, month: Int, day: Int) -> Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = marchYear.dividedDown(by: 400)
        let yearOfEra = marchYear - era * 400
        let marchMonth = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The number of days of a month (1 ... 12).
    static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int {
    /// The quotient rounded towards negative infinity; the divisor is positive.
    @inline(__always)
    func dividedDown(by divisor: Int) -> Int {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }

    /// What `dividedDown` leaves: 0 ..< divisor.
    @inline(__always)
    func remainderDown(by divisor: Int) -> Int { self - dividedDown(by: divisor) * divisor }
}

/// A number with leading zeros up to a width; a sign, if any, comes before them.
func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number.magnitude)
    return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count))
        + digits
}
