public import CivilTime
public import Retention

/// What one policy file says, every default filled in.
public struct Policy: Sendable {
    /// Where the file was found, as it was given.
    public var path: String
    /// The bucket's name.
    public var bucket: String
    /// Only keys that begin with it are looked at; empty for the whole bucket. A plain string.
    public var prefix: [UInt8]
    /// The bucket's region; nil leaves it to the environment.
    public var region: String?
    /// The store's address; nil leaves it to the environment.
    public var endpointURL: String?
    /// The IANA name of the zone whose civil time counts.
    public var timezone: String
    /// Periods of civil time in that zone, with the hour at which days start.
    public var calendar: CivilCalendar
    /// The first that takes a key decides; never empty.
    public var rules: [PolicyRule]
    /// Versions that are kept whatever the rules say.
    public var pins: [Pin]
    /// What happens to a key that no rule takes.
    public var unmatched: Unmatched
    /// What happens to a key of which only delete markers are left.
    public var orphans: Orphans
    /// What happens to uploads that were never completed.
    public var incompleteUploads: IncompleteUploads
    /// Days that may be thinned although they hold more versions than expected.
    public var released: [Release]
    /// How much a plan may delete.
    public var limits: Limits

    /// Where the file names the bucket.
    var bucketProblemSite: ProblemSite

    /// The index in `rules` of the rule that decides about a key; nil if none does.
    public func rule(forKey key: UnsafeBufferPointer<UInt8>) -> Int? {
        rules.firstIndex { $0.takes(key) }
    }

    /// The index in `rules` of the rule that decides about a key; nil if none does.
    public func rule(forKey key: [UInt8]) -> Int? {
        key.withUnsafeBufferPointer { rule(forKey: $0) }
    }

    /// The released days of a key, as ordinals of its calendar's days.
    public func releasedDays(ofKey key: [UInt8]) -> Set<Int> {
        Set(released.lazy.filter { $0.key == key }.map(\.day))
    }
}

/// A rule of a policy: which keys, and what is kept of each.
public struct PolicyRule: Sendable {
    /// A key that one of these matches is the rule's; never empty.
    public var match: [Glob]
    /// Unless one of these matches too: then the key goes on to the next rule.
    public var exclude: [Glob]
    /// What is kept; its name is the given one, else the first glob.
    public var rule: Rule

    /// Whether the rule decides about a key.
    public func takes(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
        match.contains { $0.matches(key) } && !exclude.contains { $0.matches(key) }
    }
}

/// A version that is kept whatever the rules say.
public struct Pin: Hashable, Sendable {
    /// The whole key.
    public var key: [UInt8]
    /// The version's id; `null` for a version from before versioning.
    public var versionID: String
    /// Why, for those who read the policy later.
    public var why: String?
}

/// A day on which more versions than expected were right.
public struct Release: Hashable, Sendable {
    /// The whole key.
    public var key: [UInt8]
    /// Days since 1970-01-01: the ordinal of the policy's calendar.
    public var day: Int
    /// Why, for those who read the policy later.
    public var why: String?
}

/// What happens to a key that no rule takes. It is never deleted.
public enum Unmatched: Hashable, Sendable {
    /// It is kept.
    case keep
    /// It is kept and reported.
    case error
}

/// What happens to uploads that were never completed.
public enum IncompleteUploads: Hashable, Sendable {
    /// They stay.
    case keep
    /// They are aborted when they are older than this.
    case abortAfter(CalendarDuration)
}

/// How much a plan may delete without being asked again; nil is no limit.
public struct Limits: Hashable, Sendable {
    /// The share of a rule's listed versions, markers included, looked at above 100 deletions.
    public var maxDelete: Ratio?
    /// The share of a key's versions beyond which the key is held.
    public var maxDeleteOfKey: Ratio?
    /// The number of versions of a whole run.
    public var maxDeleteVersions: Int?
    /// The bytes of a whole run.
    public var maxDeleteBytes: Int64?

    /// The default: no more than half of a rule's versions.
    public static let standard = Limits(maxDelete: Ratio(partsPerMillion: 500_000))
}

/// A line of a policy file that a later check may have to point at.
struct ProblemSite: Hashable, Sendable {
    var place: Place
    var sourceLine: String
}
