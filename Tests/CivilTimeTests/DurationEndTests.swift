import CivilTime
import PolicyFile
import Testing

@Suite struct DurationEndTests {
    /// A zone and a quarter of an hour near which its clocks change, or a month or year ends.
    static let places: [(String, String)] = [
        ("UTC", "2026-03-02T00:00:00Z"), ("UTC", "2024-02-29T12:00:00Z"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z"), ("Europe/Berlin", "2026-10-25T01:00:00Z"),
        ("America/New_York", "2026-11-01T06:00:00Z"), ("America/New_York", "2026-03-08T07:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z"), ("Pacific/Kiritimati", "2026-12-31T10:00:00Z"),
    ]

    static let durations = [
        CalendarDuration(hours: 26), CalendarDuration(days: 1), CalendarDuration(days: 2),
        CalendarDuration(weeks: 2, hours: 5), CalendarDuration(months: 1),
        CalendarDuration(months: 1, days: 3, minutes: 45), CalendarDuration(years: 1),
    ]

    @Test(
        "a duration ends at the first instant from which subtracting it leads to its start or later",
        arguments: places)
    func firstInstant(zoneName: String, around: String) throws {
        let place = try #require(zone(named: zoneName))
        let middle = try #require(Timestamp(rfc3339: around))
        let quarter: Int64 = 900
        for duration in Self.durations {
            for step in stride(from: -100, through: 100, by: 3) as StrideThrough<Int64> {
                let start = middle.advanced(bySeconds: step * quarter)
                let end = duration.end(from: start, in: place)
                // No duration here is worth less than its days less six, so the walk begins before.
                let days = duration.years * 365 + duration.months * 28 + duration.weeks * 7
                var walker = start.advanced(bySeconds: Int64((days + duration.days - 6) * 86_400))
                while duration.subtracted(from: walker, in: place) < start {
                    walker = walker.advanced(bySeconds: quarter)
                }
                #expect(end == walker, "\(start.rfc3339) \(duration)")
                if end != walker { return }
            }
        }
    }
}
