public import CivilTime
public import PolicyFile
internal import Retention
internal import S3

/// All versions of a key that nobody writes to any more, the last one too, for `retire`.
///
/// The rules always keep the newest versions of a key; this is the one way around them, so it asks
/// for more: a rule that is responsible and lets go at all, no pin, nothing recent, no doubt about
/// which version is current.
public final class KeyRetirement: PlanSink {
    /// The versions that are not current: these go first.
    public let noncurrent = VersionSpool()
    /// The current version: it goes once all others are gone.
    public let current = VersionSpool()
    /// Why the key is not retired, and what to do about it.
    public private(set) var refusal: (message: String, hint: String)?

    private let policy: Policy
    private let age: CalendarDuration
    private let report: any PlanSink
    private var header: PlanHeader?

    /// A retirement of a key whose newest version is at least as old as `age` and as the rule's
    /// `min-age`; what is found goes on to `report`.
    public init(policy: Policy, age: CalendarDuration, report: any PlanSink) {
        self.policy = policy
        self.age = age
        self.report = report
    }

    /// Remembers when the key was listed.
    public func begin(_ header: PlanHeader) throws {
        self.header = header
        try report.begin(header)
    }

    /// Takes all versions of the key, or says why it is not retired.
    public func add(_ key: KeyPlan) throws {
        try report.add(key)
        refusal = refusal(of: key)
        guard refusal == nil else { return }
        var others: [(id: VersionID, size: Int64)] = []
        for (index, version) in key.versions.versions.enumerated() {
            guard let id = VersionID(try key.versions.versionID(at: index)) else {
                refusal = ("a version has no id", "look at the listing of the bucket")
                return
            }
            if version.isLatest {
                try current.append(key: key.key, [(id, version.size)])
            } else {
                others.append((id, version.size))
            }
        }
        try noncurrent.append(key: key.key, others)
    }

    /// Hands a problem on.
    public func add(_ problem: Problem) throws { try report.add(problem) }

    /// Hands the end on.
    public func end(_ summary: PlanSummary) throws { try report.end(summary) }

    private func refusal(of key: KeyPlan) -> (message: String, hint: String)? {
        guard let header, let index = key.rule else {
            return ("no rule of the policy takes the key", "write a rule for it first")
        }
        let rule = policy.rules[index].rule
        if rule.keep == .all {
            return ("its rule keeps all versions", "change the rule first: 'keep: all' means it")
        }
        if policy.pins.contains(where: { $0.key == key.key }) {
            return ("the policy pins a version of it", "remove the pin first")
        }
        let versions = key.versions.versions
        guard versions.count(where: \.isLatest) == 1, let newest = versions.map(\.modified).max()
        else {
            return ("which of its versions is current is in doubt", "list it with 'explain'")
        }
        if newest > header.now {
            return ("a version is dated in the future", "wait until it is in the past")
        }
        let zone = header.calendar.zone
        let youngest = min(
            age.subtracted(from: header.now, in: zone),
            rule.minAge.subtracted(from: header.now, in: zone))
        guard newest <= youngest else {
            return (
                "its newest version is of \(newest.rfc3339), later than \(youngest.rfc3339)",
                "retire what nobody has written to for long; --older-than counts, and so does "
                    + "the rule's min-age"
            )
        }
        return nil
    }
}

extension DeletionResult {
    /// What two runs did together; the second may not have been begun.
    public mutating func add(_ other: DeletionResult) {
        planned += other.planned
        deleted += other.deleted
        bytesDeleted = bytesDeleted.addingSaturated(other.bytesDeleted)
        protected += other.protected
        denied += other.denied
        failed += other.failed
        failedInPassing += other.failedInPassing
        unknown += other.unknown
        stop = stop ?? other.stop
    }
}
