import CivilTime

/// The holds that cover a key, or some days of it.
public struct Holds: Hashable, Sendable {
    /// Whether the newest real version is too small.
    public var shrunk = false
    /// Whether the newest real version is too old.
    public var silent = false
    /// The days that hold too many versions and are not released, newest first.
    public var crowdedDays: [Int] = []
    /// The median size that `shrink-limit` compares with, in bytes; nil without one.
    public var usualSize: Int64?
}

/// Why a key is quarantined.
public enum Quarantine: Hashable, Sendable {
    /// The listing marks no version as the current one.
    case noCurrentVersion
    /// The listing marks more than one version as the current one.
    case severalCurrentVersions
    /// A version or marker is dated before 14 March 2006 (UTC), when S3 began: the date is none.
    case datedBeforeS3

    /// The first moment of 14 March 2006 in UTC, the day on which Amazon opened S3.
    static let beginOfS3 = Timestamp(seconds: 1_142_294_400)
}

/// What happens to each version of a key, in listing order.
///
/// Holds four bytes a version and a table of slot holders; reasons are worked out when asked for.
public struct Decisions: Sendable {
    let versions: [Version]
    let order: Order
    let rule: Rule
    let calendar: CivilCalendar
    let now: Timestamp
    var marks: [Marks]
    var tables: [SlotTable]
    /// The holds that cover every version of the key.
    var holdsOfKey: Marks = []
    /// The index of the version that was current when the window of `within` began.
    var windowHolder: Int?

    /// The holds that are on.
    public internal(set) var holds = Holds()
    /// Why the key is quarantined; nil if it is not.
    public internal(set) var quarantine: Quarantine?

    /// The number of versions.
    public var count: Int { versions.count }

    /// Whether nothing of the key may be deleted because its listing cannot be right.
    public var isQuarantined: Bool { quarantine != nil }

    /// What happens to the version at an index of the listing.
    public func action(at index: Int) -> Action { marks[index].union(holdsOfKey).action }

    /// What happens to the version at an index of the listing, and why.
    public subscript(index: Int) -> Decision {
        let action = action(at: index)
        return Decision(
            action: action,
            reasons: action == .delete ? reasonsToDelete(index) : reasons(index, action),
            keepUntil: action == .keep ? keepUntil(index) : .none)
    }

    /// Everything that keeps a version, or, if nothing does, everything that holds it.
    private func reasons(_ index: Int, _ action: Action) -> [Reason] {
        let all = marks[index].union(holdsOfKey)
        let named = action == .keep ? all.intersection(.keeps) : all.subtracting(.keeps)
        return Marks.codes.indices.compactMap { bit in
            guard named.contains(Marks(rawValue: 1 << UInt32(bit))) else { return nil }
            let code = Marks.codes[bit]
            return Reason(code, period: code.periodKind.map { period($0, index) })
        }
    }

    /// For each rule who holds the slot instead of a real version, or that the rule is full.
    private func reasonsToDelete(_ index: Int) -> [Reason] {
        guard !versions[index].isMarker, case .slots(let slots) = rule.keep else { return [] }
        var reasons: [Reason] = []
        if case .limited(let number) = slots.last { reasons.append(Reason(.last, full: number)) }
        if slots.within != nil { reasons.append(Reason(.within, holder: windowHolder)) }
        for table in tables {
            let period = period(table.kind, index)
            var reason = Reason(ReasonCode(table.kind), period: period)
            if let slot = table.slot(of: period) {
                reason.holder = order[rule.pick == .last ? slot.last : slot.first]
            } else {
                reason.full = table.limit
            }
            reasons.append(reason)
        }
        return reasons
    }

    func period(_ kind: PeriodKind, _ index: Int) -> Int {
        calendar.period(kind, of: versions[index].modified)
    }
}
