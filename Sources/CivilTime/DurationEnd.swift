extension CalendarDuration {
    /// The first instant at which the duration has passed since another: from which subtracting it
    /// leads to `start` or later.
    ///
    /// Where civil time jumps, or a month is shorter than the one after it, this is not what adding
    /// would give: one month has passed since 2 March on 30 March, for "30 February" is 2 March.
    public func end(from start: Timestamp, in zone: Zone) -> Timestamp {
        let target = start.advanced(bySeconds: Int64(secondCount))
        guard monthCount != 0 || dayCount != 0 else { return target }
        if monthCount == 0 {
            let end = target.advanced(bySeconds: Int64(dayCount * day))
            let around = zone.stretch(at: target.seconds - Int64(3 * day))
            if end.seconds + Int64(3 * day) < around.until { return end }
        }
        return candidates(for: target, in: zone)
            .filter { subtracted(from: $0, in: zone) >= start }.min() ?? .last
    }

    /// Instants among which is the first from which the calendar parts lead to a target or later.
    ///
    /// On one local date, subtracting shifts every instant alike, except where the offset changes
    /// on that date or on the one it leads to. So the first instant is one that leads exactly to
    /// the target, or one at which a date begins, or one at which such a change lies.
    private func candidates(for target: Timestamp, in zone: Zone) -> [Timestamp] {
        let local = Int(target.seconds) + zone.offset(at: target)
        let targetDate = local.dividedDown(by: day)
        let arrivals = zone.stretches(near: target.seconds, within: Int64(6 * day))
        var found: [Timestamp] = []
        for date in dates(leadingNear: targetDate) {
            let departures = zone.stretches(near: Int64(date * day), within: Int64(3 * day))
            // The first stretch of a zone begins at the beginning of time: no change lies there.
            found += departures.filter { $0.from > .min }.map { Timestamp(seconds: $0.from) }
            func add(timeOfDay: Int, nanoseconds: Int32 = 0) {
                guard timeOfDay >= 0, timeOfDay < day else { return }
                found += departures.map { departure in
                    let seconds = Int64(date * day + timeOfDay - departure.offset)
                    return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
                }
            }
            let midnight = self.date(before: date) * day
            add(timeOfDay: 0)
            for (index, arrival) in arrivals.enumerated() {
                let exact = Int(target.seconds) + arrival.offset - midnight
                add(timeOfDay: exact, nanoseconds: target.nanoseconds)
                guard index > 0 else { continue }
                let offset = max(arrivals[index - 1].offset, arrival.offset)
                add(timeOfDay: Int(arrival.from) + offset - midnight)
            }
        }
        return found
    }

    /// Every date from which the calendar parts lead near a date, as numbers of days.
    private func dates(leadingNear target: Int) -> ClosedRange<Int> {
        let date = CivilDate(dayNumber: target + dayCount)
        let month = date.year * 12 + date.month - 1 + monthCount
        let year = month.dividedDown(by: 12)
        let ahead = CivilDate.dayNumber(year: year, month: month - year * 12 + 1, day: date.day)
        let play = monthCount == 0 ? 2 : 8  // ends of months move a date by up to three days
        return (ahead - play)...(ahead + play)
    }
}

/// Seconds of a day.
private let day = 86_400
