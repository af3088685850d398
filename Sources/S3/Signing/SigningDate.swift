internal import CivilTime

/// A date in the two forms that SigV4 writes it.
struct SigningDate {
    /// `20260901`
    let day: String
    /// `20260901T030000Z`
    let instant: String

    /// A date of the years 1 to 9999; fractions of a second are cut off.
    init(_ date: Timestamp) {
        let days = date.seconds / 86400 - (date.seconds % 86400 < 0 ? 1 : 0)
        let time = Int(date.seconds - days * 86400)
        let civil = CivilDate(dayNumber: Int(days))
        var text = [UInt8]()
        SigningDate.append(civil.year, digits: 4, to: &text)
        SigningDate.append(civil.month, digits: 2, to: &text)
        SigningDate.append(civil.day, digits: 2, to: &text)
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
