/// A time zone: the offsets of its civil time from UTC and the instants at which they change.
///
/// The table is given as data. Before its first change the initial offset is in force, after the
/// last one that of the last change.
public struct Zone: Hashable, Sendable {
    /// A change of the offset from UTC.
    public struct Transition: Hashable, Sendable {
        /// Seconds since 1970-01-01T00:00:00Z of the first instant with the new offset.
        public var at: Int64
        /// Seconds east of UTC from then on.
        public var offset: Int

        /// A change to `offset` seconds east of UTC at `at` seconds since 1970.
        public init(at: Int64, offset: Int) {
            self.at = at
            self.offset = offset
        }
    }

    /// The zone's IANA name.
    public let identifier: String
    let initialOffset: Int
    let transitions: [Transition]

    /// Coordinated Universal Time.
    public static let utc = Zone(identifier: "UTC", initialOffset: 0, transitions: [])

    /// A zone from its table; transitions are in ascending order of time, offsets less than 36 hours.
    public init(identifier: String, initialOffset: Int, transitions: [Transition]) {
        precondition(
            zip(transitions, transitions.dropFirst()).allSatisfy { $0.at < $1.at },
            "transitions out of order")
        precondition(
            abs(initialOffset) < Zone.reach
                && transitions.allSatisfy { abs($0.offset) < Zone.reach },
            "an offset of 36 hours or more")
        self.identifier = identifier
        self.initialOffset = initialOffset
        self.transitions = transitions
    }

    /// Seconds by which civil time is ahead of UTC at an instant.
    public func offset(at instant: Timestamp) -> Int {
        stretch(at: instant.seconds).offset
    }

    /// The instant of a wall-clock time, given as seconds that the clock shows since 1970-01-01.
    ///
    /// A time that occurs twice means the first; one that the clock skips is read with the offset in
    /// force before the change.
    public func instant(ofLocal local: Int64, nanoseconds: Int32 = 0) -> Timestamp {
        let seconds =
            switch reading(ofLocal: local) {
            case .occurs(let first, _): first
            case .skipped(let before, _): before
            }
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }

    /// More seconds than any offset has.
    static let reach = 36 * 3600
}

extension Zone {
    /// Instants with one and the same offset: `from` up to, not including, `until`.
    struct Stretch {
        var from: Int64
        var until: Int64
        var offset: Int
    }

    /// What a wall-clock time means.
    enum Reading {
        /// The first and the last instant that show it; mostly the same one.
        case occurs(first: Int64, last: Int64)
        /// No instant shows it: what it is with the offset before, and when the clock skips it.
        case skipped(before: Int64, at: Int64)
    }

    /// The stretch that an instant lies in.
    func stretch(at seconds: Int64) -> Stretch { stretch(number(at: seconds)) }

    /// The stretch before the first transition is number 0.
    private func stretch(_ number: Int) -> Stretch {
        Stretch(
            from: number == 0 ? .min : transitions[number - 1].at,
            until: number == transitions.count ? .max : transitions[number].at,
            offset: number == 0 ? initialOffset : transitions[number - 1].offset)
    }

    /// How many transitions an instant has behind it.
    private func number(at seconds: Int64) -> Int {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// What a wall-clock time means in the zone.
    ///
    /// Walks the few stretches near it. Civil time that goes on without end either shows a time or
    /// jumps over it, so that one of the two is always found.
    func reading(ofLocal local: Int64) -> Reading {
        var index = number(at: local - Int64(Zone.reach))
        var stretch = stretch(index)
        var first: Int64?
        var last: Int64 = 0
        var skipped = Reading.skipped(before: local, at: local)
        while true {
            let instant = local - Int64(stretch.offset)
            if instant >= stretch.from, instant < stretch.until {
                first = first ?? instant
                last = instant
            }
            guard stretch.until <= local + Int64(Zone.reach) else { break }
            index += 1
            let next = self.stretch(index)
            if instant >= stretch.until, local - Int64(next.offset) < next.from {
                skipped = .skipped(before: instant, at: next.from)
            }
            stretch = next
        }
        return first.map { .occurs(first: $0, last: last) } ?? skipped
    }

    /// The stretches that instants within a distance of another lie in.
    func stretches(near seconds: Int64, within distance: Int64) -> [Stretch] {
        (number(at: seconds - distance)...number(at: seconds + distance)).map(stretch)
    }
}
