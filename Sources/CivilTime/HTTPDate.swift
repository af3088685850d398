extension Timestamp {
    /// Parses the date of an HTTP header such as `Sun, 06 Nov 1994 08:49:37 GMT`; nil if the text is
    /// not exactly that.
    ///
    /// Only IMF-fixdate (RFC 9110, section 5.6.7), which is the only form that servers may send. A
    /// weekday that does not belong to the date is refused.
    public init?(httpDate text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 29 else { return nil }
        func word(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        func number(_ range: Range<Int>) -> Int? {
            guard bytes[range].allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
            return Int(word(range))
        }
        guard let weekday = Self.weekdays.firstIndex(of: word(0..<3)),
            let month = Self.months.firstIndex(of: word(8..<11)),
            let day = number(5..<7), let year = number(12..<16),
            let hour = number(17..<19), let minute = number(20..<22), let second = number(23..<25),
            hour < 24, minute < 60, second < 60,
            word(3..<5) == ", ", bytes[7] == 0x20, bytes[11] == 0x20, bytes[16] == 0x20,
            bytes[19] == 0x3A, bytes[22] == 0x3A, word(25..<29) == " GMT",
            let date = CivilDate(year: year, month: month + 1, day: day),
            date.weekday == weekday + 1
        else { return nil }
        let time = hour * 3600 + minute * 60 + second
        self.init(seconds: Int64(date.dayNumber * 86_400 + time))
    }

    private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
