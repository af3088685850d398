import CivilTime

/// The newest periods of one kind that hold a version, and who holds their slots.
///
/// Versions are entered by their position, newest first.
struct SlotTable {
    /// A period that holds at least one version.
    struct Slot {
        var period: Int
        /// The newest and the oldest version of the period.
        var newest: UInt32
        var oldest: UInt32
        /// The newest and the oldest that are large enough; `nobody` if none is.
        var newestFit: UInt32
        var oldestFit: UInt32

        /// Whether a version of the period is large enough to hold a slot.
        var isFit: Bool { oldestFit != SlotTable.nobody }
        /// The position of the version that holds the slot as the first of the period.
        var first: Int { Int(isFit ? oldestFit : oldest) }
        /// The position of the version that holds the slot as the last of the period.
        var last: Int { Int(isFit ? newestFit : newest) }
    }

    let kind: PeriodKind
    let limit: Int
    /// Newest period first.
    private(set) var slots: [Slot] = []

    static let nobody = UInt32.max

    init(kind: PeriodKind, count: Count) {
        self.kind = kind
        limit =
            switch count {
            case .limited(let number): max(1, number)
            case .all: .max
            }
    }

    /// Whether as many periods hold a version as the rule asks for.
    var isFull: Bool { slots.count >= limit }

    /// Enters the next version: older than all before it, or tied with the last.
    @inline(__always)
    mutating func enter(position: UInt32, period: Int, fits: Bool) {
        guard let oldest = slots.last, period >= oldest.period else {
            if !isFull { append(position, period, fits) }
            return
        }
        if oldest.period == period {
            slots[slots.count - 1].add(position, fits)
        } else {
            enterOutOfOrder(position, period, fits)
        }
    }

    /// Where clocks go back over the border of two periods, time comes back to the later one: the
    /// period is among those known, or has to be put between them. What falls out at the end then
    /// never comes back, for the newest periods only ever get newer.
    private mutating func enterOutOfOrder(_ position: UInt32, _ period: Int, _ fits: Bool) {
        let index = index(of: period)
        if slots[index].period == period {
            slots[index].add(position, fits)
        } else {
            slots.insert(Slot(position, period, fits), at: index)
            if slots.count > limit { slots.removeLast() }
        }
    }

    private mutating func append(_ position: UInt32, _ period: Int, _ fits: Bool) {
        slots.append(Slot(position, period, fits))
    }

    /// The slot of a period; nil if the period is not among the newest.
    func slot(of period: Int) -> Slot? {
        let index = index(of: period)
        return index < slots.count && slots[index].period == period ? slots[index] : nil
    }

    /// The index of the first slot whose period is not newer than the given one.
    private func index(of period: Int) -> Int {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].period > period { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension SlotTable.Slot {
    fileprivate init(_ position: UInt32, _ period: Int, _ fits: Bool) {
        self.period = period
        newest = position
        oldest = position
        newestFit = fits ? position : SlotTable.nobody
        oldestFit = newestFit
    }

    @inline(__always)
    fileprivate mutating func add(_ position: UInt32, _ fits: Bool) {
        oldest = position
        guard fits else { return }
        if !isFit { newestFit = position }
        oldestFit = position
    }
}
