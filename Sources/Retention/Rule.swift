public import CivilTime

/// Which version of a period holds its slot.
public enum Pick: Hashable, Sendable {
    /// The oldest: no later upload takes the slot away.
    case first
    /// The newest.
    case last
    /// The oldest and the newest.
    case both
}

/// How many versions or periods a rule keeps.
public enum Count: Hashable, Sendable {
    /// The newest so many: at least 1.
    case limited(Int)
    /// All of them.
    case all
}

/// What a rule keeps, by number, by age and by period; nil is not asked for.
public struct Slots: Hashable, Sendable {
    /// The newest versions.
    public var last: Count?
    /// Everything that was current at some moment of this window up to now.
    public var within: CalendarDuration?
    /// Hours that hold a version.
    public var hourly: Count?
    /// Days that hold a version.
    public var daily: Count?
    /// ISO 8601 weeks that hold a version.
    public var weekly: Count?
    /// Months that hold a version.
    public var monthly: Count?
    /// Quarters that hold a version.
    public var quarterly: Count?
    /// Years that hold a version.
    public var yearly: Count?

    /// Slots with these counts.
    public init(
        last: Count? = nil, within: CalendarDuration? = nil, hourly: Count? = nil,
        daily: Count? = nil, weekly: Count? = nil, monthly: Count? = nil,
        quarterly: Count? = nil, yearly: Count? = nil
    ) {
        self.last = last
        self.within = within
        self.hourly = hourly
        self.daily = daily
        self.weekly = weekly
        self.monthly = monthly
        self.quarterly = quarterly
        self.yearly = yearly
    }

    /// How many periods of a kind keep a version.
    public subscript(kind: PeriodKind) -> Count? {
        get {
            switch kind {
            case .hour: hourly
            case .day: daily
            case .week: weekly
            case .month: monthly
            case .quarter: quarterly
            case .year: yearly
            }
        }
        set {
            switch kind {
            case .hour: hourly = newValue
            case .day: daily = newValue
            case .week: weekly = newValue
            case .month: monthly = newValue
            case .quarter: quarterly = newValue
            case .year: yearly = newValue
            }
        }
    }
}

/// What a policy keeps of a key.
public enum Keep: Hashable, Sendable {
    /// Every version.
    case all
    /// The versions that hold a slot.
    case slots(Slots)
}

/// A share, exact to a millionth.
public struct Ratio: Hashable, Sendable {
    /// Millionths: 500,000 is a half, 1,000,000 the whole.
    public var partsPerMillion: Int

    /// A share of so many millionths (0 or more).
    public init(partsPerMillion: Int) {
        self.partsPerMillion = partsPerMillion
    }

    /// Whether a number is strictly smaller than this share of another; exact, neither is negative.
    public func isAbove(_ part: Int64, of whole: Int64) -> Bool {
        let left = part.multipliedFullWidth(by: 1_000_000)
        let right = whole.multipliedFullWidth(by: Int64(partsPerMillion))
        return (left.high, left.low) < (right.high, right.low)
    }
}

/// What the backups of a key should look like; each condition is off unless it is named.
public struct Health: Hashable, Sendable {
    /// Versions of fewer bytes hold no slot of a period that has a larger one; 0 is off.
    public var minSize: Int64
    /// A day with more real versions than this is held until the policy releases it.
    public var expectPerDay: Int?
    /// The key is held while its newest real version is older than this; zero is off.
    public var expectEvery: CalendarDuration?
    /// The key is held while its newest real version is smaller than this share of the usual size.
    public var shrinkLimit: Ratio?

    /// Conditions; none by default.
    public init(
        minSize: Int64 = 0, expectPerDay: Int? = nil, expectEvery: CalendarDuration? = nil,
        shrinkLimit: Ratio? = nil
    ) {
        self.minSize = minSize
        self.expectPerDay = expectPerDay
        self.expectEvery = expectEvery
        self.shrinkLimit = shrinkLimit
    }
}

/// A rule of retention with every default filled in.
public struct Rule: Hashable, Sendable {
    /// The name that reports use.
    public var name: String?
    /// What is kept.
    public var keep: Keep
    /// Which version of a period holds its slot.
    public var pick: Pick
    /// Younger versions are kept; zero is off.
    public var minAge: CalendarDuration
    /// The newest so many real versions are kept; less than 1 counts as 1.
    public var minVersions: Int
    /// Whether the oldest real version is kept while a rule of periods is not full.
    public var keepOldest: Bool
    /// What the backups should look like.
    public var health: Health

    /// A rule; what is not given has the default of a policy file.
    public init(
        name: String? = nil, keep: Keep, pick: Pick = .first,
        minAge: CalendarDuration = CalendarDuration(days: 2), minVersions: Int = 3,
        keepOldest: Bool = true, health: Health = Health()
    ) {
        self.name = name
        self.keep = keep
        self.pick = pick
        self.minAge = minAge
        self.minVersions = minVersions
        self.keepOldest = keepOldest
        self.health = health
    }
}

/// What happens to a key of which only delete markers are left.
public enum Orphans: Hashable, Sendable {
    /// They stay.
    case keep
    /// They all go, once none of them is young, dated in the future, locked or pinned.
    case remove
}
