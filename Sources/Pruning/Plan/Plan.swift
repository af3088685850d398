public import CivilTime
public import Retention

/// What a plan was made from.
public struct PlanHeader: Sendable {
    /// The bucket's name.
    public var bucket: String
    /// The plain prefix of the keys looked at, empty for the whole bucket.
    public var prefix: [UInt8]
    /// The endpoint's URL; `nil` for a plan from a saved listing without one.
    public var endpoint: String?
    /// The policy file as it was named.
    public var policy: String
    /// The lower-case hex SHA-256 of the policy file.
    public var policySHA256: String
    /// The instant that ages are counted from: the server's clock.
    public var now: Timestamp
    /// The IANA name of the policy's zone.
    public var timezone: String
    /// The calendar of the policy, for reports.
    public var calendar: CivilCalendar
    /// The names of the policy's rules, in their order.
    public var ruleNames: [String]
    /// Whether the listing was read from files.
    public var isOffline: Bool

    /// A header from its parts.
    public init(
        bucket: String, prefix: [UInt8], endpoint: String?, policy: String, policySHA256: String,
        now: Timestamp, timezone: String, calendar: CivilCalendar, ruleNames: [String],
        isOffline: Bool
    ) {
        self.bucket = bucket
        self.prefix = prefix
        self.endpoint = endpoint
        self.policy = policy
        self.policySHA256 = policySHA256
        self.now = now
        self.timezone = timezone
        self.calendar = calendar
        self.ruleNames = ruleNames
        self.isOffline = isOffline
    }
}

/// Something an operator should look at; a run with problems exits 6.
public struct Problem: Sendable, Equatable {
    /// The kinds of problems.
    public enum Code: String, Sendable {
        /// The newest version is much smaller than those before it.
        case shrunk
        /// No new version has come for too long.
        case silent
        /// A day holds more versions than expected.
        case crowd
        /// A version is dated after the page that listed it.
        case future
        /// No rule matches the key (`unmatched: error`).
        case unmatched
        /// The key's state makes no sense; nothing of it is deleted.
        case quarantine
        /// A limit of the policy is exceeded.
        case limit
        /// A pin names a version that is not in the listing.
        case pin
        /// The server's clock and the local one disagree.
        case clock
        /// Object Lock could not be asked for.
        case locks
    }

    /// The kind.
    public var code: Code
    /// The exact key, or `nil` where it is about the bucket.
    public var key: [UInt8]?
    /// What is the matter.
    public var message: String
    /// What to do about it.
    public var hint: String

    /// A problem of a key, or of the bucket where `key` is `nil`.
    public init(_ code: Code, key: [UInt8]?, message: String, hint: String) {
        self.code = code
        self.key = key
        self.message = message
        self.hint = hint
    }
}

/// The decisions on one key: the value that is printed and that deletion takes.
public struct KeyPlan {
    /// The versions in listing order.
    public let versions: KeyVersions
    /// The index of the policy's rule, or `nil` where none matches.
    public let rule: Int?
    /// The rule's name.
    public let ruleName: String?
    /// What the rule says; `nil` for a key that no rule matches.
    let decisions: Decisions?
    /// Whether a limit of the key holds what the rule would delete.
    let isLimited: Bool
    /// What to look at.
    public let problems: [Problem]

    /// The exact bytes of the key.
    public var key: [UInt8] { versions.key }

    /// What happens to the version at an index.
    public func action(at index: Int) -> Action {
        guard let decisions else { return .keep }
        let action = decisions.action(at: index)
        return isLimited && action == .delete ? .hold : action
    }

    /// What happens to the version at an index, with all its reasons.
    public func decision(at index: Int) -> Decision {
        guard let decisions else {
            return Decision(
                action: .keep, reasons: [Reason(.unmatched)], keepUntil: .never)
        }
        let decision = decisions[index]
        guard isLimited, decision.action == .delete else { return decision }
        return Decision(
            action: .hold, reasons: [Reason(.limit)], keepUntil: decision.keepUntil)
    }
}

/// Numbers of versions and bytes, by what happens to them.
public struct Totals: Sendable, Equatable {
    /// Keys with at least one version.
    public var keys = 0
    /// Listed versions, delete markers included.
    public var versions = 0
    /// Versions that a rule keeps.
    public var keep = 0
    /// Versions that expire.
    public var delete = 0
    /// Versions that a hold keeps.
    public var hold = 0
    /// Bytes of all versions.
    public var bytes: Int64 = 0
    /// Bytes of the versions that expire.
    public var bytesDeleted: Int64 = 0

    /// No keys yet.
    public init() {}

    mutating func add(_ other: Totals) {
        keys += other.keys
        versions += other.versions
        keep += other.keep
        delete += other.delete
        hold += other.hold
        bytes = bytes.addingSaturated(other.bytes)
        bytesDeleted = bytesDeleted.addingSaturated(other.bytesDeleted)
    }

    mutating func count(_ version: Version, as action: Action) {
        versions += 1
        bytes = bytes.addingSaturated(version.size)
        switch action {
        case .keep: keep += 1
        case .hold: hold += 1
        case .delete:
            delete += 1
            bytesDeleted = bytesDeleted.addingSaturated(version.size)
        }
    }
}

extension Int64 {
    func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// The end of a plan.
public struct PlanSummary: Sendable {
    /// All keys together.
    public var totals = Totals()
    /// The totals of each rule of the policy, in its order.
    public var rules: [Totals] = []
    /// The totals of the keys that no rule matches.
    public var unmatched = Totals()
    /// The number of problems by kind.
    public var problems = 0
    /// Why the plan is not applied without `--expect-deletes`, or `nil`.
    public var refused: String?
    /// The number that `--expect-deletes` has to name.
    public var expectation = 0
    /// Whether `--expect-deletes` names this plan's number of deletions.
    public var isExpected = false
}

/// Takes a plan as it is made: a report, a plan file, the deletions to carry out.
public protocol PlanSink: AnyObject {
    /// Called once, first.
    func begin(_ header: PlanHeader) throws
    /// Called for each key in key order; the value is valid during the call only.
    func add(_ key: KeyPlan) throws
    /// Called for each problem that belongs to no key, after the last key.
    func add(_ problem: Problem) throws
    /// Called once, last; never called where the listing failed.
    func end(_ summary: PlanSummary) throws
}
