internal import CivilTime

/// A date in the two forms that SigV4 writes it.
struct SigningDate {
    /// `20260901`
    let day: String
    /// `20260901T030000Z`
    let instant: String

    init(_ date: Timestamp) {
        self.init(secondsSince1970: date.seconds)
    }

    /// Years 0 ... 9999; Gregorian days counted from 1 March 0000, so that a leap day ends a year.
    init(secondsSince1970 seconds: Int64) {
        let days = Int(seconds.flooredQuotient(by: 86400))
        let time = Int(seconds) - days * 86400
        let shifted = days + 719_468
        let era = Int64(shifted).flooredQuotient(by: 146_097)
        let dayOfEra = shifted - Int(era) * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * month + 2) / 5 + 1
        let year = yearOfEra + Int(era) * 400 + (month >= 10 ? 1 : 0)
        var text = [UInt8]()
        SigningDate.append(year, digits: 4, to: &text)
        SigningDate.append(month >= 10 ? month - 9 : month + 3, digits: 2, to: &text)
        SigningDate.append(dayOfMonth, digits: 2, to: &text)
        day = String(decoding: text, as: UTF8.self)
        text.append(UInt8(ascii: "T"))
        SigningDate.append(time / 3600, digits: 2, to: &text)
        SigningDate.append(time / 60 % 60, digits: 2, to: &text)
        SigningDate.append(time % 60, digits: 2, to: &text)
        text.append(UInt8(ascii: "Z"))
        instant = String(decoding: text, as: UTF8.self)
    }

    private static func append(_ number: Int, digits: Int, to text: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        for _ in 0..<digits {
            text.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}

extension Int64 {
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}
