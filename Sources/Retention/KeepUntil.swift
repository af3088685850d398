import CivilTime

extension Decisions {
    /// Until when a kept version is sure to be kept, whatever is uploaded from now on.
    ///
    /// The latest start of the *n*-th period after its own over the rules whose slot it holds, and
    /// the end of its min-age if that is later. Only slots count that no later upload can take: that
    /// of the first version of a period, if it is large enough, and every slot of a period that is
    /// over. Dates after the year 9999 are no end.
    func keepUntil(_ index: Int) -> KeepUntil {
        let marks = marks[index]
        guard marks.isDisjoint(with: [.pinned, .keepAll]), !isKeptByLastWithoutEnd(marks) else {
            return .never
        }
        var until: Timestamp?
        for table in tables where marks.contains(Marks(slotOf: table.kind)) {
            guard isSettled(index, in: table) else { continue }
            guard table.limit != .max else { return .never }
            let after = period(table.kind, index) + min(table.limit, 2_000_000_000)
            let start = calendar.start(of: table.kind, after)
            until = max(until ?? start, start)
        }
        if !rule.minAge.isZero, marks.contains(.minAge) || until != nil {
            let end = rule.minAge.end(from: versions[index].modified, in: calendar.zone)
            until = max(until ?? end, end)
        }
        return until.map { $0 > .last ? .never : .at($0) } ?? .none
    }

    /// Whether no later upload can take a slot from the version that holds it.
    private func isSettled(_ index: Int, in table: SlotTable) -> Bool {
        let period = period(table.kind, index)
        if calendar.end(of: table.kind, period) <= now { return true }
        guard rule.pick != .last, let slot = table.slot(of: period), slot.isFit else {
            return false
        }
        return versions[order[slot.first]].modified == versions[index].modified
    }

    private func isKeptByLastWithoutEnd(_ marks: Marks) -> Bool {
        guard case .slots(let slots) = rule.keep else { return false }
        return slots.last == .all && marks.contains(.last)
    }
}
