// RFC 3339, section 5.6, strictly: capital `T` and `Z`, every field in its range, no leap second
// (S3 never writes one), one to nine digits of fraction, the years 0001 to 9999 in UTC.

extension Timestamp {
    /// Parses an RFC 3339 date and time such as `2026-09-01T00:00:00.123Z`; nil if it is not one.
    public init?(rfc3339 text: some StringProtocol) {
        var string = String(text)
        string.makeContiguousUTF8()
        self.init(rfc3339: string.utf8.span)
    }

    /// Parses an RFC 3339 date and time from bytes in place; nil if they are not exactly one.
    public init?(rfc3339 utf8: UnsafeBufferPointer<UInt8>) {
        self.init(rfc3339: unsafe utf8.span)
    }

    /// Parses an RFC 3339 date and time from bytes in place; nil if they are not exactly one.
    ///
    /// Reads fixed positions and allocates nothing: made for listings with millions of dates.
    public init?(rfc3339 utf8: Span<UInt8>) {
        let count = utf8.count
        guard count >= 20, count <= 35,
            utf8[4] == 0x2D, utf8[7] == 0x2D, utf8[10] == 0x54,  // - - T
            utf8[13] == 0x3A, utf8[16] == 0x3A  // : :
        else { return nil }
        let year = utf8.pair(at: 0) * 100 + utf8.pair(at: 2)
        let month = utf8.pair(at: 5)
        let day = utf8.pair(at: 8)
        let hour = utf8.pair(at: 11)
        let minute = utf8.pair(at: 14)
        let second = utf8.pair(at: 17)
        guard year <= 9999, hour < 24, minute < 60, second < 60,
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }

        var position = 19
        guard let nanoseconds = utf8.fraction(at: &position),
            let offset = utf8.offset(at: position)
        else { return nil }
        let time = hour * 3600 + minute * 60 + second
        let seconds = Int64(date.dayNumber * 86_400 + time - offset)
        guard seconds >= Timestamp.firstSecond, seconds <= Timestamp.last.seconds else {
            return nil
        }
        self.init(seconds: seconds, nanoseconds: nanoseconds)
    }

    /// The instant in UTC, such as `2026-09-01T00:00:00Z`; a fraction of 3, 6 or 9 digits follows
    /// the seconds only when it is not zero.
    public var rfc3339: String {
        let day = Int(seconds).dividedDown(by: 86_400)
        let time = Int(seconds) - day * 86_400
        var text = CivilDate(dayNumber: day).description
        text += "T" + padded(time / 3600, 2) + ":" + padded(time / 60 % 60, 2)
        text += ":" + padded(time % 60, 2)
        let fraction = Int(nanoseconds)
        if fraction != 0 {
            text += "."
            if fraction % 1_000_000 == 0 {
                text += padded(fraction / 1_000_000, 3)
            } else if fraction % 1000 == 0 {
                text += padded(fraction / 1000, 6)
            } else {
                text += padded(fraction, 9)
            }
        }
        return text + "Z"
    }

    /// 0001-01-01T00:00:00Z.
    private static let firstSecond: Int64 = -62_135_596_800
}

extension Span<UInt8> {
    /// The number that two digits at a position write; far out of every range if they are none.
    @inline(__always)
    fileprivate func pair(at position: Int) -> Int {
        let tens = self[position] &- 0x30
        let ones = self[position + 1] &- 0x30
        return tens < 10 && ones < 10 ? Int(tens) * 10 + Int(ones) : 1_000_000
    }

    /// The nanoseconds of an optional `.` and 1 to 9 digits; moves the position past them.
    @inline(__always)
    fileprivate func fraction(at position: inout Int) -> Int32? {
        guard self[position] == 0x2E else { return 0 }
        position += 1
        var value: Int32 = 0
        var digits = 0
        while position < count, self[position] &- 0x30 < 10 {
            guard digits < 9 else { return nil }
            value = value * 10 + Int32(self[position] &- 0x30)
            digits += 1
            position += 1
        }
        guard digits > 0 else { return nil }
        while digits < 9 {
            value *= 10
            digits += 1
        }
        return value
    }

    /// The seconds east of UTC that `Z` or `±hh:mm` up to the end of the bytes mean.
    @inline(__always)
    fileprivate func offset(at position: Int) -> Int? {
        guard position < count else { return nil }
        let sign = self[position]
        if sign == 0x5A { return position + 1 == count ? 0 : nil }
        guard sign == 0x2B || sign == 0x2D, position + 6 == count, self[position + 3] == 0x3A else {
            return nil
        }
        let hours = pair(at: position + 1)
        let minutes = pair(at: position + 4)
        guard hours < 24, minutes < 60 else { return nil }
        let offset = hours * 3600 + minutes * 60
        return sign == 0x2D ? -offset : offset
    }
}
