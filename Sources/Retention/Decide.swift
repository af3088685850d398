public import CivilTime

/// Decides what happens to each version of one key.
///
/// - Parameters:
///   - versions: The versions of the key in listing order, all of them.
///   - rule: The rule that matches the key.
///   - calendar: The civil time of the policy.
///   - now: The moment for which to decide.
///   - releasedDays: The days of the key that the policy releases from the hold *crowd*.
///   - orphans: What happens to a key of which only delete markers are left.
/// - Returns: One decision a version.
///
/// The lines of the rule are numbered in the comments as in the reference. A version is deleted
/// only if every line lets it go. Takes time proportional to the number of versions if they come
/// newest first, as S3 lists them.
public func decide(
    _ versions: [Version], rule: Rule, calendar: CivilCalendar, now: Timestamp,
    releasedDays: Set<Int> = [], orphans: Orphans = .keep
) -> Decisions {
    var decisions = Decisions(
        versions: versions, order: Order(versions), rule: rule, calendar: calendar, now: now)
    let census = decisions.markByVersion()
    decisions.markNewestIfAllAreInTheFuture(census)
    decisions.markSlotHolders(census)
    decisions.hold(census, releasedDays: releasedDays)
    decisions.markDeleteMarkers(census, orphans: orphans)
    return decisions
}

/// What one walk over the versions of a key finds out. Positions count from the newest version.
struct Census {
    /// Versions that the listing calls current.
    var current = 0
    /// Real versions, and those of them that are not dated in the future.
    var real = 0
    var past = 0
    /// The newest and the oldest real version that is not dated in the future.
    var newestPast: Int?
    var oldestPast: Int?
    /// Whether a delete marker is young, dated in the future, locked or pinned.
    var hasProtectedMarker = false
    /// How many real versions not dated in the future each day holds; only if someone asks.
    var perDay: [Int: Int] = [:]
    /// The sizes of up to 8 newest other real versions that are old enough to compare with.
    var sizes: [Int64] = []
}

extension Decisions {
    init(
        versions: [Version], order: Order, rule: Rule, calendar: CivilCalendar, now: Timestamp
    ) {
        self.versions = versions
        self.order = order
        self.rule = rule
        self.calendar = calendar
        self.now = now
        marks = Array(repeating: [], count: versions.count)
        tables = []
        guard case .slots(let slots) = rule.keep else { return }
        for kind in PeriodKind.allCases {
            if let count = slots[kind] { tables.append(SlotTable(kind: kind, count: count)) }
        }
    }

    /// Lines 1 to 5, 7 and 8, which look at a version and how many are newer; fills the tables.
    fileprivate mutating func markByVersion() -> Census {
        var census = Census()
        var cursor = PeriodCursor(calendar)
        let limits = Limits(rule: rule, calendar: calendar, now: now)
        for position in versions.indices {
            let index = order[position]
            let version = versions[index]
            var mark = limits.marks(of: version)
            if version.isLatest { census.current += 1 }
            if version.isMarker {
                census.hasProtectedMarker =
                    census.hasProtectedMarker || !mark.isDisjoint(with: Limits.protecting)
            } else {
                census.real += 1
                if let start = limits.windowStart {
                    if version.modified > start {
                        mark.insert(.within)
                    } else if windowHolder == nil {
                        mark.insert(.within)
                        windowHolder = index
                    }
                }
                if version.modified <= now {
                    if census.past < limits.minVersions { mark.insert(.minVersions) }
                    if census.past < limits.last { mark.insert(.last) }
                    enter(version, position, limits, &cursor, &census)
                }
            }
            marks[index] = mark
        }
        return census
    }

    /// Counts a real version that is not dated in the future, and enters it in the tables.
    private mutating func enter(
        _ version: Version, _ position: Int, _ limits: Limits, _ cursor: inout PeriodCursor,
        _ census: inout Census
    ) {
        if census.past == 0 {
            census.newestPast = position
        } else if limits.comparesSizes, census.sizes.count < 8, version.modified <= limits.young {
            census.sizes.append(version.size)
        }
        census.past += 1
        census.oldestPast = position
        cursor.move(to: version.modified)
        let fits = version.size >= rule.health.minSize
        for index in tables.indices {
            tables[index].enter(
                position: UInt32(truncatingIfNeeded: position),
                period: cursor[tables[index].kind], fits: fits)
        }
        if limits.countsDays { census.perDay[cursor.day, default: 0] += 1 }
    }

    /// Line 2: if all real versions are dated in the future, the newest of those are kept.
    fileprivate mutating func markNewestIfAllAreInTheFuture(_ census: Census) {
        guard census.past == 0, census.real > 0 else { return }
        var left = max(1, rule.minVersions)
        for position in versions.indices where left > 0 {
            let index = order[position]
            guard !versions[index].isMarker else { continue }
            marks[index].insert(.minVersions)
            left -= 1
        }
    }

    /// Line 6: the holders of the slots, those of the same instant, and the oldest version.
    fileprivate mutating func markSlotHolders(_ census: Census) {
        for table in tables {
            let mark = Marks(slotOf: table.kind)
            for slot in table.slots {
                if rule.pick != .last { share(mark, with: slot.first) }
                if rule.pick != .first { share(mark, with: slot.last) }
            }
        }
        let isGrowing = tables.contains { !$0.isFull }
        if rule.keepOldest, isGrowing, let oldest = census.oldestPast {
            marks[order[oldest]].insert(.oldest)
        }
    }

    /// Marks a real version and all that were stored at the same instant.
    private mutating func share(_ mark: Marks, with position: Int) {
        let instant = versions[order[position]].modified
        for step in [-1, 1] {
            var next = step < 0 ? position : position + 1
            while versions.indices.contains(next), versions[order[next]].modified == instant {
                if !versions[order[next]].isMarker { marks[order[next]].insert(mark) }
                next += step
            }
        }
    }

    /// Line 10: which delete markers stay.
    fileprivate mutating func markDeleteMarkers(_ census: Census, orphans: Orphans) {
        guard census.real > 0 else {
            let areRemoved =
                orphans == .remove && !census.hasProtectedMarker && !isQuarantined
                && rule.keep != .all
            for index in marks.indices {
                if areRemoved { marks[index] = [] } else { marks[index].insert(.marker) }
            }
            return
        }
        var hidesVersion = false
        for position in versions.indices.reversed() {
            let index = order[position]
            if !versions[index].isMarker {
                hidesVersion = hidesVersion || action(at: index) != .delete
            } else if hidesVersion, !versions[index].isLatest {
                marks[index].insert(.marker)
            }
        }
    }
}
