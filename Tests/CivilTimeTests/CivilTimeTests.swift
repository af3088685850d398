import CivilTime
import Foundation
import PolicyFile
import Testing

@Suite struct TimestampTests {
    @Test(
        "what RFC 3339 and S3 write is read exactly",
        arguments: [
            ("2026-09-01T00:00:00Z", 1_788_220_800, 0),
            ("2026-09-01T00:00:00.123Z", 1_788_220_800, 123_000_000),
            ("2026-09-01T02:00:00+02:00", 1_788_220_800, 0),
            ("2026-09-01T00:00:00.000000001Z", 1_788_220_800, 1), ("1970-01-01T00:00:00Z", 0, 0),
            ("1969-12-31T23:59:59.5Z", -1, 500_000_000), ("2024-02-29T12:00:00Z", 1_709_208_000, 0),
        ])
    func reads(text: String, seconds: Int64, nanoseconds: Int32) {
        #expect(Timestamp(rfc3339: text) == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(
        "what is no instant is refused",
        arguments: [
            "", "2026-09-01", "2026-09-01T25:00:00Z", "2026-02-30T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-09-01T00:00:60Z", "2026-09-01 00:00:00Z", "2026-09-01T00:00:00",
            "0000-01-01T00:00:00Z",
            "2026-09-01T00:00:00.Z", "2026-09-01T00:00:00.1234567890Z", "2026-13-01T00:00:00Z",
            "2026-09-01T00:00:00Z ", "2026-09-01T24:00:00Z", "٢٠٢٦-09-01T00:00:00Z",
        ])
    func refuses(text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test("a Date header is read")
    func httpDate() {
        #expect(
            Timestamp(httpDate: "Tue, 01 Sep 2026 00:00:00 GMT")
                == Timestamp(seconds: 1_788_220_800))
        #expect(Timestamp(httpDate: "yesterday") == nil)
    }
}

@Suite struct CivilCalendarTests {
    static let berlin = zone(named: "Europe/Berlin")!

    private func at(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

    @Test(
        "periods bear the date on which they start",
        arguments: [
            ("2026-11-22T02:30:00Z", PeriodKind.hour, "2026-11-22T03"),
            ("2026-11-22T23:30:00Z", .day, "2026-11-23"),
            ("2026-01-01T12:00:00Z", .week, "2026-W01"),
            ("2025-12-29T12:00:00Z", .week, "2026-W01"),
            ("2020-12-31T12:00:00Z", .week, "2020-W53"),
            ("2026-11-22T12:00:00Z", .month, "2026-11"),
            ("2026-11-22T12:00:00Z", .quarter, "2026-Q4"),
            ("2026-12-31T23:30:00Z", .year, "2027"),
        ])
    func names(instant: String, kind: PeriodKind, name: String) {
        let calendar = CivilCalendar(zone: Self.berlin)
        #expect(calendar.name(of: kind, calendar.period(kind, of: at(instant))) == name)
    }

    @Test("the two hours of a night when clocks go back are one hour")
    func foldedHour() {
        let calendar = CivilCalendar(zone: Self.berlin)
        #expect(
            calendar.period(.hour, of: at("2026-10-25T00:30:00Z"))
                == calendar.period(.hour, of: at("2026-10-25T01:30:00Z")))
    }

    @Test("a day that starts at noon bears the date of its first noon")
    func dayStarts() {
        let calendar = CivilCalendar(zone: .utc, dayStarts: 12)
        let period = calendar.period(.day, of: at("2026-06-29T00:05:00Z"))
        #expect(calendar.name(of: .day, period) == "2026-06-28")
        #expect(calendar.start(of: .day, period) == at("2026-06-28T12:00:00Z"))
    }

    @Test("fourteen days after a slot in Berlin is midnight in Berlin")
    func keepUntilExample() {
        let calendar = CivilCalendar(zone: Self.berlin)
        let slot = calendar.period(.day, of: at("2026-11-22T02:00:00Z"))
        #expect(calendar.start(of: .day, slot + 14) == at("2026-12-05T23:00:00Z"))
    }

    @Test(
        "durations are civil: months run over, days keep the wall clock, hours are absolute",
        arguments: [
            ("2026-03-31T10:00:00Z", CalendarDuration(months: 1), "2026-03-03T11:00:00Z"),
            ("2024-02-29T10:00:00Z", CalendarDuration(years: 1), "2023-03-01T10:00:00Z"),
            ("2026-10-26T10:00:00Z", CalendarDuration(days: 1), "2026-10-25T10:00:00Z"),
            ("2026-10-25T10:00:00Z", CalendarDuration(days: 1), "2026-10-24T09:00:00Z"),
            ("2026-10-25T10:00:00Z", CalendarDuration(hours: 24), "2026-10-24T10:00:00Z"),
            // 02:30 on 25 October occurs twice: the first. On 29 March it does not exist.
            ("2026-10-26T01:30:00Z", CalendarDuration(days: 1), "2026-10-25T00:30:00Z"),
            ("2026-03-30T00:30:00Z", CalendarDuration(days: 1), "2026-03-29T01:30:00Z"),
        ])
    func durations(from: String, duration: CalendarDuration, to: String) {
        #expect(duration.subtracted(from: at(from), in: Self.berlin) == at(to))
    }

    @Test(
        "days, weeks and months are those of Foundation",
        arguments: [
            "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
            "Pacific/Kiritimati", "Africa/Casablanca", "Asia/Kolkata", "America/Sao_Paulo",
        ])
    func foundation(name: String) throws {
        var reference = Calendar(identifier: .iso8601)
        reference.timeZone = try #require(TimeZone(identifier: name))
        let calendar = CivilCalendar(zone: try #require(zone(named: name)))
        var seconds: Int64 = 946_684_800
        while seconds < 2_000_000_000 {
            let date = Date(timeIntervalSince1970: Double(seconds))
            let instant = Timestamp(seconds: seconds)
            let parts = reference.dateComponents(
                [.year, .month, .day, .hour, .weekOfYear, .yearForWeekOfYear], from: date)
            func two(_ value: Int?) -> String { (value! < 10 ? "0" : "") + "\(value!)" }
            let day = "\(parts.year!)-\(two(parts.month))-\(two(parts.day))"
            let expected = [
                day + "T" + two(parts.hour), day,
                "\(parts.yearForWeekOfYear!)-W\(two(parts.weekOfYear))",
                "\(parts.year!)-\(two(parts.month))",
            ]
            let found = [PeriodKind.hour, .day, .week, .month].map {
                calendar.name(of: $0, calendar.period($0, of: instant))
            }
            #expect(found == expected, "\(seconds)")
            if found != expected { return }
            seconds += 1_234_567
        }
    }
}
