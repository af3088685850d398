/// Walks over instants and tells the periods they lie in.
///
/// Neighbours in a listing mostly share an offset and often a day, so the cursor keeps both and
/// works out again only what changed: a few nanoseconds an instant.
public struct PeriodCursor {
    private let zone: Zone
    private let dayStarts: Int
    private var stretch: Zone.Stretch

    /// The number of the hour of the wall clock.
    public private(set) var hour = 0
    /// The number of the day.
    public private(set) var day = Int.min
    /// The number of the ISO 8601 week.
    public private(set) var week = 0
    /// The number of the month.
    public private(set) var month = 0

    /// The number of the quarter.
    public var quarter: Int { month.dividedDown(by: 3) }
    /// The number of the year.
    public var year: Int { month.dividedDown(by: 12) }

    /// A cursor over the periods of a calendar; it stands nowhere before the first move.
    public init(_ calendar: CivilCalendar) {
        zone = calendar.zone
        dayStarts = calendar.dayStarts * 3600
        stretch = Zone.Stretch(from: 0, until: 0, offset: 0)
    }

    /// Moves to an instant.
    public mutating func move(to instant: Timestamp) {
        let seconds = instant.seconds
        if seconds < stretch.from || seconds >= stretch.until {
            stretch = zone.stretch(at: seconds)
        }
        let local = Int(seconds) + stretch.offset
        hour = local.dividedDown(by: 3600)
        let day = (local - dayStarts).dividedDown(by: 86_400)
        guard day != self.day else { return }
        self.day = day
        week = (day + 3).dividedDown(by: 7)
        let date = CivilDate(dayNumber: day)
        month = date.year * 12 + date.month - 1
    }

    /// The number of the period of a kind.
    public subscript(kind: PeriodKind) -> Int {
        switch kind {
        case .hour: hour
        case .day: day
        case .week: week
        case .month: month
        case .quarter: quarter
        case .year: year
        }
    }
}
