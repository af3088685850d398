import CivilTime
import Retention

/// A key that is pruned time and again: what is left of it, and what it was uploaded as.
struct PrunedKey {
    /// A version, with the number of its upload.
    struct Held {
        var version: Version
        var number: Int
    }

    var rule: Rule
    var calendar: CivilCalendar
    var released: Set<Int> = []
    /// Whether the version that was uploaded last is the current one, or that of the newest date.
    var currentIsLastArrived = false
    private(set) var held: [Held] = []

    /// Adds a version as upload `number`.
    mutating func add(_ version: Version, number: Int) {
        held.append(Held(version: version, number: number))
    }

    /// The decisions at a moment, over the versions in the order of their dates; of a tie the one
    /// that was uploaded last is listed first.
    mutating func decisions(at now: Timestamp) -> Decisions {
        held.sort {
            $0.version.modified != $1.version.modified
                ? $0.version.modified > $1.version.modified : $0.number > $1.number
        }
        let current =
            currentIsLastArrived ? held.indices.max { held[$0].number < held[$1].number } : 0
        for index in held.indices { held[index].version.isLatest = index == current }
        return decide(
            held.map(\.version), rule: rule, calendar: calendar, now: now, releasedDays: released)
    }

    /// Deletes what the rule lets go at a moment.
    mutating func prune(at now: Timestamp) {
        let decisions = decisions(at: now)
        held = held.indices.filter { decisions.action(at: $0) != .delete }.map { held[$0] }
    }

    /// The numbers of the uploads that are left.
    var numbers: Set<Int> { Set(held.map(\.number)) }

    /// The numbers of those that hold a slot of a period, for each kind, at a moment.
    mutating func holders(at now: Timestamp) -> [ReasonCode: Set<Int>] {
        let decisions = decisions(at: now)
        var holders: [ReasonCode: Set<Int>] = [:]
        for index in held.indices where decisions.action(at: index) == .keep {
            for reason in decisions[index].reasons where reason.code.periodKind != nil {
                holders[reason.code, default: []].insert(held[index].number)
            }
        }
        return holders
    }
}
