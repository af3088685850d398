public import CivilTime

/// What is to happen to a version.
public enum Action: Hashable, Sendable {
    /// A rule keeps it.
    case keep
    /// Every rule lets it go.
    case delete
    /// Every rule lets it go, but a hold stops that for now.
    case hold
}

/// The names under which a plan gives its reasons.
public enum ReasonCode: String, CaseIterable, Hashable, Sendable {
    /// It is the current version.
    case current
    /// It is among the newest real versions.
    case minVersions = "min-versions"
    /// It is too young.
    case minAge = "min-age"
    /// It is among the newest versions of the rule.
    case last
    /// It was current at some moment of the window.
    case within
    /// The slot of an hour.
    case hourly
    /// The slot of a day.
    case daily
    /// The slot of an ISO 8601 week.
    case weekly
    /// The slot of a month.
    case monthly
    /// The slot of a quarter.
    case quarterly
    /// The slot of a year.
    case yearly
    /// It is the oldest real version, and a rule is not full.
    case oldest
    /// It is dated in the future.
    case future
    /// Object Lock retention protects it.
    case locked
    /// A legal hold protects it.
    case legalHold = "legal-hold"
    /// The policy pins it.
    case pinned
    /// No rule matches the key. Given by the caller, never by `decide`.
    case unmatched
    /// The rule keeps everything.
    case keepAll = "keep-all"
    /// A delete marker that hides an older version, or one of a key that has nothing else.
    case marker
    /// A hold: its day has too many versions.
    case crowd
    /// A hold: the newest version is too small.
    case shrunk
    /// A hold: no new version arrives.
    case silent
    /// A hold: too much of the key would go. Given by the caller, never by `decide`.
    case limit
    /// A hold: the key does not have exactly one current version.
    case quarantine

    /// The kind of the period that a reason with this code bears; nil if it bears none.
    public var periodKind: PeriodKind? {
        switch self {
        case .hourly: .hour
        case .daily, .crowd: .day
        case .weekly: .week
        case .monthly: .month
        case .quarterly: .quarter
        case .yearly: .year
        default: nil
        }
    }

    /// The code of the rule that keeps periods of a kind.
    public init(_ kind: PeriodKind) {
        switch kind {
        case .hour: self = .hourly
        case .day: self = .daily
        case .week: self = .weekly
        case .month: self = .monthly
        case .quarter: self = .quarterly
        case .year: self = .yearly
        }
    }
}

/// One reason for what happens to a version.
public struct Reason: Hashable, Sendable {
    /// The rule or hold.
    public var code: ReasonCode
    /// The number of the version's period, for the code's kind of period.
    public var period: Int?
    /// Of a version to be deleted: the index of the version that holds the slot instead.
    public var holder: Int?
    /// Of a version to be deleted: how many newer ones the rule is full with.
    public var full: Int?

    /// A reason.
    public init(_ code: ReasonCode, period: Int? = nil, holder: Int? = nil, full: Int? = nil) {
        self.code = code
        self.period = period
        self.holder = holder
        self.full = full
    }
}

/// Until when a version is sure to be kept.
public enum KeepUntil: Hashable, Sendable {
    /// No date: nothing dated keeps it.
    case none
    /// There is no end.
    case never
    /// It is not deleted before this instant.
    case at(Timestamp)
}

/// What happens to a version, and why.
public struct Decision: Hashable, Sendable {
    /// What is to happen.
    public var action: Action
    /// Every rule that keeps it, every hold that stops its deletion, or who has its slots instead.
    public var reasons: [Reason]
    /// Until when it is sure to be kept.
    public var keepUntil: KeepUntil

    /// A decision.
    public init(action: Action, reasons: [Reason], keepUntil: KeepUntil) {
        self.action = action
        self.reasons = reasons
        self.keepUntil = keepUntil
    }
}
